"""The board as Markdown tables, one a dataset: for a README or an issue."""

from leaderboards.board import Board
from leaderboards.cells import COLUMNS, about, markdown_table, of_failed, remarks
from slateboard.escaping import MOST_OF_A_SENTENCE, markdown
from slateboard.registry import Card

CARD = Card(title="Markdown tables", source="GitHub Flavored Markdown, tables")
FILE = "board.md"


def sentence(text: str) -> str:
    """Return a sentence that holds names of others."""
    return markdown(text, most=MOST_OF_A_SENTENCE)


def render(board: Board) -> str:
    """Return the text of board.md."""
    parts = []
    for subject in board.subjects:
        parts += [f"# {markdown(subject.title)} ({markdown(subject.key)})", sentence(about(subject))]
        parts.append(markdown_table(board.rows_of(subject), COLUMNS))
    if board.folds:
        parts += ["## Folds", "The runs behind the pooled rows.", markdown_table(board.folds, COLUMNS)]
    if remarks(board):
        parts += ["\n".join(f"- {sentence(remark)}" for remark in remarks(board))]
    parts.append(
        "Best figure of a split in bold. First interval: Wilson, over clips; second: bootstrap over groups. "
        f"{of_failed([*board.rows, *board.folds])} Chance is 50 % on motion pairs. "
        f"Made by slateboard {board.code_version}."
    )
    return "\n\n".join(parts) + "\n"
