"""Name the metadata of HDR pictures that the tone map does not use: Dolby Vision over a base, HDR10+, HDR Vivid."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from av.sidedata.sidedata import SideData, Type

from slateboard.limits import current_limits
from slateboard.media.frames import one_thread, raw_pictures
from slateboard.media.probe import open_container
from slateboard.records.media import HDR_TRANSFERS, Media
from slateboard.settings import Limits

_NAMES = {
    Type.DOVI_RPU_BUFFER: "Dolby Vision",
    Type.DOVI_METADATA: "Dolby Vision",
    Type.DYNAMIC_HDR_PLUS: "HDR10+",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid",
}
_BASES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


def dynamic_note(path: Path, media: Media, *, limits: Limits | None = None) -> str | None:
    """Return what to tell of an HDR file whose first picture brings such metadata; None: nothing. Raises Unreadable."""
    if media.transfer not in HDR_TRANSFERS:
        return None
    with open_container(path, limits=limits or current_limits(), stream=media.stream) as (container, stream):
        one_thread(stream)
        picture = next(raw_pictures(path, container, stream, lambda _: None, limits=limits), None)
        records = cast("Iterable[SideData]", picture.side_data) if picture is not None else ()
        names = sorted({_NAMES[side_data.type] for side_data in records if side_data.type in _NAMES})
    if not names:
        return None
    base = _BASES[media.transfer]
    return f"its {' and '.join(names)} metadata is not used: it is shown as the {base} that it is based on"
