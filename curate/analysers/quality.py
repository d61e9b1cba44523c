"""Flag faults in the pictures of each shot: black, frozen, blurred, low resolution, bars inside bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from curate.analysis.borders import content
from curate.analysis.rows import QualityRow
from slateboard.media.frames import Frame
from slateboard.media.pyramid import Pyramid
from slateboard.media.sharpness import edge_width
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Picture quality",
    source="slateboard; edge width after Zhuo and Sim 2011. Judged on real clips that no threshold was read from: "
    "blurred on 0 of 123 as they are, with a blur of sigma 2 at 256 px on 99 (23 undecided for want of edges); "
    "frozen on 0 of 58 as they are, on 57 of 57 with a second held. Upscaling is not judged",
    parameters={
        "black_luma": Parameter(0.10, "share", "a pixel is black up to this part of the way from black to white"),
        "black_pixels": Parameter(0.98, "share", "a picture is black if at least this part of its pixels is"),
        "black_share": Parameter(0.50, "share", "a shot is black if at least this part of its pictures is"),
        "frozen_change": Parameter(4.0, "grey levels", "a picture is held if its liveliest block changes by less"),
        "frozen_seconds": Parameter(0.5, "seconds", "a shot is frozen if a picture is held for at least this long"),
        "blurred_width": Parameter(1.2, "pixels", "blurred if the sharpest edges are at least this wide (sigma)"),
        "sharp_width": Parameter(0.95, "pixels", "sharp if they are narrower than this; undecided between"),
        "least_short_side": Parameter(240, "pixels", "shorter side below which the resolution is low"),
    },
)
VERSION = 1
SIZE = 256
RATE = 8.0

_BLUR_EVERY = 4
"""Edges are measured on every fourth picture, twice a second: they cost ten times as much as all other measures."""
_BLOCK = 16
_BARS_SIZE = 128
_MAX_PICTURES = 480
"""Pictures kept for bars, thinned evenly over the media: 12 MB at 16:9."""
_PICTURES_PER_SHOT = 12


@dataclass(frozen=True)
class _Look:
    index: int
    seconds: float
    dark: float
    """Share of black pixels."""
    change: float
    """Greatest mean change of a block since the picture before, in grey levels; infinite for the first."""
    width: float | None
    """Of the sharpest edges; None: not measured, or none to measure."""
    measured: bool
    """Whether edges were looked for."""


class Quality:
    """Measures pictures one by one; flags are set for each shot when the shots are known."""

    def __init__(self, media: Media, parameters: Parameters) -> None:
        self._media, self._parameters = media, parameters
        self._looks: list[_Look] = []
        self._last: NDArray[np.uint8] | None = None
        self._small: list[Frame] = []
        self._step = 1

    def see(self, frame: Frame) -> None:
        """Measure one picture."""
        number = len(self._looks)
        low, high = (0, 255) if frame.full_range else (16, 235)
        # Limited range, black_luma 0.10: 16 + 0.1 * 219 = 37.9, so luma 37 and less is black; full range: 25.
        limit = low + self._parameters["black_luma"] * (high - low)
        # Compared as whole numbers: with a float numpy turns the whole picture into floats.
        dark = float(np.count_nonzero(frame.y <= np.uint8(min(limit, 255)))) / frame.y.size
        change = float("inf")
        if self._last is not None and self._last.shape == frame.y.shape:
            change = _greatest_block_change(frame.y, self._last)
        measured = number % _BLUR_EVERY == 0
        width = edge_width(frame.y) if measured else None
        self._looks.append(_Look(frame.index, frame.seconds, dark, change, width, measured))
        self._last = frame.y
        if number % self._step == 0:
            self._small.append(Pyramid(frame).at(_BARS_SIZE))
            # Past 480 pictures every second one goes, and from now on one in twice as many is taken.
            if len(self._small) > _MAX_PICTURES:
                self._small, self._step = self._small[::2], 2 * self._step

    def rows(self, shots: Sequence[Shot]) -> list[QualityRow]:
        """Return each flag of each shot as True, False or None (undecided), with its measure and share of the shot."""
        return [self._row(shot) for shot in shots]

    def _row(self, shot: Shot) -> QualityRow:
        looks = [look for look in self._looks if shot.first_frame <= look.index <= shot.last_frame]
        black, black_measure, black_share = self._black(looks)
        frozen, frozen_measure, frozen_share = self._frozen(looks, shot)
        blurred, blurred_measure, blurred_share = self._blurred(looks)
        low_resolution, low_resolution_measure, low_resolution_share = self._low_resolution()
        nested_bars, nested_bars_measure, nested_bars_share = self._nested_bars(shot)
        return {
            "shot_id": shot.shot_id,
            "first_frame": shot.first_frame,
            "last_frame": shot.last_frame,
            "black": black,
            "black_measure": black_measure,
            "black_share": black_share,
            "frozen": frozen,
            "frozen_measure": frozen_measure,
            "frozen_share": frozen_share,
            "blurred": blurred,
            "blurred_measure": blurred_measure,
            "blurred_share": blurred_share,
            "low_resolution": low_resolution,
            "low_resolution_measure": low_resolution_measure,
            "low_resolution_share": low_resolution_share,
            "nested_bars": nested_bars,
            "nested_bars_measure": nested_bars_measure,
            "nested_bars_share": nested_bars_share,
        }

    def _black(self, looks: list[_Look]) -> "_Flag":
        """Measure: median share of black pixels."""
        if not looks:
            return None, None, None
        # Two thresholds: a picture is black if 98 % of its pixels are, so that a white logo passes; a shot is black if
        # half of its pictures are, so that a fade from black does not count.
        share = float(np.mean([look.dark >= self._parameters["black_pixels"] for look in looks]))
        return share >= self._parameters["black_share"], float(np.median([look.dark for look in looks])), share

    def _frozen(self, looks: list[_Look], shot: Shot) -> "_Flag":
        """Measure: longest time in seconds for which a picture is held."""
        # Pictures at 0, 1/8, 2/8, 3/8, 4/8 and 5/8 s, of which all but the first are like the one before: held for
        # 5/8 s, which is over the half second. A change in between begins anew, and the longest hold counts.
        least = self._parameters["frozen_seconds"]
        longest = held = total = 0.0
        for before, look in pairwise(looks):
            if look.change < self._parameters["frozen_change"]:
                held += look.seconds - before.seconds
                total += look.seconds - before.seconds
            else:
                held = 0.0
            longest = max(longest, held)
        seconds = shot.end_s - shot.start_s
        # Pictures are an eighth of a second apart: in a shot shorter than the hold nothing can be decided.
        if len(looks) < 2 or seconds < least:
            return None, longest, None
        return longest >= least, longest, total / seconds

    def _blurred(self, looks: list[_Look]) -> "_Flag":
        """Measure: median width of the sharpest edges in pixels at a shorter side of 256."""
        measured = [look.width for look in looks if look.measured]
        # A Gaussian edge of sigma s: the sharpest edges of a picture say how sharp it is, whatever it shows. Median 1.2
        # px or more: blurred; below 0.95: sharp; between: undecided. Widths 0.9, 1.0 and 1.3 -> 1.0: undecided, a third
        # blurred.
        widths = [width for width in measured if width is not None]
        if not widths or 2 * len(widths) < len(measured):
            return None, None, None
        width = float(np.median(widths))
        share = float(np.mean(np.array(widths) >= self._parameters["blurred_width"]))
        if width >= self._parameters["blurred_width"]:
            return True, width, share
        return (False if width < self._parameters["sharp_width"] else None), width, share

    def _low_resolution(self) -> "_Flag":
        """Measure: shorter side in square pixels."""
        # Anamorphic video, 720 x 576 with pixels 16 : 15, is shown 768 wide: the shorter side is what a person sees.
        side = min(self._media.width * self._media.sample_aspect, self._media.height)
        low = side < self._parameters["least_short_side"]
        return low, side, float(low)

    def _nested_bars(self, shot: Shot) -> "_Flag":
        """Measure: share of the picture that is content."""
        small = [frame for frame in self._small if shot.first_frame <= frame.index <= shot.last_frame]
        if len(small) < 2:
            return None, None, None
        sampled = np.unique(np.linspace(0, len(small) - 1, _PICTURES_PER_SHOT).round().astype(int))
        y, u, v = (np.stack([getattr(small[index], plane) for index in sampled]) for plane in "yuv")
        box = content(y, u, v)
        inside = (box.bottom - box.top) * (box.right - box.left) / (y.shape[1] * y.shape[2])
        return box.nested, inside, float(box.nested)


def _greatest_block_change(luma: NDArray[np.uint8], previous: NDArray[np.uint8]) -> float:
    """Return the mean change of the block that changes most: a far-off athlete moves little of the picture."""
    height, width = luma.shape
    blocks = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    return float(np.max(cv2.resize(cv2.absdiff(luma, previous), blocks, interpolation=cv2.INTER_AREA)))


_Flag = tuple[bool | None, float | None, float | None]
"""True, False or None (undecided); the measure; and the share of the shot in which it is so."""


def start(media: Media, parameters: Parameters) -> Quality:
    """Begin to watch one media."""
    return Quality(media, parameters)
