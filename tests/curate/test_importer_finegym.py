"""FineGym: events, or segments that the lists of elements give a class; times of segments count from their event."""

from pathlib import Path
from typing import Any

import pytest
from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess
from slateboard.errors import BadInput

CATEGORIES = """Clabel:   0; set:  1; Glabel:   1; (VT) round-off, flic-flac 0.5 turn on, stret salto-f 0.5 turn off
Clabel:  58; set: 33; Glabel: 290; (BB) salto-b tuck
Clabel:  70; set: 35; Glabel: 359; (BB) salto-b tuck
Clabel:  77; set: 41; Glabel: 411; (UB) giant circle backward 1 turn to handstand
"""
LIST = """0LtLS9wROrk_E_002407_002435_A_0003_0005 77
0LtLS9wROrk_E_000010_000020_A_0000_0007 0
0LtLS9wROrk_E_002407_002435_A_0009_0011 58
0LtLS9wROrk_E_002407_002435_A_0009_0011 70
0LtLS9wROrk_E_002407_002435_A_0009_0011 99
0LtLS9wROrk_E_000000_000001_A_0000_0001 0
nonsense
"""


def _events(**more: Any) -> dict[str, Any]:
    """The form that open-mmlab/mmaction2, tools/data/gym/trim_event.py and trim_subaction.py, reads."""
    vault = {"stages": 3, "timestamps": [[0.5, 2.0], [2.0, 3.1], [3.1, 7.0]]}
    segments = {
        "A_0003_0005": {"stages": 1, "timestamps": [[3.1, 5.25]]},
        "A_0009_0011": {"stages": 1, "timestamps": [[9.0, 11.0]]},
        "A_0012_0013": {"stages": 1, "timestamps": [[12.0, 13.0]]},
    }
    return {
        "E_002407_002435": {"event": 4, "segments": segments, "timestamps": [[2407.32, 2435.28]]},
        "E_000010_000020": {"event": 1, "segments": {"A_0000_0007": vault}, "timestamps": [[10.0, 20.0]]},
        "E_000030_000040": {"event": 7, "segments": None, "timestamps": [[30.0, 40.0]]},
        **more,
    }


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    (tmp_path / "gym99_categories.txt").write_text(CATEGORIES)
    (tmp_path / "gym99_train.txt").write_text(LIST)
    return as_json(tmp_path, {"0LtLS9wROrk": _events()})


def test_events_are_rows_with_the_name_of_their_kind(annotated: Path) -> None:
    """SDOlivia/FineGym#1: events of men have no segments ("segments": null), and numbers without published names."""
    assert guess(Document(annotated)) == "finegym"
    rows, told = read(annotated, "finegym")
    assert [(row.url[-11:], row.label, row.start_s, row.end_s, row.group) for row in rows] == [
        ("0LtLS9wROrk", "Uneven bars", 2407.32, 2435.28, "0LtLS9wROrk"),
        ("0LtLS9wROrk", "Vault", 10.0, 20.0, "0LtLS9wROrk"),
    ]
    assert [(one.what, one.why) for one in told] == [("event 7", "is of a kind that has no name.")]
    rows, told = read(annotated, "finegym", {"event_names": "7=Pommel horse"})
    assert ([row.label for row in rows], len(told)) == (["Pommel horse"], 2)


def test_segments_are_rows_where_the_lists_give_them_a_class(annotated: Path) -> None:
    """SDOlivia/FineGym#7: segments that no list has; kennymckormick/pyskl#100: two classes with the same text."""
    given = {"elements": "gym99_train.txt", "categories": "gym99_categories.txt"}
    rows, told = read(annotated, "finegym", given)
    assert [(row.label, row.start_s, row.end_s, row.note) for row in rows] == [
        ("(UB) giant circle backward 1 turn to handstand", 2410.42, 2412.57, "gym99_train.txt"),
        ("(VT) round-off, flic-flac 0.5 turn on, stret salto-f 0.5 turn off", 10.5, 17.0, "gym99_train.txt"),
        ("(BB) salto-b tuck (58)", 2416.32, 2418.32, "gym99_train.txt"),
    ]
    assert [(one.where, one.why) for one in told] == [
        ("gym99_train.txt line 4", "is listed twice."),
        ("gym99_train.txt line 5", "has a number that the categories lack."),
        ("gym99_train.txt line 6", "is not among the annotations."),
        ("gym99_train.txt line 7", "is no element and number."),
        ("0LtLS9wROrk_E_002407_002435_A_0012_0013", "has no class in the lists of elements."),
    ]


def test_what_the_classes_need_is_asked_for(annotated: Path) -> None:
    with pytest.raises(BadInput, match="needs both elements and categories"):
        read(annotated, "finegym", {"elements": "gym99_train.txt"})
    with pytest.raises(BadInput, match=r"gym99_train\.txt: holds no class"):
        read(annotated, "finegym", {"elements": "gym99_train.txt", "categories": "gym99_train.txt"})
    with pytest.raises(BadInput, match="event_names is 'Vault'"):
        read(annotated, "finegym", {"event_names": "Vault"})


@pytest.mark.parametrize("times", [[], [[1]], [["a", 2]], [[1, 10**400]], [3], [[5, 2]], [[None, 2]], {}])
def test_times_that_are_none_cost_their_event(tmp_path: Path, times) -> None:
    path = as_json(tmp_path, {"0LtLS9wROrk": _events(E_1_2={"event": 2, "segments": {}, "timestamps": times})})
    rows, told = read(path, "finegym")
    assert (len(rows), len(told)) == (2, 2)
