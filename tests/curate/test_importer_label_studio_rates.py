"""Label Studio's tasks: each has its own video and rate, seconds and whole videos are classes too, in every export."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess
from curate.listing.rows import Note
from curate.listing.sources import IMPORTERS
from slateboard.errors import BadInput

SECOND = {"timelinelabels": ["kick"], "ranges": [{"start": 31, "end": 60}]}


def _task(number: int, data: Mapping[str, Any], *regions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": number, "data": dict(data), "annotations": [{"id": number, "result": list(regions)}], **more}


def _region(kind: str, value: Mapping[str, Any], to_name: str = "video", **more: Any) -> dict[str, Any]:
    return {"type": kind, "value": dict(value), "to_name": to_name, "from_name": kind, **more}


def _notes(path: Path, **given: Any) -> list[str]:
    module = IMPORTERS.load("label_studio")
    entries = module.rows(Document(path), module.CARD.settle(given, where="x"))
    return [entry.text for entry in entries if isinstance(entry, Note)]


@pytest.mark.parametrize(
    ("data", "start", "end"),
    [
        ({"fps": 30}, 1.0, 2.0),
        ({"framerate": "30"}, 1.0, 2.0),
        ({"frame_rate": "30000/1001"}, 1.001, 2.002),
        ({"fps": 0.04}, 1.2, 2.4),
        ({"fps": "unknown"}, 1.25, 2.5),
        ({}, 1.25, 2.5),
    ],
)
def test_frames_are_counted_at_the_rate_of_their_task(tmp_path: Path, data, start, end) -> None:
    """HumanSignal/label-studio-frontend#1141, label-studio#3315: framerate="$fps" was ignored; 0.04 is s a frame."""
    path = as_json(tmp_path, [_task(1, {"video": "a.mp4", **data}, _region("timelinelabels", SECOND))])
    ((row,), told) = read(path, "label_studio")
    assert (row.start_s, row.end_s, told) == (start, end, [])
    assert bool(row.changed) == ((start, end) == (1.25, 2.5))


def test_several_videos_of_one_export_have_their_own_rates_and_each_default_is_told(tmp_path: Path) -> None:
    """HumanSignal/label-studio#7759: one rate for a project of videos with several."""
    tasks = [
        _task(number, data, _region("timelinelabels", SECOND))
        for number, data in enumerate(
            [{"video": "a.mp4", "fps": 30}, {"video": "b.mp4", "fps": 60}, {"video": "c.mp4"}]
        )
    ]
    path = as_json(tmp_path, tasks)
    rows, _ = read(path, "label_studio")
    assert [(row.url, row.start_s) for row in rows] == [("a.mp4", 1.0), ("b.mp4", 0.5), ("c.mp4", 1.25)]
    assert [row.changed for row in rows] == ["", "", "counted at 24 frames a second, since nothing says the rate"]
    assert [note.partition(" (")[0] for note in _notes(path)] == [
        "frames of a.mp4 are counted at 30 a second",
        "frames of b.mp4 are counted at 60 a second",
        "frames of c.mp4 are counted at 24 a second",
    ]
    rows, _ = read(path, "label_studio", {"frame_rate_hz": 15.0, "video_rates_hz": "c.mp4=10,b.mp4=30000/1000"})
    assert [row.start_s for row in rows] == [2.0, 1.0, 3.0]


@pytest.mark.parametrize(
    "text", ["a.mp4=0", "a.mp4=x", "25", "=25", "d.mp4=25", "{", "[1]", '{"a.mp4": []}', "a.mp4=nan"]
)
def test_rates_that_are_none_or_of_no_video_are_refused(tmp_path: Path, text) -> None:
    path = as_json(tmp_path, [_task(1, {"video": "a.mp4"}, _region("timelinelabels", SECOND))])
    with pytest.raises(BadInput):
        read(path, "label_studio", {"video_rates_hz": text})


def test_the_configuration_says_which_field_holds_rate_and_video(tmp_path: Path) -> None:
    config = (
        '<View><Video name="left" value="$l" frameRate="$hz"/><Video name="right" value=\'$r\' framerate="50"/></View>'
    )
    regions = [_region("timelinelabels", SECOND, to_name) for to_name in ("left", "right")]
    task = _task(1, {"l": "a.mp4", "r": "b.mp4", "hz": 10, "fps": 99}, *regions)
    path = as_json(tmp_path, {"label_config": config, "tasks": [task]})
    rows, _ = read(path, "label_studio")
    assert [(row.url, row.start_s) for row in rows] == [("a.mp4", 3.0), ("b.mp4", 0.6)]
    rows, told = read(as_json(tmp_path, [task]), "label_studio")
    assert (rows, [one.why for one in told]) == ([], ["belongs to one of several videos: a.mp4, b.mp4."] * 2)


def test_segments_in_seconds_and_classes_of_whole_videos_are_rows(tmp_path: Path) -> None:
    """HumanSignal/label-studio#2630 and the audio/video template: labels with start and end; choices, taxonomy."""
    kick = {"start": 2.0, "end": 5.5, "channel": 0, "labels": ["kick"]}
    late = {"start": 19.0, "end": 22.0, "labels": ["jump"]}
    path = as_json(
        tmp_path,
        [
            _task(
                1,
                {"video": "/data/upload/3/0a1b2c3d-a.mp4"},
                _region("labels", kick, "audio", original_length=20.1),
                _region("labels", late, "audio", original_length=20.1),
                _region("choices", {"choices": ["football"]}),
                _region("choices", {"choices": ["close"], "ranges": [{"start": 1, "end": 24}]}),
            ),
            _task(2, {"video": "b.mp4"}, _region("taxonomy", {"taxonomy": [["Sport", "Football"]]})),
        ],
    )
    rows, told = read(path, "label_studio")
    assert [(row.url, row.label, row.start_s, row.end_s) for row in rows] == [
        ("a.mp4", "kick", 2.0, 5.5),
        ("a.mp4", "jump", 19.0, 20.1),
        ("a.mp4", "football", None, None),
        ("a.mp4", "close", 0.0, 1.0),
        ("b.mp4", "Sport / Football", None, None),
    ]
    assert (rows[1].changed, told) == ("end 22 s clipped to the duration 20.1 s", [])


def test_what_names_no_class_of_time_is_told_for_what_it_is(tmp_path: Path) -> None:
    regions = [
        _region("videorectangle", {"sequence": [], "labels": ["a"]}),
        _region("pairwise", {"selected": "left"}),
        _region("rating", {"rating": 4}),
        _region("labels", {"start": 0, "end": 4, "text": "Kick", "labels": ["verb"]}, "text"),
        _region("labels", {"start": 0, "labels": ["a"]}),
        _region("choices", {"choices": []}),
    ]
    rows, told = read(as_json(tmp_path, [_task(1, {"video": "a.mp4"}, *regions)]), "label_studio")
    assert (rows, [one.why for one in told]) == (
        [],
        [
            "marks a region of the picture, not a segment of time.",
            "compares two items and names no class.",
            "gives no class of a segment or a video.",
            "marks letters of a text, not a segment of time.",
            "has times that are no numbers.",
            "has no label.",
        ],
    )


def test_the_class_may_be_that_of_one_control(tmp_path: Path) -> None:
    regions = [_region("choices", {"choices": [label]}) | {"from_name": label} for label in ("sport", "good")]
    path = as_json(tmp_path, [_task(1, {"video": "a.mp4"}, *regions)])
    rows, told = read(path, "label_studio", {"control": "sport"})
    assert ([row.label for row in rows], len(told)) == (["sport"], 1)
    assert _notes(path) == ["classes are named by good, sport; --set control=NAME takes those of one"]


def test_two_uploads_of_one_name_stay_two_videos(tmp_path: Path) -> None:
    tasks = [
        _task(number, {"video": f"/data/upload/3/{number}a1b2c3d-a.mp4"}, _region("choices", {"choices": ["x"]}))
        for number in (1, 2)
    ]
    rows, _ = read(as_json(tmp_path, tasks), "label_studio")
    assert [row.url for row in rows] == ["1a1b2c3d-a.mp4", "2a1b2c3d-a.mp4"]
    tasks[0]["data"]["title"] = "a.mp4"
    rows, _ = read(as_json(tmp_path, tasks[:1]), "label_studio")
    assert [row.url for row in rows] == ["a.mp4"]


MIN = {"annotator": 1, "annotation_id": 5, "created_at": "x", "updated_at": "y", "lead_time": 1.5}


def test_the_short_export_has_seconds_choices_and_a_rate_too(tmp_path: Path) -> None:
    """label-studio-sdk, converter: JSON-MIN leaves out types; a single choice is its text alone."""
    items = [
        {
            "id": 1,
            "video": "a.mp4",
            "fps": 30,
            "tl": [SECOND],
            "lab": [{"start": 2, "end": 3, "labels": ["jump"]}],
            **MIN,
        },
        {"id": 2, "video": "b.mp4", "sport": "football", "title": "x", **MIN},
        {"id": 3, "video": "c.mp4", "sport": [{"choices": ["a", "b"]}], **MIN},
    ]
    path = as_json(tmp_path, items)
    assert guess(Document(path)) == "label_studio"
    rows, told = read(path, "label_studio")
    assert [(row.url, row.label, row.start_s, row.end_s) for row in rows] == [
        ("a.mp4", "kick", 1.0, 2.0),
        ("a.mp4", "jump", 2.0, 3.0),
        ("c.mp4", "a", None, None),
        ("c.mp4", "b", None, None),
    ]
    assert [(one.where, one.why) for one in told] == [("task 2", "has no annotation.")]
    rows, _ = read(path, "label_studio", {"control": "sport"})
    assert [(row.url, row.label) for row in rows] == [("b.mp4", "football"), ("c.mp4", "a"), ("c.mp4", "b")]


@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_the_csv_export_is_read_as_the_short_one(tmp_path: Path, sign) -> None:
    """label-studio-sdk, converter/exports/csv2.py: sorted columns, JSON in cells, all texts quoted; TSV by a tab."""
    names = ["annotation_id", "annotator", "created_at", "fps", "id", "lead_time", "tl", "updated_at", "video"]
    cell = '"[{""ranges"":[{""start"":31,""end"":60}],""timelinelabels"":[""kick""]}]"'
    second = sign.join(["6", '"2"', '"x"', "", "8", "1.0", "", '"y"', '"b.mp4"'])
    lines = [sign.join(f'"{name}"' for name in names)]
    lines += [sign.join(["5", '"1"', '"x"', "30", "7", "1.5", cell, '"y"', '"a.mp4"']), second]
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert guess(Document(path)) == "label_studio"
    rows, told = read(path, "label_studio")
    assert [(row.where, row.url, row.start_s, row.end_s) for row in rows] == [
        ("task 7 annotation 1 region 1 range 1", "a.mp4", 1.0, 2.0)
    ]
    assert [(one.where, one.why) for one in told] == [("task 8", "has no annotation.")]


def test_of_two_annotations_of_one_task_in_the_short_export_one_is_chosen(tmp_path: Path) -> None:
    items = [{"id": 1, "video": "a.mp4", "tl": [SECOND], **MIN, "annotator": person} for person in (1, 2)]
    path = as_json(tmp_path, items)
    rows, told = read(path, "label_studio")
    assert (rows, [one.why for one in told]) == ([], ["is one of several of its task."] * 2)
    assert len(read(path, "label_studio", {"completed_by": "2"})[0]) == 1
