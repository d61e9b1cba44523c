"""The board as LaTeX tables, one a dataset: for a paper, with the package booktabs."""

from leaderboards.board import Board, Subject
from leaderboards.cells import SHORT, Column, best_figures, describe_dataset, explain_failed, remarks, row_key
from leaderboards.rows import BoardRow
from slateboard.escaping import MOST_OF_A_SENTENCE, latex
from slateboard.registry import Card
from slateboard.scripts import script_of

CARD = Card(title="LaTeX tables", source="LaTeX with booktabs")
FILE = "board.tex"


def render(board: Board) -> str:
    """Return the text of board.tex, to be input by a document that uses the package booktabs."""
    head = f"% Made by slateboard {board.code_version}; needs \\usepackage{{booktabs}}."
    notes = [f"% {latex(line, most=MOST_OF_A_SENTENCE)}" for line in remarks(board)]
    tables = [_table(board, subject) for subject in board.subjects]
    scripts = sorted({script_of(letter) for letter in "".join(tables)} - {"", "Latin"})
    if scripts:
        # pdfLaTeX stops at a letter that none of its fonts is set up for.
        notes.append(
            f"% Names in {', '.join(scripts)}: needs LuaLaTeX or XeLaTeX, and \\setmainfont of a font that has them."
        )
    return "\n".join([head, *notes, *tables])


def _table(board: Board, subject: Subject) -> str:
    rows = board.rows_of(subject)
    winners = best_figures(rows)
    failed = sum(row.n_failed for row in rows)
    caption = (
        f"{subject.title} ({subject.key}): {describe_dataset(subject)} Intervals are 95 %: Wilson over clips, "
        f"then bootstrap over groups. Chance is 50 % on motion pairs. "
        f"{explain_failed(rows)} There are {failed} in all rows."
    )
    # Column types of tabular: r for figures, l for text.
    shape = "".join("r" if column.is_number else "l" for column in SHORT)
    lines = [
        r"\begin{table*}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{latex(caption, most=MOST_OF_A_SENTENCE)}}}",
        rf"\label{{tab:{''.join(letter if letter.isascii() and letter.isalnum() else '-' for letter in subject.key)}}}",
        rf"\begin{{tabular}}{{{shape}}}",
        r"\toprule",
        _line([latex(column.head) for column in SHORT]),
        r"\midrule",
        *_body(rows, winners),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def _body(rows: tuple[BoardRow, ...], winners: set[tuple[str, str]]) -> list[str]:
    """Return the lines of a table, a rule between splits."""
    lines = []
    for place, row in enumerate(rows):
        if place and row.split != rows[place - 1].split:
            lines.append(r"\midrule")
        lines.append(_line([_cell(row, column, winners) for column in SHORT]))
    return lines


def _cell(row: BoardRow, column: Column, winners: set[tuple[str, str]]) -> str:
    text = latex(column.text(row))
    return rf"\textbf{{{text}}}" if (row_key(row), column.figure) in winners else text


def _line(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"
