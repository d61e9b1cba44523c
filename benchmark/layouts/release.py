"""A release of this suite: videos/<Class>/, tables, recipe.toml and SHA256SUMS."""

from pathlib import Path

from slateboard.dataset import Dataset, read_release
from slateboard.registry import Card

CARD = Card(title="Release", source="slateboard, design.md section 4")


def read(folder: Path) -> Dataset:
    """Read a released version; raises SlateboardError for a folder that is none."""
    return read_release(folder)
