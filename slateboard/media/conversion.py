"""Convert decoded pictures of one stream to upright 8-bit 4:2:0 planes, as `display` says that a player shows them."""

from typing import Any

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from slateboard.limits import current_limits
from slateboard.media import bounds
from slateboard.media.display import Display, display_of
from slateboard.media.orientation import UPRIGHT, Orientation
from slateboard.media.scale import scaled_size
from slateboard.media.tone import tone_filters

Plane = NDArray[np.uint8]


class Converter:
    """Converts the pictures of one stream, in any order; `name` is the file's.

    The reformatter is kept from picture to picture: scaling to 128 x 170 takes 0.5 ms with a new one, 0.1 ms with it.
    """

    def __init__(self, name: str, *, aspect: float = 1.0, short_side: int | None = None) -> None:
        self._name, self._aspect, self._short_side = name, aspect, short_side
        self._display: Display | None = None
        self._reformatter = VideoReformatter()
        self._tone: _ToneMapper | None = None

    def display(self, picture: VideoFrame, index: int) -> Display:
        """Return how the stream is shown; raises Unreadable where this picture is unlike the ones before."""
        if self._display is None:
            self._display = display_of(picture, name=self._name)
        else:
            self._display.check(picture, index, name=self._name)
        return self._display

    def planes(self, picture: VideoFrame, index: int) -> tuple[Plane, Plane, Plane]:
        """Return luma [height, width], U and V of a picture: upright, of even size, scaled if so asked."""
        display = self.display(picture, index)
        picture = self._converted(picture, display)
        width, height = picture.width // 2 * 2, picture.height // 2 * 2
        y, u, v = (
            turned(plane_of(picture, number)[: height // subsampling, : width // subsampling], display.orientation)
            for number, subsampling in ((0, 1), (1, 2), (2, 2))
        )
        return y, u, v

    def luma(self, picture: VideoFrame, index: int) -> Plane:
        """Return the luma of a picture alone, as `planes` does."""
        display = self.display(picture, index)
        if picture.format.name != "nv12":
            picture = self._converted(picture, display)
        width, height = picture.width // 2 * 2, picture.height // 2 * 2
        return turned(plane_of(picture, 0)[:height, :width], display.orientation)

    def _converted(self, picture: VideoFrame, display: Display) -> VideoFrame:
        size = (picture.width, picture.height)
        if self._short_side is not None:
            size = scaled_size(picture.width * self._aspect, picture.height, short_side=self._short_side)
            # 2 x 30000 at a shorter side of 224 would be 3 million wide.
            bounds.check_pixels("scaled", *size, current_limits())
        if display.hdr is not None:
            if self._tone is None:
                self._tone = _ToneMapper(picture, display)
            picture = self._tone.mapped(picture)
        elif display.is_direct and size == (picture.width, picture.height):
            return picture
        colours: dict[str, Any] = {}
        if display.is_rgb and display.hdr is None:
            colours = {"src_color_range": ColorRange.JPEG, "dst_color_range": ColorRange.MPEG}
            colours["dst_colorspace"] = Colorspace.ITU601
        return self._reformatter.reformat(
            picture, width=size[0], height=size[1], format=display.target, interpolation="AREA", **colours
        )


class _ToneMapper:
    """Runs HDR pictures through FFmpeg's filters of `tone_filters`."""

    def __init__(self, picture: VideoFrame, display: Display) -> None:
        graph = Graph()
        nodes = [
            graph.add_buffer(
                width=picture.width, height=picture.height, format=picture.format, time_base=picture.time_base
            )
        ]
        is_full = picture.color_range == ColorRange.JPEG
        with tone_filters(display.hdr or "", full_range=is_full, is_rgb=display.is_rgb) as filters:
            nodes += [graph.add(name, **options) for name, options in filters]
            graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        self._graph = graph

    def mapped(self, picture: VideoFrame) -> VideoFrame:
        """Return the picture in BT.709, 8 bit, limited range."""
        self._graph.push(picture)
        mapped = self._graph.pull()
        assert isinstance(mapped, VideoFrame)
        return mapped


def turned(plane: Plane, orientation: Orientation) -> Plane:
    """Return a plane mirrored and turned, in one piece; the decoder's own memory where it is in one piece."""
    if orientation is not UPRIGHT and orientation != UPRIGHT:
        plane = np.rot90(plane[:, ::-1] if orientation.mirrored else plane, orientation.turns)
    return np.ascontiguousarray(plane)


def plane_of(picture: VideoFrame, number: int) -> Plane:
    """Return a plane in the decoder's own memory."""
    plane = picture.planes[number]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
