"""Look over a whole workspace, and mend what can be: the catalog first, since the rest is held against it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypedDict

from slateboard.catalog.catalog import Catalog, open_catalog
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


class DamageRow(TypedDict):
    """A damage as `doctor --json` prints it."""

    where: str
    what: str
    remedy: str
    mendable: bool
    mended: bool


@dataclass(frozen=True)
class ExaminedDamage:
    """One damage, and whether it was mended."""

    damage: Damage
    mended: bool

    def row(self) -> DamageRow:
        """Return plain values."""
        damage = self.damage
        can = damage.mend is not None
        return {
            "where": damage.where,
            "what": damage.what,
            "remedy": damage.remedy,
            "mendable": can,
            "mended": self.mended,
        }


def examine(workspace: Workspace, *, repair: bool) -> Iterator[ExaminedDamage]:
    """Yield every damage as it is found; with `repair` true those that can be mended are."""
    # The catalog's own file first: every other check reads it, and cannot if it is broken and was not mended.
    sound = True
    for damage in catalog_damages(workspace):
        examined = _repaired(damage, repair=repair)
        sound &= examined.mended or damage.where != workspace.catalog.name
        yield examined
    if not sound or not workspace.catalog.exists():
        return
    with open_catalog(workspace.catalog) as catalog:
        for check in CHECKS:
            for damage in check(workspace, catalog):
                yield _repaired(damage, repair=repair)


def _repaired(damage: Damage, *, repair: bool) -> ExaminedDamage:
    if not repair or damage.mend is None:
        return ExaminedDamage(damage, mended=False)
    damage.mend()
    return ExaminedDamage(damage, mended=True)
