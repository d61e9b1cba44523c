"""Originals that are not there or hold other bytes: they are fetched again, not mended here."""

from collections.abc import Iterator

from slateboard.catalog.catalog import Catalog
from slateboard.media.errors import Unreadable
from slateboard.media.identity import identify, stamp_of
from slateboard.repair.damage import Damage
from slateboard.workspace import Workspace


def original_damages(workspace: Workspace, catalog: Catalog) -> Iterator[Damage]:
    """Yield one damage for all originals that are missing or changed; without a stamp only the size is compared."""
    originals = catalog.originals()
    stamps = catalog.stamps({original.path for original in originals})
    reasons = {}
    for original in originals:
        path, recorded = workspace.root / original.path, stamps.get(original.path)
        try:
            stamp = stamp_of(path, name=original.path, sha256=original.media_id)
            # Without a stamp (an older catalog) only the size is compared: hashing every original would take hours.
            if recorded is not None or stamp.bytes != original.bytes:
                identify(path, name=original.path, sha256=original.media_id, recorded=recorded)
        except Unreadable as error:
            reasons[original.path] = str(error)
    if reasons:
        name, reason = next(iter(reasons.items()))
        what = f"lacks {len(reasons)} originals as they were fetched, as {name}: {reason.rstrip('.')}"
        yield Damage("media/", what, "`slateboard curate fetch` and `analyse` notice them, and get them again.")
