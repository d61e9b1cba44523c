"""Label Studio timelines: frames from one, both ends inside, at a rate that is said."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess
from curate.listing.rows import Note
from curate.listing.sources import IMPORTERS


def test_label_studio_frames_count_from_one_and_both_ends_are_inside(realdata: Path) -> None:
    rows, _ = read(realdata / "annotations/label_studio_timeline_event.json", "label_studio")
    assert [(row.url, row.label, row.start_s, row.end_s) for row in rows] == [
        ("tests/opossum_snow_short.mp4", "Car", 0.0, 0.4),
        ("tests/opossum_snow_short.mp4", "croquet_ball", 0.16, 0.6),
    ]


def test_label_studio_takes_a_range_of_one_frame(realdata: Path) -> None:
    path = realdata / "annotations/label_studio_timeline_predictions.json"
    rows, _ = read(path, "label_studio", {"take": "predictions", "video": "a.mp4", "frame_rate_hz": 10.0})
    assert (rows[-1].start_s, rows[-1].end_s) == (3.3, 3.4)


def _task(
    number: int, *annotations: Mapping[str, Any], video: str = "/data/upload/3/0a1b2c3d-jump.mp4"
) -> dict[str, Any]:
    return {"id": number, "data": {"video": video}, "annotations": list(annotations), "predictions": []}


def _timeline(label: str, *ranges: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    value = {"timelinelabels": [label], "ranges": [{"start": first, "end": last} for first, last in ranges]}
    return {"result": [{"type": "timelinelabels", "value": value}], **more}


def test_label_studio_says_which_frame_rate_it_takes(tmp_path: Path) -> None:
    module = IMPORTERS.load("label_studio")

    def said(value: Any, rate: float = 0.0) -> str:
        document = Document(as_json(tmp_path, value))
        entries = module.rows(document, module.CARD.settle({"frame_rate_hz": rate}, where="x"))
        return next(entry.text for entry in entries if isinstance(entry, Note))

    task = _task(1, _timeline("Kick", (1, 5)))
    assert "24 a second (Label Studio's default" in said([task])
    assert "30 a second (as you say)" in said([task], 30.0)
    event = {"annotation": task["annotations"][0], "project": {"label_config": '<Video name="v" frameRate="12.5"/>'}}
    assert "12.5 a second (as the file's labelling configuration says)" in said(event)


@pytest.mark.parametrize(
    ("video", "url"),
    [
        ("/data/upload/3/0a1b2c3d-jump.mp4", "m/jump.mp4"),
        ("/data/local-files/?d=sport/high%20jump.mp4", "m/sport/high jump.mp4"),
        ("https://x.org/a.mp4", "https://x.org/a.mp4"),
        ("clips/a.mp4", "m/clips/a.mp4"),
    ],
)
def test_label_studio_videos_are_named_as_before_their_upload(tmp_path: Path, video: str, url: str) -> None:
    path = as_json(tmp_path, [_task(1, _timeline("Kick", (1, 5)), video=video)])
    assert [row.url for row in read(path, "label_studio", {"media_folder": "m"})[0]] == [url]


def test_label_studio_reads_the_short_export(tmp_path: Path) -> None:
    region = {"ranges": [{"start": 26, "end": 50}], "timelinelabels": ["Kick"]}
    path = as_json(tmp_path, [{"id": 1, "video": "a.mp4", "videoLabels": [region]}, {"id": 2, "video": "b.mp4"}])
    assert guess(Document(path)) == "label_studio"
    rows, told = read(path, "label_studio")
    assert [(row.url, row.label, row.start_s, row.end_s) for row in rows] == [("a.mp4", "Kick", 1.041667, 2.083333)]
    assert [(one.where, one.why) for one in told] == [("task 2", "has no annotation.")]


def test_label_studio_asks_whose_annotation_to_take(tmp_path: Path) -> None:
    first = _timeline("Kick", (1, 5), completed_by=4)
    second = _timeline("Jump", (2, 6), completed_by={"id": 9, "email": "person@x.org"})
    skipped = _timeline("Run", (3, 7), was_cancelled=True, completed_by=4)
    path = as_json(tmp_path, [_task(1, first, second, skipped)])
    rows, told = read(path, "label_studio")
    assert (rows, [one.why for one in told]) == (
        [],
        ["is one of several of its task."] * 2 + ["was skipped by its annotator."],
    )
    assert told[0].remedy == "Choose whose to take with --set completed_by=ID: 4, 9."
    rows, told = read(path, "label_studio", {"completed_by": "9"})
    assert ([row.label for row in rows], len(told)) == (["Jump"], 2)
    rows, told = read(as_json(tmp_path, [_task(1, first, second | {"ground_truth": True})]), "label_studio")
    assert ([row.label for row in rows], [one.why for one in told]) == (["Jump"], ["is not the task's ground truth."])


def test_label_studio_ranges_that_are_none_are_told(tmp_path: Path) -> None:
    annotation = _timeline("Kick", (0, 5), (7, 3), (1.5, 4), (None, 2), (2, 3))
    rows, told = read(as_json(tmp_path, [_task(1, annotation), _task(2), 7, {"predictions": ["x"]}]), "label_studio")
    assert [(row.start_s, row.end_s) for row in rows] == [(0.041667, 0.125)]
    assert Counter(one.why for one in told) == {
        "has ends that are no frame numbers from 1.": 3,
        "ends before it begins.": 1,
        "has no annotation.": 1,
        "is no task.": 1,
        "is a model's prediction.": 1,
    }
