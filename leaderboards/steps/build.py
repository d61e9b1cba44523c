"""Build the board of all finished runs: Markdown, CSV, LaTeX, JSON and a page; print it.

A run that cannot be shown (a damaged file, other data, a newer schema) is left out, named and counted, and the board is
built of the others; the exit code is then 1.

Example: slateboard board build
"""

import re
import sys
from typing import Protocol

from leaderboards.board import Board, build_board
from leaderboards.cells import SHORT, excluded_count, markdown_table, remarks
from leaderboards.terminal import terminal_table
from slateboard.dataset import Dataset
from slateboard.errors import Finding
from slateboard.files import write_text
from slateboard.json_output import JsonOutput
from slateboard.progress import say, show
from slateboard.registry import Extension, Registry
from slateboard.workspace import Workspace


class FormatModule(Extension, Protocol):
    """Protocol of the files in leaderboards/formats."""

    @property
    def FILE(self) -> str:
        """Name of the file in board/."""

    def render(self, board: Board) -> str:
        """Return the board as the text of that file."""


FORMATS = Registry("leaderboards.formats", FormatModule)


def command(workspace: Workspace) -> JsonOutput:
    """Write every format into board/ and print the main table."""
    board = build_board(workspace.runs, read_dataset=lambda key: _released(workspace, key))
    files = {}
    for name in FORMATS.names():
        form = FORMATS.load(name)
        write_text(workspace.board / form.FILE, form.render(board))
        files[name] = str(workspace.board / form.FILE)
    _print(board)
    for remark in remarks(board):
        say(remark)
    say(f"The page: {files['html']}")
    outcome = {
        "files": files,
        "rows": [row.row() for row in board.rows],
        "folds": len(board.folds),
        "notes": list(board.notes),
        "left_out": [run.row() for run in board.left_out],
        "n_unfinished": board.n_unfinished,
    }
    if board.left_out:
        raise Finding(
            f"{excluded_count(board)}; the board is built of the others. Mend or remove them.", outcome=outcome
        )
    return outcome


def _released(workspace: Workspace, key: str) -> Dataset | None:
    """Return a release by its key; None for a plain folder, whose version is the beginning of its hash."""
    version = key.rpartition("-")[2]
    return workspace.dataset(version) if re.fullmatch(r"v[1-9][0-9]*", version) else None


def _print(board: Board) -> None:
    for subject in board.subjects:
        rows, title = board.rows_of(subject), f"{subject.title} ({subject.key})"
        if sys.stdout.isatty():
            show(terminal_table(title, rows), is_styled=True)
        else:
            show(f"{title}\n\n{markdown_table(rows, SHORT)}\n")
