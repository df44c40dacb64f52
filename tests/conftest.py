"""What holds for every test: the pinned zone rules, and no test judged by the clock. Fixtures live in each folder."""

import os
import zoneinfo

from hypothesis import HealthCheck, settings

# As the Makefile does, for whoever calls pytest directly; the servers that tests start inherit it.
os.environ["PYTHONTZPATH"] = ""
zoneinfo.reset_tzpath(to=[])

# On top of whatever profile is in force: hypothesis has one for CI, which draws the same examples every time.
settings.register_profile(
    "untimed", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")
