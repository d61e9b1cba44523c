"""Verify a trimmed clip: its frames are those that were asked for, and it lasts as long as the source shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import cv2
import numpy as np

from curate.clips.timing import Timing, tolerance_seconds
from slateboard.errors import SlateboardError
from slateboard.media.frames import Plane
from slateboard.media.luma import DecodedVideo
from slateboard.media.scale import scale
from slateboard.records.media import Media

LEAST_PSNR_DB = 25.0
"""Least PSNR of a re-encoded frame to its source frame. 25 dB is a root mean square error of 14 of 255 levels."""

_ALIKE_DB = 1.0
"""A neighbour may be nearer by this much: where nothing moves, the encoder's noise decides which is nearest."""


class Proof(TypedDict):
    """What was verified of a cut; stored with the clip."""

    frames: int
    frames_sha256: str
    timing: str
    by_setting: bool
    doubled: int
    dropped: int
    seconds: float
    source_seconds: float
    first_frame: int
    first_psnr_db: float
    first_neighbours_psnr_db: list[float]
    last_frame: int
    last_psnr_db: float
    last_neighbours_psnr_db: list[float]
    mended: NotRequired[list[str]]
    """Quality flags of the source that the clip has no longer."""


@dataclass(frozen=True)
class KeptField:
    """The lines of an upright picture that deinterlacing keeps."""

    first: int
    """0 or 1: the first of them, every second one follows."""
    axis: int
    """0: they are rows; 1: columns, of a picture that was turned by a quarter."""

    def of(self, plane: Plane) -> Plane:
        """Return these lines of a plane."""
        lines = plane[self.first :: 2] if self.axis == 0 else plane[:, self.first :: 2]
        return np.ascontiguousarray(lines)

    @classmethod
    def of_media(cls, media: Media) -> "KeptField":
        """Return the older field of a media's pictures."""
        # Rows 0, 2, ... are the top field. Upside down, of an even height, they are rows 1, 3, ...; turned clockwise
        # (three quarters counter-clockwise) row 0 is the last column.
        is_bottom = media.field_order == "bottom_first"
        return cls(int(is_bottom != (media.rotation in (180, 270))), media.rotation // 90 % 2)


def verify_cut(
    cut: DecodedVideo, timing: Timing, source: Mapping[int, Plane], *, name: str, field: KeptField | None = None
) -> Proof:
    """Return the proof of a clip as JSON values; raise SlateboardError if the cut is not what was asked for.

    `source` maps a frame's index to its luma: the source's frames at both ends of the clip, and their neighbours.
    Of a deinterlaced cut the lines of `field` alone are compared, which are those of the source.
    """
    count = len(timing.shown)
    if cut.frames != count:
        raise SlateboardError(f"the cut holds {cut.frames} frames where {count} were wanted.")
    seconds = _length(cut, timing, name)
    ends: list[tuple[int, float, list[float]]] = []
    for position in (0, count - 1):
        psnr, neighbours = _nearness(cut.luma[position], source, timing.shown[position], name, field)
        ends.append((timing.shown[position], psnr, neighbours))
    (first_frame, first_psnr, first_neighbours), (last_frame, last_psnr, last_neighbours) = ends
    return {
        "frames": count,
        "frames_sha256": cut.frames_sha256,
        "timing": timing.mode,
        "by_setting": timing.by_setting,
        "doubled": timing.doubled,
        "dropped": timing.dropped,
        "seconds": round(seconds, 6),
        "source_seconds": round(timing.source_seconds, 6),
        "first_frame": first_frame,
        "first_psnr_db": first_psnr,
        "first_neighbours_psnr_db": first_neighbours,
        "last_frame": last_frame,
        "last_psnr_db": last_psnr,
        "last_neighbours_psnr_db": last_neighbours,
    }


def _length(cut: DecodedVideo, timing: Timing, name: str) -> float:
    """Return how long a cut lasts in seconds; raise where that is not how long a player shows its frames."""
    # The last frame begins at last_s and lasts one distance: 25 frames of 25 Hz, last_s 0.96 -> 1 s. Allowed is a frame
    # and 0.5 %: beside 1.2 s of the source that is 0.046 s -> fails. Whoever sets timing = "frames" counts frames, and
    # takes the length that they come to; the proof has both.
    seconds = cut.last_s + float(1 / timing.rate_hz)
    is_counted = timing.mode == "frames" and timing.by_setting
    apart = abs(seconds - timing.source_seconds)
    if not is_counted and apart > tolerance_seconds(timing.source_seconds, timing.rate_hz):
        raise SlateboardError(
            f"the cut lasts {seconds:.2f} s where a player shows these frames of {name} for "
            f'{timing.source_seconds:.2f} s. Set [clips] timing = "time" to keep their time, or "frames" to keep each '
            "frame once at whatever length that gives."
        )
    return seconds


def _nearness(
    frame: Plane, source: Mapping[int, Plane], index: int, name: str, field: KeptField | None
) -> tuple[float, list[float]]:
    """Return (PSNR of a frame to its source frame, PSNR to that one's neighbours), in dB; raise if it fails."""
    if index not in source:
        raise SlateboardError(f"frame {index} of {name} does not decode any more.")
    references = {near: source[near] for near in (index - 1, index, index + 1) if near in source}
    if field is not None:
        frame, references = _lines(frame, references, field)
    psnr = psnr_db(frame, references[index])
    neighbours = [psnr_db(frame, references[near]) for near in (index - 1, index + 1) if near in source]
    if psnr < LEAST_PSNR_DB or any(near > psnr + _ALIKE_DB for near in neighbours):
        raise SlateboardError(
            f"frame {index} of {name} is not what the cut shows (PSNR {psnr:.1f} dB, neighbours "
            f"{', '.join(f'{near:.1f}' for near in neighbours) or 'none'} dB)."
        )
    return psnr, neighbours


def _lines(frame: Plane, references: Mapping[int, Plane], field: KeptField) -> tuple[Plane, dict[int, Plane]]:
    """Return the lines of a frame and of its references that deinterlacing keeps."""
    field_lines = {index: field.of(plane) for index, plane in references.items()}
    if all(plane.shape == frame.shape for plane in references.values()):
        return field.of(frame), field_lines
    # A scaled frame has no line of its source: it is brought to the size that one field has in it.
    height, width = frame.shape
    size = (width, max(1, height // 2)) if field.axis == 0 else (max(1, width // 2), height)
    return scale(frame, size), field_lines


def psnr_db(frame: Plane, reference: Plane) -> float:
    """Return the PSNR of two luma planes in dB; `reference` is first scaled to the size of `frame`."""
    # PSNR = 10 log10(255^2 / MSE), MSE = sum (a - b)^2 / n; MSE is at least 1e-3, so that equal frames give 78.13 dB.
    # The squared L2 norm of bytes is summed in integers, in a tenth of the time of floating point.
    error = cv2.norm(frame, scale(reference, (frame.shape[1], frame.shape[0])), cv2.NORM_L2SQR) / frame.size
    return round(float(10 * np.log10(255**2 / max(error, 1e-3))), 2)
