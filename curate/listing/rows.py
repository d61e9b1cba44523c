"""What an importer yields: rows of a list of sources, entries that could not be mapped, and notes."""

from dataclasses import dataclass

from slateboard.canonical import canonical

Key = tuple[str, float, float | None]
"""Of a row: canonical address, start and end in seconds."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a list of sources. Times are kept to the microsecond, so that writing and reading agree."""

    where: str
    """Its place in the file: `line 3`, `metadata 1_cbzrHITO`."""
    url: str
    """http(s) address, or a path relative to the workspace."""
    label: str
    start_s: float | None = None
    """Seconds; None: at the video's beginning."""
    end_s: float | None = None
    """Seconds; None: at the video's end."""
    group: str | None = None
    """The video, where a file cuts several clips out of one: they never lie on both sides of a split."""
    licence: str | None = None
    effects: tuple[str, ...] | None = None
    """Kinds that a person saw; () if a person looked and saw none; None if nobody said."""
    note: str | None = None
    stream: int | None = None
    """Index of the video stream in its file, as ffprobe prints it; None: the one that a player would show."""
    changed: str = ""
    """What had to be altered to import it, for messages: an end that was clipped, a region that is not kept."""

    @property
    def key(self) -> Key:
        """(canonical url, start, end): rows with the same key are the same window, however its address is written."""
        return canonical(self.url), self.start_s or 0.0, self.end_s

    @property
    def description(self) -> str:
        """Label, url and times, for messages."""
        times = "" if self.start_s is None else f" from {self.start_s:g} s"
        return f"{self.label!r} {self.url}{times}" + ("" if self.end_s is None else f" to {self.end_s:g} s")


@dataclass(frozen=True, slots=True)
class Unmapped:
    """One entry of a file, or one cell of it, that gives no row."""

    where: str
    """Its place in the file: `line 3`, `track 0`."""
    what: str
    """The entry, as the file has it."""
    why: str
    """Why it gives no row: the end of a sentence that `what` begins; the same words for the same reason."""
    remedy: str = ""
    """What to do about it, where something can be done."""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on the file: an assumption that was made for all of its rows."""

    text: str


Entry = SourceRow | Unmapped | Note


def seconds(value: float) -> float:
    """Return seconds rounded to the microsecond, the precision at which times are written."""
    # Six decimals hold every frame: at 1,000 Hz frames are 1e-3 s apart, and a float64 of a day still has 1e-11 s.
    return round(value, 6)


def seconds_text(value: float) -> str:
    """Return seconds as the list writes them, without exponent: 12.5 -> "12.5", 3.0 -> "3", 1e-5 -> "0.00001"."""
    text = f"{value:.6f}"
    return text.rstrip("0").rstrip(".")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would take this cell for a formula."""
    return text[:1] in ("=", "+", "-", "@")
