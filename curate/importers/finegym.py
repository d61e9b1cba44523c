"""FineGym: JSON of events in videos, with their segments; a list and the categories give the segments their classes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from curate.listing.annotations import (
    URL_TEMPLATE,
    check_template,
    companion,
    is_time,
    mapping,
    row_of,
    sequence,
    span,
)
from curate.listing.document import Document
from curate.listing.rows import Entry, Note, Unmapped
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="FineGym",
    source="sdolivia.github.io/FineGym: finegym_annotation_info_v1.1.json, gym99_train_element_v1.1.txt",
    parameters={
        "elements": Parameter(
            "", "-", "lists of elements beside the file, such as gym99_train_element_v1.1.txt,gym99_val_element.txt"
        ),
        "categories": Parameter("", "-", "names of the elements' classes, such as gym99_categories.txt"),
        "event_names": Parameter(
            "1=Vault,2=Floor exercise,3=Balance beam,4=Uneven bars", "-", "class of each kind of event, by its number"
        ),
        "url_template": URL_TEMPLATE,
    },
)
Segment = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""(id of its video, its event, the segment itself)."""
_EVENT = re.compile(r"E_\d+_\d+")
_ELEMENT = re.compile(r"(\S+)\s+(\d{1,6})")
_CATEGORY = re.compile(r"Clabel:\s*(\d{1,6});[^;]*;[^;]*;\s*(\S.*)")


def recognises(document: Document) -> bool:
    """True for JSON whose every video has events E_<start>_<end> with timestamps."""
    content = document.json_or_none
    return isinstance(content, dict) and bool(content) and all(map(_is_video, content.values()))


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each event, or, where lists of elements are given, for each segment that has a class in them."""
    check_template(parameters, name=document.name)
    content = document.json
    if not isinstance(content, dict):
        raise document.refuse("is no annotation of FineGym.", "Its outermost value is an object of videos.")
    if bool(parameters["elements"]) != bool(parameters["categories"]):
        raise document.refuse("needs both elements and categories for classes of segments.", "Set both, or neither.")
    events: dict[str, tuple[str, Mapping[str, Any]]] = {}
    segments: dict[str, Segment] = {}
    for video, named in content.items():
        for event_id, event in mapping(named).items():
            place = f"{video}_{event_id}"
            events[place] = (video, mapping(event))
            of_event = mapping(mapping(event).get("segments"))
            segments.update({f"{place}_{key}": (video, mapping(event), mapping(of_event[key])) for key in of_event})
        if not isinstance(named, dict) or not named:
            yield Unmapped(f"video {video}", str(named)[:60], "has no event.")
    if parameters["elements"]:
        yield Note(f"segments are rows; the {len(events)} events that they are parts of are not")
        yield from _elements(document, segments, parameters)
        return
    names = _event_names(document, str(parameters["event_names"]))
    yield Note(f"events are rows; their {len(segments)} segments are with --set elements=LIST categories=NAMES")
    for place, (video, event) in events.items():
        label = names.get(str(event.get("event")))
        if label is None:
            remedy = "Name it with --set event_names=NUMBER=NAME,..."
            yield Unmapped(place, f"event {event.get('event')}", "is of a kind that has no name.", remedy)
        else:
            yield _row(place, video, label, sequence(event.get("timestamps")), 0.0, parameters, None)


def _elements(document: Document, segments: Mapping[str, Segment], parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each segment that the lists give a class; both that lack the other are told."""
    names, shared = _category_names(companion(document, str(parameters["categories"])))
    if shared:
        # Two classes of gym99 have the same text (kennymckormick/pyskl#100): as one label they would become one class.
        yield Note(f"classes of one text have their number behind it: {', '.join(map(repr, shared))}")
    listed: set[str] = set()
    for path in filter(None, map(str.strip, str(parameters["elements"]).split(","))):
        listing = companion(document, path)
        for line, text in enumerate(listing.text.splitlines(), 1):
            element = _ELEMENT.fullmatch(text.strip())
            place, label = (element[1], names.get(int(element[2]))) if element else ("", None)
            fault = "is no element and number." if element is None else ""
            fault = fault or ("has a number that the categories lack." if label is None else "")
            fault = fault or ("is not among the annotations." if place not in segments else "")
            fault = fault or ("is listed twice." if place in listed else "")
            if fault and text.strip():
                remedy = "Are list, categories and annotations of one version?"
                yield Unmapped(f"{listing.name} line {line}", text[:60], fault, remedy)
            elif label is not None and not fault:
                listed.add(place)
                yield _of_event(place, segments[place], label, parameters, listing.name)
    for place in segments:
        if place not in listed:
            yield Unmapped(place, "segment", "has no class in the lists of elements.")


def _of_event(place: str, of_event: Segment, label: str, parameters: Parameters, note: str) -> Entry:
    """Return the row of a segment, whose times count from the beginning of its event."""
    # Event [[2184.1, 2237.3]], segment [[35.0, 36.2]]: 2219.1 to 2220.3 s of the video. A vault has three stages, one
    # after another, and lasts from the first's beginning to the last's end.
    video, event, segment = of_event
    first_span = next(iter(sequence(event.get("timestamps"))), None)
    start = first_span[0] if isinstance(first_span, list) and first_span else None
    if not is_time(start):
        return Unmapped(place, f"{label!r}", "belongs to an event that has no beginning.", "Correct the times.")
    return _row(place, video, label, sequence(segment.get("timestamps")), start, parameters, note)


def _row(
    place: str, video: str, label: str, times: Any, offset_s: float, parameters: Parameters, note: str | None
) -> Entry:
    """Return the row of stretches of time that follow each other; `offset_s` is added to them."""
    ends = [pair for pair in times if isinstance(pair, list) and len(pair) == 2]
    if not ends or len(ends) < len(times):
        return Unmapped(place, f"{label!r}", "has no pair of times.", "Correct the times.")
    start, end = ends[0][0], ends[-1][1]
    if is_time(start) and is_time(end):
        start, end = start + offset_s, end + offset_s
    segment = span(place, label, start, end)
    return segment if isinstance(segment, Unmapped) else row_of(place, video, label, segment, parameters, note=note)


def _event_names(document: Document, text: str) -> dict[str, str]:
    """Return number of a kind of event -> its name."""
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if any(not number.strip().isdecimal() or not name.strip() for number, _, name in pairs):
        raise document.refuse(f"event_names is {text[:60]!r}.", "Write 1=Vault,2=Floor exercise.")
    return {number.strip(): name.strip() for number, _, name in pairs}


def _category_names(categories: Document) -> tuple[dict[int, str], list[str]]:
    """Return (number of a class -> its name, texts that several classes have); those get their number behind them."""
    # Clabel:   0; set:   1; Glabel:   1; (VT) round-off, flic-flac with 0.5 turn on, ...
    texts = {int(number): text.strip() for number, text in _CATEGORY.findall(categories.text)}
    if not texts:
        raise categories.refuse("holds no class.", "Its lines are Clabel: 0; set: 1; Glabel: 1; (VT) round-off, ...")
    counts = Counter(texts.values())
    names = {number: f"{text} ({number})" if counts[text] > 1 else text for number, text in texts.items()}
    return names, sorted(text for text, count in counts.items() if count > 1)


def _is_video(events: Any) -> bool:
    return (
        isinstance(events, dict)
        and bool(events)
        and all(
            _EVENT.fullmatch(key) and isinstance(mapping(event).get("timestamps"), list)
            for key, event in events.items()
        )
    )
