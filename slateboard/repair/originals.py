"""Originals that are not there or hold other bytes: they are fetched again, not mended here."""

from collections.abc import Iterator

from slateboard.catalog.catalog import Catalog
from slateboard.media.errors import Unreadable
from slateboard.media.identity import identify, look
from slateboard.repair.damage import Damage
from slateboard.workspace import Workspace


def original_damages(workspace: Workspace, catalog: Catalog) -> Iterator[Damage]:
    """Yield one damage for all originals that are missing or changed; what was never stamped is held to its size."""
    originals = catalog.originals()
    stamps = catalog.stamps({one.path for one in originals})
    reasons = {}
    for one in originals:
        path, known = workspace.root / one.path, stamps.get(one.path)
        try:
            seen = look(path, name=one.path, sha256=one.media_id)
            if known is not None or seen.bytes != one.bytes:
                identify(path, name=one.path, sha256=one.media_id, known=known)
        except Unreadable as error:
            reasons[one.path] = str(error)
    if reasons:
        name, reason = next(iter(reasons.items()))
        what = f"lacks {len(reasons)} originals as they were fetched, as {name}: {reason.rstrip('.')}"
        yield Damage("media/", what, "`slateboard curate fetch` and `analyse` notice them, and get them again.")
