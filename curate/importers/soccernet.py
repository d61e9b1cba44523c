"""SoccerNet: events and camera shots of a match, whose halves are two videos; times are milliseconds of the half."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.listing.annotations import MEDIA_FOLDER, TAKE, Span, in_folder, mapping, sequence, span, takes_predictions
from curate.listing.document import Document
from curate.listing.rows import Entry, Note, SourceRow, Unmapped
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="SoccerNet",
    source="SilvioGiancola/SoccerNetv2-DevKit: Labels-v2.json, Labels-cameras.json, results_spotting.json",
    parameters={
        "window_s": Parameter(5.0, "seconds", "around the moment of an event; 5 is the narrowest window of its score"),
        "video_template": Parameter(
            "{game}/{half}_720p.mkv", "-", "path of a video; {game} is UrlLocal of the file, {half} 1 or 2"
        ),
        "take": TAKE,
        "media_folder": MEDIA_FOLDER,
    },
)
_GAME_TIME = re.compile(r"\s*([1-9])\s*-\s*(\d{1,4}):(\d{2})\s*")
_APART_S = 1.5
"""gameTime is cut to whole seconds: 12:34 and 754,900 ms agree, and rounding up would give 12:35."""


@dataclass(frozen=True)
class _Moment:
    """One annotation that has a half and a time in its video."""

    where: str
    half: str
    time_s: float
    label: str
    annotation: Mapping[str, Any]


def recognises(document: Document) -> bool:
    """True for JSON with the place of a match and annotations or predictions that have a gameTime."""
    content = mapping(document.json_or_none)
    entries = [*sequence(content.get("annotations")), *sequence(content.get("predictions"))]
    return "UrlLocal" in content and bool(entries) and all("gameTime" in mapping(entry) for entry in entries)


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for the window around each event, and for each camera shot."""
    predicted = takes_predictions(parameters, name=document.name)
    window = float(parameters["window_s"])
    if not 0 < window < 1e6:
        raise document.refuse(f"window_s is {window:g}.", "Give the seconds around each event, such as 5.")
    content = document.json
    if not isinstance(content, dict) or "UrlLocal" not in content:
        raise document.refuse("is no match of SoccerNet.", "It has UrlLocal and annotations.")
    # Version 3 parts the folders of UrlLocal by backslashes.
    game = str(content["UrlLocal"] or "").replace("\\", "/").rstrip("/")
    moments = []
    for key in ("annotations", "predictions"):
        for number, annotation in enumerate(sequence(content.get(key)), 1):
            moment = _moment(f"{key[:-1]} {number}", mapping(annotation))
            if isinstance(moment, Unmapped):
                yield moment
            elif (key == "predictions") != predicted:
                yield Unmapped(moment.where, moment.label, f"is one of the {key}.", f"--set take={key} takes them.")
            elif not game:
                yield Unmapped(moment.where, moment.label, "names no match.", "Give UrlLocal in the file.")
            else:
                moments.append(moment)
    if any("change_type" not in moment.annotation for moment in moments):
        yield Note(f"an event is a moment, and stands for {window:g} s around it")
    for moment, segment in _segments(moments, window):
        yield segment if isinstance(segment, Unmapped) else _row(moment, segment, game, parameters)


def _moment(where: str, annotation: Mapping[str, Any]) -> _Moment | Unmapped:
    """Return an annotation with its half and time, or why it has none."""
    name, game_time = annotation.get("label"), str(annotation.get("gameTime"))[:40]
    label = name.strip() if isinstance(name, str) else ""
    what = f"{label!r} {game_time}"
    clock = _GAME_TIME.fullmatch(game_time)
    if not label:
        return Unmapped(where, what, "has no label.")
    if clock is None:
        return Unmapped(where, what, "has a gameTime that is no half and time.", "Write it as 1 - 12:34.")
    time_s = int(clock[2]) * 60.0 + int(clock[3])
    # `position` is milliseconds of the half's video; the first version of SoccerNet has gameTime alone.
    position = str(annotation.get("position", "")).strip()
    if position and not re.fullmatch(r"\d{1,9}(?:\.\d+)?", position):
        return Unmapped(where, what, f"has the position {position[:20]!r}, which is no time.", "Correct it.")
    if position and abs(float(position) / 1000 - time_s) > _APART_S:
        why = f"has a position of {float(position) / 1000:g} s, which its gameTime contradicts."
        return Unmapped(where, what, why, "Correct one of the two.")
    if str(annotation.get("visibility", "visible")).strip() == "not shown":
        return Unmapped(where, what, "is not shown in the video.")
    return _Moment(where, clock[1], float(position) / 1000 if position else time_s, label, annotation)


def _segments(moments: Sequence[_Moment], window: float) -> Iterator[tuple[_Moment, Span | Unmapped]]:
    """Yield each annotation with its segment: the window around an event, the shot that a camera change ends."""
    begun: dict[str, float] = {}
    for moment in sorted(moments, key=lambda moment: (moment.half, moment.time_s)):
        if "change_type" in moment.annotation:
            # The label is that of the shot before the change (dev kit: oneHotToAlllabels fills backwards), which begins
            # at the change before, the first of a half at 0 s.
            yield moment, span(moment.where, moment.label, begun.get(moment.half, 0.0), moment.time_s)
            begun[moment.half] = moment.time_s
        else:
            start = max(moment.time_s - window / 2, 0.0)
            yield moment, span(moment.where, moment.label, start, moment.time_s + window / 2)


def _row(moment: _Moment, segment: Span, game: str, parameters: Parameters) -> SourceRow:
    """Return the row of an event or a shot; both halves of a match are one group."""
    path = str(parameters["video_template"]).replace("{game}", game).replace("{half}", moment.half)
    values = (moment.annotation.get(key) for key in ("team", "change_type", "replay"))
    note = ", ".join(str(text) for text in values if isinstance(text, str) and text and text != "not applicable")
    url = in_folder(path, parameters)
    return SourceRow(moment.where, url, moment.label, segment.start_s, segment.end_s, group=game, note=note or None)
