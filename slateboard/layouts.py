"""Datasets by what a person calls them: a version, a release's folder, or a plain folder that a layout knows."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd

from slateboard import engine
from slateboard.dataset import CLIP_COLUMNS, Dataset, dataset_of_table
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import sha256_of, whole, write_text
from slateboard.paths import inside
from slateboard.progress import progress, say
from slateboard.reading import read_table
from slateboard.registry import Registry
from slateboard.workspace import Workspace

LAYOUTS = Registry("benchmark.layouts", ("CARD", "recognises", "read"))
"""recognises(folder) -> bool, true only where the folder can be nothing else; read(folder, *, hashes) -> Dataset."""

Hashes = Callable[[Sequence[Path]], Sequence[str]]
"""Gives the SHA-256 of files, in their order."""

VIDEOS = (".avi", ".mp4", ".mkv", ".webm", ".mov", ".mpg", ".mpeg", ".m4v", ".wmv")

# Version of a plain folder, the beginning of its identity; or its key, which ends with that.
_KEY = re.compile(r"(?:.+-)?([0-9a-f]{8})")
_CHUNK = 1000
"""Files between two writings of their hashes: what is hashed already is not lost to a killed process."""
_COLUMNS = ("path", "bytes", "modified_ns", "sha256")


@dataclass(frozen=True)
class Video:
    """One file of a plain folder."""

    path: Path
    label: str
    """Name of its class folder."""
    group: str
    """Of clips of one origin: never on two sides of a split."""


def dataset_at(workspace: Workspace, name: str | None = None) -> Dataset:
    """Return a dataset by what a person calls it; the newest version unless named.

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
    """Return the folder that a path means, or the version or key of one that was read before; None if there is none."""
    if Path(name).is_dir():
        return Path(name)
    known = _KEY.fullmatch(name)
    note = next(_notes(workspace).glob(f"*-{known[1]}.txt"), None) if known else None
    return None if note is None else Path(note.read_text("utf-8").strip())


def layout_of(folder: Path) -> ModuleType | None:
    """Return the layout that recognises a folder; None where none does."""
    layouts = [LAYOUTS.load(name) for name in LAYOUTS.names()]
    return next((layout for layout in layouts if layout.recognises(folder)), None)


def read_folder(workspace: Workspace, folder: Path) -> Dataset:
    """Read a folder by its layout, say what it is, and note where it lies; raises BadInput where no layout fits."""
    layout = layout_of(folder)
    if layout is None:
        known = ", ".join(LAYOUTS.names())
        raise BadInput([Problem(str(folder), "is laid out as no dataset that is known.", f"Known: {known}.")])
    dataset: Dataset = layout.read(folder, hashes=lambda paths: hashed(_notes(workspace) / "files.parquet", paths))
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
    notes = {note.stem: Path(note.read_text("utf-8").strip()) for note in sorted(_notes(workspace).glob("*.txt"))}
    first = {folder: key for key, folder in reversed(notes.items())}
    plain = {key: folder for key, folder in notes.items() if first[folder] == key and layout_of(folder) is not None}
    found = []
    for name in [*workspace.versions(), *plain]:
        try:
            found.append(read_folder(workspace, plain[name]) if name in plain else workspace.dataset(name))
        except SlateboardError as error:
            if broken is None:
                raise
            broken[name] = " ".join(str(error).split())
    return found


def _notes(workspace: Workspace) -> Path:
    """Return where it is written down which folders were read, and the hashes of their files."""
    return workspace.root / "datasets"


def hashed(memory: Path, paths: Sequence[Path]) -> list[str]:
    """Return the SHA-256 of files; those that `memory` has with the same path, size and time are not read again."""
    known: dict[tuple[str, int, int], str] = {}
    if memory.is_file():
        try:
            table = read_table(memory, what="table of hashes", columns=_COLUMNS, remedy="Files are hashed again.")
        except BadInput as error:
            say(str(error.problems[0]))
        else:
            columns = [table[name].tolist() for name in _COLUMNS]
            known = {(path, size, time): sha256 for path, size, time, sha256 in zip(*columns, strict=True)}
    keys = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    missing = [key for key in dict.fromkeys(keys) if key not in known]
    if not missing:
        return [known[key] for key in keys]
    # Threads are enough: hashing leaves Python's lock to the others.
    with progress("hash the files", len(missing), unit="files") as bar, ThreadPoolExecutor(engine.cores()) as pool:
        for start in range(0, len(missing), _CHUNK):
            part = missing[start : start + _CHUNK]
            for key, sha256 in zip(part, pool.map(sha256_of, [Path(key[0]) for key in part]), strict=True):
                known[key] = sha256
                bar.step()
            with whole(memory) as temporary:
                rows = [(*key, sha256) for key, sha256 in known.items()]
                pd.DataFrame(rows, columns=list(_COLUMNS)).to_parquet(temporary, index=False)
    return [known[key] for key in keys]


def class_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield video and class for each file `<folder>/<class>/<video>`, in order; what else lies there is named.

    Files whose name begins with a point or an underscore are the system's and not spoken of.
    """
    others: list[str] = []
    for path in sorted(folder.glob("*/*"), key=lambda path: (path.parent.name.casefold(), path.name)):
        if path.name.startswith((".", "__")) or path.parent.name.startswith((".", "__")):
            continue
        if path.is_file() and path.suffix.lower() in VIDEOS:
            yield path, path.parent.name
        else:
            others.append(str(path.relative_to(folder)))
    if others:
        say(f"{folder}: {len(others)} entries are no videos and left out: {', '.join(others)}")


def dataset_of_videos(folder: Path, videos: Iterable[Video], *, name: str, hashes: Hashes) -> Dataset:
    """Return the dataset of a plain folder; its version is the beginning of its identity.

    Classes are numbered in alphabetical order whatever the case, as in UCF101's classInd.txt. Frames, sizes and times
    are blank: nobody has decoded the files. Raises BadInput for file names that are there twice.
    """
    rows = list(videos)
    classes = sorted({video.label for video in rows}, key=str.casefold)
    first: dict[str, Video] = {}
    twice = [video for video in rows if first.setdefault(video.path.stem, video) is not video]
    if twice:
        what = "is there twice: a clip is known by the name of its file."
        raise BadInput([Problem(str(video.path), what, "Rename or remove one.") for video in twice])
    paths = [video.path.relative_to(folder).as_posix() for video in rows]
    ids = [video.path.stem for video in rows]
    table = pd.DataFrame(
        {
            **dict.fromkeys(CLIP_COLUMNS, ""),
            "clip_id": ids,
            "path": paths,
            "label": [video.label for video in rows],
            "class_index": [classes.index(video.label) + 1 for video in rows],
            "source_id": ids,
            "source_url": paths,
            "group": [video.group for video in rows],
            **dict.fromkeys(("start_s", "end_s", "fps", "duration_s"), float("nan")),
            **dict.fromkeys(("first_frame", "last_frame", "frames", "width", "height"), 0),
            "camera": "unknown",
            "has_effects": "unknown",
            "sha256": list(hashes([video.path for video in rows])),
        },
        columns=list(CLIP_COLUMNS),
    )
    table = table.sort_values(["class_index", "path"]).reset_index(drop=True)
    found = dataset_of_table(table, classes=classes, root=folder, name=name, version="")
    return dataset_of_table(table, classes=classes, root=folder, name=name, version=found.sha256[:8])
