"""Read the frame stores of a workspace again and compare their checksums; decode a sample of clips again.

Example: slateboard bench store verify --sample 10
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.frames.kept import Kept, damage, differing, kept
from slateboard.dataset_lookup import dataset_at
from slateboard.errors import BadInput, Finding, Problem, SlateboardError
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    sample: Annotated[int, typer.Option(help="Clips of each store that are decoded again and compared.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
) -> dict[str, Any]:
    """Check each store that is whole; exit code 1 where a file is damaged or a clip decodes to something else."""
    problems: list[Problem] = []
    rows = []
    for one in kept(workspace.stores):
        if one.facts is None:
            say(f"{one.folder} is not whole and was not looked at: building it goes on where it stopped.")
            continue
        again: list[str] = []
        try:
            found = damage(one)
            if sample and not found:
                again, others = _decoded_again(workspace, one, sample=sample, seed=seed)
                found += others
        except BadInput as error:
            found = list(error.problems)
        show(f"{one.folder}: {len(one.facts.shards)} shards, {len(again)} clips decoded again, {len(found)} problems")
        problems += found
        rows.append({"folder": str(one.folder), "decoded_again": again, "problems": [str(each) for each in found]})
    if problems:
        raise Finding("\n".join([f"{len(problems)} problems:", *map(str, problems)]), outcome={"stores": rows})
    return {"stores": rows}


def _decoded_again(workspace: Workspace, one: Kept, *, sample: int, seed: int) -> tuple[list[str], list[Problem]]:
    """Decode a sample of a store again, where the clips that it was made of are there as they were."""
    assert one.facts is not None
    reason = "the clips that it was made of are not there as they were."
    try:
        dataset = dataset_at(workspace, one.facts.root) if Path(one.facts.root).is_dir() else None
    except SlateboardError as error:
        dataset, reason = None, str(error)
    if dataset is not None and dataset.sha256 == one.facts.dataset_sha256:
        return differing(one, dataset, sample=sample, seed=seed)
    say(f"{one.folder}: no clip was decoded again: {reason}")
    return [], []
