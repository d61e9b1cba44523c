"""Python loads this at the start of every process that a command under test starts."""

import sys
from pathlib import Path

TESTS = str(Path(__file__).parents[2])
sys.path.insert(0, TESTS)
from faults import points  # noqa: E402

sys.path.remove(TESTS)
points.install()
