"""The list of links of the demo, as a person would have collected it: sources.csv."""

from collections.abc import Sequence

from examples.demo.looks import LOOKS
from examples.demo.plan import CUT_SHORT, Video
from slateboard.files import csv_text

COLUMNS = ("url", "label", "start", "end", "group", "licence", "effects", "note")
REMOVED, ABOUT = "/videos/removed.mp4", "/watch/about.html"
RANGES = 2
"""Long videos of which only the middle is wanted."""


def sources_csv(videos: Sequence[Video], *, base_url: str) -> str:
    """Return the CSV text: a row per video, then three rows whose links do not work."""
    long = [video for video in videos if len(video.shots) > 1][:RANGES]
    rows = [_row(video, f"{base_url}/videos/{video.name}.mp4", middle=video in long) for video in videos]
    rows += _broken(videos, base_url=base_url)
    return csv_text(rows, COLUMNS)


def _row(video: Video, url: str, *, middle: bool) -> dict[str, str]:
    start, end = _middle(video) if middle else ("", "")
    return {
        "url": url,
        "label": video.label,
        "start": start,
        "end": end,
        "group": video.uploader,
        "licence": LOOKS[video.uploader].licence,
        "effects": video.hint,
        "note": "only the middle part" if middle else "",
    }


def _middle(video: Video) -> tuple[str, str]:
    """Return the whole seconds inside the second shot, as a person reads them off a player."""
    start, end = video.shot_seconds(1)
    start_second, end_second = int(start) + 1, int(end)
    return f"{start_second // 60}:{start_second % 60:02d}", f"{end_second // 60}:{end_second % 60:02d}"


def _broken(videos: Sequence[Video], *, base_url: str) -> list[dict[str, str]]:
    """Return a removed video, one that is cut short on its way, and a page without a video."""
    rows = []
    for video, path in zip(videos, (REMOVED, f"/videos/{CUT_SHORT}.mp4", ABOUT), strict=False):
        rows.append(_row(video, f"{base_url}{path}", middle=False) | {"effects": ""})
    return rows
