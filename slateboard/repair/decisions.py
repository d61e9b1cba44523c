"""People's decisions: what reviews/ says and the catalog does not, and the other way round."""

from collections import defaultdict
from collections.abc import Iterator

from slateboard.catalog.catalog import Catalog
from slateboard.catalog.reviews import (
    DecisionEntry,
    Reviews,
    append_decisions,
    clips_as_decided,
    decision_on,
    effects_as_confirmed,
    read_reviews,
    unrecorded_clips,
)
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
    lost = clips_as_decided(catalog, reviews)
    if lost:
        yield Damage(
            "catalog.db", f"lacks {len(lost)} decisions on clips that stand in reviews/", "They are taken from there.",
            lambda: catalog.write_clips(lost),
        )  # fmt: skip
    # Effects are replaced as a whole, so one damage stands for all of them.
    effects = effects_as_confirmed(catalog, reviews)
    if effects is not None:
        yield Damage(
            "catalog.db", "lacks decisions on effects that stand in reviews/", "They are taken from there.",
            lambda: catalog.label_effects(effects),
        )  # fmt: skip
    yield from _decisions_on_unknown_clips(catalog, reviews)
    extra = unrecorded_clips(catalog, reviews)
    if extra:
        yield Damage(
            "reviews/", f"lacks {len(extra)} decisions that stand in catalog.db", "They are written there.",
            lambda: _record(workspace, extra),
        )  # fmt: skip


def _decisions_on_unknown_clips(catalog: Catalog, reviews: Reviews) -> Iterator[Damage]:
    """Yield decisions on clips that the catalog does not know (yet)."""
    clip_ids = {clip.clip_id for clip in catalog.clips()}
    waiting = [clip_id for clip_id in reviews.on_clips() if clip_id not in clip_ids]
    if waiting:
        remedy = "Run `slateboard curate fetch`, `analyse` and `propose`, then `slateboard doctor --repair` again."
        what = f"holds {len(waiting)} decisions on clips that the catalog does not know, as {waiting[0]}"
        yield Damage("reviews/", what, remedy)


def _record(workspace: Workspace, clips: list[Clip]) -> None:
    by_person: dict[str, list[DecisionEntry]] = defaultdict(list)
    for clip in clips:
        by_person[clip.decided_by or ""].append((clip, decision_on(clip), ()))
    for person, entries in by_person.items():
        append_decisions(workspace.reviews, entries, person=person, command="doctor --repair")
