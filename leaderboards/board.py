"""The board: what all finished runs of a workspace scored, beside what their datasets are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leaderboards.collecting import Finished, LeftOut, collect
from leaderboards.folds import tables
from leaderboards.predictions import read_predictions
from leaderboards.rows import Row
from slateboard import __version__
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.progress import say
from slateboard.reading import read_bytes
from slateboard.records.release import Release
from slateboard.records.result import Result, Score

_PICTURES = ("curves.png", "confusion.png", "probes.png")
"""Of a run, on the page of the board; the others are on its own page."""
_PICTURE_BYTES = 20_000_000
"""Larger ones are not shown: the page holds them all."""
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A PNG and what it shows."""

    caption: str
    png: bytes


@dataclass(frozen=True)
class Subject:
    """A dataset as the board presents it."""

    key: str
    title: str
    licence: str
    sha256: str
    classes: tuple[str, ...]
    motion_pairs: tuple[tuple[str, str], ...]
    n_clips: int | None
    """None where the dataset is no release: only what its runs say of it is known."""
    n_groups: int | None
    left_out: dict[str, int]
    """Sources and clips that are not in the release, by state."""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class RunPage:
    """What the page shows of one run beyond its rows."""

    folder: str
    title: str
    dataset: str
    split: str
    scores: tuple[Score, ...]
    epochs: dict[str, int]
    selection: str
    environment: dict[str, str]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Board:
    """All that the formats render."""

    subjects: tuple[Subject, ...]
    rows: tuple[Row, ...]
    """The main table: by dataset, protocol and split, the best first."""
    folds: tuple[Row, ...]
    """The single folds of those rows that are pooled."""
    runs: tuple[RunPage, ...]
    notes: tuple[str, ...]
    """What a reader must know of what is missing, a sentence each."""
    left_out: tuple[LeftOut, ...]
    """Finished runs that could not be shown, in the order of their folders."""
    n_unfinished: int
    """Run folders without a result."""
    code_version: str

    def rows_of(self, subject: Subject) -> tuple[Row, ...]:
        """Return the main rows of one dataset."""
        return tuple(row for row in self.rows if row.dataset == subject.key)


def gather(runs: Path, *, read_dataset: Callable[[str], Dataset | None]) -> Board:
    """Return the board of all runs below a folder.

    `read_dataset` gives the dataset of a key (<name>-<version>); None for one that is no release, whose runs are shown
    as they were scored. A run that cannot be shown is left out with its reason. Raises SlateboardError where no run is
    finished, BadInput where none of those that are can be shown.
    """
    collected = collect(runs, read_dataset=read_dataset)
    finished, datasets, left_out = collected.finished, collected.datasets, collected.left_out
    n_unfinished = len(_folders(runs) - {one.folder for one in finished} - {one.run for one in left_out})
    if not finished:
        if left_out:
            raise BadInput([Problem(f"runs/{one.run}", one.reason, "") for one in left_out])
        raise SlateboardError(
            f"{runs} holds no finished run ({n_unfinished} unfinished). Make one with `slateboard bench train`."
        )
    keys = sorted({one.result.run.dataset for one in finished})
    rows, folds, notes = tables(finished, datasets, read=lambda one: read_predictions(runs / one.folder))
    return Board(
        subjects=tuple(
            subject(datasets[key]) if key in datasets else _outside(key, [one.result for one in finished])
            for key in keys
        ),
        rows=tuple(rows),
        folds=tuple(folds),
        runs=tuple(_page(one, runs) for one in finished),
        notes=tuple(notes),
        left_out=left_out,
        n_unfinished=n_unfinished,
        code_version=__version__,
    )


def _folders(runs: Path) -> set[str]:
    """Return the folders that `Run.folder` can name: four levels down."""
    return {path.relative_to(runs).as_posix() for path in runs.glob("*/*/*/*") if path.is_dir()}


def subject(dataset: Dataset) -> Subject:
    """Return a dataset with its counts and the pictures of its release, the contact sheet first."""
    release = Release.read(dataset.root / "recipe.toml")
    paths = sorted((dataset.root / "figures").glob("*.png"), key=lambda path: (path.stem != "contact_sheet", path.stem))
    return Subject(
        key=dataset.key,
        title=dataset.title or dataset.name,
        licence=dataset.licence,
        sha256=dataset.sha256,
        classes=dataset.classes,
        motion_pairs=dataset.motion_pairs,
        n_clips=len(dataset.clips),
        n_groups=int(dataset.clips["group"].nunique()),
        left_out=release.left_out,
        pictures=_pictures(paths),
    )


def _outside(key: str, results: Sequence[Result]) -> Subject:
    """Return what runs say of a dataset that is no release."""
    own = next(result for result in results if result.run.dataset == key)
    return Subject(
        key=key,
        title=key.rpartition("-")[0],
        licence="",
        sha256=own.run.dataset_sha256,
        classes=tuple(own.scores[0].per_class),
        motion_pairs=(),
        n_clips=None,
        n_groups=None,
        left_out={},
    )


def _pictures(paths: Iterable[Path]) -> tuple[Picture, ...]:
    """Return those of the files that are pictures; one that is none says less than the figures beside it."""
    found = []
    for path in paths:
        try:
            content = read_bytes(path, what="picture", most_bytes=_PICTURE_BYTES)
        except BadInput as error:
            say(f"not shown: {error.problems[0]}")
            continue
        if content.startswith(_PNG):
            found.append(Picture(path.stem.replace("_", " ").capitalize(), content))
        else:
            say(f"not shown: {path} is no PNG")
    return tuple(found)


def _page(one: Finished, runs: Path) -> RunPage:
    result, folder = one.result, runs / one.folder
    return RunPage(
        folder=one.folder,
        title=result.title,
        dataset=result.run.dataset,
        split=f"{result.run.protocol}-{result.run.split}",
        scores=result.scores,
        epochs=result.epochs,
        selection=result.selection,
        environment=result.environment,
        pictures=_pictures(folder / name for name in _PICTURES if (folder / name).is_file()),
    )
