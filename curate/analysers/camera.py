"""Classify the camera of each shot as static or moving, by points that stay where they were or move together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.analysis.rows import CameraMotion, CameraRow
from slateboard.media.frames import Frame
from slateboard.media.motion import find_corners, fit_motion
from slateboard.records.clip import Camera as CameraClass
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Camera motion",
    source="slateboard; thresholds set on Weizmann (90 of 90 found static) and half of the JHMDB uploads; judged on "
    "the other half, as JHMDB names them: of 69 static 46 static, 9 unknown, 14 moving (hand-held counts as static "
    "there); of 58 moving 37 moving, 18 unknown, 3 static",
    parameters={
        "static_share": Parameter(0.45, "share", "static if at least this part of the points stays where it was"),
        "moving_share": Parameter(0.20, "share", "moving if at most this part of the points stays where it was"),
        "moving_inliers": Parameter(0.40, "share", "and if one motion of the picture explains this part of them"),
        "moving_extent": Parameter(2.0, "pixels", "and if it carries a point this far; a picture is 256 pixels high"),
        "least_points": Parameter(12, "points", "unknown where fewer can be followed"),
    },
)
VERSION = 1
SIZE = 160
RATE = 3.0

_HEIGHT = 256


@dataclass(frozen=True)
class _Look:
    """One picture compared with an earlier one, which is of the same shot unless there was a cut between them."""

    since: int
    """Frame of the earlier picture."""
    index: int
    points: int
    """Points followed from one to the other."""
    still: float
    """Share of them that stayed where they were, 0-1."""
    inliers: float
    """Share of them that one similarity (shift, turn, scale) explains, 0-1."""
    extent: float
    """How far the similarity moves the picture's centre, in pixels of a picture 256 pixels high."""


class Camera:
    """Follows points from an anchor picture for as long as enough of them can be seen, then from a new one."""

    # The anchor tells a slow pan from a still camera. A pan of half a pixel from picture to picture looks still each
    # time; against an anchor ten pictures back it has moved every point by five.

    def __init__(self, media: Media, parameters: Parameters) -> None:
        self._parameters = parameters
        self._anchor: tuple[int, NDArray[np.uint8], NDArray[np.float32]] | None = None
        self._last: tuple[int, NDArray[np.uint8]] | None = None
        self._looks: list[_Look] = []

    def see(self, frame: Frame) -> None:
        """Compare one picture with the anchor."""
        luma = np.ascontiguousarray(frame.y)
        if self._anchor is not None and self._last is not None:
            look = self._look(frame.index, luma)
            if look.points < len(self._anchor[2]) / 3:
                # A cut, or the anchor has left the picture: go on from the picture before.
                self._anchor = (*self._last, find_corners(self._last[1]))
                look = self._look(frame.index, luma)
            self._looks.append(look)
        else:
            self._anchor = (frame.index, luma, find_corners(luma))
        self._last = (frame.index, luma)

    def _look(self, index: int, luma: NDArray[np.uint8]) -> _Look:
        assert self._anchor is not None
        since, earlier, start = self._anchor
        similarity = fit_motion(earlier, luma, start)
        height, width = luma.shape
        # |M c - c| for the centre c: a turn or zoom about the centre itself moves it by nothing.
        centre = np.array([width / 2, height / 2])
        shift = similarity.matrix @ [*centre, 1] - centre
        extent = float(np.linalg.norm(shift)) * _HEIGHT / height
        return _Look(since, index, similarity.points, similarity.still, similarity.inliers, extent)

    def rows(self, shots: Sequence[Shot]) -> list[CameraRow]:
        """Return camera (static, moving, unknown), reason and measures for each shot, with its frames."""
        return [
            {
                "shot_id": shot.shot_id,
                "first_frame": shot.first_frame,
                "last_frame": shot.last_frame,
                **self._classify(
                    [look for look in self._looks if look.since >= shot.first_frame and look.index <= shot.last_frame]
                ),
            }
            for shot in shots
        ]

    def _classify(self, looks: list[_Look]) -> CameraMotion:
        limits = self._parameters
        if not looks:
            return {"camera": "unknown", "reason": "too short", "still": None, "inliers": None, "extent": None}
        # Share of points that stay where they were (medians): 0.45 or more: static; 0.20 to 0.45: unknown, as where an
        # athlete fills the picture; below: moving, if one similarity explains 40 % of the points and carries the centre
        # by 2 pixels of 256, since points that scatter are people and not the camera.
        usable = [look for look in looks if look.points >= limits["least_points"]]
        if 2 * len(usable) < len(looks):
            return {"camera": "unknown", "reason": "too few points", "still": None, "inliers": None, "extent": None}
        # By medians over the shot, as one bad look must not decide; by the greatest extent, as a pan that comes back
        # is a pan.
        still = float(np.median([look.still for look in usable]))
        inliers = float(np.median([look.inliers for look in usable]))
        extent = max(look.extent for look in usable)
        camera: CameraClass
        if still >= limits["static_share"]:
            camera, reason = "static", "points stay"
        elif still > limits["moving_share"]:
            camera, reason = "unknown", "some points stay"
        elif inliers < limits["moving_inliers"]:
            camera, reason = "unknown", "no common motion"
        elif extent < limits["moving_extent"]:
            camera, reason = "unknown", "too little motion"
        else:
            camera, reason = "moving", "points move together"
        return {"camera": camera, "reason": reason, "still": still, "inliers": inliers, "extent": extent}


def start(media: Media, parameters: Parameters) -> Camera:
    """Begin to watch one media."""
    return Camera(media, parameters)
