"""Keep a thumbnail of each shot, for people who review."""

from collections.abc import Sequence

import cv2
import numpy as np

from curate.analysis.rows import ThumbnailRow
from slateboard.media.colour import rgb_quick
from slateboard.media.frames import Frame
from slateboard.records.media import Media, Shot
from slateboard.registry import Card, Parameters

CARD = Card(title="Thumbnails", source="slateboard")
VERSION = 1
SIZE = 160
RATE = 3.0

_QUALITY = 75
_MAX_THUMBNAILS = 1200
"""Thumbnails kept while the shots are unknown, thinned evenly over the media: 7 MB."""


class Sheet:
    """Keeps evenly spaced pictures as JPEG, and in the end the one nearest to the middle of each shot."""

    def __init__(self) -> None:
        self._count = 0
        self._step = 1
        self._thumbnails: list[tuple[int, bytes]] = []

    def see(self, frame: Frame) -> None:
        """Keep every step-th picture; the step doubles when there are too many, and every second one is dropped."""
        if self._count % self._step == 0:
            self._thumbnails.append((frame.index, _jpeg(frame)))
            # 1,201 at every frame become 601 at every second one: even over the media, however long it is.
            if len(self._thumbnails) > _MAX_THUMBNAILS:
                self._thumbnails, self._step = self._thumbnails[::2], 2 * self._step
        self._count += 1

    def rows(self, shots: Sequence[Shot]) -> list[ThumbnailRow]:
        """Return shot_id, frame and jpeg (bytes); both None where no picture of a short shot was kept."""
        rows: list[ThumbnailRow] = []
        for shot in shots:
            middle = (shot.first_frame + shot.last_frame) / 2
            inside = [
                thumbnail for thumbnail in self._thumbnails if shot.first_frame <= thumbnail[0] <= shot.last_frame
            ]
            frame, jpeg = min(inside, key=lambda thumbnail: abs(thumbnail[0] - middle), default=(None, None))
            rows.append({"shot_id": shot.shot_id, "frame": frame, "jpeg": jpeg})
        return rows


def _jpeg(frame: Frame) -> bytes:
    picture = np.ascontiguousarray(rgb_quick(frame)[..., ::-1])
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def start(media: Media, parameters: Parameters) -> Sheet:
    """Begin to watch one media."""
    return Sheet()
