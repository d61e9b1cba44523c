"""The board as CSV: the main table with every column, shares 0-1, empty where there is no figure."""

from leaderboards.board import Board
from leaderboards.rows import COLUMNS
from slateboard.files import csv_text
from slateboard.registry import Card

CARD = Card(title="CSV table", source="RFC 4180, with LF line ends")
FILE = "board.csv"


def render(board: Board) -> str:
    """Return the text of board.csv."""
    # Every column of BoardRow by name; csv_text makes formulas in names harmless.
    return csv_text([row.row() for row in board.rows], COLUMNS)
