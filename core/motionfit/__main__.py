"""`python -m motionfit` is the same as `motionfit`."""

import sys

from motionfit.cli import main

if __name__ == "__main__":
    sys.exit(main())
