"""Label Studio timelines: frames from 1, both ends inclusive, at the rate of the labelling configuration."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from curate.listing.annotations import (
    MEDIA_FOLDER,
    TAKE,
    VIDEO,
    frame_rate,
    in_folder,
    mapping,
    sequence,
    takes_predictions,
)
from curate.listing.document import Document
from curate.listing.rows import Entry, Note, Row, Unmapped, seconds
from slateboard.addresses import identity
from slateboard.registry import Card, Parameter

DEFAULT_RATE_HZ = 25.0
"""Label Studio's own default of frameRate in its <Video> tag."""
CARD = Card(
    title="Label Studio",
    source="Label Studio: timelinelabels, JSON, JSON-MIN, webhook events and predictions",
    parameters={
        "frame_rate_hz": Parameter(
            0.0, "frames per second", "frameRate of <Video>; 0: as the file says, else 25, Label Studio's default"
        ),
        "completed_by": Parameter("", "-", "id of the annotator to take where a task has several annotations"),
        "take": TAKE,
        "media_folder": MEDIA_FOLDER,
        "video": VIDEO,
    },
)
TIMELINE = "timelinelabels"
_RATE = re.compile(r"<Video\b[^>]*\bframe_?rate\s*=\s*[\"']?(\d+(?:\.\d+)?)", re.IGNORECASE)
_UPLOAD_HASH = re.compile(r"[0-9a-f]{8}-")


@dataclass(frozen=True)
class _Part:
    """One annotation or prediction of a task."""

    where: str
    video: str
    results: Sequence[Any]
    refused: str = ""
    """Why it is not taken; empty: it is."""
    remedy: str = ""


def recognises(document: Document) -> bool:
    """True for JSON that holds regions of Label Studio: a result, or a timeline of JSON-MIN."""
    return any(part.results for part in _parts(document.json_or_none, CARD.settle({}, where=document.name)))


def rows(document: Document, parameters: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield a row for each range of each timeline region; what is not taken is told."""
    takes_predictions(parameters, name=document.name)
    parts = list(_parts(document.json, parameters))
    if not any(part.results or part.video for part in parts):
        raise document.refuse("holds no task of Label Studio.", "Export the project as JSON or JSON-MIN.")
    rate, source = _rate(document, parameters["frame_rate_hz"])
    yield Note(f"frames are counted at {rate:g} a second ({source})")
    if any(_upload_name(part.video) != part.video for part in parts):
        yield Note("videos are named without the path and hash that an upload puts before their names")
    for part in parts:
        if not part.results:
            yield Unmapped(part.where, part.video or "no video", part.refused or "holds no region.", part.remedy)
        for number, region in enumerate(part.results, 1):
            where = f"{part.where} region {number}"
            if part.refused:
                yield Unmapped(where, _told(region), part.refused, part.remedy)
            else:
                yield from _region(where, region, part.video, rate, parameters)


def _parts(found: Any, parameters: Mapping[str, Any]) -> Iterator[_Part]:
    """Yield the annotations and predictions of whatever form of export this is."""
    items = found if isinstance(found, list) else [found]
    for number, item in enumerate(items, 1):
        if isinstance(item, list):  # the answer of a model server: a list of predictions, without their tasks
            yield from _task_parts(f"item {number}", {"predictions": item}, parameters)
        elif isinstance(item, dict) and isinstance(item.get("annotation"), dict):
            task = mapping(item.get("task"))
            whole = {**task, "annotations": [item["annotation"]], "predictions": []}
            yield from _task_parts(_place(task, number), whole, parameters)
        elif isinstance(item, dict):
            yield from _task_parts(_place(item, number), item, parameters)
        else:
            yield _Part(f"item {number}", "", (), "is no task.", "Export the project anew.")


def _place(task: Mapping[str, Any], number: int) -> str:
    return f"task {task['id']}" if "id" in task else f"item {number}"


def _task_parts(where: str, task: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[_Part]:
    data = mapping(task.get("data", task))
    video = str(data.get("video") or parameters["video"])
    annotations, predictions = (list(map(mapping, sequence(task.get(key)))) for key in ("annotations", "predictions"))
    predicted = parameters["take"] == "predictions"
    for number, one in enumerate(annotations, 1):
        refused, remedy = _refused(one, annotations, str(parameters["completed_by"]))
        if predicted:
            refused, remedy = "is an annotation, not a prediction.", "--set take=annotations takes it."
        yield _Part(f"{where} annotation {number}", video, sequence(one.get("result")), refused, remedy)
    for number, one in enumerate(predictions, 1):
        refused = "" if predicted else "is a model's prediction."
        remedy = "" if predicted else "--set take=predictions takes it."
        yield _Part(f"{where} prediction {number}", video, sequence(one.get("result")), refused, remedy)
    regions = [
        {"type": TIMELINE, "value": region}
        for value in task.values()
        for region in sequence(value)
        if isinstance(region, dict) and {"ranges", TIMELINE} <= set(region)
    ]
    if regions:
        yield _Part(where, video, regions)
    elif not annotations and not predictions:
        yield _Part(where, video, [], "has no annotation.")


def _refused(one: Mapping[str, Any], annotations: list[Any], wanted: str) -> tuple[str, str]:
    """Return why an annotation is not the one to take of its task, and what to do; empty if it is."""
    if one.get("was_cancelled"):
        return "was skipped by its annotator.", ""
    done = [other for other in annotations if not other.get("was_cancelled")]
    people = ", ".join(sorted({_person(other) for other in done}))
    if wanted:
        return ("", "") if _person(one) == wanted else ("is another annotator's.", f"There is: {people}.")
    true = [other for other in done if other.get("ground_truth")]
    if len(done) == 1 or true == [one]:
        return "", ""
    if len(true) == 1:
        return "is not the task's ground truth.", ""
    return "is one of several of its task.", f"Choose whose to take with --set completed_by=ID: {people}."


def _person(annotation: Mapping[str, Any]) -> str:
    found = annotation.get("completed_by")
    return str(found.get("id") if isinstance(found, dict) else found)


def _region(where: str, region: Any, video: str, rate: float, parameters: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield a row for each range and label of a region."""
    if mapping(region).get("type") != TIMELINE:
        why = "is no timeline: it marks no segment of time."
        yield Unmapped(where, _told(region), why, f"Only {TIMELINE} are imported.")
        return
    value = mapping(region.get("value"))
    labels, ranges = sequence(value.get(TIMELINE)), sequence(value.get("ranges"))
    if not labels or not ranges:
        yield Unmapped(where, f"labels {list(labels)}, ranges {list(ranges)}", "has no label or no range.", "Label it.")
        return
    name = _upload_name(video)
    for number, one in enumerate(ranges, 1):
        place = f"{where} range {number}"
        first, last = (mapping(one).get(end) for end in ("start", "end"))
        what = f"{', '.join(map(str, labels))} frames {first} to {last}"
        if not (_is_frame(first) and _is_frame(last)):
            yield Unmapped(place, what, "has ends that are no frame numbers from 1.", "Export it anew.")
        elif last < first:  # type: ignore[operator]
            yield Unmapped(place, what, "ends before it begins.", "Correct it in Label Studio.")
        elif not name:
            yield Unmapped(place, what, "names no video.", "Give it: --set video=NAME.")
        else:
            url = in_folder(name, parameters)
            times = seconds((first - 1) / rate), seconds(last / rate)  # type: ignore[operator]
            yield from (Row(place, url, str(label), *times, group=identity(url)) for label in labels)


def _rate(document: Document, given: float) -> tuple[float, str]:
    """Return the frame rate in Hz and where it comes from."""
    if given:
        return frame_rate(given, name=document.name), "as you say"
    found = _RATE.search(document.text.replace('\\"', '"'))
    if found:
        return frame_rate(float(found[1]), name=document.name), "as the file's labelling configuration says"
    return DEFAULT_RATE_HZ, "Label Studio's default, for the file does not say; --set frame_rate_hz=... if it was set"


def _upload_name(video: str) -> str:
    """Return the name of a video without what an upload or local storage puts before it; an address as it is."""
    parts = urlsplit(video)
    if parts.scheme:
        return video
    if parts.path.startswith("/data/local-files"):
        return (parse_qs(parts.query).get("d") or [""])[0].lstrip("/")
    if parts.path.startswith("/data/upload/"):
        return _UPLOAD_HASH.sub("", video.rpartition("/")[2], count=1)
    return video


def _is_frame(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 10**12


def _told(region: object) -> str:
    """Return a region as a person recognises it: its type and labels."""
    value = mapping(mapping(region).get("value"))
    labels = [str(label) for key in (TIMELINE, "labels") for label in sequence(value.get(key))]
    return " ".join([str(mapping(region).get("type")), *map(repr, labels)])
