"""Write splits as lists that other tools read: UCF101's, HMDB51's, Kinetics', MMAction2's, plain ones or Parquet.

Example: slateboard split export mmaction2 lists/ --protocol seags --split 1 --dataset v1
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from slateboard.errors import BadInput, Problem
from slateboard.files import whole
from slateboard.options import DatasetName, ProtocolName
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.workspace import Workspace
from splits.folder import existing, find_dataset, find_split
from splits.listing.export import export


def command(
    workspace: Workspace,
    form: Annotated[str, typer.Argument(help="A name from `slateboard ls lists`.")],
    folder: Annotated[Path, typer.Argument(help="Where the lists go; another list there is never overwritten.")],
    protocol: ProtocolName = None,
    split: Annotated[int | None, typer.Option(help="Number of the split or fold; all there are unless named.")] = None,
    dataset: DatasetName = None,
) -> dict[str, Any]:
    """Write list files, and say how many clips of each part they hold and which the form has no place for."""
    known = find_dataset(workspace, dataset)
    name = protocol or workspace.settings.release.protocol
    keys = (key.rpartition("-") for key in existing(workspace, known))
    there = sorted(int(number) for one, _, number in keys if one == name)
    numbers = [split] if split is not None else there or [1]
    splits = [find_split(workspace, known, protocol=name, number=number) for number in numbers]
    made = export(known, splits, form=form)
    _refuse_others(folder, made.contents)
    for file, content in made.contents.items():
        with whole(inside(folder, file)) as temporary:
            temporary.write_bytes(content)
    for key, counts in made.counts.items():
        told = ", ".join(f"{count} {part}" for part, count in counts.items())
        lost = len(made.left_out[key])
        say(f"{key} as {form}: {told}" + (f"; {lost} unused left out, as it lists train and test only" if lost else ""))
    if made.without_video:
        say(f"{len(made.without_video)} clips are of no YouTube video: their file name stands for its id")
    say(f"{len(made.contents)} files: {folder}")
    return {
        "splits": [found.key for found in splits],
        "form": form,
        "folder": str(folder),
        "files": sorted(made.contents),
        "counts": made.counts,
        "left_out": {key: list(clips) for key, clips in made.left_out.items()},
        "without_video": list(made.without_video),
    }


def _refuse_others(folder: Path, contents: dict[str, bytes]) -> None:
    """Raise BadInput that names every file in whose place another one lies."""
    others = [name for name, content in sorted(contents.items()) if _is_other(inside(folder, name), content)]
    if others:
        remedy = "Name an empty folder, or remove it."
        raise BadInput([Problem(str(folder / name), "is there with other lines.", remedy) for name in others])


def _is_other(path: Path, content: bytes) -> bool:
    return path.exists() and not (path.is_file() and path.read_bytes() == content)
