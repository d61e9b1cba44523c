"""How a player shows the pictures of a stream: one definition, for PyAV's frames and the ffmpeg program's filters."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

from slateboard.media.errors import Unreadable
from slateboard.media.orientation import Orientation, orientation_of
from slateboard.media.tags import UNKNOWN, primaries_name, transfer_name
from slateboard.records.media import HDR_TRANSFERS
from slateboard.records.source import State

Matrix = Literal["bt601", "bt709", "bt2020"]

# AVColorSpace numbers; 2 means that the file does not say.
_MATRICES: dict[int, Matrix] = {1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601", 7: "bt709", 9: "bt2020", 10: "bt2020"}
_UNCONVERTED = {8: "YCgCo", 14: "ICtCp", 15: "IPT-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro"}
"""Numbers of the same table for colours that FFmpeg's scaler does not convert."""
_DOLBY = (Type.DOVI_RPU_BUFFER, Type.DOVI_METADATA)
_FULL_RANGE = 2
_STANDARD_HEIGHT = 576
_DIRECT = ("yuv420p", "yuvj420p")
_PALETTES = ("pal8",)


@dataclass(frozen=True)
class Display:
    """What a player makes of the coded pictures of one stream."""

    width: int
    """Of the coded picture, pixels."""
    height: int
    pixels: str
    """FFmpeg's name of the coded pixel format."""
    rotation: int
    """As PyAV gives it of each picture: a change of it is noticed without reading the matrix again."""
    orientation: Orientation
    matrix: Matrix
    """By which the upright 8-bit planes are made."""
    full_range: bool
    """Of those planes."""
    is_rgb: bool
    """The coded pictures are RGB, or colours of a palette."""
    hdr: str | None
    """Transfer function of HDR pictures, by FFmpeg's name; None: they are not."""
    is_coded_full: bool
    """The coded pictures use the full range."""
    primaries: str
    """Of the coded pictures, by FFmpeg's name."""

    @property
    def is_direct(self) -> bool:
        """True if the planes are those of the coded picture."""
        return self.pixels in _DIRECT and self.hdr is None

    @property
    def target(self) -> str:
        """FFmpeg's name of the pixel format of the upright planes."""
        return "yuvj420p" if self.full_range else "yuv420p"

    def check(self, picture: VideoFrame, index: int, *, name: str) -> None:
        """Raise Unreadable where a later picture has another size, format or orientation than the first had."""
        if (picture.width, picture.height) != (self.width, self.height):
            change = f"size of its pictures changes from {self.width} x {self.height} to {picture.width} x "
            change += str(picture.height)
        elif picture.rotation != self.rotation:
            change = f"orientation of its pictures changes from {self.rotation} to {picture.rotation} degrees"
        elif (pixels := picture.format.name) != self.pixels:
            change = f"pixel format changes from {self.pixels} to {pixels}"
        else:
            return
        what = f"{name}: the {change} at frame {index}. Cut it there with another tool and list the parts."
        raise Unreadable(what, State.UNSUPPORTED)


def display_of(picture: VideoFrame, *, name: str) -> Display:
    """Return how a player shows the stream that begins with this picture; raises Unreadable where nobody can say."""
    pixels, is_rgb = picture.format.name, picture.format.is_rgb or picture.format.name in _PALETTES
    transfer = transfer_name(picture.color_trc)
    hdr = transfer if transfer in HDR_TRANSFERS else None
    if not is_rgb and picture.colorspace in _UNCONVERTED:
        what = f"{name}: its colours are in {_UNCONVERTED[picture.colorspace]}, which is not supported."
        raise Unreadable(what, State.UNSUPPORTED)
    if transfer == UNKNOWN and _has_dolby_vision(picture):
        raise incompatible_dolby_vision(name)
    is_full = pixels.startswith("yuvj") or picture.color_range == _FULL_RANGE
    # A file that states no matrix is taken as players do: BT.601 up to 576 lines (PAL), BT.709 above. RGB becomes
    # BT.601 in limited range, as by FFmpeg's own default; HDR becomes BT.709 in limited range.
    standard: Matrix = "bt601" if is_rgb or picture.height <= _STANDARD_HEIGHT else "bt709"
    matrix = standard if is_rgb else _MATRICES.get(picture.colorspace, standard)
    return Display(
        width=picture.width,
        height=picture.height,
        pixels=pixels,
        rotation=picture.rotation,
        orientation=orientation_of(picture, name=name),
        matrix="bt709" if hdr else matrix,
        full_range=is_full and not is_rgb and hdr is None,
        is_rgb=is_rgb,
        hdr=hdr,
        is_coded_full=is_full,
        primaries=primaries_name(picture.color_primaries),
    )


def _has_dolby_vision(picture: VideoFrame) -> bool:
    return any(side_data.type in _DOLBY for side_data in cast("Iterable[SideData]", picture.side_data))


def incompatible_dolby_vision(name: str) -> Unreadable:
    """Return the error for Dolby Vision whose base pictures are none that another player shows (profile 5)."""
    # Profiles 7 and 8 state PQ, HLG or BT.709 of their base, which is played; profile 5 states nothing and is IPT-C2.
    what = f"{name} is Dolby Vision without pictures that other players show (profile 5): green and purple."
    return Unreadable(f"{what} Take another version of it.", State.UNSUPPORTED)
