"""Look over a whole workspace, and mend what can be: the catalog first, since the rest is held against it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slateboard.catalog.catalog import Catalog, opened
from slateboard.repair.catalog_file import catalog_damages
from slateboard.repair.damage import Damage
from slateboard.repair.decisions import decision_damages
from slateboard.repair.leftovers import leftover_damages
from slateboard.repair.observations import observation_damages
from slateboard.repair.originals import original_damages
from slateboard.repair.records import release_damages, takedown_damages
from slateboard.workspace import Workspace

CHECKS: tuple[Callable[[Workspace, Catalog], Iterator[Damage]], ...] = (
    takedown_damages,
    decision_damages,
    original_damages,
    observation_damages,
    lambda workspace, _: release_damages(workspace),
    lambda workspace, _: leftover_damages(workspace),
)


@dataclass(frozen=True)
class Examined:
    """One damage, and what became of it."""

    damage: Damage
    mended: bool

    def row(self) -> dict[str, object]:
        """Return plain values."""
        one = self.damage
        can = one.mend is not None
        return {"where": one.where, "what": one.what, "remedy": one.remedy, "mendable": can, "mended": self.mended}


def examine(workspace: Workspace, *, repair: bool) -> Iterator[Examined]:
    """Yield every damage as it is met, mended where it can be and `repair` is true."""
    sound = True
    for damage in catalog_damages(workspace):
        done = _treated(damage, repair=repair)
        sound &= done.mended or damage.where != workspace.catalog.name
        yield done
    if not sound or not workspace.catalog.exists():
        return
    with opened(workspace.catalog) as catalog:
        for check in CHECKS:
            for damage in check(workspace, catalog):
                yield _treated(damage, repair=repair)


def _treated(damage: Damage, *, repair: bool) -> Examined:
    if not repair or damage.mend is None:
        return Examined(damage, mended=False)
    damage.mend()
    return Examined(damage, mended=True)
