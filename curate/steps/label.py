"""Label the effects of trimmed clips: people's hints of sources.csv, and what the detectors raised.

Unknown stays unknown: a clip is `without effects` only where a person wrote `none`.

Example: slateboard curate label --accept-all
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from curate.clips.chunks import run_in_chunks
from curate.clips.label import has_effects
from curate.clips.label_clip import ClipLabeller
from curate.clips.listed_effects import known_effects
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.person import user_name
from slateboard.catalog.reviews import confirm
from slateboard.json_output import JsonOutput
from slateboard.options import Processes
from slateboard.progress import say
from slateboard.records.clip import Clip, Effect
from slateboard.records.failure import FailureRecord
from slateboard.records.source import Source
from slateboard.workspace import Workspace

STAGE = "label"


def command(
    workspace: Workspace,
    accept_all: Annotated[
        bool, typer.Option("--accept-all", help="Confirm what the detectors raised, unseen.")
    ] = False,
    workers: Processes = None,
) -> JsonOutput:
    """Write the effects of all trimmed clips anew."""
    with open_catalog(workspace.catalog) as catalog:
        clips = catalog.clips("trimmed")
        has_clips = {clip.source_id for clip in clips}
        listed = [source for source in catalog.sources() if source.source_id in has_clips]
        sources = {source.source_id: source for source in known_effects(listed, name=workspace.sources.name)}
        labelled, failures = _labelled(workspace, clips, sources, accept_all=accept_all, workers=workers)
        _record(catalog, clips, failures)
        # The effects of a clip whose labelling failed stay as they are.
        previous_effects = defaultdict(list)
        for effect in catalog.effects() if failures else ():
            previous_effects[effect.clip_id].append(effect)
        effects_now = [e for clip in clips for e in labelled.get(clip.clip_id, previous_effects[clip.clip_id])]
        states: Counter[str] = Counter()
        contradicting = 0
        for clip in clips:
            if clip.clip_id in labelled:
                source, effects = sources[clip.source_id], labelled[clip.clip_id]
                states[has_effects(source, effects)] += 1
                # `effects` is () where a person looked and wrote none: what a detector found there is never confirmed.
                contradicting += source.effects == () and bool(effects)
        person = workspace.settings.reviewer or user_name()
        command_name = "label --accept-all" if accept_all else "label"
        confirm(catalog, workspace.reviews, effects_now, clips=clips, person=person, command=command_name)
    kinds = Counter(f"{effect.kind} ({effect.decided_by})" for effect in effects_now if effect.confirmed)
    proposed = Counter(effect.kind for effect in effects_now if not effect.confirmed)
    _tell(states, kinds, proposed, failed=len(failures), contradicting=contradicting)
    return {
        "clips": dict(states),
        "confirmed": dict(kinds),
        "proposed": dict(proposed),
        "against_people": contradicting,
        "failed": len(failures),
    }


def _labelled(
    workspace: Workspace,
    clips: Sequence[Clip],
    sources: Mapping[str, Source],
    *,
    accept_all: bool,
    workers: int | None,
) -> tuple[dict[str, list[Effect]], dict[str, engines.Failure]]:
    """Return clip id -> effects, and clip id -> failure of those that could not be labelled."""
    items = [(clip, sources[clip.source_id]) for clip in clips]
    labeller = ClipLabeller(workspace.observations, accept_all)
    budget = engines.Budget.of(workspace.settings.limits)
    labelled: dict[str, list[Effect]] = {}
    failures: dict[str, engines.Failure] = {}
    for (clip, _), effects in run_in_chunks(labeller, items, workers=workers, budget=budget):
        if isinstance(effects, engines.Failure):
            failures[clip.clip_id] = effects
        else:
            labelled[clip.clip_id] = effects
    return labelled, failures


def _record(catalog: Catalog, clips: Sequence[Clip], failures: Mapping[str, engines.Failure]) -> None:
    catalog.forget_failures(STAGE, [clip.clip_id for clip in clips if clip.clip_id not in failures])
    rows = [
        FailureRecord.now(stage=STAGE, item=clip_id, code=failure.code, reason=failure.reason)
        for clip_id, failure in failures.items()
    ]
    if rows:
        catalog.record_failures(rows)


def _tell(
    states: Counter[str], kinds: Counter[str], proposed: Counter[str], *, failed: int, contradicting: int
) -> None:
    say(
        ", ".join(
            f"{states[state]} {words}"
            for state, words in (("true", "clips with effects"), ("false", "without"), ("unknown", "unknown"))
        )
    )
    say("confirmed: " + (", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "none"))
    if proposed:
        say("raised, not confirmed: " + ", ".join(f"{number} {kind}" for kind, number in sorted(proposed.items())))
    if failed:
        say(f"{failed} clips could not be labelled: `slateboard curate status --all`")
    if contradicting:
        say(f"{contradicting} clips carry what a detector raised though a person wrote none: look at them.")
