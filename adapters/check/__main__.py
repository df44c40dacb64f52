"""`python -m adapters.check`: see `adapters.check.program`."""

import sys

from adapters.check.program import main

if __name__ == "__main__":
    sys.exit(main())
