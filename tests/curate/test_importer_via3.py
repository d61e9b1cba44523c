"""VIA 3 projects: an entry is joined with its file by its view, and only a labelled segment of one video is a row."""

from pathlib import Path
from typing import Any

import pytest
from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess
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


CSV = r"""# Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)
# Notes:
# - metadata of {""1"":""3""} indicates attribute with id "1" set to an attribute option with id "3"
# SHAPE_ID = {"POINT":1,"RECTANGLE":2}
# ATTRIBUTE = {"3":{"aname":"Scene","anchor_id":"FILE1_Z2_XY0","type":4,"options":{"0":"Kick, high"}}}
# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata
"1_j5sJvB9h","[""chimie française.mp4""]",0,"[1.124,5.31493]","[]","{""3"":""0""}"
"1_zYQJk2sM","[""chimie française.mp4""]",0,"[2.41892]","[2,162.262,176.21971,639.45,192.49481]","{""3"":""0""}"
"2_a","[""https://x.org/b.mp4""]",0,"[0,2]","[2,1,1,5,5]","{""3"":""Jump""}"
"2_b","[""a.mp4"",""b.mp4""]",0,"[0,2]","[]","{""3"":""Jump""}"
"2_c","[""a.mp4""]",0,"[0,
"""


@pytest.mark.parametrize("saved_by_a_spreadsheet", [False, True])
def test_via_csv_is_read_as_its_project(tmp_path: Path, saved_by_a_spreadsheet) -> None:
    """The form of VIA's js/_via_import_export.js; the first two rows: an eye-tracking study's export of 2024."""
    path = tmp_path / "export.csv"
    lines = CSV.splitlines()
    if saved_by_a_spreadsheet:
        lines = ['"' + line.replace('"', '""') + '",,,' if line.startswith("# ATT") else line + ",,," for line in lines]
    path.write_text("\r\n".join(lines), "utf-8")
    assert guess(Document(path)) == "via3"
    rows, told = read(path, "via3", {"media_folder": "m"})
    assert [(row.where, row.url, row.label, row.start_s, row.end_s, row.changed) for row in rows] == [
        ("metadata 1_j5sJvB9h", "m/chimie française.mp4", "Kick, high", 1.124, 5.31493, ""),
        ("metadata 2_a", "https://x.org/b.mp4", "Jump", 0.0, 2.0, "its region in the picture is not kept"),
    ]
    assert {(one.where, one.why) for one in told} == {
        ("metadata 1_zYQJk2sM", "marks one moment, not a segment."),
        ("metadata 2_b", "shows 2 files, not one."),
        ("line 11", "is a damaged row."),
    }


def test_via_csv_without_comments_asks_which_attribute_holds_the_class(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    header = "metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"
    path.write_text(f'{header}\n"1","[""a.mp4""]",0,"[0,2]","[]","{{""1"":""x"",""2"":""Kick""}}"\n')
    assert guess(Document(path)) == "via3"
    with pytest.raises(BadInput, match=r"has 2 attributes that may hold the class"):
        read(path, "via3")
    assert [row.label for row in read(path, "via3", {"attribute": "2"})[0]] == ["Kick"]
