"""Media: an original file by content hash, with the claims of its header and the outcome of a full decode."""

from typing import Literal

from slateboard.paths import RelativePath, SafeId
from slateboard.records.base import Record

FieldOrder = Literal["progressive", "top_first", "bottom_first", "unknown"]
HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
"""Transfer functions of high dynamic range (ITU-R BT.2100): PQ and HLG."""
NOT_PROBED = -1
"""In place of a stream's index: a player's choice, which nobody has looked up yet."""


class Media(Record):
    """An original video file. What the header claims and what was decoded are kept apart."""

    media_id: SafeId
    """SHA-256 of the file."""
    path: RelativePath
    """Relative to the workspace."""
    bytes: int
    container: str
    codec: str
    width: int
    """Pixels as decoded, before rotation."""
    height: int
    rotation: int
    """Degrees counter-clockwise by which a player turns the picture: 0, 90, 180 or 270."""
    sample_aspect: float
    """Width of a pixel over its height."""
    fps: float
    """Nominal frames per second of the header."""
    header_frames: int
    """What the header claims; 0 where it says nothing. Never used to count."""
    header_duration_s: float | None
    has_audio: bool
    frames: int | None = None
    """Frames really decoded; None until analysed."""
    duration_s: float | None = None
    """From the first frame's time to the end of the last frame's, as a player shows them."""
    variable_rate: bool | None = None
    """True if any two frames are further apart or closer than the nominal distance by over a tenth of it."""
    decode_errors: int | None = None
    """Packets or frames that did not decode."""
    frames_sha256: str | None = None
    """SHA-256 over checksums of all decoded frames: equal for the same pictures in another container."""
    stream: int = NOT_PROBED
    """Index in the container of the video stream that is meant, as ffprobe prints it; -1: written by an older version,
    the one that a player would show."""
    video_streams: int = 1
    """Streams that a player could show: no covers, no single pictures where something moves."""
    start_s: float = 0.0
    """When the first frame is shown on the player's clock, in seconds: above 0 where sound begins before it."""
    mirrored: bool = False
    """True if a player mirrors the picture, left to right, before it turns it by `rotation`."""
    field_order: FieldOrder = "unknown"
    """Which field of a picture is older; progressive: both are of one time."""
    transfer: str = "unknown"
    """Transfer function by FFmpeg's name: bt709, smpte2084 (PQ), arib-std-b67 (HLG)."""
    primaries: str = "unknown"
    """Colour primaries by FFmpeg's name."""


class Shot(Record):
    """A run of frames without a cut."""

    shot_id: SafeId
    """<first 12 digits of media_id>-s<number from 1>."""
    first_frame: int
    """0-based index among decoded frames."""
    last_frame: int
    """Inclusive."""
    start_s: float
    end_s: float
    """End of the last frame."""
    boundary: Literal["start", "cut", "fade"]
    """What lies before it: the start of the video, a hard cut, or a fade or dissolve (whose middle it begins at)."""
    cut_score: float
    """How sure that boundary is, 0-1, by the same measure for all detectors; 0 for the first shot."""
    flashes: tuple[int, ...] = ()
    """Frames inside at which a flash peaks: the shot goes on behind it, so it is no cut."""
    still: bool
    """True if nothing moves in it: a title card, an end card, a still picture."""
    card: bool = False
    """True if it shows text or nothing on a plain ground, moving or not: a title or end card."""


class Duplicate(Record):
    """Two media that show the same footage for a while: a repost, a re-encode, an edit of one upload."""

    first: SafeId
    """media_id; the smaller of the two."""
    second: SafeId
    mirrored: bool
    """One shows the other's mirror image."""
    first_start_s: float
    """Where the shared footage begins in the first."""
    second_start_s: float
    seconds: float
    """How long the shared footage is."""
    score: float
    """Likeness by the matcher's own measure, 0-1."""
