"""Results of older schemas, and which of a result's scores counts."""

import json

import pandas as pd
import pytest

from slateboard.errors import BadInput
from slateboard.records.result import Result

NEW = ("n_clips", "mean_class_interval", "calibration", "image_interval", "image_top5_accuracy", "differences")


@pytest.fixture
def old(clips, predict, split, result, tmp_path):
    """Write a result as schema 1 had it, of a clip that was read and one that failed, or of the failed one alone."""

    def write(tested, path=tmp_path / "result.json"):
        made = clips([1, 2, 3])
        predictions = predict(made, {clip: [[2, 0, 0]] if clip == "clip0" else [] for clip in tested})
        value = result("c3d", predictions, made, split(made, tested)).row()
        value = {key: part for key, part in value.items() if key not in ("streams", "frames", "processes")}
        scores = [{key: part for key, part in score.items() if key not in NEW} for score in value["scores"]]
        for score in scores:
            score["image_accuracy"] = score["image_accuracy"] or 0.0
        path.write_text(json.dumps({"schema": 1, **value, "scores": scores}))
        return path

    return write


def test_a_result_of_schema_1_is_read(old) -> None:
    found = Result.read(old(["clip0", "clip1"]))
    assert (found.main.n_clips, found.main.video_accuracy, found.main.image_accuracy) == (2, 0.5, 1.0)
    assert (found.main.calibration, found.main.mean_class_interval, found.streams) == (None, None, {})


def test_an_image_accuracy_of_no_image_is_none_in_schema_1_too(old) -> None:
    assert Result.read(old(["clip1"])).main.image_accuracy is None


def test_a_damaged_result_of_schema_1_is_named_field_by_field(old) -> None:
    path = old(["clip0"])
    path.write_text(json.dumps({"schema": 1, "title": "x"}))
    with pytest.raises(BadInput, match=r"result.json: scores: Field required"):
        Result.read(path)


def test_the_stream_that_counts_is_the_fused_one(clips, predict, split, result) -> None:
    made = clips([1, 2, 3])
    tables = [predict(made, {"clip0": [[1, 0, 0]]}, stream=name) for name in ("a", "fused", "z")]
    both = result("c3d", pd.concat(tables), made, split(made, ["clip0"]))
    assert both.main.stream == "fused"
    assert result("c3d", tables[2], made, split(made, ["clip0"])).main.stream == "z"
