"""ActivityNet JSON: ground truth, lists in its form (THUMOS'14, MMAction2, 3D-ResNets) and results of detectors."""

from collections.abc import Iterator, Mapping
from typing import Any

from curate.listing.annotations import (
    TAKE,
    URL_TEMPLATE,
    Span,
    check_template,
    is_name,
    row_of,
    span,
    takes_predictions,
)
from curate.listing.document import Document
from curate.listing.rows import Entry, Unmapped
from slateboard.registry import Card

CARD = Card(
    title="ActivityNet",
    source="activitynet/ActivityNet, Evaluation; 3D-ResNets for one label a video",
    parameters={"url_template": URL_TEMPLATE, "take": TAKE},
)


def recognises(document: Document) -> bool:
    """True for JSON with a `database` or `results`, or whose every entry has a list of annotations."""
    found = document.json_or_none
    if not isinstance(found, dict) or not found:
        return False
    if isinstance(found.get("database"), dict) or (isinstance(found.get("results"), dict) and "version" in found):
        return True
    return all(isinstance(entry, dict) and isinstance(entry.get("annotations"), list) for entry in found.values())


def rows(document: Document, parameters: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield a row for each annotation; one without segment is the whole video."""
    check_template(parameters, name=document.name)
    predictions = takes_predictions(parameters, name=document.name)
    found = document.json
    if not isinstance(found, dict):
        raise document.refuse("is no ActivityNet JSON.", "Its outermost value is an object of videos.")
    results = found.get("results")
    if isinstance(results, dict):
        found = {video: {"annotations": entries} for video, entries in results.items()}
    refused = isinstance(results, dict) and not predictions
    videos = found["database"] if isinstance(found.get("database"), dict) else found
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
    """Yield (place, annotation); 3D-ResNets' lists have one object where the others have a list."""
    found = entry.get("annotations")
    if isinstance(found, dict):
        yield f"video {video}", found
    elif isinstance(found, list):
        for number, annotation in enumerate(found, 1):
            yield f"video {video} annotation {number}", annotation
    elif found is not None:
        yield f"video {video}", found


def _row(where: str, video: str, annotation: Any, entry: Mapping[str, Any], parameters: Mapping[str, Any]) -> Entry:
    """Return the row of one annotation."""
    if not isinstance(annotation, dict):
        return Unmapped(where, str(annotation)[:60], "is no annotation.", "Is it an ActivityNet list?")
    label, segment = annotation.get("label"), annotation.get("segment")
    if not isinstance(label, str) or not is_name(label):
        return Unmapped(where, f"segment {segment}", "has no label.")
    if segment is None:
        found: Span | Unmapped = Span()
    elif isinstance(segment, list) and len(segment) == 2:
        # MMAction2's copies call the duration duration_second.
        duration = entry.get("duration", entry.get("duration_second"))
        found = span(where, label, *segment, duration_s=duration)
    else:
        found = Unmapped(where, f"{label!r} {segment}", "has a segment that is no pair of times.", "Correct it.")
    if isinstance(found, Unmapped):
        return found
    note = f"subset {entry['subset']}" if is_name(entry.get("subset")) else None
    return row_of(where, video, label, found, parameters, note=note)


def _not_taken(where: str, annotation: Any) -> Unmapped:
    label = annotation.get("label") if isinstance(annotation, dict) else annotation
    return Unmapped(
        where, f"{label!r}", "is a detector's result, not an annotation.", "--set take=predictions takes it."
    )
