"""Read sources.csv, or name everything that is wrong with it: line, what, remedy."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from curate.labels import class_name
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.records.source import Source, source_id
from slateboard.registry import Card

CARD = Card(title="sources.csv", source="slateboard: design of the workspace")

COLUMNS = ("url", "label", "start", "end", "group", "licence", "effects", "note")
REQUIRED = ("url", "label")
NOTHING_SEEN = "none"
_KIND = re.compile(r"[a-z][a-z0-9_.]*\Z")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)\Z")


def sources(path: Path, *, labels: Sequence[str] = ()) -> list[Source]:
    """Return the sources in the order of the file; `labels` are the spellings that are allowed (empty: all).

    Raises BadInput with every problem at once.
    """
    rows = _rows(path)
    problems: list[Problem] = []
    listed: list[Source] = []
    first_seen: dict[str, int] = {}
    spelling: dict[str, tuple[str, int]] = {label.casefold(): (label, 0) for label in labels}
    for line, row in rows:
        reader = _Reader(f"{path.name} line {line}", row, problems)
        source = reader.source(line, folder=path.parent)
        if source is None:
            continue
        earlier = first_seen.setdefault(source.source_id, line)
        if earlier != line:
            reader.wrong(f"repeats line {earlier} (same url, start and end).", "Remove one of them.")
        _check_label(reader, source.label, line, labels, spelling)
        listed.append(source)
    if problems:
        raise BadInput(problems)
    return listed


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return (line number, cells by column) of the rows that are not blank."""
    if not path.is_file():
        raise BadInput([Problem(str(path), "is not there.", "Begin with `slateboard init FOLDER`.")])
    content = path.read_bytes()
    if not content.strip():
        raise BadInput([Problem(path.name, "is empty.", f"Its first line is {','.join(COLUMNS)}.")])
    problems = [
        Problem(
            f"{path.name} line {number}",
            f"byte 0x{_bad_byte(line):02x} is not UTF-8.",
            "Save the file as UTF-8.",
        )
        for number, line in enumerate(content.split(b"\n"), 1)
        if _bad_byte(line) is not None
    ]
    if problems:
        raise BadInput(problems)
    reader = csv.reader(content.decode("utf-8-sig").splitlines())
    header = [name.strip() for name in next(reader)]
    for name in header:
        if name not in COLUMNS:
            problems.append(Problem(f"{path.name} line 1", f"unknown column {name!r}.", did_you_mean(name, COLUMNS)))
    for name in REQUIRED:
        if name not in header:
            problems.append(Problem(f"{path.name} line 1", f"column '{name}' is missing.", "Add it to the first line."))
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            problems.append(
                Problem(
                    f"{path.name} line {reader.line_num}",
                    f"{len(cells)} cells, {len(header)} columns.",
                    "Quote commas.",
                )
            )
        rows.append((reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=False))))
    if problems:
        raise BadInput(problems)
    if not rows:
        raise BadInput([Problem(path.name, "lists no source.", "Write a line for each link.")])
    return rows


def _bad_byte(line: bytes) -> int | None:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return line[error.start]
    return None


def _check_label(
    reader: "_Reader", label: str, line: int, allowed: Sequence[str], spelling: dict[str, tuple[str, int]]
) -> None:
    known, first_line = spelling.setdefault(
        label.casefold() if allowed else class_name(label).casefold(), (label, line)
    )
    if known != label:
        here = f"line {first_line}" if first_line else "the settings"
        reader.wrong(f"label {label!r} is spelt {known!r} in {here}.", "Write it one way.")
    elif allowed and label not in allowed:
        reader.wrong(f"unknown label {label!r}.", did_you_mean(label, allowed))


class _Reader:
    """Turns the cells of one line into a Source and notes what is wrong with them."""

    def __init__(self, where: str, row: dict[str, str], problems: list[Problem]) -> None:
        self.where, self.row, self.problems = where, row, problems

    def wrong(self, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.where, what, remedy))

    def source(self, line: int, *, folder: Path) -> Source | None:
        before = len(self.problems)
        for name, cell in self.row.items():
            if cell[:1] in ("=", "+", "@") or (cell[:1] == "-" and name not in ("start", "end")):
                self.wrong(f"{name} {cell!r} begins like a spreadsheet formula.", "Remove the first sign.")
        url, label = self.row.get("url", ""), self.row.get("label", "")
        self._check_url(url, folder)
        if not label:
            self.wrong("label is empty.", "Name the class.")
        elif not class_name(label):
            self.wrong(f"label {label!r} holds no letter or digit.", "Name the class.")
        start, end = self._seconds("start"), self._seconds("end")
        if start is not None and end is not None and end <= start:
            self.wrong(f"end {end:g} s is not after start {start:g} s.", "Correct the times.")
        effects = self._effects()
        if len(self.problems) > before:
            return None
        text = {name: self.row.get(name) or None for name in ("group", "licence", "note")}
        return Source(
            source_id=source_id(url, start, end),
            line=line,
            url=url,
            label=label,
            start_s=start,
            end_s=end,
            effects=effects,
            **text,
        )

    def _check_url(self, url: str, folder: Path) -> None:
        scheme = urlsplit(url).scheme if "://" in url or url.startswith("file:") else ""
        if not url:
            self.wrong("url is empty.", "Give an http(s) address or a path.")
        elif scheme in ("http", "https"):
            if not urlsplit(url).hostname:
                self.wrong(f"url {url!r} has no host.", "Give the whole address.")
        elif scheme:
            self.wrong(f"url {url!r} is neither http(s) nor a path.", "Give a path relative to the workspace.")
        elif not (folder / url).is_file():
            self.wrong(f"path {url!r} is not there.", f"Paths are relative to {folder.resolve()}.")

    def _seconds(self, name: str) -> float | None:
        cell = self.row.get(name, "")
        if not cell:
            return None
        clock = _CLOCK.match(cell)
        if clock:
            hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), float(clock[3])
            if seconds < 60 and (clock[1] is None or minutes < 60):
                return hours * 3600 + minutes * 60 + seconds
        elif re.fullmatch(r"\d+(\.\d+)?", cell):
            return float(cell)
        self.wrong(f"{name} {cell!r} is no time.", "Write seconds (12.5) or h:mm:ss.")
        return None

    def _effects(self) -> tuple[str, ...] | None:
        cell = self.row.get("effects", "")
        if not cell:
            return None
        kinds = sorted({kind.strip() for kind in cell.split("|")})
        if kinds == [NOTHING_SEEN]:
            return ()
        for kind in kinds:
            if kind == NOTHING_SEEN:
                self.wrong("effects says 'none' beside other kinds.", "Keep one of them.")
            elif not _KIND.match(kind):
                self.wrong(f"effect {kind!r} is no kind.", "Write kinds such as text|sticker, or none.")
        return tuple(kinds)
