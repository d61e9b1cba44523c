"""The board: the scores of all finished runs of a workspace, with a summary of each dataset."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leaderboards.collecting import ExcludedRun, FinishedRun, collect_runs
from leaderboards.folds import board_tables
from leaderboards.predictions import read_predictions
from leaderboards.rows import BoardRow
from slateboard import __version__
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.progress import say
from slateboard.reading import read_bytes
from slateboard.records.release import Release
from slateboard.records.result import Result, Score

_PICTURES = ("curves.png", "confusion.png", "probes.png")
"""Pictures of a run that the page of the board shows; the run's own page has the others."""
_PICTURE_BYTES = 20_000_000
"""Largest picture shown, in bytes: all pictures are embedded in the one page."""
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A PNG and its caption."""

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
    """The details of one run that the page shows below the table."""

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
    rows: tuple[BoardRow, ...]
    """The main table: by dataset, protocol and split, the best first."""
    folds: tuple[BoardRow, ...]
    """The single folds of those rows that are pooled."""
    runs: tuple[RunPage, ...]
    notes: tuple[str, ...]
    """What a reader must know of what is missing, a sentence each."""
    left_out: tuple[ExcludedRun, ...]
    """Finished runs that could not be shown, in the order of their folders."""
    n_unfinished: int
    """Run folders without a result."""
    code_version: str

    def rows_of(self, subject: Subject) -> tuple[BoardRow, ...]:
        """Return the main rows of one dataset."""
        return tuple(row for row in self.rows if row.dataset == subject.key)


def build_board(runs: Path, *, read_dataset: Callable[[str], Dataset | None]) -> Board:
    """Return the board of all runs below a folder.

    `read_dataset` gives the dataset of a key (<name>-<version>); None for one that is no release, whose runs are shown
    as they were scored. A run that cannot be shown is left out with its reason. Raises SlateboardError where no run is
    finished, BadInput where none of those that are can be shown.
    """
    collected = collect_runs(runs, read_dataset=read_dataset)
    finished, datasets, left_out = collected.finished, collected.datasets, collected.left_out
    n_unfinished = len(_run_folders(runs) - {run.folder for run in finished} - {excluded.run for excluded in left_out})
    if not finished:
        if left_out:
            raise BadInput([Problem(f"runs/{excluded.run}", excluded.reason, "") for excluded in left_out])
        raise SlateboardError(
            f"{runs} holds no finished run ({n_unfinished} unfinished). Make one with `slateboard bench train`."
        )
    # Datasets in alphabetical order; of a dataset that is no release, what its runs say stands for it.
    keys = sorted({run.result.run.dataset for run in finished})
    rows, folds, notes = board_tables(finished, datasets, read=lambda run: read_predictions(runs / run.folder))
    return Board(
        subjects=tuple(
            subject_of_release(datasets[key])
            if key in datasets
            else _subject_of_runs(key, [run.result for run in finished])
            for key in keys
        ),
        rows=tuple(rows),
        folds=tuple(folds),
        runs=tuple(_run_page(run, runs) for run in finished),
        notes=tuple(notes),
        left_out=left_out,
        n_unfinished=n_unfinished,
        code_version=__version__,
    )


def _run_folders(runs: Path) -> set[str]:
    """Return the folders that `Run.folder` can name: four levels down."""
    return {path.relative_to(runs).as_posix() for path in runs.glob("*/*/*/*") if path.is_dir()}


def subject_of_release(dataset: Dataset) -> Subject:
    """Return a dataset with its counts and the pictures of its release, the contact sheet first."""
    release = Release.read(dataset.root / "recipe.toml")
    # The contact sheet first, the other figures in alphabetical order.
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
        pictures=_read_pictures(paths),
    )


def _subject_of_runs(key: str, results: Sequence[Result]) -> Subject:
    """Return a dataset that is no release, as far as the results of its runs describe it."""
    result_of_key = next(result for result in results if result.run.dataset == key)
    return Subject(
        key=key,
        title=key.rpartition("-")[0],
        licence="",
        sha256=result_of_key.run.dataset_sha256,
        classes=tuple(result_of_key.scores[0].per_class),
        motion_pairs=(),
        n_clips=None,
        n_groups=None,
        left_out={},
    )


def _read_pictures(paths: Iterable[Path]) -> tuple[Picture, ...]:
    """Return the PNGs among the files; each other file is named on the terminal and left out."""
    pictures = []
    for path in paths:
        try:
            content = read_bytes(path, what="picture", most_bytes=_PICTURE_BYTES)
        except BadInput as error:
            say(f"not shown: {error.problems[0]}")
            continue
        if content.startswith(_PNG):
            pictures.append(Picture(path.stem.replace("_", " ").capitalize(), content))
        else:
            say(f"not shown: {path} is no PNG")
    return tuple(pictures)


def _run_page(run: FinishedRun, runs: Path) -> RunPage:
    result, folder = run.result, runs / run.folder
    return RunPage(
        folder=run.folder,
        title=result.title,
        dataset=result.run.dataset,
        split=f"{result.run.protocol}-{result.run.split}",
        scores=result.scores,
        epochs=result.epochs,
        selection=result.selection,
        environment=result.environment,
        pictures=_read_pictures(folder / name for name in _PICTURES if (folder / name).is_file()),
    )
