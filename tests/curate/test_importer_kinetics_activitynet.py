"""Kinetics and ActivityNet lists: ids become addresses and groups, segments outside the video are clipped and told."""

from pathlib import Path

import pytest
from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess
from slateboard.errors import BadInput


def test_kinetics_ids_become_addresses_and_groups(realdata: Path) -> None:
    rows, _ = read(realdata / "annotations/kinetics400_val.csv", "kinetics")
    first, second = rows[:2]
    assert (first.url, first.group) == ("https://www.youtube.com/watch?v=--dVV4_CSvw", "--dVV4_CSvw")
    assert (first.label, first.start_s, first.end_s, first.note) == ("bowling", 33.0, 43.0, "split val")
    assert (first.licence, second.licence) == ("Creative Commons", None)
    assert sum(row.licence is not None for row in rows) == 6


def test_damaged_kinetics_rows_are_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text(
        'label,youtube_id,time_start,time_end,split,is_cc\r\n"juggling, balls",-jOClYqKtE8,3,13,val,0\r\n'
        "bowling,5Vu8HJ__eMg,277\r\nbowling,5Vu8HJ__eMg,x,13,val,0\r\n,5Vu8HJ__eMg,3,13,val,0\r\n"
        "bowling,,3,13,val,0\r\nbowling,5Vu8HJ__eMg,3,3,val,0\r\nbowling,5Vu8HJ__eMg,3,nan,val,0\r\n"
    )
    rows, told = read(path, "kinetics")
    assert [(row.where, row.label) for row in rows] == [("line 2", "juggling, balls")]
    assert {one.where: one.why for one in told} == {
        "line 3": "is a damaged row.",
        "line 4": "has times that are no numbers.",
        "line 5": "has no label.",
        "line 6": "names no video.",
        "line 7": "has no length.",
        "line 8": "has times that are no numbers.",
    }


def test_activitynet_segments_outside_the_duration_are_clipped_and_told(tmp_path: Path) -> None:
    segments = [[1, 5], [8, 12.5], [-1, 2], [10, 12], [-3, -1], [4, 4]]
    entry = {"duration": 10.0, "subset": "training", "annotations": [{"label": "a", "segment": s} for s in segments]}
    path = as_json(tmp_path, {"database": {"v_-jOClYqKtE8": entry}})
    rows, told = read(path, "activitynet")
    assert [(row.start_s, row.end_s, row.changed) for row in rows] == [
        (1.0, 5.0, ""),
        (8.0, 10.0, "end 12.5 s clipped to the duration 10 s"),
        (0.0, 2.0, "start -1 s clipped to 0 s"),
    ]
    assert [one.why for one in told] == [
        "begins after the video's end.",
        "ends before the video begins.",
        "has no length.",
    ]
    assert {(row.url, row.group) for row in rows} == {("https://www.youtube.com/watch?v=-jOClYqKtE8", "-jOClYqKtE8")}


def test_activitynet_entries_without_annotation_label_or_pair_are_told(tmp_path: Path) -> None:
    database = {
        "a": {"subset": "testing", "annotations": []},
        "b": {"annotations": [{"segment": [1, 2]}, {"label": "x", "segment": [1]}, "x"]},
        "c": 7,
        "d": {"subset": "testing"},
    }
    path = as_json(tmp_path, {"database": database})
    rows, told = read(path, "activitynet", {"url_template": "m/{id}.mp4"})
    assert (rows, [one.why for one in told]) == (
        [],
        [
            "has no annotation.",
            "has no label.",
            "has a segment that is no pair of times.",
            "is no annotation.",
            "is no entry of a video.",
            "has no annotation.",
        ],
    )


def test_a_video_without_results_is_told(tmp_path: Path) -> None:
    path = as_json(
        tmp_path, {"version": "1.3", "results": {"a": [], "b": None, "c": [{"label": "x", "segment": [0, 1]}]}}
    )
    given = {"take": "predictions", "url_template": "{id}.mp4"}
    rows, told = read(path, "activitynet", given)
    assert ([row.url for row in rows], [(one.where, one.why) for one in told]) == (
        ["c.mp4"],
        [("video a", "has no annotation."), ("video b", "has no annotation.")],
    )


def test_one_label_a_video_is_the_whole_video_and_ucf101_names_give_the_recording(realdata: Path) -> None:
    path = realdata / "annotations/activitynet_style_ucf101.json"
    rows, _ = read(path, "activitynet", {"url_template": "ucf/{label}/{id}.avi"})
    assert (rows[0].url, rows[0].start_s, rows[0].end_s) == ("ucf/Basketball/v_Basketball_g08_c01.avi", None, None)
    assert rows[0].group == rows[1].group == "v_Basketball_g08"


def test_a_video_that_a_file_lists_twice_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('{"database": {"a": {"annotations": []}, "a": {"annotations": []}}}')
    with pytest.raises(BadInput, match="the key 'a' occurs twice in one object"):
        read(path, "activitynet")


@pytest.mark.parametrize(("name", "given"), [("kinetics", {"url_template": "x"}), ("activitynet", {"take": "all"})])
def test_a_parameter_that_makes_no_sense_is_refused(tmp_path: Path, name: str, given: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=f"{next(iter(given))} "):
        read(as_json(tmp_path, {"database": {}}), name, given)


def test_a_duration_of_kinetics_is_its_segments_and_clips_none(tmp_path: Path) -> None:
    """The JSON of kinetics700_2020: "duration": 10.0 beside "segment": [84.0, 94.0]; its test list has no labels."""
    entry = {"annotations": {"label": "testifying", "segment": [84.0, 94.0]}, "duration": 10.0, "subset": "validate"}
    unlabelled = {"annotations": {"segment": [5.0, 15.0]}, "duration": 10.0, "subset": "test"}
    path = as_json(tmp_path, {"---QUuC4vJs": entry, "--07WQ2iBlw": unlabelled})
    assert guess(Document(path)) == "kinetics"
    rows, told = read(path, "kinetics")
    assert [(row.label, row.start_s, row.end_s, row.changed, row.note) for row in rows] == [
        ("testifying", 84.0, 94.0, "", "split validate")
    ]
    assert [one.why for one in told] == ["has no label."]


def test_segments_of_no_length_are_told_and_short_ones_are_kept(tmp_path: Path) -> None:
    """activitynet/ActivityNet#56: annotations from 0 to 0 s and from 0.01 to 0.02 s."""
    annotations = [{"label": "Washing hands", "segment": [0, 0]}, {"label": "Running", "segment": [0.01, 0.02]}]
    path = as_json(tmp_path, {"database": {"ZZVrH3Hv1fM": {"duration": 20.0, "annotations": annotations}}})
    rows, told = read(path, "activitynet")
    assert [(row.label, row.start_s, row.end_s) for row in rows] == [("Running", 0.01, 0.02)]
    assert [one.why for one in told] == ["has no length."]
