"""The board as JSON: datasets, main rows, folds, notes and counts, for other programs."""

import json

from leaderboards.board import Board, Subject
from slateboard.registry import Card

CARD = Card(title="JSON", source="slateboard")
FILE = "board.json"
SCHEMA = 1


def render(board: Board) -> str:
    """Return the text of board.json; shares are 0-1, null where there is no figure."""
    value = {
        "schema": SCHEMA,
        "code_version": board.code_version,
        "datasets": [_subject(subject) for subject in board.subjects],
        "rows": [row.row() for row in board.rows],
        "folds": [row.row() for row in board.folds],
        "notes": list(board.notes),
        "left_out": [run.row() for run in board.left_out],
        "n_left_out": len(board.left_out),
        "n_unfinished": board.n_unfinished,
    }
    # allow_nan=False: NaN is no JSON, and no figure of the board may be one.
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _subject(subject: Subject) -> dict[str, object]:
    return {
        "key": subject.key,
        "title": subject.title,
        "licence": subject.licence,
        "sha256": subject.sha256,
        "classes": list(subject.classes),
        "motion_pairs": [list(pair) for pair in subject.motion_pairs],
        "n_clips": subject.n_clips,
        "n_groups": subject.n_groups,
        "left_out": subject.left_out,
    }
