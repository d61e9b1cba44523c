"""Measure how well reposts are found: recall on edited copies of real clips, false matches among different uploads.

Groups of clips (clips.csv: file, group) are divided by the hash of their name into a tuning half, on which the
matcher's thresholds were chosen, and a judging half, whose figures count. Undecided pairs count as missed.

Example: slateboard curate eval duplicates clips --edits flip --edits crop --clips 50
"""

from pathlib import Path
from typing import Annotated

import typer

from curate.duplicates.edits import EDITS
from curate.duplicates.recall import (
    Trial,
    clips_in,
    fingerprint_clip,
    matches,
    recall_rows,
    run_trial,
    sample_clips,
)
from slateboard import engine
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.options import Processes
from slateboard.progress import say, show, track


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of real clips, with clips.csv to say whose they are.")],
    edits: Annotated[list[str] | None, typer.Option(help="Edit to make; repeat for several; default: all.")] = None,
    clips: Annotated[int, typer.Option(help="Clips that are edited, chosen by hash; all are compared.", min=0)] = 100,
    workers: Processes = None,
) -> JsonOutput:
    """Edit clips, look for the originals of the edits, and compare all clips with each other."""
    names = tuple(edits or EDITS)
    problems = [Problem("--edits", f"unknown edit '{name}'.", did_you_mean(name, EDITS)) for name in names]
    problems = [problem for problem, name in zip(problems, names, strict=True) if name not in EDITS]
    if problems:
        raise BadInput(problems)
    clip_paths = clips_in(folder)
    trials = [Trial(clip, names) for clip in sample_clips(clip_paths, clips)]
    tries = track(engine.run(run_trial, trials, workers=workers), "edits", total=len(trials), unit="clips")
    outcomes = {trial.clip: _verdicts(trial, outcome) for trial, outcome in tries}
    runs = engine.run(fingerprint_clip, clip_paths, workers=workers)
    prints = track(runs, "fingerprints", total=len(clip_paths), unit="clips")
    fingerprints = {}
    for clip, value in prints:
        if isinstance(value, engine.Failure):
            say(f"not compared: {clip.name}: {value.reason}")
        else:
            fingerprints[clip.name] = value
    compared = [clip for clip in clip_paths if clip.name in fingerprints]
    rows = recall_rows(trials, [outcomes[trial.clip] for trial in trials])
    clip_matches = matches(compared, fingerprints)
    for row in rows:
        detail = f"{row['found']}/{row['clips']} [{row['low']:.2f}, {row['high']:.2f}], {row['undecided']} undecided"
        show(f"{row['edit']:24} {row['half']:8} recall {row['recall']:.3f} {detail}")
    show(f"{len(clip_matches['false'])} false of {clip_matches['pairs_of_different_groups']} pairs of different groups")
    for pair in clip_matches["false"]:
        show(f"  {pair['first']}  {pair['second']}  {pair['half']} {pair['score']:.3f}")
    return {"recall": rows, "matches": {**clip_matches, "not_compared": len(clip_paths) - len(compared)}}


def _verdicts(trial: Trial, outcome: dict[str, str] | engine.Failure) -> dict[str, str]:
    """Return edit -> verdict; all edits of a clip that failed are undecided, with the reason."""
    return dict.fromkeys(trial.edits, outcome.reason) if isinstance(outcome, engine.Failure) else outcome
