"""What is wrong with the pictures of a clip, from what the quality analyser said of the shots it lies in."""

from collections.abc import Mapping, Sequence
from typing import Any

FLAGS = ("black", "frozen", "blurred", "low_resolution", "nested_bars")
"""Each is a three-valued column of the quality analyser, beside NAME_measure and NAME_share."""


def flags(rows: Sequence[Mapping[str, Any]], first_frame: int, last_frame: int) -> tuple[str, ...]:
    """Return the names that hold in any shot of frames first..last; what is undecided is not named."""
    inside = [row for row in rows if row["first_frame"] <= last_frame and row["last_frame"] >= first_frame]
    return tuple(name for name in FLAGS if any(row[name] for row in inside))
