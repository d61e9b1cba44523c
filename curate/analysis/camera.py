"""The camera of a clip, from what the camera analyser said of the shots it lies in."""

from collections.abc import Mapping, Sequence
from typing import Any

from slateboard.records.clip import Camera


def camera_of(rows: Sequence[Mapping[str, Any]], first_frame: int, last_frame: int) -> Camera:
    """Return moving if it moves in any shot of frames first..last, static if it stands in all, else unknown."""
    said = {row["camera"] for row in rows if row["first_frame"] <= last_frame and row["last_frame"] >= first_frame}
    if "moving" in said:
        return "moving"
    return "static" if said == {"static"} else "unknown"
