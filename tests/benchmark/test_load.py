"""Finished runs taken up again: the weights that were tested, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from planes import build
from sklearn.dummy import DummyClassifier

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.evaluation import predict
from benchmark.inputs.clips import clips_of
from benchmark.models.estimators import load_estimator, save_estimator
from benchmark.running.load import load_record, load_run
from benchmark.steps.slices import command as slices
from benchmark.steps.slices import unknown_effects
from slateboard.errors import BadInput, SlateboardError
from slateboard.workspace import Workspace

RUNS = ("c3d",)
SETTINGS = """[baselines.c3d]
width = 2
fc = 8
size = 32
epochs = 1
test_clips = 2
"""


@pytest.fixture(scope="module")
def done(lab_of_runs: Workspace) -> tuple[Workspace, Path]:
    """A workspace with a finished run of a small network, and the folder of that."""
    (result,) = lab_of_runs.runs.glob("*/*/*/*/result.json")
    return lab_of_runs, result.parent


@pytest.fixture
def copy(done: tuple[Workspace, Path], tmp_path: Path) -> Path:
    """A copy of that run that may be hurt."""
    shutil.copytree(done[1], tmp_path / "run")
    return tmp_path / "run"


def test_a_network_predicts_again_what_it_did(done: tuple[Workspace, Path]) -> None:
    workspace, folder = done
    loaded = load_run(workspace, folder)
    (stream,) = loaded.streams
    frames = build(workspace.stores, loaded.dataset, stream.geometry)
    again = predict(stream, clips_of(loaded.dataset, loaded.split.test, frames), device="cpu")
    stored = pd.read_parquet(folder / "predictions.parquet")
    assert again[["clip_id", "view"]].equals(stored[["clip_id", "view"]])
    np.testing.assert_array_equal(np.stack(again["logits"]), np.stack(stored["logits"]))


def test_a_run_without_a_result_is_not_taken_up(done: tuple[Workspace, Path], copy: Path) -> None:
    (copy / "result.json").unlink()
    with pytest.raises(SlateboardError, match="holds no finished run"):
        load_run(done[0], copy)


def test_other_data_and_another_split_are_both_named(done: tuple[Workspace, Path], copy: Path) -> None:
    result = json.loads((copy / "result.json").read_text())
    result["run"] |= {"dataset_sha256": "0" * 64, "split_sha256": "1" * 64}
    (copy / "result.json").write_text(json.dumps(result))
    with pytest.raises(BadInput) as caught:
        load_record(done[0], copy)
    assert [problem.what.partition(",")[0] for problem in caught.value.problems] == [
        "was made with dataset 000000000000",
        "was made with split 111111111111",
    ]


def test_a_run_of_another_version_of_its_baseline_is_refused(done: tuple[Workspace, Path], copy: Path) -> None:
    result = json.loads((copy / "result.json").read_text())
    del result["run"]["parameters"]["dropout"]
    (copy / "result.json").write_text(json.dumps(result))
    with pytest.raises(BadInput, match="another version of c3d: parameters dropout are not in both"):
        load_run(done[0], copy)


def test_a_checkpoint_that_is_not_there_or_not_finished_is_refused(done: tuple[Workspace, Path], copy: Path) -> None:
    path = copy / "checkpoints" / "all.pt"
    content = torch.load(path, weights_only=True)
    torch.save({**content, "finished": False}, path)
    with pytest.raises(BadInput, match="is of epoch 1, before the end of training"):
        load_run(done[0], copy)
    path.unlink()
    with pytest.raises(BadInput, match="is not there"):
        load_run(done[0], copy)


def test_weights_of_another_network_are_refused(done: tuple[Workspace, Path], copy: Path) -> None:
    path = copy / "checkpoints" / "all.pt"
    content = torch.load(path, weights_only=True)
    content["model"].pop("fc8.bias")
    torch.save(content, path)
    with pytest.raises(BadInput, match="does not fit the network"):
        load_run(done[0], copy)


def test_other_first_weights_of_an_estimator_are_refused(
    done: tuple[Workspace, Path], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = json.loads((copy / "result.json").read_text())
    result["run"] |= {"weights": "w", "weights_sha256": "e" * 64}
    (copy / "result.json").write_text(json.dumps(result))

    def build(classes: object, parameters: object, *, weights_dir: object) -> list[Stream]:
        model = DummyClassifier()
        return [Stream("all", "uniform", 32, lambda frames: frames, model, weights="w", weights_sha256="f" * 64)]

    monkeypatch.setattr(BASELINES.load("c3d"), "build", build)
    with pytest.raises(BadInput, match="began with weights w eeeeeeeeeeee, not ffffffffffff"):
        load_run(done[0], copy)


def test_slices_are_scored_again_from_predictions(
    done: tuple[Workspace, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    found = slices(done[0], done[1], by=["camera"], duration_seconds=None)
    assert found["streams"]["all"]["slices"]["camera=static"]["n"] == 4
    assert "camera: static" in capsys.readouterr().out


def test_effects_of_an_older_release_that_are_no_kinds_are_named() -> None:
    assert unknown_effects(["text|bars", "no", "", "captions|text.overlay"]) == ["captions", "no"]


def test_an_estimator_survives_its_file(tmp_path: Path) -> None:
    model = DummyClassifier(strategy="prior").fit(np.zeros((4, 1)), np.array([0, 2, 2, 2]))
    save_estimator(tmp_path / "all.skops", model)
    found = load_estimator(tmp_path / "all.skops")
    np.testing.assert_array_equal(found.predict_proba(np.zeros((1, 1))), [[0.25, 0.75]])


class Stranger:
    """A type that no reader of estimators knows."""

    def fit(self, X: object, y: object) -> None:
        """Do nothing."""


def test_an_estimator_of_unknown_types_is_not_made(tmp_path: Path) -> None:
    save_estimator(tmp_path / "all.skops", Stranger())
    with pytest.raises(BadInput, match=r"types that need not be harmless: .*Stranger"):
        load_estimator(tmp_path / "all.skops")
