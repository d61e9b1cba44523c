"""AVA and AVA-Kinetics: CSV of boxes around people in frames a second apart; a row for each second and action."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from curate.listing.annotations import URL_TEMPLATE, check_template, companion, number, row_of, span
from curate.listing.document import Document
from curate.listing.rows import Entry, Note, Unmapped
from slateboard.errors import BadInput, Problem
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="AVA",
    source="research.google.com/ava: ava_train_v2.2.csv, ava_action_list_v2.2.pbtxt; Gu et al. 2018, section 3",
    parameters={
        "labels": Parameter("", "-", "the map of actions, ava_action_list_v2.2.pbtxt, beside the file; required"),
        "window_s": Parameter(1.0, "seconds", "around each annotated frame; AVA annotates one frame a second"),
        "url_template": URL_TEMPLATE,
    },
)
_FIRST = re.compile(r"[^,/\s]+,\d+(?:\.\d+)?(?:,[01]?\.\d+|,[01])(?:,[01]?\.\d+|,[01]){3},\d{1,3}(?:,\d+)?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_ITEM = re.compile(r"(?:label|item)\s*\{([^}]*)\}")
_NAME = re.compile(r"name:\s*\"([^\"]*)\"")
_NUMBER = re.compile(r"\b(?:label_)?id:\s*(\d{1,6})\b")


def recognises(document: Document) -> bool:
    """True for CSV without header whose first row is a video, a second, a box within 0..1, an action and a person."""
    first_line = document.text[:1000].splitlines()[:1]
    return bool(first_line) and _FIRST.fullmatch(first_line[0].strip()) is not None


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each annotated frame and action, and say how many boxes it stands for."""
    check_template(parameters, name=document.name)
    window = float(parameters["window_s"])
    if not 0 < window < 1e6:
        raise document.refuse(f"window_s is {window:g}.", "Give the seconds around each frame, such as 1.")
    names = _action_names(document, str(parameters["labels"]))
    people: dict[tuple[str, float, str], list[str]] = {}
    for line, cells in chain([(1, document.header)], document.records()):
        where = f"line {line}"
        fault = _fault(cells)
        name = "" if fault else names.get(int(cells[6]), "")
        if not name:
            why = fault or f"is of action {cells[6]}, which the map of labels lacks."
            yield Unmapped(where, ",".join(cells), why, "" if fault == "has no action." else "Correct the line.")
        else:
            people.setdefault((cells[0], float(cells[1]), name), []).append(where)
    yield Note(f"an annotated frame stands for {window:g} s around it")
    for (video, time, label), places in people.items():
        # Second 902 with a window of 1 s: 901.5 to 902.5 s, so that the frames of a video, 1 s apart, share none.
        segment = span(places[0], label, max(time - window / 2, 0.0), time + window / 2)
        if isinstance(segment, Unmapped):
            yield segment
            continue
        boxes = "its box is not kept" if len(places) == 1 else f"its {len(places)} boxes are not kept"
        row = row_of(places[0], video, label, segment, parameters, note=None)
        yield row if isinstance(row, Unmapped) else replace(row, changed=boxes)


def _fault(cells: list[str]) -> str:
    """Return what is wrong with a row; empty where nothing is."""
    # AVA-Kinetics lists a frame without action as video,second. Version 1.0 of AVA has no person at the end.
    if len(cells) == 2 and cells[0] and isinstance(number(cells[1]), float):
        return "has no action."
    numbers = all(isinstance(number(cell), float) for cell in cells[1:])
    is_whole = len(cells) in (7, 8) and all(_WHOLE.fullmatch(cell) for cell in cells[6:])
    return "" if numbers and is_whole and cells[0] and 0 <= float(cells[1]) < 1e9 else "is a damaged row."


def _action_names(document: Document, path: str) -> dict[int, str]:
    """Return number of an action -> its name, from the map of labels (protocol buffer text)."""
    if not path:
        remedy = "Give the map of its actions: --set labels=ava_action_list_v2.2.pbtxt."
        raise BadInput([Problem(document.name, "names actions by numbers.", remedy)])
    labels = companion(document, path)
    names: dict[int, str] = {}
    for item in _ITEM.findall(labels.text):
        name, action = _NAME.search(item), _NUMBER.search(item)
        if name and action:
            names[int(action[1])] = name[1].strip()
    if not names:
        raise labels.refuse("holds no action.", 'It has blocks such as label { name: "stand" label_id: 12 }.')
    return names
