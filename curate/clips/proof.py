"""Prove a trimmed clip: as many frames as wanted, and its first and last ones are those of the source. Pure."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from curate.clips.timing import Timing
from slateboard.errors import SlateboardError
from slateboard.media.frames import Plane
from slateboard.media.pick import Read
from slateboard.media.scale import scale

LEAST_PSNR_DB = 25.0
"""A frame that was only re-encoded is nearer to its source than this; another frame of a moving shot is not."""

_ALIKE_DB = 1.0
"""A neighbour may be nearer by this much: where nothing moves, noise of the encoder decides which is."""


def proved(found: Read, wanted: Timing, source: Mapping[int, Plane], *, name: str) -> dict[str, Any]:
    """Return the proof of a clip as plain values; raise SlateboardError if it fails.

    `source` holds the brightness of the source's frames at both ends and of their neighbours, where there are any.
    """
    count = len(wanted.shown)
    if found.frames != count:
        raise SlateboardError(f"the cut holds {found.frames} frames where {count} were wanted.")
    proof: dict[str, Any] = {
        "frames": count,
        "frames_sha256": found.frames_sha256,
        "timing": wanted.mode,
        "doubled": wanted.doubled,
        "dropped": wanted.dropped,
        "source_seconds": round(wanted.source_seconds, 6),
    }
    for end, at in (("first", 0), ("last", count - 1)):
        here, around = _nearness(found.luma[at], source, wanted.shown[at], name)
        proof[f"{end}_frame"] = wanted.shown[at]
        proof[f"{end}_psnr_db"] = here
        proof[f"{end}_neighbours_psnr_db"] = around
    return proof


def _nearness(frame: Plane, source: Mapping[int, Plane], index: int, name: str) -> tuple[float, list[float]]:
    """Return the PSNR (dB) of a frame to its source and to the frames beside that."""
    if index not in source:
        raise SlateboardError(f"frame {index} of {name} does not decode any more.")
    here = psnr_db(frame, source[index])
    around = [psnr_db(frame, source[near]) for near in (index - 1, index + 1) if near in source]
    if here < LEAST_PSNR_DB or any(near > here + _ALIKE_DB for near in around):
        raise SlateboardError(
            f"frame {index} of {name} is not what the cut shows (PSNR {here:.1f} dB, neighbours "
            f"{', '.join(f'{near:.1f}' for near in around) or 'none'} dB)."
        )
    return here, around


def psnr_db(one: Plane, other: Plane) -> float:
    """Return how near brightness is, in dB; `other` is first scaled to the size of `one`."""
    # Whole numbers, and a tenth of the time of floating point.
    error = cv2.norm(one, scale(other, (one.shape[1], one.shape[0])), cv2.NORM_L2SQR) / one.size
    return round(float(10 * np.log10(255**2 / max(error, 1e-3))), 2)
