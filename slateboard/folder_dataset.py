"""Datasets of plain folders, `<folder>/<class>/<video>`: shared by all layouts, with a cache of file hashes."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from slateboard import engine
from slateboard.dataset import CLIP_COLUMNS, Dataset, dataset_of_table
from slateboard.errors import BadInput, Problem
from slateboard.files import atomic_write, sha256_of
from slateboard.progress import progress, say
from slateboard.reading import read_table

Hashes = Callable[[Sequence[Path]], Sequence[str]]
"""Return the SHA-256 of files, in their order."""

VIDEOS = (".avi", ".mp4", ".mkv", ".webm", ".mov", ".mpg", ".mpeg", ".m4v", ".wmv")

_CHUNK = 1000
"""Files hashed between two writings of the cache: a killed process loses at most so many hashes."""
_COLUMNS = ("path", "bytes", "modified_ns", "sha256")


@dataclass(frozen=True)
class Video:
    """One file of a plain folder."""

    path: Path
    label: str
    """Name of its class folder."""
    group: str
    """Clips of the same origin have the same; a split keeps them together."""


def cached_sha256s(cache: Path, paths: Sequence[Path]) -> list[str]:
    """Return the SHA-256 of files, in their order, and add them to the Parquet file `cache`.

    A file that `cache` has with the same path, size and modification time is not read again.
    """
    sha256_by_key: dict[tuple[str, int, int], str] = {}
    if cache.is_file():
        try:
            table = read_table(cache, what="table of hashes", columns=_COLUMNS, remedy="Files are hashed again.")
        except BadInput as error:
            say(str(error.problems[0]))
        else:
            columns = [table[name].tolist() for name in _COLUMNS]
            sha256_by_key = {(path, size, time): sha256 for path, size, time, sha256 in zip(*columns, strict=True)}
    # Path, size and mtime say that a file is the same, as they do for make and git; a file written over within the same
    # nanosecond with as many bytes would be missed.
    keys = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    missing = [key for key in dict.fromkeys(keys) if key not in sha256_by_key]
    if not missing:
        return [sha256_by_key[key] for key in keys]
    # Threads are enough: hashing leaves Python's lock to the others.
    with progress("hash the files", len(missing), unit="files") as bar, ThreadPoolExecutor(engine.cores()) as pool:
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            for key, sha256 in zip(chunk, pool.map(sha256_of, [Path(key[0]) for key in chunk]), strict=True):
                sha256_by_key[key] = sha256
                bar.step()
            with atomic_write(cache) as temporary:
                rows = [(*key, sha256) for key, sha256 in sha256_by_key.items()]
                pd.DataFrame(rows, columns=list(_COLUMNS)).to_parquet(temporary, index=False)
    return [sha256_by_key[key] for key in keys]


def class_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (video, class) of each file `<folder>/<class>/<video>`, by class and name; print what is no video.

    Files and folders whose name begins with `.` or `__` are the system's (.DS_Store, __MACOSX) and passed over.
    """
    no_videos: list[str] = []
    for path in sorted(folder.glob("*/*"), key=lambda path: (path.parent.name.casefold(), path.name)):
        if path.name.startswith((".", "__")) or path.parent.name.startswith((".", "__")):
            continue
        if path.is_file() and path.suffix.lower() in VIDEOS:
            yield path, path.parent.name
        else:
            no_videos.append(str(path.relative_to(folder)))
    if no_videos:
        say(f"{folder}: {len(no_videos)} entries are no videos and left out: {', '.join(no_videos)}")


def _check_forms(folder: Path, classes: Sequence[str]) -> None:
    """Raise BadInput for class folders that differ only in how accents are written (NFC, NFD)."""
    # An archive that was packed on a Mac brings `Bóng` as B, o, accent, n, g (NFD); unpacked beside `Bóng` of four
    # letters (NFC) the two look the same.
    by_form: dict[str, list[str]] = {}
    for name in classes:
        by_form.setdefault(unicodedata.normalize("NFC", name), []).append(name)
    problems = [
        Problem(str(folder / names[0]), f"is there twice, as {' and '.join(map(ascii, names))}.", "Rename one folder.")
        for names in by_form.values()
        if len(names) > 1
    ]
    if problems:
        raise BadInput(problems)


def dataset_of_videos(folder: Path, videos: Iterable[Video], *, name: str, hashes: Hashes) -> Dataset:
    """Return the dataset of a plain folder; its version is the first 8 hex digits of its hash.

    Classes are numbered in alphabetical order whatever the case, as in UCF101's classInd.txt. Frames, sizes and times
    are blank: nobody has decoded the files. Raises BadInput where two files have the same name.
    """
    rows = list(videos)
    classes = sorted({video.label for video in rows}, key=str.casefold)
    _check_forms(folder, classes)
    video_by_stem: dict[str, Video] = {}
    # setdefault returns the first video of a stem: each later one is a duplicate, whatever its class.
    duplicates = [video for video in rows if video_by_stem.setdefault(video.path.stem, video) is not video]
    if duplicates:
        what = "is there twice: a clip is known by the name of its file."
        raise BadInput([Problem(str(video.path), what, "Rename or remove one.") for video in duplicates])
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
    # The hash does not depend on the version, so it can be taken first and name the version then.
    unnamed = dataset_of_table(table, classes=classes, root=folder, name=name, version="")
    return dataset_of_table(table, classes=classes, root=folder, name=name, version=unnamed.sha256[:8])
