"""Entry point of `motionfit-gui` and `python -m motionfit_app`."""

from __future__ import annotations

import sys

from motionfit_app.application import run


def main() -> None:
    """Run the application with the arguments of the command line."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
