"""People's decisions: what reviews/ says and the catalog does not, and the other way round."""

from collections import defaultdict
from collections.abc import Iterator

from slateboard.catalog.catalog import Catalog
from slateboard.catalog.reviews import Kept, Reviews, as_decided, keep, lacking, read_reviews, unconfirmed, unrecorded
from slateboard.records.clip import Clip
from slateboard.repair.damage import Damage
from slateboard.workspace import Workspace


def decision_damages(workspace: Workspace, catalog: Catalog) -> Iterator[Damage]:
    """Yield where the catalog and reviews/ do not agree."""
    reviews = read_reviews(workspace.reviews)
    if reviews.broken:
        places = ", ".join(reviews.broken[:5]) + (", ..." if len(reviews.broken) > 5 else "")
        remedy = "These lines are passed over; correct them by hand, or take them out."
        yield Damage("reviews/", f"holds {len(reviews.broken)} lines that are no decision ({places})", remedy)
    lost = lacking(catalog, reviews)
    if lost:
        yield Damage(
            "catalog.db", f"lacks {len(lost)} decisions on clips that stand in reviews/", "They are taken from there.",
            lambda: catalog.write_clips(lost),
        )  # fmt: skip
    effects = unconfirmed(catalog, reviews)
    if effects is not None:
        yield Damage(
            "catalog.db", "lacks decisions on effects that stand in reviews/", "They are taken from there.",
            lambda: catalog.label_effects(effects),
        )  # fmt: skip
    yield from _waiting(catalog, reviews)
    extra = unrecorded(catalog, reviews)
    if extra:
        yield Damage(
            "reviews/", f"lacks {len(extra)} decisions that stand in catalog.db", "They are written there.",
            lambda: _record(workspace, extra),
        )  # fmt: skip


def _waiting(catalog: Catalog, reviews: Reviews) -> Iterator[Damage]:
    """Yield decisions on clips that the catalog does not know (yet)."""
    known = {clip.clip_id for clip in catalog.clips()}
    waiting = [clip_id for clip_id in reviews.on_clips() if clip_id not in known]
    if waiting:
        remedy = "Run `slateboard curate fetch`, `analyse` and `propose`, then `slateboard doctor --repair` again."
        what = f"holds {len(waiting)} decisions on clips that the catalog does not know, as {waiting[0]}"
        yield Damage("reviews/", what, remedy)


def _record(workspace: Workspace, clips: list[Clip]) -> None:
    by_person: dict[str, list[Kept]] = defaultdict(list)
    for clip in clips:
        by_person[clip.decided_by or ""].append((clip, as_decided(clip), ()))
    for person, kept in by_person.items():
        keep(workspace.reviews, kept, person=person, command="doctor --repair")
