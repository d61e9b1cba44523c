"""Run the command line as `python -m slateboard`."""

from slateboard.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
