"""The board as Markdown tables, one a dataset: for a README or an issue."""

from leaderboards.board import Board
from leaderboards.cells import COLUMNS, describe_dataset, explain_failed, markdown_table, remarks
from slateboard.escaping import MOST_OF_A_SENTENCE, markdown
from slateboard.registry import Card

CARD = Card(title="Markdown tables", source="GitHub Flavored Markdown, tables")
FILE = "board.md"


def sentence(text: str) -> str:
    """Return a sentence that holds names of others."""
    return markdown(text, most=MOST_OF_A_SENTENCE)


def render(board: Board) -> str:
    """Return the text of board.md."""
    blocks = []
    for subject in board.subjects:
        blocks += [f"# {markdown(subject.title)} ({markdown(subject.key)})", sentence(describe_dataset(subject))]
        blocks.append(markdown_table(board.rows_of(subject), COLUMNS))
    if board.folds:
        blocks += ["## Folds", "The runs behind the pooled rows.", markdown_table(board.folds, COLUMNS)]
    if remarks(board):
        blocks += ["\n".join(f"- {sentence(remark)}" for remark in remarks(board))]
    blocks.append(
        "Best figure of a split in bold. First interval: Wilson, over clips; second: bootstrap over groups. "
        f"{explain_failed([*board.rows, *board.folds])} Chance is 50 % on motion pairs. "
        f"Made by slateboard {board.code_version}."
    )
    return "\n\n".join(blocks) + "\n"
