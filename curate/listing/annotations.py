"""What importers of annotations share: segments of time, names of videos, and their groups."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import quote

from curate.listing.document import Document
from curate.listing.rows import SourceRow, Unmapped, seconds
from slateboard.errors import BadInput, Problem
from slateboard.registry import Parameter, Parameters

YOUTUBE = "https://www.youtube.com/watch?v={id}"
MEDIA_FOLDER = Parameter("", "-", "folder of local videos, relative to the workspace; empty: the workspace itself")
URL_TEMPLATE = Parameter(YOUTUBE, "-", "address or path of a video; {id} and {label} are replaced")
VIDEO = Parameter("", "-", "name of the video where the file does not say")
TAKE = Parameter("annotations", "-", "annotations (what people wrote) or predictions (what a model raised)")

# Eleven characters; some of ActivityNet's files put `v_` before them: v_-5KAycAQlC4 -> -5KAycAQlC4.
_YOUTUBE_ID = re.compile(r"(?:v_)?([A-Za-z0-9_-]{11})")
# UCF101's own clip names: pieces of one recording share all but the clip number: v_Archery_g01_c02 -> v_Archery_g01.
_UCF101 = re.compile(r"(v_\w+?_g\d+)_c\d+\Z")


@dataclass(frozen=True, slots=True)
class Span:
    """A segment of time in seconds; both None: the whole video."""

    start_s: float | None = None
    end_s: float | None = None
    changed: str = ""
    """What was clipped, for people."""


def span(where: str, label: object, start: object, end: object, *, duration_s: object = None) -> Span | Unmapped:
    """Return a segment, clipped to [0, duration] where a duration is announced, or why it is no segment."""
    # Duration 10 s: 8.5 to 12 -> 8.5 to 10; -0.4 to 3 -> 0 to 3; 11 to 12 is refused, since nothing of it is left.
    what = f"{label!r} {start} to {end} s"
    if not (is_time(start) and is_time(end)):
        return Unmapped(where, what, "has times that are no numbers.", "Correct the times.")
    start_seconds, end_seconds = seconds(float(start)), seconds(float(end))
    if start_seconds == end_seconds:
        return Unmapped(where, what, "has no length.", "Mark its end.")
    if end_seconds < start_seconds:
        return Unmapped(where, what, "ends before it begins.", "Correct the times.")
    changed = []
    if is_time(duration_s) and float(duration_s) > 0:
        duration = seconds(float(duration_s))
        if start_seconds >= duration:
            return Unmapped(where, f"{what} of {duration:g} s", "begins after the video's end.", "Correct the times.")
        if end_seconds > duration:
            changed.append(f"end {end_seconds:g} s clipped to the duration {duration:g} s")
            end_seconds = duration
    if end_seconds <= 0:
        return Unmapped(where, what, "ends before the video begins.", "Correct the times.")
    if start_seconds < 0:
        changed.append(f"start {start_seconds:g} s clipped to 0 s")
        start_seconds = 0.0
    return Span(start_seconds, end_seconds, ", ".join(changed))


def is_time(value: object) -> TypeGuard[float]:
    """Return whether a value is a number that a time of a video may be."""
    # A bound that no video reaches: a whole number of 400 digits is valid JSON and no float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def number(text: str) -> float | str:
    """Return the number that a cell holds, or the cell itself, which `span` then refuses."""
    try:
        return float(text)
    except ValueError:
        return text


def frame_rate(value: float, *, name: str) -> float:
    """Return a frame rate in Hz; raises BadInput if it is not above zero."""
    if math.isfinite(value) and value > 0:
        return float(value)
    what = f"frame_rate_hz is {value:g}." if value else "counts frames and does not say how many make a second."
    remedy = "Give the rate of its videos, such as --set frame_rate_hz=25, or --set video_rates_hz=a.mp4=25,b.mp4=30."
    raise BadInput([Problem(name, what, remedy)])


def companion(document: Document, name: str) -> Document:
    """Return a second file that a form needs, such as its map of labels; relative to the folder of the first."""
    return Document(document.path.parent / name)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one where the value is none: a damaged file is reported, not a crash."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[Any]:
    """Return a JSON list, or an empty one where the value is none."""
    return value if isinstance(value, list) else ()


def is_name(value: object) -> bool:
    """Return whether a value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def in_folder(name: str, parameters: Parameters) -> str:
    """Return the url of a video: an address as it is, a local name inside `media_folder`."""
    folder = str(parameters["media_folder"]).rstrip("/")
    return name if "://" in name or not folder else f"{folder}/{name}"


def by_template(where: str, video_id: str, label: str, parameters: Parameters) -> str | Unmapped:
    """Return the url of a video by `url_template`; reserved characters are percent-encoded where it is an address.

    With YouTube's template, an id that is not one of YouTube's gives Unmapped: it would lead nowhere, or elsewhere.
    """
    template = str(parameters["url_template"])
    if template == YOUTUBE:
        match = _YOUTUBE_ID.fullmatch(video_id)
        if match is None:
            remedy = "Say where its videos are: --set url_template=FOLDER/{id}.mp4."
            return Unmapped(where, f"{label!r} {video_id}", "is no id of YouTube.", remedy)
        video_id = match[1]
    escape = (lambda text: quote(text, safe="")) if "://" in template else str
    return template.replace("{id}", escape(video_id)).replace("{label}", escape(label))


def row_of(
    where: str,
    video_id: str,
    label: str,
    segment_span: Span,
    parameters: Parameters,
    *,
    note: str | None,
    licence: str | None = None,
) -> SourceRow | Unmapped:
    """Return the row of a segment of a video that is known by its id."""
    url = by_template(where, video_id, label, parameters)
    if isinstance(url, Unmapped):
        return url
    return SourceRow(
        where,
        url,
        label,
        segment_span.start_s,
        segment_span.end_s,
        group=group_of(video_id),
        licence=licence,
        note=note,
        changed=segment_span.changed,
    )


def check_template(parameters: Parameters, *, name: str) -> None:
    """Raise BadInput if the template would give every video the same url."""
    template = parameters["url_template"]
    if "{id}" not in template:
        raise BadInput([Problem(name, f"url_template {template!r} lacks {{id}}.", f"Write it as in {YOUTUBE}.")])


def takes_predictions(parameters: Parameters, *, name: str) -> bool:
    """Return True if `take` asks for predictions, False for annotations; raises BadInput for any other word."""
    if parameters["take"] not in ("annotations", "predictions"):
        raise BadInput([Problem(name, f"take is {parameters['take']!r}.", "Write annotations or predictions.")])
    return bool(parameters["take"] == "predictions")


def group_of(video: str) -> str:
    """Return the group of a video: its id, or the recording where a clip is named as UCF101's are."""
    if match := _YOUTUBE_ID.fullmatch(video):
        return match[1]
    ucf101 = _UCF101.search(video)
    return ucf101[1] if ucf101 else video
