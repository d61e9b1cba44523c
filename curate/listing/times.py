"""Times in cells as spreadsheets leave them: read where there is one meaning, else refused with the cause."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from curate.listing.rows import seconds_text

_PLAIN = re.compile(r"\d+(?::\d+){0,2}(?:\.\d{1,6})?\Z")
REMEDY = "Write seconds (90) or h:mm:ss (0:01:30), in a column that is formatted as text."
_DECIMAL = re.compile(r"(\d+),(\d+)\Z")
_CLOCK = re.compile(r"((?:\d+:)?\d+:\d{1,2}),(\d+)\Z")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z|\d{1,3}(?:\.\d{3})+(?:,\d+)?\Z")
_AMERICAN = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+\Z")
_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+\Z")
_HALF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?\s?m\.?|sa|ch)\Z", re.IGNORECASE)
# Excel's day 0 and LibreOffice's: a duration in a cell that is shown as a date.
_DAY_ZERO = re.compile(
    r"(?:1900-01-00|1/0/1900|0/1/1900|0?0[./]01[./]1900|1899-12-30|12/30/1899|30[./]12[./]1899)[ T]+"
    r"(\d{1,2}:\d{2}:\d{2})(?:[.,](\d+))?\Z"
)
# pandas' Timedelta and Python's timedelta: `0 days 00:01:30.500000`, `1 day, 0:00:10`.
_DAYS = re.compile(r"(\d+) days?,? \+?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)\Z")
_DATE = re.compile(
    r"\d{1,4}([-./])\d{1,2}\1\d{1,4}(?:[ T].*)?\Z"
    r"|\d{1,2}[-. /]+(?!sec|sek|min|hour|std)[^\W\d]{3,9}\.?(?:[-. /]+\d{2,4})?\Z|[^\W\d]{3,9}\.?[-. /]+\d{1,4}\Z"
)
_NUMBER = re.compile(r"\d*[.,]?\d+(?:[eE]-\d+)?\Z")
_TIMECODE = re.compile(r"\d{1,2}:\d{2}:\d{2}[:;]\d{1,3}\Z")
_FRACTION = re.compile(r"0?[.,](\d{7,})\Z|(\d)[.,](\d{4,})[eE]-0*([1-9])\Z")
_SERIAL = re.compile(r"\d{5}[.,]\d+\Z")
# Days since 1900 from 2000-01-01 to 2050-01-01: as seconds 10 to 15 hours.
SERIALS = (36526, 54789)
_DAY_S = 86_400
_BELOW_A_FRAME_S = 0.005
"""Seconds between two frames at 200 a second: no window of a video ends before."""


@dataclass(frozen=True, slots=True)
class BadTime:
    """A cell whose time has no meaning, or several."""

    name: str
    cell: str
    why: str
    remedy: str = REMEDY


def time_text(value: float) -> str:
    """Return seconds as a list writes them, so that `TimeCells` has no doubt about them: 12.5, but 12:32:03.5."""
    is_like_a_date = SERIALS[0] <= value < SERIALS[1] and value != int(value)
    return _clock(value) if is_like_a_date else seconds_text(value)


def _clock(value: float) -> str:
    """Return seconds as h:mm:ss with up to six decimals."""
    seconds, microseconds = divmod(round(value * 1_000_000), 1_000_000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}.{microseconds:06d}".rstrip("0").rstrip(".")


class TimeCells:
    """Reads the time columns of one table; what one cell means may depend on the others."""

    def __init__(self, rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> None:
        self._columns = columns
        self.counts: Counter[str] = Counter()
        """What was understood -> number of cells."""
        self._has_decimal_comma = self._has_day_fractions = False
        self._whole_minutes: list[bool] = []
        for row in rows:
            cells = [_narrow(row[name]) for name in columns if row.get(name)]
            self._whole_minutes += [cell.endswith(":00") and cell[0] != "0" for cell in cells if cell.count(":") == 2]
            # 12,5 can be a decimal alone; 1,234 may be one or 1234, where thousands are grouped.
            matches = [_DECIMAL.match(cell) or _CLOCK.match(cell) for cell in cells if "," in cell]
            self._has_decimal_comma |= any(match is not None and len(match[2]) != 3 for match in matches)
            self._has_day_fractions |= _proves_day_fractions(cells)

    def read(self, row: Mapping[str, str]) -> tuple[dict[str, str], list[BadTime]]:
        """Return (the row with its times as seconds or h:mm:ss, the times that cannot be read)."""
        cells = {name: _narrow(row[name]) for name in self._columns if row.get(name)}
        texts, problems = dict(row), list[BadTime]()
        if not self._has_day_fractions and _may_be_day_fractions(cells.values()):
            return texts, [_ambiguous_fraction(name, cell) for name, cell in cells.items()]
        problems += _serials(cells)
        for name, cell in cells.items() if not problems else ():
            text = self._text(name, cell)
            if isinstance(text, BadTime):
                problems.append(text)
            else:
                texts[name] = text
        return texts, problems

    def notes(self) -> list[str]:
        """Return what was understood of all rows read so far."""
        notes = [f"{what} in {count} cell{'s' if count > 1 else ''}" for what, count in sorted(self.counts.items())]
        # 1:30, typed for a minute and a half, is 1:30:00 to a spreadsheet.
        if len(self._whole_minutes) > 1 and all(self._whole_minutes):
            notes.append("all h:mm:ss are full minutes: did a spreadsheet take m:ss for h:mm?")
        return notes

    def _text(self, name: str, cell: str) -> str | BadTime:
        """Return the time of a cell as seconds or h:mm:ss; a cell of no known form as it is."""
        if self._has_day_fractions and _NUMBER.match(cell):
            share = _share(cell)
            if share >= 1:
                return BadTime(name, cell, "may be seconds or days: other times of the list are fractions of a day.")
            self.counts["fractions of a day"] += 1
            # Seconds with a fraction as far as the digits go: 0.0012 is 103.68 s.
            return seconds_text(float(round(share * _DAY_S)) if _is_whole(cell) else round(share * _DAY_S, 3))
        if _PLAIN.match(cell) and not self._has_decimal_comma:
            return cell
        if match := _DAYS.match(cell):
            self.counts["durations in days"] += 1
            return f"{int(match[1]) * 24 + int(match[2])}:{match[3]}:{match[4]}"
        if match := _DAY_ZERO.match(cell):
            self.counts["durations shown as dates"] += 1
            return match[1] + (f".{match[2]}" if match[2] else "")
        if _HALF_DAY.match(cell):
            return BadTime(name, cell, "is a time of day, which a spreadsheet makes of some times.")
        if _TIMECODE.match(cell):
            why = "is a timecode: nothing says how many of its frames make a second."
            return BadTime(name, cell, why, "Write seconds (90.48) or h:mm:ss (0:01:30.48).")
        if _DATE.match(cell):
            return BadTime(name, cell, "is a date, which a spreadsheet makes of some times.")
        if _AMERICAN.match(cell):
            self.counts["grouped thousands"] += 1
            return cell.replace(",", "")
        if _EUROPEAN.match(cell):
            self.counts["decimal comma"] += 1
            return cell.replace(".", "").replace(",", ".")
        is_point = "." in cell
        if _GROUPED.match(cell) and not cell.startswith("0") and self._has_decimal_comma == is_point:
            # Without another decimal comma 1,234 is 1.234 or 1234; among decimal commas 1.234 is.
            plain = cell.replace(",", "").replace(".", "")
            return BadTime(name, cell, f"may be {plain[:-3]}.{plain[-3:]} s or {plain} s.")
        if match := _DECIMAL.match(cell) or _CLOCK.match(cell):
            self.counts["decimal comma"] += 1
            return f"{match[1]}.{match[2]}"
        return cell


def _narrow(cell: str) -> str:
    """Return a cell with the wide digits and colons of East Asian keyboards as ASCII: `０：１０` is 0:10."""
    return cell if cell.isascii() else unicodedata.normalize("NFKC", cell).strip()


def _may_be_day_fractions(cells: Iterable[str]) -> bool:
    """Return whether all times of a row may be whole seconds as fractions of a day."""
    # 0:01:30 in a cell formatted as a number is 0.00104166667; 1/30 s, 0.0333333333, is 48 minutes as a day's fraction.
    timed = [cell for cell in cells if cell not in ("0", "0.0", "0,0")]
    return bool(timed) and all(map(_is_whole, timed))


def _proves_day_fractions(cells: Sequence[str]) -> bool:
    """Return whether a row has a meaning as fractions of a day alone: as seconds it ends before any second frame."""
    shares = [_share(cell) for cell in cells if _NUMBER.match(cell)]
    return len(shares) == len(cells) and 0 < max(shares, default=0) < _BELOW_A_FRAME_S and any(map(_is_whole, cells))


def _share(cell: str) -> float:
    """Return the number of a cell that has a decimal point or comma, or none."""
    return float(cell.replace(",", "."))


def _is_whole(cell: str) -> bool:
    """Return whether a cell is a fraction of a day that gives whole seconds."""
    match = _FRACTION.match(cell)
    if match is None:
        return False
    share = _share(cell)
    digits = len(match[1]) if match[1] else len(match[3]) + int(match[4])
    # Cut off after n digits a share is wrong by half of the last one: 9 digits, 4e-5 s; 7 digits, 4e-3 s.
    return abs(share * _DAY_S - round(share * _DAY_S)) <= 0.51 * 10.0**-digits * _DAY_S + 1e-9


def _ambiguous_fraction(name: str, cell: str) -> BadTime:
    share = _share(cell)
    why = f"may be {share:.4g} s, or {_clock(round(share * _DAY_S))} as a spreadsheet's fraction of a day."
    return BadTime(name, cell, why)


def _serials(cells: Mapping[str, str]) -> list[BadTime]:
    """Return the times of a row where all of them may be dates with a time, as days since 1900."""
    least, end = SERIALS
    # 45123.5 is noon of 2023-07-16, or 12:32:03.5; beside a time that is none it is seconds.
    if not any(map(_SERIAL.match, cells.values())):
        return []
    if not all(re.match(r"\d{5}(?:[.,]\d+)?\Z", cell) and least <= _share(cell) < end for cell in cells.values()):
        return []
    problems = []
    for name, cell in cells.items():
        remedy = (
            f"Write {_clock(_share(cell))} if these are seconds; else the time anew, in a column formatted as text."
        )
        problems.append(BadTime(name, cell, "may be seconds, or a date of a spreadsheet as days since 1900.", remedy))
    return problems
