"""`durapy` and `python -m durapy_core`."""

import sys

from durapy_core.cli.app import run_app
from durapy_core.exit_codes import run_quietly


def main() -> None:
    """Run the command line and end with its exit code."""
    sys.exit(run_quietly(run_app))


if __name__ == "__main__":
    main()
