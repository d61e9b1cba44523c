"""Which originals are there now: one that is not becomes `missing`, one that is again becomes `fetched`."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slateboard.catalog.catalog import Catalog
from slateboard.catalog.media import Original
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.media.errors import Unreadable
from slateboard.media.identity import identify
from slateboard.records.media import Media
from slateboard.records.source import BROUGHT, Source, State
from slateboard.records.stamp import Stamp


@dataclass(frozen=True)
class Presence:
    """Sources whose state changed because of what lies in media/."""

    missing: tuple[Source, ...]
    returned: tuple[Source, ...]

    def lines(self) -> list[str]:
        """Return a sentence for each kind of change."""
        texts = []
        if self.missing:
            first = self.missing[0].reason
            texts.append(
                f"{len(self.missing)} originals are missing ({first}): `slateboard curate fetch` gets them again"
            )
        if self.returned:
            texts.append(f"{len(self.returned)} originals that were missing are there again")
        return texts


def look_for_originals(
    catalog: Catalog,
    root: Path,
    *,
    media_ids: Collection[str] | None = None,
    doubted: Collection[str] = (),
    all_may_be_lost: bool = False,
) -> Presence:
    """Look whether the originals of fetched sources are there, whole, and record what changed.

    `media_ids` are those that are needed now; None: all. They are held to their size; `doubted` ones, and those that
    were missing, to their hash. Sources that were missing are always looked for. Where none of those needed is there
    and the folder holds nothing at all, as a disk that is not mounted, SlateboardError is raised and nothing is
    recorded, unless `all_may_be_lost`.
    """
    originals = [one for one in catalog.originals() if one.state == State.MISSING or _is_in(one.media_id, media_ids)]
    hashed = [one for one in originals if one.state == State.MISSING or one.media_id in doubted]
    stamps = catalog.stamps({one.path for one in hashed})
    missing: dict[str, str] = {}
    returned: set[str] = set()
    whole = 0
    for one in originals:
        reason = _fault(root, one)
        if reason is None and one in hashed:
            reason = _changed(root, one, stamps.get(one.path))
        whole += reason is None
        if one.state == State.FETCHED and reason is not None:
            missing[one.source_id] = reason
        elif one.state == State.MISSING and reason is None:
            returned.add(one.source_id)
    if missing and not whole and not all_may_be_lost and _is_empty(root / "media"):
        raise SlateboardError(
            f"{root / 'media'} holds none of the {len(missing)} originals that are needed: is its disk mounted, was "
            "the folder moved? Nothing was changed. If they are lost, `slateboard curate fetch --retry missing` gets "
            "them again."
        )
    if not missing and not returned:
        return Presence((), ())
    return _recorded(catalog, missing, returned)


def check_absence(root: Path, media: Media, *, known: Stamp | None) -> None:
    """Raise SlateboardError if a file that a worker misses is there, or if all are gone since the command began."""
    if _is_empty(root / "media"):
        raise SlateboardError(
            f"{root / 'media'} holds nothing any more: is its disk still mounted? What was not done yet stays as is."
        )
    try:
        identify(root / media.path, name=media.path, sha256=media.media_id, known=known)
    except Unreadable:
        return
    raise MissingRequirement(
        f"A worker does not see {media.path}, which is there: put the workspace into a folder that all machines share."
    )


def _is_in(media_id: str, media_ids: Collection[str] | None) -> bool:
    return media_ids is None or media_id in media_ids


def _recorded(catalog: Catalog, missing: Mapping[str, str], returned: Collection[str]) -> Presence:
    gone, back = [], []
    for source in catalog.sources(*BROUGHT):
        if source.source_id in missing:
            gone.append(source.model_copy(update={"state": State.MISSING, "reason": missing[source.source_id]}))
        elif source.source_id in returned:
            back.append(source.model_copy(update={"state": State.FETCHED, "reason": None, "again_at": None}))
    catalog.set_states([*gone, *back])
    return Presence(tuple(gone), tuple(back))


def check_local_files(sources: Sequence[Source], root: Path) -> None:
    """Raise SlateboardError where all that is to be fetched are new local files and not one of them is there."""
    local = [one for one in sources if not one.is_web and one.state == State.NEW]
    if len(local) > 1 and len(local) == len(sources) and not any((root / one.url).is_file() for one in local):
        raise SlateboardError(
            f"None of the {len(local)} files to fetch is there, as {root / local[0].url}: is their disk mounted, was "
            "the folder moved? Nothing was changed."
        )


def _fault(root: Path, one: Original) -> str | None:
    """Return what is wrong with an original, as far as it can be told without reading it; None: nothing."""
    try:
        size = os.stat(f"{root}/{one.path}").st_size  # noqa: PTH116 (100,000 times: a third of Path.stat's time)
    except OSError:
        return f"{one.path} is not there"
    return None if size == one.bytes else f"{one.path} has {size} bytes of {one.bytes}"


def _changed(root: Path, one: Original, known: Stamp | None) -> str | None:
    try:
        identify(root / one.path, name=one.path, sha256=one.media_id, known=known)
    except Unreadable as error:
        return str(error)
    return None


def _is_empty(folder: Path) -> bool:
    """Does a folder hold no file, or is there none?"""
    return not folder.is_dir() or not any(path.is_file() for path in folder.iterdir())
