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
from curate.listing.rows import Entry, Note, SourceRow, Unmapped, seconds
from slateboard.addresses import identity
from slateboard.registry import Card, Parameter, Parameters

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
class _Annotation:
    """One annotation or prediction of a task."""

    where: str
    video: str
    results: Sequence[Any]
    refused: str = ""
    """Why it is not imported; empty: it is."""
    remedy: str = ""


def recognises(document: Document) -> bool:
    """True for JSON that holds regions of Label Studio: a result, or a timeline of JSON-MIN."""
    return any(
        annotation.results for annotation in _annotations(document.json_or_none, CARD.settle({}, where=document.name))
    )


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each range of each timeline region, and an Unmapped for each region that is not taken."""
    takes_predictions(parameters, name=document.name)
    annotations = list(_annotations(document.json, parameters))
    if not any(annotation.results or annotation.video for annotation in annotations):
        raise document.refuse("holds no task of Label Studio.", "Export the project as JSON or JSON-MIN.")
    rate, source = _rate(document, parameters["frame_rate_hz"])
    yield Note(f"frames are counted at {rate:g} a second ({source})")
    if any(_upload_name(annotation.video) != annotation.video for annotation in annotations):
        yield Note("videos are named without the path and hash that an upload puts before their names")
    for annotation in annotations:
        if not annotation.results:
            yield Unmapped(
                annotation.where,
                annotation.video or "no video",
                annotation.refused or "holds no region.",
                annotation.remedy,
            )
        for number, region in enumerate(annotation.results, 1):
            where = f"{annotation.where} region {number}"
            if annotation.refused:
                yield Unmapped(where, _describe(region), annotation.refused, annotation.remedy)
            else:
                yield from _region(where, region, annotation.video, rate, parameters)


def _annotations(content: Any, parameters: Parameters) -> Iterator[_Annotation]:
    """Yield the annotations and predictions of an export: JSON, JSON-MIN, a webhook's event or a model's answer."""
    items = content if isinstance(content, list) else [content]
    for number, item in enumerate(items, 1):
        if isinstance(item, list):  # the answer of a model server: a list of predictions, without their tasks
            yield from _annotations_of(f"item {number}", {"predictions": item}, parameters)
        elif isinstance(item, dict) and isinstance(item.get("annotation"), dict):
            task = mapping(item.get("task"))
            exported = {**task, "annotations": [item["annotation"]], "predictions": []}
            yield from _annotations_of(_place(task, number), exported, parameters)
        elif isinstance(item, dict):
            yield from _annotations_of(_place(item, number), item, parameters)
        else:
            yield _Annotation(f"item {number}", "", (), "is no task.", "Export the project anew.")


def _place(task: Mapping[str, Any], number: int) -> str:
    return f"task {task['id']}" if "id" in task else f"item {number}"


def _annotations_of(where: str, task: Mapping[str, Any], parameters: Parameters) -> Iterator[_Annotation]:
    data = mapping(task.get("data", task))
    video = str(data.get("video") or parameters["video"])
    annotations, predictions = (list(map(mapping, sequence(task.get(key)))) for key in ("annotations", "predictions"))
    predicted = parameters["take"] == "predictions"
    for number, annotation in enumerate(annotations, 1):
        refused, remedy = _refusal(annotation, annotations, str(parameters["completed_by"]))
        if predicted:
            refused, remedy = "is an annotation, not a prediction.", "--set take=annotations takes it."
        yield _Annotation(f"{where} annotation {number}", video, sequence(annotation.get("result")), refused, remedy)
    for number, annotation in enumerate(predictions, 1):
        refused = "" if predicted else "is a model's prediction."
        remedy = "" if predicted else "--set take=predictions takes it."
        yield _Annotation(f"{where} prediction {number}", video, sequence(annotation.get("result")), refused, remedy)
    regions = [
        {"type": TIMELINE, "value": region}
        for value in task.values()
        for region in sequence(value)
        if isinstance(region, dict) and {"ranges", TIMELINE} <= set(region)
    ]
    if regions:
        yield _Annotation(where, video, regions)
    elif not annotations and not predictions:
        yield _Annotation(where, video, [], "has no annotation.")


def _refusal(annotation: Mapping[str, Any], annotations: list[Any], annotator: str) -> tuple[str, str]:
    """Return (why an annotation is not the one to import of its task, what to do); empty texts if it is."""
    # Of several annotations of a task one is taken: the requested annotator's; else the only one that was not skipped;
    # else the only ground truth. Anything else would be a choice that nobody made.
    if annotation.get("was_cancelled"):
        return "was skipped by its annotator.", ""
    finished = [candidate for candidate in annotations if not candidate.get("was_cancelled")]
    people = ", ".join(sorted({_person(candidate) for candidate in finished}))
    if annotator:
        return ("", "") if _person(annotation) == annotator else ("is another annotator's.", f"There is: {people}.")
    ground_truths = [candidate for candidate in finished if candidate.get("ground_truth")]
    if len(finished) == 1 or ground_truths == [annotation]:
        return "", ""
    if len(ground_truths) == 1:
        return "is not the task's ground truth.", ""
    return "is one of several of its task.", f"Choose whose to take with --set completed_by=ID: {people}."


def _person(annotation: Mapping[str, Any]) -> str:
    annotator = annotation.get("completed_by")
    return str(annotator.get("id") if isinstance(annotator, dict) else annotator)


def _region(where: str, region: Any, video: str, rate: float, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each range and label of a region."""
    if mapping(region).get("type") != TIMELINE:
        why = "is no timeline: it marks no segment of time."
        yield Unmapped(where, _describe(region), why, f"Only {TIMELINE} are imported.")
        return
    value = mapping(region.get("value"))
    labels, ranges = sequence(value.get(TIMELINE)), sequence(value.get("ranges"))
    if not labels or not ranges:
        yield Unmapped(where, f"labels {list(labels)}, ranges {list(ranges)}", "has no label or no range.", "Label it.")
        return
    video_name = _upload_name(video)
    for number, time_range in enumerate(ranges, 1):
        place = f"{where} range {number}"
        first_frame, last_frame = (mapping(time_range).get(end) for end in ("start", "end"))
        what = f"{', '.join(map(str, labels))} frames {first_frame} to {last_frame}"
        if not (_is_frame(first_frame) and _is_frame(last_frame)):
            yield Unmapped(place, what, "has ends that are no frame numbers from 1.", "Export it anew.")
        elif last_frame < first_frame:  # type: ignore[operator]
            yield Unmapped(place, what, "ends before it begins.", "Correct it in Label Studio.")
        elif not video_name:
            yield Unmapped(place, what, "names no video.", "Give it: --set video=NAME.")
        else:
            url = in_folder(video_name, parameters)
            # Frames count from 1 and both ends belong to the range: start = (first - 1) / rate, end = last / rate.
            # Frames 1 to 25 at 25 Hz -> 0.0 s to 1.0 s; frame 26 alone -> 1.0 s to 1.04 s.
            times = seconds((first_frame - 1) / rate), seconds(last_frame / rate)  # type: ignore[operator]
            yield from (SourceRow(place, url, str(label), *times, group=identity(url)) for label in labels)


def _rate(document: Document, frame_rate_hz: float) -> tuple[float, str]:
    """Return the frame rate in Hz and where it comes from."""
    if frame_rate_hz:
        return frame_rate(frame_rate_hz, name=document.name), "as you say"
    # The configuration is XML inside a JSON string, so that its quotes are escaped: <Video ... frameRate=\"30\"/>.
    match = _RATE.search(document.text.replace('\\"', '"'))
    if match:
        return frame_rate(float(match[1]), name=document.name), "as the file's labelling configuration says"
    return DEFAULT_RATE_HZ, "Label Studio's default, for the file does not say; --set frame_rate_hz=... if it was set"


def _upload_name(video: str) -> str:
    """Return the name of a video without what an upload or local storage puts before it; an address as it is."""
    address = urlsplit(video)
    if address.scheme:
        return video
    # /data/local-files/?d=videos/a.mp4 -> videos/a.mp4; /data/upload/3/1f2e3d4c-a.mp4 -> a.mp4.
    if address.path.startswith("/data/local-files"):
        return (parse_qs(address.query).get("d") or [""])[0].lstrip("/")
    if address.path.startswith("/data/upload/"):
        return _UPLOAD_HASH.sub("", video.rpartition("/")[2], count=1)
    return video


def _is_frame(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 10**12


def _describe(region: object) -> str:
    """Return the type and labels of a region, for messages."""
    value = mapping(mapping(region).get("value"))
    labels = [str(label) for key in (TIMELINE, "labels") for label in sequence(value.get(key))]
    return " ".join([str(mapping(region).get("type")), *map(repr, labels)])
