"""Label the effects of trimmed clips: people's hints of sources.csv, and what the detectors raised.

Unknown stays unknown: a clip is `without effects` only where a person wrote `none`.

Example: slateboard curate label --accept-all
"""

from collections import Counter
from typing import Annotated, Any

import typer

from curate.analysis import observations
from curate.analysis.verdicts import EFFECTS
from curate.clips.label import has_effects, label
from slateboard.catalog.catalog import opened
from slateboard.catalog.person import user_name
from slateboard.catalog.reviews import confirm
from slateboard.progress import say
from slateboard.records.clip import Effect
from slateboard.records.media import Shot
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    accept_all: Annotated[
        bool, typer.Option("--accept-all", help="Confirm what the detectors raised, unseen.")
    ] = False,
) -> dict[str, Any]:
    """Write the effects of all trimmed clips anew."""
    folder = workspace.observations
    with opened(workspace.catalog) as catalog:
        sources = {source.source_id: source for source in catalog.sources()}
        found: list[Effect] = []
        states: Counter[str] = Counter()
        against = 0
        clips = catalog.clips("trimmed")
        for clip in clips:
            source = sources[clip.source_id]
            shots = [Shot.model_validate(row) for row in observations.read(folder, clip.media_id, "shots")]
            inside = [
                shot for shot in shots if shot.first_frame <= clip.last_frame and shot.last_frame >= clip.first_frame
            ]
            verdicts = {kind: observations.read(folder, clip.media_id, kind) for kind in EFFECTS.names()}
            effects = label(clip, source, inside, verdicts, accept_machine=accept_all)
            states[has_effects(source, effects)] += 1
            against += source.effects == () and bool(effects)
            found += effects
        person, words = workspace.settings.reviewer or user_name(), "label --accept-all" if accept_all else "label"
        confirm(catalog, workspace.reviews, found, clips=clips, person=person, command=words)
    kinds = Counter(f"{effect.kind} ({effect.decided_by})" for effect in found if effect.confirmed)
    proposed = Counter(effect.kind for effect in found if not effect.confirmed)
    say(
        ", ".join(
            f"{states[state]} {words}"
            for state, words in (("true", "clips with effects"), ("false", "without"), ("unknown", "unknown"))
        )
    )
    say("confirmed: " + (", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "none"))
    if proposed:
        say("raised, not confirmed: " + ", ".join(f"{number} {kind}" for kind, number in sorted(proposed.items())))
    if against:
        say(f"{against} clips carry what a detector raised though a person wrote none: look at them.")
    return {
        "clips": dict(states),
        "confirmed": dict(kinds),
        "proposed": dict(proposed),
        "against_people": against,
    }
