"""Write splits as lists that other tools read: UCF101's, HMDB51's, Kinetics', MMAction2's, plain ones or Parquet.

Example: slateboard split export mmaction2 lists/ --protocol seags --split 1 --dataset v1
"""

from pathlib import Path
from typing import Annotated

import typer

from slateboard.errors import BadInput, Problem
from slateboard.files import atomic_write
from slateboard.json_output import JsonOutput
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
) -> JsonOutput:
    """Write list files, and say how many clips of each subset they hold and which the form has no place for."""
    release = find_dataset(workspace, dataset)
    name = protocol or workspace.settings.release.protocol
    # All splits of the protocol unless one is named; split 1 where none exists yet, whose error says how to make it.
    keys = (key.rpartition("-") for key in existing(workspace, release))
    existing_numbers = sorted(int(number) for key_protocol, _, number in keys if key_protocol == name)
    numbers = [split] if split is not None else existing_numbers or [1]
    splits = [find_split(workspace, release, protocol=name, number=number) for number in numbers]
    lists = export(release, splits, form=form)
    _refuse_overwriting(folder, lists.contents)
    for file, content in lists.contents.items():
        with atomic_write(inside(folder, file)) as temporary:
            temporary.write_bytes(content)
    for key, counts in lists.counts.items():
        sizes = ", ".join(f"{count} {subset}" for subset, count in counts.items())
        lost = len(lists.left_out[key])
        say(
            f"{key} as {form}: {sizes}" + (f"; {lost} unused left out, as it lists train and test only" if lost else "")
        )
    if lists.without_video:
        say(f"{len(lists.without_video)} clips are of no YouTube video: their file name stands for its id")
    say(f"{len(lists.contents)} files: {folder}")
    return {
        "splits": [exported.key for exported in splits],
        "form": form,
        "folder": str(folder),
        "files": sorted(lists.contents),
        "counts": lists.counts,
        "left_out": {key: list(clips) for key, clips in lists.left_out.items()},
        "without_video": list(lists.without_video),
    }


def _refuse_overwriting(folder: Path, contents: dict[str, bytes]) -> None:
    """Raise BadInput that names every file that is there with other content."""
    different = [name for name, content in sorted(contents.items()) if _is_different(inside(folder, name), content)]
    if different:
        remedy = "Name an empty folder, or remove it."
        raise BadInput([Problem(str(folder / name), "is there with other lines.", remedy) for name in different])


def _is_different(path: Path, content: bytes) -> bool:
    return path.exists() and not (path.is_file() and path.read_bytes() == content)
