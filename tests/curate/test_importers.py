"""Annotation files become rows of the list with the right times; what cannot be mapped is told, entry by entry."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from imports import read

from curate.listing.document import Document
from curate.listing.importing import guess
from curate.listing.rows import SourceRow, Unmapped
from curate.listing.sources import IMPORTERS
from slateboard.errors import BadInput

SAMPLES = [
    # file, importer, parameters, rows, reason -> unmapped: counted in the files by hand and by other programs.
    ("via3_temporal_segments.json", "via3", {}, 3, {}),
    ("via3_temporal_segments_2.json", "via3", {}, 0, {"has no length.": 40}),
    ("cvat_for_video_1.1.xml", "cvat", {"frame_rate_hz": 25.0}, 3, {}),
    ("cvat_for_video_1.1.xml", "cvat", {"frame_rate_hz": 25.0, "attribute": "hgl"}, 1, {"has no label.": 2}),
    ("cvat_for_video_1.1_dense.xml", "cvat", {"frame_rate_hz": 25.0}, 0, {"names no video.": 3}),
    ("cvat_for_video_1.1_dense.xml", "cvat", {"frame_rate_hz": 25.0, "video": "test_video.mp4"}, 3, {}),
    ("cvat_for_images_1.1_tennis.xml", "cvat", {}, 0, {"is the annotation of an image.": 15}),
    ("label_studio_timeline_event.json", "label_studio", {}, 2, {}),
    ("label_studio_timeline_predictions.json", "label_studio", {}, 0, {"is a model's prediction.": 5}),
    (
        "label_studio_timeline_predictions.json",
        "label_studio",
        {"take": "predictions"},
        0,
        {"names no video.": 5},
    ),
    ("label_studio_timeline_predictions.json", "label_studio", {"take": "predictions", "video": "a.mp4"}, 5, {}),
    (
        "label_studio_videorectangle.json",
        "label_studio",
        {},
        0,
        {"marks a region of the picture, not a segment of time.": 2},
    ),
    ("kinetics400_val.csv", "kinetics", {}, 60, {}),
    ("kinetics600_val.csv", "kinetics", {}, 60, {}),
    ("kinetics400_test_unlabelled.csv", "kinetics", {}, 0, {"has no label.": 20}),
    ("kinetics_deepmind_style.json", "kinetics", {}, 0, {"is no id of YouTube.": 1}),
    ("kinetics_deepmind_style.json", "kinetics", {"url_template": "k/{id}.mp4"}, 1, {}),
    (
        "activitynet_detection_prediction.json",
        "activitynet",
        {},
        0,
        {"is a detector's result, not an annotation.": 40},
    ),
    ("activitynet_detection_prediction.json", "activitynet", {"take": "predictions"}, 40, {}),
    ("thumos14_activitynet_style.json", "activitynet", {}, 0, {"is no id of YouTube.": 306}),
    ("thumos14_activitynet_style.json", "activitynet", {"url_template": "thumos/{id}.mp4"}, 306, {}),
    ("activitynet_style_ucf101.json", "activitynet", {"url_template": "{label}/{id}.avi"}, 80, {}),
    ("mmaction2_action_test_anno.json", "activitynet", {"url_template": "{id}.mp4"}, 2, {}),
]


@pytest.mark.parametrize(("file", "name", "given", "mapped", "unmapped"), SAMPLES)
def test_every_entry_of_a_real_file_is_a_row_or_is_told(
    realdata: Path, file: str, name: str, given: dict[str, Any], mapped: int, unmapped: dict[str, int]
) -> None:
    rows, told = read(realdata / "annotations" / file, name, given)
    assert (len(rows), Counter(one.why for one in told)) == (mapped, unmapped)
    assert len({row.where for row in rows} | {one.where for one in told}) == mapped + len(told)


@pytest.mark.parametrize(("file", "name"), sorted({(file, name) for file, name, *_ in SAMPLES}))
def test_the_form_of_a_real_file_is_told_from_it(realdata: Path, file: str, name: str) -> None:
    assert guess(Document(realdata / "annotations" / file)) == name


@pytest.mark.parametrize(
    ("file", "cause"),
    [
        ("charades_v1_test.csv", "has the columns 'id', 'subject', 'scene'"),
        ("elan_3.0.eaf", "is XML with <ANNOTATION_DOCUMENT> around all"),
        ("ucf101_classInd.txt", "is no table: its first line is '1 ApplyEyeMakeup'"),
    ],
)
def test_a_form_that_is_not_known_is_not_guessed_and_the_cause_is_named(realdata: Path, file: str, cause: str) -> None:
    with pytest.raises(
        BadInput, match=rf"is of no form that is known for certain: it {cause}.* --from: activitynet, ava, csv"
    ):
        guess(Document(realdata / "annotations" / file))


@pytest.mark.parametrize("name", IMPORTERS.names())
@pytest.mark.parametrize("text", ["", "\n", "{}", "[]", "[[]]", "[1]", '{"a": 1}', "<a/>", "<a", "null", "a,b\n1,2\n"])
def test_a_file_of_another_form_is_refused_in_a_sentence(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert not IMPORTERS.load(name).recognises(Document(path))
    try:
        rows, _ = read(path, name, {"frame_rate_hz": 25.0} if name == "cvat" else {})
    except BadInput as error:
        assert str(error.problems[0]).startswith("file")
    else:
        assert rows == []


def test_the_example_of_the_documents_keeps_the_promise(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "extending.md").read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Whistle" in block)
    module: dict[str, Any] = {}
    exec(code, module)
    path = tmp_path / "w.txt"
    path.write_text("#whistle\na.mp4,1,2.5,Kick\na.mp4,1\nb.mp4,x,2,Kick\n")
    assert module["recognises"](Document(path))
    assert list(module["rows"](Document(path), {"media_folder": "m"})) == [
        SourceRow("line 2", "m/a.mp4", "Kick", 1.0, 2.5, group="m/a.mp4"),
        Unmapped("line 3", "a.mp4,1", "is a damaged row."),
        Unmapped("line 4", "'Kick' x to 2.0 s", "has times that are no numbers.", "Correct the times."),
    ]
