"""The board as tables on a terminal, one a split, narrow enough for 80 columns."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leaderboards.cells import Column, best_figures, duration, interval, magnitude, percent, row_key
from leaderboards.rows import BoardRow
from slateboard.escaping import inline, isolated, terminal

_COLUMNS = (
    Column("Baseline", lambda row: f"{row.baseline} {row.stream if row.stream != 'all' else ''}", is_number=False),
    Column("Seed", lambda row: str(row.seed)),
    Column(
        "Video % [95 %]", lambda row: f"{percent(row.video_accuracy)} {interval(row.low, row.high)}", "video_accuracy"
    ),
    Column("Image", lambda row: percent(row.image_accuracy), "image_accuracy"),
    Column("With", lambda row: percent(row.with_effects), "with_effects"),
    Column("Without", lambda row: percent(row.without_effects), "without_effects"),
    Column("Pairs", lambda row: percent(row.motion_pairs), "motion_pairs"),
    Column("Params", lambda row: magnitude(row.parameters)),
    Column("Trained", lambda row: duration(row.train_seconds)),
)


def terminal_table(title: str, rows: Sequence[BoardRow]) -> str:
    """Return the tables with a terminal's colours, the best figures bold."""
    console = Console(highlight=False)
    with console.capture() as capture:
        for split, split_rows in groupby(rows, key=lambda row: row.split):
            peers = list(split_rows)
            # A Text: a title may hold brackets, which a string would take for colours.
            head = f"\n{isolated(terminal(title))}, {terminal(split)}, {peers[0].n_clips} test clips"
            console.print(Text(head, "bold"), soft_wrap=True)
            console.print(_table(peers))
        console.print(Text("With, Without: effects. Pairs: motion pairs, chance is 50 %.", "dim"))
    return capture.get().rstrip("\n")


def _table(rows: Sequence[BoardRow]) -> Table:
    # 80 columns: the seed is shown only where rows differ in it.
    seeds = {row.seed for row in rows}
    columns = [column for column in _COLUMNS if column.head != "Seed" or len(seeds) > 1]
    winners = best_figures(rows)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.head, justify="right" if column.is_number else "left", no_wrap=column.is_number)
    for row in rows:
        styles = ["bold green" if (row_key(row), column.figure) in winners else "" for column in columns]
        texts = [isolated(inline(terminal(column.text(row)))) for column in columns]
        table.add_row(*(Text(text, style) for text, style in zip(texts, styles, strict=True)))
    return table
