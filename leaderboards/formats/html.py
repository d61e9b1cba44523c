"""The board as one page without outside references: table, how to read it, pictures, every run."""

from base64 import b64encode
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import FileSystemLoader
from markupsafe import Markup

from leaderboards import cells
from leaderboards.board import Board, Picture, RunPage, Subject
from leaderboards.rows import BoardRow
from slateboard.escaping import pages
from slateboard.registry import Card

CARD = Card(title="Page", source="slateboard; Jinja2 template page.html.j2")
FILE = "index.html"

_TEMPLATES = Path(__file__).resolve().parent.parent


def render(board: Board) -> str:
    """Return the text of index.html; the same board gives the same bytes."""
    environment = pages(FileSystemLoader(_TEMPLATES), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    for name in ("percent", "percent_of", "interval", "count", "magnitude", "duration"):
        environment.filters[name] = getattr(cells, name)
    environment.filters["data_uri"] = _data_uri
    winners = cells.best_figures(board.rows)
    return environment.get_template("page.html.j2").render(
        board=board,
        sections=[_section(board, subject) for subject in board.subjects],
        remarks=cells.remarks(board),
        anchors={run.folder: f"run-{number}" for number, run in enumerate(board.runs, start=1)},
        is_best=lambda row, field: (cells.row_key(row), field) in winners,
    )


@dataclass(frozen=True)
class _RunSection:
    """One run as the template shows it."""

    page: RunPage
    epochs: str
    environment: str


@dataclass(frozen=True)
class _Section:
    """One dataset as the template shows it."""

    subject: Subject
    about: str
    chance: float
    """Accuracy of guessing: 1 / classes."""
    splits: list[tuple[str, list[BoardRow]]]
    has_pairs: bool
    headline: list[BoardRow]
    folds: list[BoardRow]
    runs: list[_RunSection]


def _section(board: Board, subject: Subject) -> _Section:
    rows = board.rows_of(subject)
    return _Section(
        subject=subject,
        about=cells.describe_dataset(subject),
        chance=1 / len(subject.classes),
        # Rows of a split follow each other, the best first: that is what groupby and `_headline` rest on.
        splits=[(split, list(split_rows)) for split, split_rows in groupby(rows, key=lambda row: row.split)],
        has_pairs=any(row.n_motion_pairs for row in rows),
        headline=_headline(rows),
        folds=[row for row in board.folds if row.dataset == subject.key],
        runs=[_run(run) for run in board.runs if run.dataset == subject.key],
    )


def _headline(rows: tuple[BoardRow, ...]) -> list[BoardRow]:
    """Return the best row of each split."""
    return [next(split_rows) for _, split_rows in groupby(rows, key=lambda row: row.split)]


def _run(run: RunPage) -> _RunSection:
    return _RunSection(
        page=run,
        epochs=", ".join(f"{stream} {number}" for stream, number in sorted(run.epochs.items())) or "none",
        environment=", ".join(f"{name} {value}" for name, value in sorted(run.environment.items())),
    )


def _data_uri(picture: Picture) -> Markup:
    return Markup(f"data:image/png;base64,{b64encode(picture.png).decode('ascii')}")
