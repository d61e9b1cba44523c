"""ActivityNet JSON: ground truth, lists in its form (HACS Segments, THUMOS'14, MMAction2, 3D-ResNets), results."""

from collections.abc import Iterator, Mapping
from typing import Any

from curate.listing.annotations import (
    TAKE,
    URL_TEMPLATE,
    Span,
    check_template,
    is_name,
    number,
    row_of,
    span,
    takes_predictions,
)
from curate.listing.document import Document
from curate.listing.rows import Entry, Unmapped
from slateboard.registry import Card, Parameters

CARD = Card(
    title="ActivityNet",
    source="activitynet/ActivityNet, Evaluation; 3D-ResNets for one label a video",
    parameters={"url_template": URL_TEMPLATE, "take": TAKE},
)


def recognises(document: Document) -> bool:
    """True for JSON with a `database` or `results`, or whose every entry has a list of annotations."""
    content = document.json_or_none
    if not isinstance(content, dict) or not content:
        return False
    if isinstance(content.get("database"), dict) or (isinstance(content.get("results"), dict) and "version" in content):
        return True
    return all(isinstance(entry, dict) and isinstance(entry.get("annotations"), list) for entry in content.values())


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each annotation; one without segment is the whole video."""
    check_template(parameters, name=document.name)
    predictions = takes_predictions(parameters, name=document.name)
    content = document.json
    if not isinstance(content, dict):
        raise document.refuse("is no ActivityNet JSON.", "Its outermost value is an object of videos.")
    # A detector's output maps a video straight to its list; it gets the shape of ground truth, {"annotations": [...]}.
    results = content.get("results")
    if isinstance(results, dict):
        content = {video: {"annotations": entries} for video, entries in results.items()}
    refused = isinstance(results, dict) and not predictions
    videos = content["database"] if isinstance(content.get("database"), dict) else content
    for video, entry in videos.items():
        if not isinstance(entry, dict):
            yield Unmapped(f"video {video}", str(entry)[:60], "is no entry of a video.", "Is it an ActivityNet list?")
            continue
        annotations = list(_annotations(video, entry))
        if not annotations:
            what = f"subset {entry['subset']}" if "subset" in entry else "the video"
            yield Unmapped(f"video {video}", what, "has no annotation.")
        for where, annotation in annotations:
            yield _not_taken(where, annotation) if refused else _row(where, video, annotation, entry, parameters)


def _annotations(video: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (place, annotation) of one video; 3D-ResNets' lists have one object where the others have a list."""
    annotations = entry.get("annotations")
    if isinstance(annotations, dict):
        yield f"video {video}", annotations
    elif isinstance(annotations, list):
        for place, annotation in enumerate(annotations, 1):
            yield f"video {video} annotation {place}", annotation
    elif annotations is not None:
        yield f"video {video}", annotations


def _row(where: str, video: str, annotation: Any, entry: Mapping[str, Any], parameters: Parameters) -> Entry:
    """Return the row of one annotation."""
    if not isinstance(annotation, dict):
        return Unmapped(where, str(annotation)[:60], "is no annotation.", "Is it an ActivityNet list?")
    label, segment = annotation.get("label"), annotation.get("segment")
    if not isinstance(label, str) or not is_name(label):
        return Unmapped(where, f"segment {segment}", "has no label.")
    if segment is None:
        segment_span: Span | Unmapped = Span()
    elif isinstance(segment, list) and len(segment) == 2:
        # MMAction2's copies call the duration duration_second; HACS Segments write it as a text: "92.166667".
        duration = entry.get("duration", entry.get("duration_second"))
        duration = number(duration) if isinstance(duration, str) else duration
        segment_span = span(where, label, *segment, duration_s=duration)
    else:
        segment_span = Unmapped(where, f"{label!r} {segment}", "has a segment that is no pair of times.", "Correct it.")
    if isinstance(segment_span, Unmapped):
        return segment_span
    note = f"subset {entry['subset']}" if is_name(entry.get("subset")) else None
    return row_of(where, video, label, segment_span, parameters, note=note)


def _not_taken(where: str, annotation: Any) -> Unmapped:
    label = annotation.get("label") if isinstance(annotation, dict) else annotation
    return Unmapped(
        where, f"{label!r}", "is a detector's result, not an annotation.", "--set take=predictions takes it."
    )
