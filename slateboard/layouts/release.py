"""A release of this suite: videos/<Class>/, tables, recipe.toml and SHA256SUMS."""

from pathlib import Path

from slateboard.dataset import Dataset, read_release
from slateboard.folder_dataset import Hashes
from slateboard.registry import Card
from slateboard.sums import SUMS

CARD = Card(title="Release", source="slateboard, design.md section 4")


def recognises(folder: Path) -> bool:
    """True for a folder with the file that is written last."""
    return (folder / SUMS).is_file()


def read(folder: Path, *, hashes: Hashes) -> Dataset:
    """Read a released version, which knows its own hashes; raises SlateboardError for a folder that is none."""
    return read_release(folder)
