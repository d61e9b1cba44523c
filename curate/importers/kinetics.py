"""Kinetics lists: CSV (400, 600, 700, 700-2020; with and without labels) and the JSON that DeepMind distributes."""

from collections.abc import Iterator, Mapping
from typing import Any

from curate.listing.annotations import URL_TEMPLATE, check_template, is_name, row_of, span
from curate.listing.document import Document
from curate.listing.rows import Entry, Unmapped
from curate.listing.timed import seconds_of, timed_rows
from slateboard.registry import Card, Parameters

CARD = Card(
    title="Kinetics",
    source="activitynet/ActivityNet, Crawler/Kinetics; DeepMind's distribution",
    parameters={"url_template": URL_TEMPLATE},
)
NEEDED = ("youtube_id", "time_start", "time_end")


def recognises(document: Document) -> bool:
    """True for a CSV with Kinetics' columns, and for JSON whose every entry has one segment."""
    if set(NEEDED) <= set(document.columns):
        return True
    content = document.json_or_none
    return isinstance(content, dict) and bool(content) and all(map(_is_entry, content.values()))


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each segment; a row without label (the test lists) is unmapped."""
    check_template(parameters, name=document.name)
    content = document.json_or_none
    entries = _of_json(content) if isinstance(content, dict) else _of_csv(document)
    for entry in entries:
        yield entry if isinstance(entry, Unmapped) else _row(*entry, parameters)


Segment = tuple[str, dict[str, Any]]


def _row(where: str, entry: Mapping[str, Any], parameters: Parameters) -> Entry:
    """Return the row of one segment."""
    video, label = entry["youtube_id"], entry.get("label")
    if not is_name(video):
        return Unmapped(where, f"{label!r}", "names no video.", "Give its id.")
    if not isinstance(label, str) or not is_name(label):
        return Unmapped(where, str(video), "has no label.", "Import the list with labels.")
    segment_span = span(where, f"{label} {video}", entry["start"], entry["end"])
    if isinstance(segment_span, Unmapped):
        return segment_span
    # YouTube's Creative Commons; the list does not say which of them.
    licence = "Creative Commons" if entry.get("is_cc") == "1" else None
    note = f"split {entry['split']}" if is_name(entry.get("split")) else None
    return row_of(where, video, label, segment_span, parameters, note=note, licence=licence)


def _of_csv(document: Document) -> Iterator[Segment | Unmapped]:
    header = document.columns
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise document.refuse(
            f"has no column {', '.join(missing)}.", "Kinetics lists name them in the first line.", where="line 1"
        )
    # label,youtube_id,time_start,time_end,split: `archery,-5KAycAQlC4,12,22,train` is the segment from 12 to 22 s.
    for where, entry in timed_rows(document, needed=NEEDED, times=NEEDED[1:]):
        if isinstance(entry, Unmapped):
            yield entry
        else:
            yield where, {**entry, "start": seconds_of(entry["time_start"]), "end": seconds_of(entry["time_end"])}


def _of_json(entries: Mapping[str, Any]) -> Iterator[Segment | Unmapped]:
    # {"-5KAycAQlC4": {"annotations": {"label": "archery", "segment": [12.0, 22.0]}, "duration": 10.0, "subset":
    # "train"}}: the duration is the segment's, 22 - 12, not the video's, so that no segment is held against it.
    for video, entry in entries.items():
        where = f"video {video}"
        annotation = entry.get("annotations") if isinstance(entry, dict) else None
        segment = annotation.get("segment") if isinstance(annotation, dict) else None
        if not isinstance(annotation, dict) or not isinstance(segment, list) or len(segment) != 2:
            yield Unmapped(where, str(entry)[:60], "has no label and segment.", "Is it a Kinetics list?")
            continue
        yield (
            where,
            {
                "youtube_id": video,
                "label": annotation.get("label"),
                "start": segment[0],
                "end": segment[1],
                "split": entry.get("subset"),
            },
        )


def _is_entry(entry: Any) -> bool:
    annotation = entry.get("annotations") if isinstance(entry, dict) else None
    return isinstance(annotation, dict) and isinstance(annotation.get("segment"), list)
