"""Release: a frozen dataset, and the rows of its clips.csv."""

from typing import Any, Literal

from slateboard.records.base import Record
from slateboard.records.clip import Camera


class ReleasedClip(Record):
    """One row of clips.csv and clips.parquet."""

    clip_id: str
    path: str
    """Relative to the release: videos/<Class>/<name>.mp4."""
    label: str
    """Class name as in classInd.txt and in the folder's name; sources.csv keeps what people wrote."""
    class_index: int
    """1-based, as in classInd.txt."""
    source_id: str
    source_url: str
    group: str
    start_s: float
    end_s: float
    first_frame: int
    last_frame: int
    frames: int
    fps: float
    width: int
    height: int
    duration_s: float
    camera: Camera
    quality: str
    """What the quality analyser saw, joined by `|`: black, frozen, blurred, low_resolution, nested_bars."""
    effects: str
    """Confirmed kinds joined by `|`."""
    has_effects: Literal["true", "false", "unknown"]
    proposed_effects: str
    """Kinds that a detector raised and nobody confirmed, joined by `|`."""
    licence: str
    sha256: str
    fingerprint: str
    shot_id: str
    twin_of: str
    """Clip that this one is a rendered twin of; empty: none."""


class Release(Record):
    """What recipe.toml says: how this version came to be."""

    name: str
    version: str
    """v1, v2, ..."""
    title: str
    licence: str
    naming: Literal["seags", "ucf101"]
    protocol: str
    classes: tuple[str, ...]
    """Class names in the order of classInd.txt."""
    labels: tuple[str, ...]
    """The same classes as people wrote them in sources.csv."""
    motion_pairs: tuple[tuple[str, str], ...]
    """Classes that differ only by direction or order of motion, so that one frame cannot tell them."""
    clips: int
    left_out: dict[str, int]
    """Sources and clips that are not in the release, counted by state."""
    dataset_sha256: str
    """Hash of classes and of every clip's id, label, group and file hash: the identity of the data."""
    settings: dict[str, Any]
    tools: dict[str, str]
    """Versions of what made it."""
