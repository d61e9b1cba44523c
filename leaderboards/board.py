"""The board: what all finished runs of a workspace scored, beside what their datasets are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from leaderboards.folds import Finished, tables
from leaderboards.rows import Row
from slateboard import __version__
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.records.release import Release
from slateboard.records.result import Result, Score

_PICTURES = ("curves.png", "confusion.png", "probes.png")
"""Of a run, on the page of the board; the others are on its own page."""


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
    n_unfinished: int
    """Run folders without a result."""
    code_version: str

    def rows_of(self, subject: Subject) -> tuple[Row, ...]:
        """Return the main rows of one dataset."""
        return tuple(row for row in self.rows if row.dataset == subject.key)


def gather(runs: Path, *, read_dataset: Callable[[str], Dataset | None]) -> Board:
    """Return the board of all runs below a folder.

    `read_dataset` gives the dataset of a key (<name>-<version>); None for one that is no release, whose runs are shown
    as they were scored. Raises SlateboardError where no run is finished, BadInput where a run was made with other data
    than the release of that name holds.
    """
    finished = [
        Finished(path.parent.relative_to(runs).as_posix(), Result.read(path))
        for path in sorted(runs.rglob("result.json"))
    ]
    n_unfinished = len(_folders(runs) - {one.folder for one in finished})
    if not finished:
        raise SlateboardError(
            f"{runs} holds no finished run ({n_unfinished} unfinished). Make one with `slateboard bench train`."
        )
    keys = sorted({one.result.run.dataset for one in finished})
    datasets = {key: dataset for key in keys if (dataset := read_dataset(key)) is not None}
    _same_data(finished, datasets)
    rows, folds, notes = tables(finished, datasets, read=lambda one: _predictions(runs / one.folder))
    return Board(
        subjects=tuple(
            subject(datasets[key]) if key in datasets else _outside(key, [one.result for one in finished])
            for key in keys
        ),
        rows=tuple(rows),
        folds=tuple(folds),
        runs=tuple(_page(one, runs) for one in finished),
        notes=tuple(notes),
        n_unfinished=n_unfinished,
        code_version=__version__,
    )


def _folders(runs: Path) -> set[str]:
    """Return the folders that `Run.folder` can name: four levels down."""
    return {path.relative_to(runs).as_posix() for path in runs.glob("*/*/*/*") if path.is_dir()}


def _same_data(finished: list[Finished], datasets: dict[str, Dataset]) -> None:
    problems = [
        Problem(f"runs/{one.folder}", f"was made with other data than {one.result.run.dataset}.", "Remove or rerun it.")
        for one in finished
        if one.result.run.dataset in datasets
        and (one.result.run.dataset, one.result.run.dataset_sha256) != _identity(datasets[one.result.run.dataset])
    ]
    if problems:
        raise BadInput(problems)


def _identity(dataset: Dataset) -> tuple[str, str]:
    return dataset.key, dataset.sha256


def _predictions(folder: Path) -> pd.DataFrame:
    path = folder / "predictions.parquet"
    if not path.is_file():
        raise BadInput([Problem(str(path), "is not there, so its fold cannot be pooled.", "Run that fold again.")])
    return pd.read_parquet(path)


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
        pictures=tuple(_picture(path) for path in paths),
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


def _picture(path: Path) -> Picture:
    return Picture(path.stem.replace("_", " ").capitalize(), path.read_bytes())


def _page(one: Finished, runs: Path) -> RunPage:
    result, folder = one.result, runs / one.folder
    found = [folder / name for name in _PICTURES if (folder / name).is_file()]
    return RunPage(
        folder=one.folder,
        title=result.title,
        dataset=result.run.dataset,
        split=f"{result.run.protocol}-{result.run.split}",
        scores=result.scores,
        epochs=result.epochs,
        selection=result.selection,
        environment=result.environment,
        pictures=tuple(_picture(path) for path in found),
    )
