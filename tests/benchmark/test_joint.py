"""Joint training: two datasets, a head each, one trunk, a batch of each in every step."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import Cut, Cutting, Drawn, network, tiny_data, tiny_stream
from torch import nn

from benchmark.baseline import Stream
from benchmark.baselines.c3d import C3D
from benchmark.devices import fabric
from benchmark.running.joint import check_shared_clips, run_jointly
from benchmark.running.load import load_run
from benchmark.running.planning import JOINTLY
from benchmark.running.runs import execute_run
from benchmark.steps.joint import command as joint
from benchmark.training import log
from benchmark.training.checkpoint import read
from benchmark.training.job import TrainingData
from benchmark.training.loop import train_jointly
from benchmark.training.networks import share_trunk
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Finding, SlateboardError
from slateboard.workspace import Workspace

OVER: dict[str, Any] = {"batch": 3, "epochs": 2, "optimiser": "sgd", "learning_rate": 0.05}


def pair(squares: Dataset, folder: Path, **over: Any) -> list[tuple[Stream, TrainingData, Path]]:
    """Two streams of one trunk: on all twelve training clips, and on five of a set with a third class."""
    first, second = tiny_stream(**OVER | over), tiny_stream(**OVER | over, classes=3)
    assert isinstance(first.model, nn.Module) and isinstance(second.model, nn.Module)
    share_trunk(first.model, second.model)
    whole = tiny_data(squares)
    dataset = replace(squares, name="circles", classes=(*squares.classes, "Round"))
    few = whole.split.model_copy(
        update={"train": whole.split.train[:3] + whole.split.train[-2:], "dataset": "circles-v1"}
    )
    return [(first, whole, folder / "one"), (second, TrainingData(dataset, few, Drawn()), folder / "two")]


def trained(parts: list[tuple[Stream, TrainingData, Path]], **named: Any) -> list[dict[str, torch.Tensor]]:
    train_jointly(parts, seed=0, fabric=fabric("cpu"), **named)
    return [stream.model.state_dict() for stream, _, _ in parts]


def test_all_layers_but_the_last_are_shared() -> None:
    first, second = (C3D(classes, width=2, fc=8, frames=16, size=32, dropout=0.5) for classes in (2, 3))
    assert share_trunk(first, second) == 10
    assert second.conv3a is first.conv3a and second.fc7 is first.fc7
    assert (second.fc8 is first.fc8, second.fc8.out_features) == (False, 3)


def test_weights_of_layers_that_hold_others_are_shared_too() -> None:
    first, second = (nn.Sequential(nn.MultiheadAttention(4, 2), nn.Linear(4, classes)) for classes in (2, 3))
    assert share_trunk(first, second) == 2
    trunk = {name for name, weight in second.named_parameters() if any(weight is one for one in first.parameters())}
    assert trunk == {name for name, _ in second.named_parameters() if name.startswith("0.")}


def test_the_head_is_not_shared_between_sets_of_as_many_classes() -> None:
    first, second = network(), network()
    assert share_trunk(first, second) == 2
    assert second[7] is not first[7]


def test_the_trunk_learns_from_both_and_stays_one(squares: Dataset, tmp_path: Path) -> None:
    one, two = trained(pair(squares, tmp_path))
    trunk = [key for key in one if not key.startswith("7.")]
    assert trunk and all(torch.equal(one[key], two[key]) for key in trunk)
    (alone,) = trained(pair(squares, tmp_path / "alone")[:1])
    assert not torch.equal(one["0.weight"], alone["0.weight"])
    assert not torch.equal(two["7.weight"], network(classes=3).state_dict()["7.weight"])


def test_a_step_has_a_batch_of_each_and_the_shorter_set_begins_anew(squares: Dataset, tmp_path: Path) -> None:
    parts = pair(squares, tmp_path)
    trained(parts)
    (_, whole, _), (_, few, _) = parts
    # Four steps an epoch; five clips make two steps, gone through twice in each.
    assert sorted(whole.frames.read) == sorted(2 * list(whole.split.train))
    assert sorted(few.frames.read) == sorted(4 * list(few.split.train))
    for part in ("one", "two"):
        assert [(row["epoch"], row["step"]) for row in log.read(tmp_path / part / "log.csv")] == [
            ("1", "4"),
            ("2", "8"),
        ]


def test_each_run_names_the_clips_of_the_other(squares: Dataset, tmp_path: Path) -> None:
    parts = pair(squares, tmp_path)
    first, second = train_jointly(parts, seed=0, fabric=fabric("cpu"))
    own, other = parts[0][1].split.train, parts[1][1].split.train
    assert set(first.train) == {*own, *(f"circles-v1:{clip}" for clip in other)}
    assert set(second.train) == {*other, *(f"squares-v1:{clip}" for clip in own)}
    saved = [read(tmp_path / part / "checkpoints" / "all.pt") for part in ("one", "two")]
    assert [one is not None and one.trained_on for one in saved] == [first, second]
    assert train_jointly(pair(squares, tmp_path), seed=0, fabric=fabric("cpu")) == [first, second]


def test_a_joint_training_that_was_cut_off_ends_with_the_same_weights(squares: Dataset, tmp_path: Path) -> None:
    whole = trained(pair(squares, tmp_path / "whole", optimiser="adam"))
    parts = pair(squares, tmp_path / "cut", optimiser="adam")
    parts[1] = (parts[1][0], replace(parts[1][1], frames=Cutting(12)), parts[1][2])
    with pytest.raises(Cut):
        trained(parts, checkpoint_minutes=0)
    saved = read(tmp_path / "cut" / "one" / "checkpoints" / "all.pt")
    assert saved is not None and (saved.state.epoch, saved.state.step) == (1, 0)
    again = trained(pair(squares, tmp_path / "cut", optimiser="adam"))
    for one, other in zip(whole, again, strict=True):
        assert [key for key in one if not torch.equal(one[key], other[key])] == []


SMALL = """[baselines.c3d]
width = 2
fc = 16
size = 32
epochs = 2
batch = 5
flip = false
validation_share = 0.3
"""


def test_each_dataset_has_a_run_that_names_the_others_and_is_not_made_twice(
    squares: Dataset, lab: Callable[..., Workspace]
) -> None:
    workspace = lab(SMALL)
    other = replace(squares, name="circles")
    data = [(squares, tiny_data(squares).split), (other, tiny_data(squares).split)]
    first, second = run_jointly(workspace, data, "c3d", seed=0)
    named = [f"{key} seags-1 {squares.sha256[:12]}" for key in ("squares-v1", "circles-v1")]
    for outcome, dataset in ((first, squares), (second, other)):
        assert outcome.result.run.dataset == dataset.key
        assert outcome.result.run.parameters[JOINTLY] == named
        assert outcome.result.n_scored == 4
        assert outcome.result.epochs == {"all": 2}
        assert (outcome.folder / "predictions.parquet").is_file()
    saved = [read(one.folder / "checkpoints" / "all.pt") for one in (first, second)]
    assert saved[0] is not None and saved[1] is not None
    one, two = saved[0].weights[0], saved[1].weights[0]
    assert torch.equal(one["fc7.weight"], two["fc7.weight"])
    assert not torch.equal(one["fc8.weight"], two["fc8.weight"])
    assert [one.is_new for one in run_jointly(workspace, data, "c3d", seed=0)] == [False, False]
    (alone,) = run_jointly(workspace, data[:1], "c3d", seed=0)
    assert alone.folder != first.folder


def test_the_command_takes_a_folder_and_the_newest_version(
    released: Path, lab: Callable[..., Workspace], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "circles"
    shutil.copytree(released, other)
    record = other / "recipe.toml"
    record.write_text(record.read_text("utf-8").replace('name = "squares"', 'name = "circles"'), "utf-8")
    given = ["width=2", "fc=16", "size=32", "epochs=1", "flip=false"]
    workspace = lab("")
    found = joint(workspace, "c3d", [str(other)], over=given)
    assert [run["dataset"] for run in found["runs"]] == ["squares-v1", "circles-v1"]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["squares-v1", "circles-v1"]
    loaded = load_run(workspace, Path(found["runs"][0]["folder"]))
    assert [stream.name for stream in loaded.streams] == ["all"]
    shutil.rmtree(loaded.folder)
    with pytest.raises(
        SlateboardError, match=r"trained jointly on squares-v1 .*, circles-v1 .* has no checkpoint of all"
    ):
        execute_run(workspace, loaded.dataset, loaded.split, loaded.record)


def test_what_is_tested_in_one_dataset_is_not_trained_on_in_another(squares: Dataset) -> None:
    split = tiny_data(squares).split
    twisted = split.model_copy(update={"train": split.test, "test": split.train})
    other = replace(squares, name="circles")
    with pytest.raises(Finding, match="4 test clips of squares-v1 seags-1 are training clips of circles-v1"):
        check_shared_clips([(squares, split), (other, twisted)])
    with pytest.raises(BadInput, match="names a dataset twice"):
        check_shared_clips([(squares, split), (squares, split)])


def test_what_is_fitted_shares_no_layers(squares: Dataset, lab: Callable[..., Workspace]) -> None:
    with pytest.raises(SlateboardError, match="chance is fitted, not trained: only networks can share layers"):
        run_jointly(lab(""), [(squares, tiny_data(squares).split)], "chance", seed=0)
