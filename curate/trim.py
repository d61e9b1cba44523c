"""Cut clips out of media, frame by frame exact, and prove it by decoding the result."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from slateboard.errors import SlateboardError
from slateboard.files import sha256_of
from slateboard.media.ffmpeg import Cut, trim
from slateboard.media.fingerprints import fingerprint, frame_hash, sampled
from slateboard.media.frames import Frame, decode
from slateboard.media.scale import scale
from slateboard.records.clip import Clip
from slateboard.records.media import Media

LEAST_PSNR_DB = 25.0
"""A frame that was only re-encoded is nearer to its source than this; another frame of a moving shot is not."""


@dataclass(frozen=True)
class Job:
    """One clip to cut."""

    clip: Clip
    media: Media
    source: Path
    target: Path
    relative: str
    """Of the target to the workspace."""
    crf: int


def cut(job: Job) -> Clip:
    """Trim one clip and prove it; returns it as `trimmed`, or as `failed` with the reason."""
    try:
        return _cut(job)
    except SlateboardError as error:
        job.target.unlink(missing_ok=True)
        return job.clip.model_copy(update={"state": "failed", "reason": str(error), "path": None})


def _cut(job: Job) -> Clip:
    clip = job.clip
    ends = _source_frames(job)
    sample = ends[clip.first_frame]
    rate = Fraction(job.media.fps).limit_denominator(1001)
    size = _square(job.media)
    wanted = Cut(clip.first_frame, clip.last_frame, rate, size, sample.matrix, sample.full_range, job.crf)
    trim(job.source, job.target, wanted)
    frames = clip.last_frame - clip.first_frame + 1
    picks = sampled(frames)
    hashes: dict[int, int] = {}
    first = last = None
    count = 0
    for frame in decode(job.target):
        first = first or frame
        last = frame
        count += 1
        if frame.index in picks:
            hashes[frame.index] = frame_hash(frame.y)
    if first is None or last is None or count != frames:
        raise SlateboardError(f"the cut holds {count} frames where {frames} were wanted")
    first_psnr = _proved(first, ends, clip.first_frame)
    last_psnr = _proved(last, ends, clip.last_frame)
    return clip.model_copy(
        update={
            "state": "trimmed",
            "reason": None,
            "path": job.relative,
            "frames": count,
            "fps": float(rate),
            "width": first.y.shape[1],
            "height": first.y.shape[0],
            "duration_s": count / float(rate),
            "sha256": sha256_of(job.target),
            "fingerprint": fingerprint([hashes[index] for index in picks]),
            "proof": {"frames": count, "first_psnr_db": first_psnr, "last_psnr_db": last_psnr},
        }
    )


def _square(media: Media) -> tuple[int, int] | None:
    """Return the size in square pixels, before rotation; None if pixels are square already."""
    if abs(media.sample_aspect - 1) < 0.01:
        return None
    return max(2, round(media.width * media.sample_aspect / 2) * 2), max(2, media.height // 2 * 2)


def _source_frames(job: Job) -> dict[int, Frame]:
    """Return the first and last frame of the clip in the source, and their neighbours."""
    wanted = {
        index + step
        for index in (job.clip.first_frame, job.clip.last_frame)
        for step in (-1, 0, 1)
        if index + step >= 0
    }
    found = {}
    # Damage elsewhere in the file is known since the analysis; here only the frames themselves matter.
    for frame in decode(job.source, on_error=lambda _: None):
        if frame.index in wanted:
            found[frame.index] = frame
        if frame.index > job.clip.last_frame:
            break
    for index in (job.clip.first_frame, job.clip.last_frame):
        if index not in found:
            raise SlateboardError(f"frame {index} of {job.source.name} does not decode any more")
    return found


def _proved(frame: Frame, ends: dict[int, Frame], index: int) -> float:
    """Return the PSNR (dB) of a frame to its source; raise if it is too low or a neighbour is nearer."""
    here = _psnr(frame, ends[index])
    around = [_psnr(frame, ends[near]) for near in (index - 1, index + 1) if near in ends]
    if here < LEAST_PSNR_DB or any(near > here + 1 for near in around):
        raise SlateboardError(
            f"frame {index} of the cut is not the source's (PSNR {here:.1f} dB, neighbours "
            f"{', '.join(f'{near:.1f}' for near in around)} dB)"
        )
    return round(here, 2)


def _psnr(one: Frame, other: Frame) -> float:
    """Compare luma; a source with oblong pixels is first scaled to the cut's size."""
    source = scale(other.y, (one.y.shape[1], one.y.shape[0]))
    error = one.y.astype(np.float64) - source
    return float(10 * np.log10(255**2 / max(float(np.mean(error**2)), 1e-3)))
