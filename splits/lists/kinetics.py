"""Kinetics' CSV: label, youtube_id, time_start, time_end, split, is_cc, a row for each segment of a video."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from slateboard.registry import Card
from splits.listing.entries import WORDS, Entry, Listing, Reading, Subset, no_lists, one_split, subset_of
from splits.listing.lines import Style

CARD = Card(
    title="Kinetics CSV",
    source="activitynet/ActivityNet, Crawler/Kinetics/data (400, 600); DeepMind's distribution (700, 700-2020)",
)
NAMES: Final = "video"
PARTS: Final = ("train", "test")

COLUMNS = ("label", "youtube_id", "time_start", "time_end", "split", "is_cc")
"""In the order of Kinetics-400; the test lists lack the first, Kinetics-700 the last."""
_FILE = ""
"""Key of the file's name among the cells of a row: no column is called so."""


def read(folder: Path) -> Listing:
    """Read every CSV of a folder; the column `split` names the subset, or the file's name where there is none.

    `val` is for testing and `test` unused beside it, as its labels were held back. Raises BadInput that names
    every CSV without the column youtube_id, every damaged row, every empty id and every unknown split. A file that
    quotes like cells unlike is written back with the quotes that are needed.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise no_lists(folder, "a CSV with the columns label, youtube_id, time_start, time_end, split")
    reading = Reading()
    rows = [row for path in files for row in _rows(reading, path)]
    words = [word for _, word, _ in rows]
    subsets = {word: subset_of(word, words) for word in set(words)}
    for where, word, cells in rows:
        subset = subsets[word]
        if subset is None:
            reading.wrong(where, f"is for '{word}'.", "Expected train, val, validate or test.")
        elif not cells["youtube_id"]:
            reading.wrong(where, "names no video.", "Give its id.")
        else:
            reading.entries.append(_entry(where, subset, cells))
    return reading.listing()


def write(listing: Listing) -> dict[str, str]:
    """Return file name -> text, a cell that an entry lacks empty; raises BadInput for several splits."""
    one_split(listing, "kinetics")
    entries: dict[str, list[Entry]] = {}
    for entry in listing.entries:
        name = entry.file or "_".join(filter(None, (listing.name, f"{WORDS[entry.subset]}.csv")))
        entries.setdefault(name, []).append(entry)
    lines = {}
    for name in [*listing.styles, *(name for name in entries if name not in listing.styles)]:
        style, rows = listing.style(name), [_cells(entry) for entry in entries.get(name, [])]
        present = {"youtube_id", "split"} | {column for row in rows for column in row}
        columns = style.columns or tuple(column for column in COLUMNS if column in present)
        lines[name] = [style.row(columns), *(style.row([row.get(column, "") for column in columns]) for row in rows)]
    return listing.texts(lines)


def _rows(reading: Reading, path: Path) -> list[tuple[str, str, dict[str, str]]]:
    """Return place, word for the subset and cells of each row of one file."""
    lines = []
    for where, line in reading.lines(path):
        try:
            lines.append((where, line, next(csv.reader([line], strict=True))))
        except csv.Error as error:
            reading.wrong(where, f"is '{line}' ({error}).", "Close its quotes.")
    if not lines or "youtube_id" not in lines[0][2]:
        reading.wrong(path.name, "has no column youtube_id in its first line.", "Take it out of this folder.")
        return []
    header = lines[0][2]
    style = _style_with_quotes(reading.styles[path.name], lines)
    reading.styles[path.name] = replace(style, columns=tuple(header))
    rows = []
    for where, line, cells in lines[1:]:
        if len(cells) != len(header):
            reading.wrong(where, f"is '{line}'.", f"Expected {len(header)} cells.")
            continue
        row = dict(zip(header, cells, strict=True))
        rows.append((where, row.get("split", _word(path)), {**row, _FILE: path.name}))
    return rows


def _style_with_quotes(style: Style, lines: Sequence[tuple[str, str, list[str]]]) -> Style:
    """Return the style whose quotes write the lines as they were; ActivityNet's copies quote cells with a blank."""
    # `riding a bike,abc` as needed, `"riding a bike",abc` with blanks, `"riding a bike","abc"` all.
    for quoting in ("needed", "blanks", "all"):
        candidate = replace(style, quoting=quoting)
        if all(candidate.row(cells) == line for _, line, cells in lines):
            return candidate
    return style


def _word(path: Path) -> str:
    """Return the word for the subset in `kinetics_train.csv`; the whole name where it holds none or several."""
    # kinetics_train.csv -> train; kinetics-400_val.csv -> val; train_and_test.csv holds two: its name is refused later.
    words = [word for word in ("train", "val", "test") if word in path.stem.lower()]
    return words[0] if len(words) == 1 else path.stem


def _entry(where: str, subset: Subset, cells: Mapping[str, str]) -> Entry:
    further = tuple((name, cell) for name, cell in cells.items() if name not in ("label", "youtube_id", _FILE))
    return Entry(
        path=cells["youtube_id"],
        subset=subset,
        number=1,
        label=cells.get("label", ""),
        file=cells[_FILE],
        columns=further,
        where=where,
    )


def _cells(entry: Entry) -> dict[str, str]:
    labelled = {"label": entry.label} if entry.label else {}
    return {"split": WORDS[entry.subset], **labelled, "youtube_id": entry.path, **dict(entry.columns)}
