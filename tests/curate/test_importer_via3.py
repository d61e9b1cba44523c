"""VIA 3 projects: an entry is joined with its file by its view, and only a labelled segment of one video is a row."""

from pathlib import Path
from typing import Any

import pytest
from imports import as_json, read

from slateboard.errors import BadInput


def test_via_joins_a_segment_with_its_file_by_its_view(realdata: Path) -> None:
    rows, _ = read(realdata / "annotations/via3_temporal_segments.json", "via3", {"media_folder": "echo/"})
    name = "echo/01NVb-003-072-2 echo cont.mp4"
    assert [(row.url, row.group, row.label) for row in rows] == [(name, name, "4CV_NP")] * 3
    assert [(row.start_s, row.end_s) for row in rows] == [
        (354.04942, 359.17442),
        (466.50775, 468.82025),
        (470.216, 472.27858),
    ]


def _via(**metadata: Any) -> dict[str, Any]:
    return {
        "project": {"vid_list": ["7"]},
        "config": {"file": {"loc_prefix": {"2": "https://x.org/"}}},
        "attribute": {"1": {"aname": "act", "anchor_id": "FILE1_Z2_XY0", "type": 4, "options": {"0": "Kick"}}},
        "file": {
            "3": {"fid": "3", "fname": "a b.mp4", "type": 4, "loc": 1, "src": ""},
            "4": {"fid": "4", "fname": "n", "type": 4, "loc": 2, "src": "v.mp4"},
            "5": {"fid": "5", "fname": "p.jpg", "type": 2, "loc": 1, "src": ""},
            "6": {"fid": "6", "fname": "", "type": 4, "loc": 1, "src": ""},
        },
        "view": {
            "7": {"fid_list": ["3"]},
            "8": {"fid_list": ["4"]},
            "9": {"fid_list": ["5"]},
            "10": {"fid_list": ["6"]},
            "11": {"fid_list": ["3", "4"]},
        },
        "metadata": {
            key: {"vid": "7", "z": [1, 2], "xy": [], "av": {"1": "0"}} | value for key, value in metadata.items()
        },
    }


def test_via_options_are_looked_up_and_other_texts_kept(tmp_path: Path) -> None:
    file = _via(
        option={}, text={"av": {"1": "Round kick"}}, web={"vid": "8"}, region={"xy": [2, 1, 1, 5, 5], "z": [3, 4]}
    )
    rows, told = read(as_json(tmp_path, file), "via3")
    assert told == []
    assert [(row.url, row.label) for row in rows] == [
        ("a b.mp4", "Kick"),
        ("a b.mp4", "Round kick"),
        ("https://x.org/v.mp4", "Kick"),
        ("a b.mp4", "Kick"),
    ]
    assert [row.changed for row in rows] == ["", "", "", "its region in the picture is not kept"]


def test_via_entries_that_are_no_labelled_segment_of_one_video_are_told(tmp_path: Path) -> None:
    file = _via(
        moment={"z": [3.5]},
        still={"z": []},
        backwards={"z": [3, 2]},
        image={"vid": "9"},
        nameless={"vid": "10"},
        two={"vid": "11"},
        lost={"vid": "99"},
        unlabelled={"av": {}},
        damaged={"z": "1,2"},
        words={"z": ["a", 2]},
    )
    rows, told = read(as_json(tmp_path, file), "via3")
    assert rows == []
    assert {one.where.removeprefix("metadata "): one.why for one in told} == {
        "moment": "marks one moment, not a segment.",
        "still": "marks a still, not a segment.",
        "backwards": "ends before it begins.",
        "image": "is no video.",
        "nameless": "has no name.",
        "two": "shows 2 files, not one.",
        "lost": "shows 0 files, not one.",
        "unlabelled": "has no label.",
        "damaged": "is damaged: no times or values.",
        "words": "has times that are no numbers.",
    }


def test_via_asks_for_the_attribute_where_several_may_hold_the_class(tmp_path: Path) -> None:
    file = _via(one={"av": {"1": "0", "2": "good"}})
    file["attribute"]["2"] = {"aname": "quality", "anchor_id": "FILE1_Z2_XY0", "type": 1}
    with pytest.raises(
        BadInput, match=r"2 attributes that may hold the class: 'act', 'quality'. Choose one with --set"
    ):
        read(as_json(tmp_path, file), "via3")
    assert [row.label for row in read(tmp_path / "file.json", "via3", {"attribute": "quality"})[0]] == ["good"]
    with pytest.raises(BadInput, match="Did you mean 'quality'"):
        read(tmp_path / "file.json", "via3", {"attribute": "qualty"})


def test_via_checkboxes_with_several_marks_are_told(tmp_path: Path) -> None:
    file = _via(both={"av": {"1": "0,1"}}, one={"av": {"1": "0"}})
    file["attribute"]["1"] |= {"type": 2, "options": {"0": "Kick", "1": "Jump"}}
    rows, told = read(as_json(tmp_path, file), "via3")
    assert ([row.label for row in rows], [(one.what, one.why) for one in told]) == (
        ["Kick"],
        [("Kick, Jump", "has several labels at once.")],
    )
