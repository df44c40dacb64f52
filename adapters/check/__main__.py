"""`python -m adapters.check`."""

import sys

from adapters.check.program import main

sys.exit(main())
