"""How the figures of a board read: percent, intervals, counts, times, and which of them is the best."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leaderboards.board import Board, Subject
from leaderboards.rows import BoardRow
from slateboard.escaping import markdown

NO_FIGURE = "–"
"""Stands where there is no figure."""
_NAMED = 50
"""Runs left out that a page names."""


def percent(share: float | None) -> str:
    """Return 0.7112 as `71.1`."""
    return NO_FIGURE if share is None else f"{100 * share:.1f}"


def interval(low: float, high: float) -> str:
    """Return 0.6021 and 0.8009 as `[60.2, 80.1]`."""
    return f"[{percent(low)}, {percent(high)}]"


def percent_of(share: float | None, n: int | None) -> str:
    """Return a share with the number it is of: `71.1 (45)`."""
    return NO_FIGURE if n is None else f"{percent(share)} ({n})"


def count(number: int | None) -> str:
    """Return a count, or a dash."""
    return NO_FIGURE if number is None else str(number)


def magnitude(number: float) -> str:
    """Return 33180000 as `33.2 M`, 410 as `410`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        # Three digits: 999,600 would be `1e+03 k` below the next size, and is `1 M`; 999,400 is `999 k`.
        if number >= 0.9995 * size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.0f}"


def duration(seconds: float) -> str:
    """Return 0.02 as `< 0.1 s`, 75.2 as `75 s`, 754 as `12.6 min`, 75000 as `20.8 h`."""
    if 0 < seconds < 0.05:
        return "< 0.1 s"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Column:
    """A column of the table that people read."""

    head: str
    text: Callable[[BoardRow], str]
    figure: str = ""
    """Field of BoardRow whose highest value is printed bold; empty: none."""
    is_number: bool = True


COLUMNS = (
    Column("Baseline", lambda row: row.baseline, is_number=False),
    Column("Stream", lambda row: row.stream, is_number=False),
    Column("Split", lambda row: row.split, is_number=False),
    Column("Seed", lambda row: str(row.seed)),
    Column(
        "Video accuracy, % [95 %]",
        lambda row: f"{percent(row.video_accuracy)} {interval(row.low, row.high)}",
        "video_accuracy",
    ),
    Column("over groups [95 %]", lambda row: interval(row.group_low, row.group_high)),
    Column("Image accuracy, %", lambda row: percent(row.image_accuracy), "image_accuracy"),
    Column("Clips", lambda row: str(row.n_clips)),
    Column("Failed", lambda row: f"{row.n_failed}{', left out' if row.n_failed and row.failed == 'left out' else ''}"),
    Column("With effects, % (n)", lambda row: percent_of(row.with_effects, row.n_with_effects), "with_effects"),
    Column(
        "Without effects, % (n)", lambda row: percent_of(row.without_effects, row.n_without_effects), "without_effects"
    ),
    Column("Effects unknown, n", lambda row: count(row.n_unknown_effects)),
    Column("Motion pairs, % (n)", lambda row: percent_of(row.motion_pairs, row.n_motion_pairs), "motion_pairs"),
    Column("Mean class, %", lambda row: percent(row.mean_class_accuracy), "mean_class_accuracy"),
    Column("Parameters", lambda row: magnitude(row.parameters)),
    Column("GFLOPs", lambda row: NO_FIGURE if row.gflops is None else f"{row.gflops:.3g}"),
    Column("Setting", lambda row: row.setting, is_number=False),
    Column("Weights", lambda row: row.weights, is_number=False),
    Column("Training", lambda row: duration(row.train_seconds)),
    Column("Testing", lambda row: duration(row.test_seconds)),
    Column("Run", lambda row: row.run, is_number=False),
)

_ONLY_IN_FILES = {"Clips", "Failed", "Effects unknown, n", "Testing", "GFLOPs", "Weights", "Run"}

SHORT = tuple(column for column in COLUMNS if column.head not in _ONLY_IN_FILES)
"""What fits a printed page and a terminal."""


def best_figures(rows: Sequence[BoardRow]) -> set[tuple[str, str]]:
    """Return (row_key, field) of the highest figures among the rows of each dataset and split.

    Of a tie all count; where all rows of a split have the same figure, none is the best.
    """
    rows_by_split = defaultdict(list)
    for row in rows:
        rows_by_split[row.dataset, row.split].append(row)
    winners = set()
    for peers in rows_by_split.values():
        for field in (column.figure for column in COLUMNS if column.figure):
            values = {row_key(row): getattr(row, field) for row in peers if getattr(row, field) is not None}
            if len(set(values.values())) > 1:
                winners |= {(name, field) for name, value in values.items() if value == max(values.values())}
    return winners


def row_key(row: BoardRow) -> str:
    """Return the unique name of a row, `<run folder>:<stream>`."""
    return f"{row.run}:{row.stream}"


def describe_dataset(subject: Subject) -> str:
    """Return a sentence with the numbers of clips, classes and groups of a dataset, and of items left out of it."""
    if subject.n_clips is None:
        return f"{len(subject.classes)} classes; no release of this workspace, so the runs alone speak of it."
    left_out = ", ".join(f"{number} {state}" for state, number in sorted(subject.left_out.items()) if number)
    return (
        f"{subject.n_clips} clips of {len(subject.classes)} classes from {subject.n_groups} groups; "
        f"left out before the release: {left_out or 'nothing'}."
    )


def remarks(board: Board) -> list[str]:
    """Return a sentence for each thing that the table lacks: series not pooled, runs excluded, runs unfinished."""
    sentences = list(board.notes)
    if board.left_out:
        sentences.append(f"{excluded_count(board)}:")
        sentences += [
            f"Left out: {excluded.run} ({excluded.kind}): {excluded.reason}" for excluded in board.left_out[:_NAMED]
        ]
        if len(board.left_out) > _NAMED:
            sentences.append(f"Left out: {len(board.left_out) - _NAMED} more, which board.json names.")
    if board.n_unfinished:
        sentences.append(
            f"{board.n_unfinished} unfinished run{'s are' if board.n_unfinished != 1 else ' is'} not shown."
        )
    return sentences


def excluded_count(board: Board) -> str:
    """Return how many finished runs are not on the board: `2 runs left out`."""
    number = len(board.left_out)
    return f"{number} run{'s' if number != 1 else ''} left out"


def explain_failed(rows: Sequence[BoardRow]) -> str:
    """Return a sentence on how the rows count clips that failed: as wrong, or not at all."""
    kinds = {row.failed for row in rows if row.n_failed} or {"wrong"}
    if kinds == {"wrong"}:
        return "A failed clip counts as wrong."
    return "Failed clips are left out." if kinds == {"left out"} else "Failed clips count as wrong unless left out."


def markdown_table(rows: Sequence[BoardRow], columns: Sequence[Column]) -> str:
    """Return rows as a Markdown table, the best figures bold."""
    winners = best_figures(rows)
    lines = [
        _line([column.head for column in columns]),
        _line(["---:" if column.is_number else "---" for column in columns]),
    ]
    for row in rows:
        lines.append(_line([_bold(row, column, winners) for column in columns]))
    return "\n".join(lines)


def _bold(row: BoardRow, column: Column, winners: set[tuple[str, str]]) -> str:
    # Figures are ours, and hold brackets.
    text = column.text(row) if column.is_number else markdown(column.text(row))
    return f"**{text}**" if (row_key(row), column.figure) in winners else text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
