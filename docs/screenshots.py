"""Show letters as a browser shows them: `python -m docs.screenshots` renders three, in light and in dark.

It wants Chromium or Chrome on the PATH, and is no part of the tests: what a letter says and its contrast are tested
without a browser. The letters speak of the demo's people.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from pydantic import SecretStr

from activities.letters import LinkSettings, MailSettings, render
from activities.people import use_pinned_tzdata
from entrevue.letters import (
    Brief,
    Correspondent,
    FormRequest,
    HourReminder,
    Improvement,
    Letter,
    Line,
    Offer,
    Theme,
    TurnTo,
)
from entrevue.orders import SendLetter
from entrevue.rubrics import AGENDA
from entrevue.values import Slot

_IMAGES = Path(__file__).parent / "images"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WIDTH, _LARGEST = 640, 150_000
_SCHEMES = {"light": 1, "dark": 0}
"""As Blink counts them."""

_MAIL = MailSettings(
    domain="hire.acme.example",
    from_address="interviews@hire.acme.example",
    from_name="Acme interviews",
    agent_address="interviews+{token}@hire.acme.example",
    bounce_address="bounces+{token}@hire.acme.example",
    secret=SecretStr("of no worth, and long enough"),
    links=LinkSettings(url="https://hire.acme.example/i/{purpose}/{token}", secret=SecretStr("likewise, of no worth")),
)
_START = datetime(2026, 12, 1, 15, tzinfo=UTC)
_SLOT = Slot(start=_START, minutes=40)
_ADA = Correspondent(who="candidate", name="Ada Summer", email="ada@example.org", zone="America/New_York")
_GRACE = Correspondent(who="i1", name="Grace Okonjo", email="grace@acme.example", zone="Europe/Berlin")

_LETTERS: Mapping[str, tuple[Correspondent, Letter]] = {
    "offer": (
        _ADA,
        Offer(
            slots=tuple(Slot(start=_START + timedelta(hours=hours), minutes=40) for hours in (0, 23, 49, 73)),
            reply_by=_START - timedelta(days=1),
        ),
    ),
    "hour-reminder": (
        _GRACE,
        HourReminder(
            slot=_SLOT,
            location="https://meet.acme.example/r7-c42-2",
            with_names=("Ada Summer", "Linus Haverkamp"),
            agenda=AGENDA,
            lines=(Line(name="Ada Summer", text="how you decide, and what a first month here is like"),),
            scale=("expertise: 1 = Names tools. 3 = Explains own work step by step. 5 = Says when each way fails.",),
            learned=Brief(
                who="i1",
                improvement=Improvement(interview="r6", text="ask for an example before the second question"),
                enough=True,
                themes=(Theme(theme="listening", helped=3, change=0),),
                said=("tell me how much time each part has",),
            ),
            candidate_zone="America/New_York",
            turn_to=TurnTo(name="Olive Marchetti", email="olive@acme.example"),
        ),
    ),
    "form-request": (
        _ADA,
        FormRequest(due=_START + timedelta(days=7), minutes=3, with_names=("Grace Okonjo", "Linus Haverkamp")),
    ),
}


def main() -> None:
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"None of these is on the PATH: {', '.join(_BROWSERS)}.")
    use_pinned_tzdata()
    _IMAGES.mkdir(exist_ok=True)
    for name, (to, letter) in _LETTERS.items():
        for scheme in _SCHEMES:
            image = _IMAGES / f"{name}-{scheme}.png"
            _take(browser, _html(name, to, letter), scheme, image)
    too_large = [image.name for image in _IMAGES.glob("*.png") if image.stat().st_size > _LARGEST]
    if too_large:
        sys.exit(f"Larger than a page of documentation should load: {', '.join(too_large)}.")


def _html(name: str, to: Correspondent, letter: Letter) -> str:
    order = SendLetter(
        key=f"r7-c42-2/{name}/{to.who}/1.1",
        lane=f"mail/{to.who}",
        interview="r7-c42-2",
        now=_START,
        to=to,
        role="Backend engineer",
        organisation="Acme",
        date=_START,
        again_if_unsure=False,
        letter=letter,
    )
    body = message_from_bytes(render(order, _MAIL).raw, policy=default).get_body(("html",))
    return str(body.get_content()) if body else ""


def _take(browser: str, html: str, scheme: str, image: Path) -> None:
    """Take a picture as high as the letter is: a first look measures it."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "letter.html"
        measuring = "<script>document.title = document.documentElement.scrollHeight</script></body>"
        page.write_text(html.replace("</body>", measuring), encoding="utf-8")
        told = _run(browser, scheme, folder, 100, "--dump-dom", page.as_uri())
        found = re.search(r"<title>(\d+)</title>", told)
        page.write_text(html, encoding="utf-8")
        _run(browser, scheme, folder, int(found[1]) if found else 2000, f"--screenshot={image}", page.as_uri())


def _run(browser: str, scheme: str, folder: str, height: int, *what: str) -> str:
    command = [
        browser,
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/profile",
        f"--window-size={_WIDTH},{height}",
        f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # the page is ours, and fetches nothing
        *what,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - all of it is ours


if __name__ == "__main__":
    main()
