"""Write the sources.csv and slateboard.toml of a workspace that lists real clips by their local paths."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from slateboard.files import csv_text, write_text
from slateboard.steps.init import COLUMNS

_SETTINGS = Path(__file__).parent


def upload(clip: Path) -> str:
    """Return the source video of a JHMDB clip: everything before `_<class>_`, split from the right.

    Titles hold underscores, brackets and digits; the class is the name of the folder. One upload gives clips of
    two classes, so the title alone is the group.
    """
    tail = re.search(rf"_{re.escape(clip.parent.name)}_[fulh]_[cn]m_np\d_\w\w_\w+_\d+$", clip.stem)
    if tail is None:
        raise ValueError(f"{clip.name} is not named as JHMDB names its clips.")
    return clip.stem[: tail.start()]


def person(clip: Path) -> str:
    """Return the person of a Weizmann clip, `daria_bend.avi` -> `daria`."""
    return clip.stem.removesuffix(f"_{clip.parent.name}")


GROUPS = {"jhmdb8": upload, "weizmann": person}
"""Set of real clips -> how its group is read off a file."""


def write_workspace(name: str, clips: Sequence[Path], folder: Path) -> None:
    """List `clips` (<class>/<file>.avi) in a new workspace, each with its group."""
    group = GROUPS[name]
    rows = [{"url": os.path.relpath(clip, folder), "label": clip.parent.name, "group": group(clip)} for clip in clips]
    write_text(folder / "sources.csv", csv_text(rows, COLUMNS.strip().split(",")))
    write_text(folder / "slateboard.toml", (_SETTINGS / f"{name}.toml").read_text("utf-8"))
