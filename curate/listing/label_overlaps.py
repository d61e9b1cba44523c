"""Windows of one video that share time under two labels: told where a person looks, never refused or dropped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from curate.listing.rows import SourceRow
from slateboard.addresses import public_address
from slateboard.canonical import canonical
from slateboard.catalog.sources import ListedWindow
from slateboard.escaping import inline
from slateboard.scripts import quoted

SHOWN = 10
_LONGEST_ADDRESS = 200


@dataclass(frozen=True, slots=True)
class Window:
    """A labelled part of a video."""

    where: str
    """Its place in a list: `line 3`."""
    label: str
    url: str
    start_s: float
    end_s: float
    """inf: to the video's end."""
    video: str
    """Equal for windows of one video, however it was listed."""

    @property
    def description(self) -> str:
        """Place, label and times, for messages."""
        end = "the end" if self.end_s == inf else f"{self.end_s:g} s"
        return f"{self.where} {quoted(self.label)} ({self.start_s:g} s to {end})"


@dataclass(frozen=True, slots=True)
class LabelOverlap:
    """A window, and one of another label in the same video that begins no later and shares time with it."""

    window: Window
    earlier: Window

    @property
    def sentence(self) -> str:
        """The overlap for a person, with both places and labels."""
        same = (self.window.start_s, self.window.end_s) == (self.earlier.start_s, self.earlier.end_s)
        verb = "is the same window as" if same else "shares time with"
        address = inline(public_address(self.window.url), most=_LONGEST_ADDRESS)
        return f"{self.window.description} {verb} {self.earlier.description} of {address}"


def window_of_row(row: SourceRow, *, where: str) -> Window:
    """Return the window of a row of a list that nothing is known of but what it states."""
    return Window(where, row.label, row.url, row.start_s or 0.0, _end(row.end_s), canonical(row.url))


def windows_of_sources(listed: Iterable[ListedWindow]) -> list[Window]:
    """Return the windows of sources: those of one file, where it is known, are of one video."""
    standing = list(listed)
    # Line 3 of a video is fetched as m1, line 4 of the same address waits: both are windows of m1. Where every file is
    # known no address is compared.
    waits = any(source.media_id is None for source in standing)
    videos = {url: canonical(url) for url in {source.url for source in standing}} if waits else {}
    media_of = {videos[source.url]: source.media_id for source in standing if waits and source.media_id is not None}
    windows = []
    for source in standing:
        video = source.media_id or media_of.get(videos[source.url]) or videos[source.url]
        start_s, end_s = source.start_s or 0.0, _end(source.end_s)
        windows.append(Window(f"line {source.line}", source.label, source.url, start_s, end_s, video))
    return windows


def label_overlaps(windows: Iterable[Window]) -> list[LabelOverlap]:
    """Return an overlap for each window that shares time with an earlier one of another label, in the given order."""
    # An overlap a window, not a pair: 10,000 windows of one video have 50 million pairs. In order of start it is enough
    # to know the earlier window that ends last, and the one that ends last among those of other labels than its:
    # A 0-9, A 2-3, B 4-5 -> B shares time with A 0-9; then A 6-7 shares time with no window of another label.
    by_video: dict[str, list[tuple[int, Window]]] = {}
    for number, window in enumerate(windows):
        by_video.setdefault(window.video, []).append((number, window))
    overlaps: list[tuple[int, LabelOverlap]] = []
    for members in by_video.values():
        latest: list[Window] = []
        for number, window in sorted(members, key=lambda member: (member[1].start_s, member[0])):
            partner = next((earlier for earlier in latest if earlier.label != window.label), None)
            if partner is not None and partner.end_s > window.start_s:
                overlaps.append((number, LabelOverlap(window, partner)))
            latest = _latest_of_two_labels([*latest, window])
    return [overlap for _, overlap in sorted(overlaps, key=lambda pair: pair[0])]


def _latest_of_two_labels(windows: Sequence[Window]) -> list[Window]:
    """Return the window that ends last and, after it, the one that ends last among those of other labels."""
    ordered = sorted(windows, key=lambda window: -window.end_s)
    return ordered[:1] + [window for window in ordered if window.label != ordered[0].label][:1]


def overlap_lines(overlaps: Sequence[LabelOverlap], *, most: int | None = SHOWN) -> list[str]:
    """Return the number of overlaps and a line for each, up to `most`; [] where there are none."""
    if not overlaps:
        return []
    shown = overlaps if most is None else overlaps[:most]
    omitted = len(overlaps) - len(shown)
    return [
        f"windows that share time with one of another label in the same video: {len(overlaps)}",
        *(f"    {overlap.sentence}" for overlap in shown),
        *([f"    ... and {omitted} more: `slateboard curate status --all`"] if omitted else []),
    ]


def _end(end_s: float | None) -> float:
    return inf if end_s is None else end_s
