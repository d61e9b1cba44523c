"""Release: a frozen dataset, the rows of its clips.csv, and what was taken down from it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from slateboard.paths import RelativePath, SafeId, SafeName, Version
from slateboard.records.base import Record
from slateboard.records.clip import Camera

FINGERPRINTS = "fingerprints.parquet"
"""In a release: the fingerprint over time of each clip."""
MACHINE_MADE = "media-"
"""How the name of a group begins that no person gave."""
IN_ORDER = (("first_frame", "last_frame"), ("start_s", "end_s"))
"""Columns of clips.parquet of which the first is never above the second."""


class ReleasedClip(Record):
    """One row of clips.csv and clips.parquet."""

    clip_id: SafeId
    path: RelativePath
    """Relative to the release: videos/<Class>/<name>.mp4."""
    label: SafeId
    """Class name as in classInd.txt and in the folder's name; sources.csv keeps what people wrote."""
    class_index: int = Field(ge=1)
    """1-based, as in classInd.txt."""
    source_id: SafeId
    source_url: str
    group: str
    start_s: float
    end_s: float
    first_frame: int = Field(ge=0)
    last_frame: int = Field(ge=0)
    frames: int = Field(ge=0)
    fps: float
    width: int
    height: int
    duration_s: float
    camera: Camera
    quality: str
    """What the quality analyser saw, joined by `|`: black, frozen, blurred, low_resolution, nested_bars; by how its
    video was recorded: interlaced, hdr."""
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

    name: SafeName
    version: Version
    """v1, v2, ..."""
    title: str
    licence: str
    naming: Literal["seags", "ucf101"]
    protocol: SafeName
    extends: Version | Literal[""] = ""
    """Version whose frozen split this one's keeps: groups that had a side there are on it here; empty: drawn anew."""
    classes: tuple[SafeId, ...]
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

    takedown_id: SafeId
    """First 12 hex digits of the SHA-256 of the ids of its sources."""
    at: datetime
    reason: str
    sources: dict[SafeId, int]
    """Source id -> number of its trimmed clips."""
    media: dict[SafeId, RelativePath]
    """Media id -> path of the original, relative to the workspace."""
    clips: dict[SafeId, RelativePath | Literal[""]]
    """Clip id -> path of the trimmed file, relative to the workspace; empty: none."""
    versions: tuple[SafeId, ...]
    """Folders in releases/ that held any of them and stopped being releases."""
    alike: tuple[SafeId, ...]
    """Ids of other sources that show the same footage: for a person to look at."""
    done: bool = False
    """Everything is removed and the next version was tried."""
