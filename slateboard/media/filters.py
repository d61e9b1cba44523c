"""Filters of the ffmpeg program that show pictures as `display` says, so that a cut shows what PyAV's frames show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slateboard.media.display import Display, Matrix
from slateboard.media.orientation import UPRIGHT, Orientation
from slateboard.media.tone import tone_filters

_TURNS: dict[Orientation, tuple[tuple[str, ...], ...]] = {
    Orientation(0, False): (),
    Orientation(1, False): (("transpose", "cclock"),),
    Orientation(2, False): (("hflip",), ("vflip",)),
    Orientation(3, False): (("transpose", "clock"),),
    # Mirrored left to right, then turned: a quarter gives the transposed picture, which `cclock_flip` is; two quarters
    # give the picture upside down.
    Orientation(0, True): (("hflip",),),
    Orientation(1, True): (("transpose", "cclock_flip"),),
    Orientation(2, True): (("vflip",),),
    Orientation(3, True): (("transpose", "clock_flip"),),
}
"""Orientation -> filters of FFmpeg."""

MATRIX_TAGS: dict[Matrix, str] = {"bt601": "smpte170m", "bt709": "bt709", "bt2020": "bt2020nc"}
"""Our names of matrices -> FFmpeg's."""


@dataclass(frozen=True)
class Colours:
    """Pixel format of a result, and what it states of itself, by FFmpeg's names."""

    pixels: str
    matrix: str
    full_range: bool
    transfer: str | None = None
    """None: as the source states it."""
    primaries: str | None = None

    @property
    def extent(self) -> str:
        """FFmpeg's name of the range."""
        return "pc" if self.full_range else "tv"

    def filtered(self, video: Any) -> Any:
        """Return the video with its pixel format and its statements."""
        # ffmpeg takes a file that does not state its matrix for BT.601, and would convert it to what is stated here.
        stated = {"color_trc": self.transfer, "color_primaries": self.primaries}
        named = {name: value for name, value in stated.items() if value is not None}
        video = video.filter("format", self.pixels)
        return video.filter("setparams", colorspace=self.matrix, range=self.extent, **named)

    def options(self) -> dict[str, str]:
        """Return the options of the encoder that state the same in the file."""
        stated = {"color_trc": self.transfer, "color_primaries": self.primaries}
        named = {name: value for name, value in stated.items() if value is not None}
        return {"pix_fmt": self.pixels, "colorspace": self.matrix, "color_range": self.extent, **named}


@dataclass(frozen=True)
class Shower:
    """Applies filters so that the pictures of a source are shown upright and in their colours."""

    display: Display
    tone: tuple[tuple[str, dict[str, str]], ...]
    """Filters of the tone map; none: it is not to be made."""

    def oriented(self, video: Any) -> Any:
        """Return the video upright."""
        if self.display.orientation == UPRIGHT:
            return video
        for name, *arguments in _TURNS[self.display.orientation]:
            video = video.filter(name, *arguments)
        # What is upright already is not to be turned by players once more.
        return video.filter("sidedata", mode="delete", type="DISPLAYMATRIX")

    def scaled(self, video: Any, size: tuple[int, int] | None) -> Any:
        """Return the video with square pixels and the size in pixels, and RGB as planes of limited range."""
        ranges = {"in_range": "pc", "out_range": "tv", "out_color_matrix": "bt601"} if self.display.is_rgb else {}
        if self.display.hdr is not None:
            ranges = {}
        if size is not None:
            return video.filter("scale", *size, flags="area", **ranges).filter("setsar", "1")
        return video.filter("scale", flags="area", **ranges) if ranges else video

    def toned(self, video: Any) -> Any:
        """Return the video as an SDR player shows it."""
        for name, options in self.tone:
            video = video.filter(name, **options)
        # Mastering data and the like are of the HDR pictures.
        return video.filter("sidedata", mode="delete") if self.tone else video

    def colours(self, matrix: Matrix, *, full_range: bool) -> Colours:
        """Return what the result is; `matrix` and `full_range` are those of PyAV's frames."""
        display = self.display
        if self.tone:
            return Colours("yuv420p", "bt709", False, "bt709", "bt709")
        if display.hdr is not None:
            return Colours("yuv420p10le", "bt2020nc", display.is_coded_full, display.hdr, display.primaries)
        return Colours("yuvj420p" if full_range else "yuv420p", MATRIX_TAGS[matrix], full_range)


@contextmanager
def shower_of(display: Display, *, tone_map: bool) -> Iterator[Shower]:
    """Yield the filters for a source; the table of a tone map lies on the disk meanwhile."""
    if display.hdr is None or not tone_map:
        yield Shower(display, ())
        return
    with tone_filters(display.hdr, full_range=display.is_coded_full, is_rgb=display.is_rgb) as filters:
        yield Shower(display, tuple(filters))
