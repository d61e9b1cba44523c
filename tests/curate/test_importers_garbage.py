"""Whatever a file of annotations holds, an importer gives rows, what it could not map, or BadInput; never a crash."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.listing.cells import read_row, write_row
from curate.listing.document import Document
from curate.listing.importing import guess
from curate.listing.rows import Note, SourceRow, Unmapped
from curate.listing.sources import IMPORTERS
from slateboard.errors import BadInput

_VALUE = {"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["kick"]}
_REGIONS = [
    {"type": "timelinelabels", "value": _VALUE, "to_name": "video", "from_name": "a"},
    {"type": "labels", "value": {"start": 1.0, "end": 2.0, "labels": ["kick"]}, "original_length": 9.5},
    {"type": "taxonomy", "value": {"taxonomy": [["a", "b"]]}, "to_name": "video"},
    {"type": "choices", "value": {"choices": ["a"]}, "to_name": "video"},
]
_EVENT = {"event": 1, "segments": {"A_0_1": {"stages": 1, "timestamps": [[0.5, 1]]}}, "timestamps": [[1.5, 9]]}
VALID = {
    "activitynet": {"database": {"A1b2C3d4E5f": {"duration": "9", "annotations": [{"label": "a", "segment": [0, 1]}]}}},
    "finegym": {"A1b2C3d4E5f": {"E_1_2": _EVENT}},
    "kinetics": {"A1b2C3d4E5f": {"annotations": {"label": "a", "segment": [0, 1]}, "subset": "x", "duration": 1.0}},
    "label_studio": [
        {
            "id": 1,
            "data": {"video": "a.mp4", "fps": 30},
            "annotations": [{"id": 2, "completed_by": {"id": 1}, "result": _REGIONS, "ground_truth": True}],
            "predictions": [{"result": _REGIONS[:1]}],
            "project": {"label_config": '<Video name="video" value="$video" frameRate="$fps"/>'},
        },
        {
            "id": 2,
            "video": "b.mp4",
            "tl": [_VALUE],
            "annotator": 1,
            "annotation_id": 3,
            "sport": ["x", {"choices": []}],
        },
    ],
    "soccernet": {
        "UrlLocal": "e/g",
        "annotations": [
            {"gameTime": "1 - 00:10", "label": "Foul", "position": "10000", "visibility": "visible", "team": "home"},
            {"gameTime": "2 - 00:10", "label": "Main", "position": "10000", "change_type": "logo", "replay": "replay"},
        ],
        "predictions": [{"gameTime": "1 - 00:10", "label": "Foul", "position": "10000"}],
    },
    "via3": {
        "project": {"vid_list": ["7"]},
        "config": {"file": {"loc_prefix": {"2": "https://x.org/"}}},
        "attribute": {"1": {"aname": "act", "anchor_id": "FILE1_Z2_XY0", "type": 2, "options": {"0": "Kick"}}},
        "file": {"3": {"fid": "3", "fname": "a b.mp4", "type": 4, "loc": 2, "src": "x.mp4"}},
        "view": {"7": {"fid_list": ["3"]}},
        "metadata": {"7_x": {"vid": "7", "z": [0, 2], "xy": [1], "av": {"1": "0"}}},
    },
}
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, 1, 2, 4, -1, 12.5, 1e308, 10**400, float("nan"), float("inf"), 1e-320)),
    st.sampled_from(("", "1", "1 - 12:34", "a.mp4", "$fps", "timelinelabels", "labels", "\x00", "x" * 9000, "\ud800")),
)


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the keys and indices that lead to every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(deeper for key, item in inner for deeper in _places(item, (*place, key)))]


def _altered(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """Return a value with another one at a place; as it is where the place is no more."""
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else None
    key = place[0]
    if copy is None or (key not in copy if isinstance(copy, dict) else not isinstance(key, int) or key >= len(copy)):
        return value
    copy[key] = _altered(copy[key], place[1:], new)
    return copy


def _check(path: Path, name: str, **given_parameters: Any) -> None:
    """Run an importer as `curate import` does, up to the writing of rows."""
    module = IMPORTERS.load(name)
    document = Document(path)
    try:
        module.recognises(document)
        entries = list(module.rows(document, module.CARD.settle(given_parameters, where=name)))
    except BadInput as error:
        assert error.problems
        return
    for entry in entries:
        assert isinstance(entry, SourceRow | Unmapped | Note)
        if isinstance(entry, SourceRow):
            read_row(write_row(entry), where=entry.where)


@pytest.mark.parametrize("name", VALID)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_is_rows_or_is_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = VALID[name]
    for place in data.draw(st.lists(st.sampled_from(_places(content)[1:]), min_size=1, max_size=3)):
        content = _altered(content, place, data.draw(LEAVES | st.sampled_from(([], {}, [[]], {"a": {}}, [1, [2]]))))
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(content), "utf-8")
    _check(path, name)
    if name == "label_studio":
        _check(path, name, control="sport", take="predictions", video="v.mp4")


@pytest.mark.parametrize("name", VALID)
def test_what_is_altered_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(VALID[name]), "utf-8")
    assert guess(Document(path)) == name
    module = IMPORTERS.load(name)
    entries = list(module.rows(Document(path), module.CARD.settle({}, where=name)))
    assert any(isinstance(entry, SourceRow) for entry in entries)


CELLS = st.sampled_from(
    [
        *'a1#é"\x00',
        "",
        "A1b2C3d4E5f",
        "0902",
        "1.5",
        "0.1",
        "-1",
        "1e999",
        "nan",
        "9" * 400,
        "[1,2]",
        '{"1":"x"}',
        '["a"]',
    ]
)
HEADERS = {
    "ava": "A1b2C3d4E5f,0902,0.1,0.1,0.9,0.9,11,0",
    "hacs": "classname,youtube_id,subset,start,end,label",
    "kinetics": "label,youtube_id,time_start,time_end,split",
    "label_studio": "annotation_id,annotator,created_at,id,lead_time,tl,updated_at,video",
    "via3": "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata",
}


@pytest.mark.parametrize("name", HEADERS)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.lists(CELLS, max_size=9), max_size=5))
def test_any_table_is_rows_or_is_refused(tmp_path: Path, name: str, lines: list[list[str]]) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("\n".join([HEADERS[name], *map(",".join, lines)]), "utf-8")
    (tmp_path / "labels.pbtxt").write_text('label { name: "sit" label_id: 1 }')
    _check(path, name, **({"labels": "labels.pbtxt"} if name == "ava" else {}))


PARTS = st.sampled_from(("1", "8", "x", "", "999999999999", "-1", "9" * 400, "a.mp4", "step=2", "step=999999999"))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PARTS, min_size=9, max_size=9), is_project=st.booleans())
def test_any_tracks_are_rows_or_are_refused(tmp_path: Path, parts: list[str], is_project: bool) -> None:
    number, size, start, stop, step, source, first, last, of_task = parts
    task = (
        f"<task><id>{number}</id><size>{size}</size><start_frame>{start}</start_frame><stop_frame>{stop}</stop_frame>"
        f"<frame_filter>{step}</frame_filter><source>{source}</source></task>"
    )
    head = f"<project><tasks>{task * 2}</tasks></project>" if is_project else task
    track = (
        f'<track id="0" label="a" task_id="{of_task}"><box frame="{first}" outside="0"/><box frame="{last}"/></track>'
    )
    path = tmp_path / "theirs.xml"
    path.write_text(f"<annotations><meta>{head}</meta>{track}</annotations>")
    _check(path, "cvat", frame_rate_hz=25.0)
