"""What is missing of the windows that a list asks for: parts before the first picture of a video, or past its end."""

from collections.abc import Iterable

from curate.clips.timing import tolerance_seconds
from slateboard.catalog.sources import VideoWindow
from slateboard.json_output import JsonObject


def shortened_windows(windows: Iterable[VideoWindow]) -> dict[int, str]:
    """Return line of the list -> a sentence, for each window of which a part is not there."""
    return {window.line: words for window in windows if (words := _missing_part(window)) is not None}


def window_lines(sentence_by_line: dict[int, str], *, most: int | None = None) -> list[str]:
    """Return the sentences as lines to print; those beyond `most` share one line."""
    lines = [f"line {line}: {sentence}" for line, sentence in sentence_by_line.items()]
    if most is None or len(lines) <= most:
        return lines
    return [*lines[:most], f"{len(lines) - most} more windows are not whole: `slateboard curate status --all`"]


def window_rows(sentence_by_line: dict[int, str]) -> list[JsonObject]:
    """Return a row of `line` and `reason` for each sentence."""
    return [{"line": line, "reason": sentence} for line, sentence in sentence_by_line.items()]


def _missing_part(window: VideoWindow) -> str | None:
    # Windows are rounded when they are written down: told is what is over a frame and 0.5 % of the window. 30 to 100 s
    # of 40 s: 60 s over, where 0.04 + 0.35 s pass. 0 to 4 s of pictures from 2 to 6 s: 2 s before them.
    start_s, end_s = window.start_s or 0.0, window.end_s
    until_s = window.video_end_s if end_s is None else end_s
    slack = tolerance_seconds(max(0.0, until_s - start_s), window.fps)
    phrases = []
    if end_s is not None and end_s > window.video_end_s + slack:
        phrases.append(f"it ends at {end_s:.2f} s and the video at {window.video_end_s:.2f} s")
    if window.start_s is not None and window.start_s < window.video_start_s - slack:
        phrases.append(
            f"it begins at {window.start_s:.2f} s and the pictures of the video at {window.video_start_s:.2f} s"
        )
    if not phrases:
        return None
    return (
        f"its window is not all there: {', and '.join(phrases)}. Correct start or end in the list; or, if this copy of "
        "the video is cut short, bring a whole one."
    )
