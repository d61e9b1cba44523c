"""Read the frame stores of a workspace again and compare their checksums; decode a sample of clips again.

Example: slateboard bench store verify --sample 10
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.frames.maintenance import StoreEntry, decode_again, find_damage, list_stores
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Finding, Problem, SlateboardError
from slateboard.json_output import JsonOutput
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    sample: Annotated[int, typer.Option(help="Clips of each store that are decoded again and compared.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
) -> JsonOutput:
    """Check each store that is whole; exit code 1 where a file is damaged or a clip decodes to something else."""
    problems: list[Problem] = []
    rows = []
    for entry in list_stores(workspace.stores):
        if entry.facts is None:
            say(f"{entry.folder} is not whole and was not looked at: building it goes on where it stopped.")
            continue
        again: list[str] = []
        try:
            damaged = find_damage(entry)
            if sample and not damaged:
                again, differing = _decode_sample(workspace, entry, sample=sample, seed=seed)
                damaged += differing
        except BadInput as error:
            damaged = list(error.problems)
        shards, clips = len(entry.facts.shards), len(again)
        show(f"{entry.folder}: {shards} shards, {clips} clips decoded again, {len(damaged)} problems")
        problems += damaged
        rows.append(
            {"folder": str(entry.folder), "decoded_again": again, "problems": [str(problem) for problem in damaged]}
        )
    if problems:
        raise Finding("\n".join([f"{len(problems)} problems:", *map(str, problems)]), outcome={"stores": rows})
    return {"stores": rows}


def _decode_sample(
    workspace: Workspace, entry: StoreEntry, *, sample: int, seed: int
) -> tuple[list[str], list[Problem]]:
    """Decode a sample of a store again, where the clips that it was made of are there as they were."""
    assert entry.facts is not None
    reason = "the clips that it was made of are not there as they were."
    try:
        dataset = dataset_at(workspace, entry.facts.root) if Path(entry.facts.root).is_dir() else None
    except SlateboardError as error:
        dataset, reason = None, str(error)
    if dataset is not None and dataset.sha256 == entry.facts.dataset_sha256:
        return decode_again(entry, dataset, sample=sample, seed=seed)
    say(f"{entry.folder}: no clip was decoded again: {reason}")
    return [], []
