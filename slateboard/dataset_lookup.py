"""Find a dataset by name: a version, the folder of a release, or a plain folder that a layout recognises."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import write_text
from slateboard.folder_dataset import Hashes, cached_sha256s
from slateboard.paths import inside
from slateboard.progress import say
from slateboard.registry import Extension, Registry
from slateboard.workspace import Workspace


class LayoutModule(Extension, Protocol):
    """Protocol of the files in slateboard/layouts."""

    def recognises(self, folder: Path) -> bool:
        """Return True only where the folder can be of no other layout."""

    def read(self, folder: Path, *, hashes: Hashes) -> Dataset:
        """Read a folder; `hashes` gives the SHA-256 of its files. Raises BadInput with every file that does not fit."""


LAYOUTS = Registry("slateboard.layouts", LayoutModule)

# Version of a plain folder, the first 8 digits of its hash; or its key, which ends with them: `ucf101-0a1b2c3d`.
_KEY = re.compile(r"(?:.+-)?([0-9a-f]{8})")


def dataset_at(workspace: Workspace, name: str | None = None) -> Dataset:
    """Return the dataset of this name; the newest version if None.

    A version (v1), the folder of a release, a folder that a layout recognises (UCF101, HMDB51), or the version or key
    that such a folder got when it was read first. Raises BadInput for what is none of these.
    """
    if name is None or name in workspace.versions():
        return workspace.dataset(name)
    folder = folder_of(workspace, name)
    if folder is None:
        versions = ", ".join(workspace.versions()) or "there is none yet"
        remedy = f"Give a version ({versions}), the folder of a release, or one laid out as UCF101 or HMDB51."
        raise BadInput([Problem(name, "is no dataset.", remedy)])
    return read_folder(workspace, folder)


def folder_of(workspace: Workspace, name: str) -> Path | None:
    """Return the folder of a path, or of the version or key of a folder that was read before; None if there is none."""
    if Path(name).is_dir():
        return Path(name)
    # `hmdb51-0a1b2c3d` and `0a1b2c3d` both find the note hmdb51-0a1b2c3d.txt, which holds the folder's path.
    key = _KEY.fullmatch(name)
    note = next(_notes(workspace).glob(f"*-{key[1]}.txt"), None) if key else None
    return None if note is None else Path(note.read_text("utf-8").strip())


def layout_of(folder: Path) -> LayoutModule | None:
    """Return the layout that recognises a folder; None where none does."""
    layouts = [LAYOUTS.load(name) for name in LAYOUTS.names()]
    return next((layout for layout in layouts if layout.recognises(folder)), None)


def read_folder(workspace: Workspace, folder: Path) -> Dataset:
    """Read a folder by its layout, and note its path under its key; raises BadInput where no layout fits."""
    layout = layout_of(folder)
    if layout is None:
        layouts = ", ".join(LAYOUTS.names())
        raise BadInput([Problem(str(folder), "is laid out as no dataset that is known.", f"Known: {layouts}.")])

    def hashes(paths: Sequence[Path]) -> list[str]:
        return cached_sha256s(_notes(workspace) / "files.parquet", paths)

    dataset = layout.read(folder, hashes=hashes)
    note = inside(_notes(workspace), f"{dataset.key}.txt")
    place = f"{folder.resolve()}\n"
    if _KEY.fullmatch(dataset.version) and not (note.is_file() and note.read_text("utf-8") == place):
        write_text(note, place)
        say(f"{dataset.key}: {len(dataset.clips)} clips of {len(dataset.classes)} classes in {folder}")
    return dataset


def datasets_of(workspace: Workspace, *, broken: dict[str, str] | None = None) -> list[Dataset]:
    """Return every version of a workspace, oldest first, and every plain folder that was read and still is one.

    One that cannot be read is put into `broken`, its version or key with the reason; raises where that is not given.
    """
    folder_by_key = {
        note.stem: Path(note.read_text("utf-8").strip()) for note in sorted(_notes(workspace).glob("*.txt"))
    }
    # A folder whose files have changed was noted under two keys; the dataset is listed once, at its first key.
    first_key = {folder: key for key, folder in reversed(folder_by_key.items())}
    plain = {
        key: folder
        for key, folder in folder_by_key.items()
        if first_key[folder] == key and layout_of(folder) is not None
    }
    datasets = []
    for name in [*workspace.versions(), *plain]:
        try:
            datasets.append(read_folder(workspace, plain[name]) if name in plain else workspace.dataset(name))
        except SlateboardError as error:
            if broken is None:
                raise
            broken[name] = " ".join(str(error).split())
    return datasets


def _notes(workspace: Workspace) -> Path:
    """Return the folder of the notes: a text file per plain folder that was read, and the hashes of their files."""
    return workspace.root / "datasets"
