"""Release: a frozen dataset, the rows of its clips.csv, and what was taken down from it."""

from datetime import datetime
from typing import Any, Literal

from slateboard.records.base import Record
from slateboard.records.clip import Camera

FINGERPRINTS = "fingerprints.parquet"
"""In a release: the fingerprint over time of each clip."""
MACHINE_MADE = "media-"
"""How the name of a group begins that no person gave."""


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
    frames_sha256: str = ""
    """SHA-256 over checksums of all decoded frames; empty in releases made before it was recorded."""
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
    extends: str = ""
    """Version whose frozen split this one's keeps: groups that had a side there are on it here; empty: drawn anew."""
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


class Takedown(Record):
    """One takedown: written whole before anything is removed, so that a killed one is carried to its end.

    It holds no address and no name: what was removed is known by its ids alone.
    """

    takedown_id: str
    """First 12 hex digits of the SHA-256 of the ids of its sources."""
    at: datetime
    reason: str
    sources: dict[str, int]
    """Source id -> number of its trimmed clips."""
    media: dict[str, str]
    """Media id -> path of the original, relative to the workspace."""
    clips: dict[str, str]
    """Clip id -> path of the trimmed file, relative to the workspace; empty: none."""
    versions: tuple[str, ...]
    """Folders in releases/ that held any of them and stopped being releases."""
    alike: tuple[str, ...]
    """Ids of other sources that show the same footage: for a person to look at."""
    done: bool = False
    """Everything is removed and the next version was tried."""
