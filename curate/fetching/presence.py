"""Check that the originals still lie in media/: a lost one becomes `missing`, one that is back becomes `fetched`."""

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
            first_reason = self.missing[0].reason
            texts.append(
                f"{len(self.missing)} originals are missing ({first_reason}): `slateboard curate fetch` gets them again"
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
    """Check whether the originals of fetched sources exist unchanged, and record the sources whose state changed.

    `media_ids` are those that are needed now; None: all. Their size is compared; of `doubted` ones, and of those that
    were missing, the hash. Sources that were missing are always looked for. Where none of those needed exists and the
    folder is empty, as that of a disk that is not mounted, SlateboardError is raised and nothing is recorded, unless
    `all_may_be_lost`.
    """
    originals = [o for o in catalog.originals() if o.state == State.MISSING or _is_in(o.media_id, media_ids)]
    hashed = [original for original in originals if original.state == State.MISSING or original.media_id in doubted]
    stamps = catalog.stamps({original.path for original in hashed})
    missing: dict[str, str] = {}
    returned: set[str] = set()
    intact = 0
    for original in originals:
        reason = _fault(root, original)
        if reason is None and original in hashed:
            reason = _changed(root, original, stamps.get(original.path))
        intact += reason is None
        if original.state == State.FETCHED and reason is not None:
            missing[original.source_id] = reason
        elif original.state == State.MISSING and reason is None:
            returned.add(original.source_id)
    # An unmounted disk looks like a total loss: recorded as one, it would have every original downloaded again.
    if missing and not intact and not all_may_be_lost and _is_empty(root / "media"):
        raise SlateboardError(
            f"{root / 'media'} holds none of the {len(missing)} originals that are needed: is its disk mounted, was "
            "the folder moved? Nothing was changed. If they are lost, `slateboard curate fetch --retry missing` gets "
            "them again."
        )
    if not missing and not returned:
        return Presence((), ())
    return _recorded(catalog, missing, returned)


def check_absence(root: Path, media: Media, *, stamp: Stamp | None) -> None:
    """Raise SlateboardError if a file that a worker misses exists here, or if media/ is empty by now."""
    if _is_empty(root / "media"):
        raise SlateboardError(
            f"{root / 'media'} holds nothing any more: is its disk still mounted? What was not done yet stays as is."
        )
    try:
        identify(root / media.path, name=media.path, sha256=media.media_id, recorded=stamp)
    except Unreadable:
        return
    raise MissingRequirement(
        f"A worker does not see {media.path}, which is there: put the workspace into a folder that all machines share."
    )


def _is_in(media_id: str, media_ids: Collection[str] | None) -> bool:
    return media_ids is None or media_id in media_ids


def _recorded(catalog: Catalog, missing: Mapping[str, str], returned: Collection[str]) -> Presence:
    missing_sources, returned_sources = [], []
    for source in catalog.sources(*BROUGHT):
        if source.source_id in missing:
            missing_sources.append(
                source.model_copy(update={"state": State.MISSING, "reason": missing[source.source_id]})
            )
        elif source.source_id in returned:
            returned_sources.append(
                source.model_copy(update={"state": State.FETCHED, "reason": None, "again_at": None})
            )
    catalog.set_states([*missing_sources, *returned_sources])
    return Presence(tuple(missing_sources), tuple(returned_sources))


def check_local_files(sources: Sequence[Source], root: Path) -> None:
    """Raise SlateboardError where all sources to fetch are new local files and not one of them exists."""
    local = [source for source in sources if not source.is_web and source.state == State.NEW]
    if len(local) > 1 and len(local) == len(sources) and not any((root / source.url).is_file() for source in local):
        raise SlateboardError(
            f"None of the {len(local)} files to fetch is there, as {root / local[0].url}: is their disk mounted, was "
            "the folder moved? Nothing was changed."
        )


def _fault(root: Path, original: Original) -> str | None:
    """Return what is wrong with an original as far as its size shows, without reading it; None: nothing."""
    # A replaced file of the same size passes here; `analyse` and `trim` find it by its stamp and hash.
    try:
        size = os.stat(f"{root}/{original.path}").st_size  # noqa: PTH116 (100,000 times: a third of Path.stat's time)
    except OSError:
        return f"{original.path} is not there"
    return None if size == original.bytes else f"{original.path} has {size} bytes of {original.bytes}"


def _changed(root: Path, original: Original, stamp: Stamp | None) -> str | None:
    try:
        identify(root / original.path, name=original.path, sha256=original.media_id, recorded=stamp)
    except Unreadable as error:
        return str(error)
    return None


def _is_empty(folder: Path) -> bool:
    """Return whether a folder holds no file or does not exist."""
    return not folder.is_dir() or not any(path.is_file() for path in folder.iterdir())
