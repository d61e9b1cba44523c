"""What killed commands left half written: anything that ends in .part may be deleted while nobody works here."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from slateboard.files import PART
from slateboard.repair.damage import Damage
from slateboard.workspace import Workspace


def leftover_damages(workspace: Workspace) -> Iterator[Damage]:
    """Yield half-written files of killed commands; those of downloads stay, since they are continued."""
    leftovers = [path for folder, pattern in _places(workspace) for path in folder.glob(pattern)]
    if leftovers:
        example = leftovers[0].relative_to(workspace.root).as_posix()
        yield Damage(
            f"{len(leftovers)} files or folders",
            f"are half written, as {example}",
            "They are deleted.",
            lambda: _delete(leftovers),
        )


def _places(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    hidden = f".*{PART}"
    folders = (workspace.root, workspace.media, workspace.clips, workspace.releases, workspace.reviews)
    for folder in (*folders, workspace.takedowns, workspace.root / "backups"):
        yield folder, hidden
    yield workspace.observations, f"*/{hidden}"


def _delete(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
