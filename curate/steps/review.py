"""Decide on clips: accept or reject by id or label, or accept all that wait.

A clip that was accepted, or trimmed already, can be rejected later: the next release goes without it.

Example: slateboard curate review --accept-all
Example: slateboard curate review --reject "High Kick" --reason "all of one video"
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from curate.clips.single_group import RELEASABLE, single_group_classes
from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.person import user_name
from slateboard.catalog.reviews import RULE, decide
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.escaping import column
from slateboard.json_output import JsonOutput
from slateboard.progress import say, show
from slateboard.records.clip import Clip
from slateboard.workspace import Workspace

_SEARCHED = 1000
"""Clip ids that a misspelt id is compared with."""


def command(
    workspace: Workspace,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Id of a clip to accept, or a label: all its clips that wait or were rejected by a person."),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(help="Id of a clip to reject, accepted ones too, or a label: all its clips; may be repeated."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for what is rejected.")] = "rejected in review",
    accept_all: Annotated[bool, typer.Option("--accept-all", help="Accept every other proposal unseen.")] = False,
    by: Annotated[
        str | None, typer.Option(help="Who decides; default: `reviewer` of the settings, or the user's name.")
    ] = None,
) -> JsonOutput:
    """Record decisions, in reviews/ and in the catalog; without any, list what waits for one."""
    person = by or workspace.settings.reviewer or user_name()
    with open_catalog(workspace.catalog) as catalog:
        clips = catalog.clips()
        waiting = {clip.clip_id: clip for clip in clips if clip.state == "proposed"}
        rejecting, accepting = _chosen(clips, reject or (), accept or ())
        if not (rejecting or accepting or accept_all):
            for clip in waiting.values():
                show(_line(clip))
        decided = _decided(waiting, rejecting, accepting, person=person, reason=reason, accept_all=accept_all)
        command = "review --accept-all" if accept_all else "review"
        decide(catalog, workspace.reviews, list(decided.values()), person=person, command=command)
        single_group = single_group_classes(catalog, *RELEASABLE)
    accepted = sum(clip.state == "accepted" for clip in decided.values())
    undecided = [name for name in waiting if name not in decided]
    say(f"{accepted} accepted, {len(decided) - accepted} rejected, {len(undecided)} wait")
    for problem in single_group:
        say(str(problem))
    return {
        "accepted": accepted,
        "rejected": len(decided) - accepted,
        "waiting": undecided,
        "lone_classes": [problem.where for problem in single_group],
    }


def _chosen(
    clips: Sequence[Clip], reject: Sequence[str], accept: Sequence[str]
) -> tuple[dict[str, Clip], dict[str, Clip]]:
    """Return (clips to reject, clips to accept) by id; raise BadInput with every name of no clip."""
    # What a rule rejected (an intro, a clip too short) is accepted by nobody: change the rule's setting instead.
    standing = [clip for clip in clips if clip.state != "rejected"]
    rejected_by_person = [clip for clip in clips if clip.state == "rejected" and clip.decided_by != RULE]
    waiting = [clip for clip in clips if clip.state == "proposed"]
    problems: list[Problem] = []
    rejecting, accepting = _meant(standing, reject, problems), _meant([*waiting, *rejected_by_person], accept, problems)
    if problems:
        raise BadInput(problems)
    return rejecting, accepting


def _meant(clips: Sequence[Clip], names: Sequence[str], problems: list[Problem]) -> dict[str, Clip]:
    clip_by_id: dict[str, Clip] = {}
    for name in names:
        # Labels are kept composed; a file name that is completed on macOS brings them decomposed (NFD).
        label = unicodedata.normalize("NFC", name)
        matches = {clip.clip_id: clip for clip in clips if name == clip.clip_id or label == clip.label}
        if not matches:
            candidates = {clip.label for clip in clips} | {clip.clip_id for clip in clips[:_SEARCHED]}
            remedy = did_you_mean(name, candidates)
            problems.append(Problem("review", f"no clip that can be decided is {name!r}.", remedy))
        clip_by_id |= matches
    return clip_by_id


def _decided(
    waiting: Mapping[str, Clip],
    rejecting: Mapping[str, Clip],
    accepting: Mapping[str, Clip],
    *,
    person: str,
    reason: str,
    accept_all: bool,
) -> dict[str, Clip]:
    """Return clip id -> clip with its decision; a clip that is both accepted and rejected is rejected."""
    # Later lines overwrite earlier ones: --accept-all, then names to accept, then names to reject. `--accept-all
    # --reject Squat` accepts all that waits but the squats.
    accepted = {"state": "accepted", "decided_by": person, "reason": None}
    unseen = {"state": "accepted", "decided_by": "accept-all"}
    decided = {name: clip.model_copy(update=unseen) for name, clip in waiting.items() if accept_all}
    decided |= {name: clip.model_copy(update=accepted) for name, clip in accepting.items()}
    rejected = {"state": "rejected", "decided_by": person, "reason": reason}
    return decided | {name: clip.model_copy(update=rejected) for name, clip in rejecting.items()}


def _line(clip: Clip) -> str:
    """Return a proposal as one line: id, label, times, media, camera, quality."""
    seconds = f"{clip.start_s:7.2f}-{clip.end_s:.2f} s"
    label = column(clip.label, 20)
    return f"{clip.clip_id}  {label} {seconds}  {clip.media_id[:12]}  {clip.camera:<7}  {', '.join(clip.quality)}"
