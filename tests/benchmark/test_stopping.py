"""Stopping and selection: when a training ends, which state is tested, and what its result says of that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import RECIPE, tiny_data, tiny_stream
from torch import nn

from benchmark.devices import fabric
from benchmark.training import log
from benchmark.training.checkpoint import read
from benchmark.training.job import TrainingJob
from benchmark.training.loop import train
from benchmark.training.phases import phase_at, plan_phases
from benchmark.training.stopping import selection, why_ended
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError

HELD = {"validation_share": 0.3, "epochs": 5}


@pytest.mark.parametrize(
    ("over", "epoch", "accuracy", "best_epoch", "seconds", "expected"),
    [
        ({}, 4, 1.0, 1, 1e9, ""),
        ({}, 5, 1.0, 1, 1e9, "epochs"),
        # MEI 4.5: the training ends once validation accuracy exceeds 0.9.
        ({"stop_accuracy": 0.9}, 2, 0.9, 2, 0, ""),
        ({"stop_accuracy": 0.9}, 2, 0.91, 2, 0, "stop_accuracy"),
        ({"stop_accuracy": 0.9}, 2, None, 0, 0, ""),
        ({"patience": 2}, 3, 0.5, 2, 0, ""),
        ({"patience": 2}, 4, 0.5, 2, 0, "patience"),
        ({"budget_minutes": 2.0}, 1, None, 0, 119.9, ""),
        ({"budget_minutes": 2.0}, 1, None, 0, 120.0, "budget_minutes"),
        # What comes before the last phase is whole; patience counts from the beginning of the last.
        ({"phases": [{"epochs": 3}, {"epochs": 2}], "stop_accuracy": 0.5}, 3, 0.9, 1, 0, ""),
        ({"phases": [{"epochs": 3}, {"epochs": 3}], "patience": 2}, 4, 0.1, 1, 0, ""),
        ({"phases": [{"epochs": 3}, {"epochs": 3}], "patience": 2}, 5, 0.1, 1, 0, "patience"),
    ],
)
def test_a_training_ends_as_its_recipe_says(
    over: dict[str, Any], epoch: int, accuracy: float | None, best_epoch: int, seconds: float, expected: str
) -> None:
    recipe = replace(RECIPE, epochs=5, **over)
    phase = phase_at(plan_phases(recipe), epoch - 1)
    found = why_ended(recipe, phase, epoch=epoch, accuracy=accuracy, best_epoch=best_epoch, seconds=seconds)
    assert found == expected


@pytest.mark.parametrize(
    ("select", "ends", "expected"),
    [
        ("last", ["epochs"], "last"),
        ("last", ["stop_accuracy", "epochs"], "stopped early"),
        ("last", ["patience", "budget_minutes"], "stopped early, stopped by budget"),
        ("best", ["epochs"], "best on validation"),
        ("best", ["budget_minutes"], "best on validation, stopped by budget"),
    ],
)
def test_a_result_says_which_state_was_tested(select: str, ends: list[str], expected: str) -> None:
    rows = [{"ended": end} for before in ends for end in ("", before)]
    assert selection([replace(RECIPE, select=select, validation_share=0.3)], rows) == expected
    assert selection([], [{"ended": ""}]) == "fitted"


def test_the_best_state_on_validation_is_tested_and_the_first_of_equals(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states, answers = [], iter([0.4, 0.8, 0.8, 0.1, 0.2])

    def accuracy(task: TrainingJob, network: nn.Module, fabric: Any) -> float:
        states.append({key: value.clone() for key, value in network.state_dict().items()})
        return next(answers)

    monkeypatch.setattr(TrainingJob, "accuracy", accuracy)
    stream = tiny_stream(**HELD, select="best")
    train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert isinstance(stream.model, nn.Module)
    final = stream.model.state_dict()
    assert [all(torch.equal(state[key], final[key]) for key in final) for state in states] == [
        False, True, False, False, False,
    ]  # fmt: skip
    saved = read(tmp_path / "checkpoints" / "all.pt")
    assert saved is not None and saved.state.best is None
    torch.testing.assert_close(saved.weights[0], dict(final), rtol=0, atol=0)


def test_the_best_cannot_be_chosen_where_nothing_is_held_back(squares: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match="select: is 'best', but nothing is held back"):
        tiny_stream(select="best")
    material = tiny_data(squares)
    group = squares.clips.set_index("clip_id")["group"]
    alike = tuple(clip for clip in material.split.train if group[clip] == "person-1")
    few = replace(material, split=material.split.model_copy(update={"train": alike}))
    with pytest.raises(SlateboardError, match="no clip of seags-1 can be held back to choose by"):
        train(tiny_stream(**HELD, select="best"), few, seed=0, fabric=fabric("cpu"), folder=tmp_path)


def test_patience_and_budget_end_a_training_and_say_so(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[float] = iter([0.5, 0.6, 0.6, 0.55])
    monkeypatch.setattr(TrainingJob, "accuracy", lambda *_: next(answers, None))
    stream = tiny_stream(**HELD, patience=2)
    train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path / "patience")
    assert [row["ended"] for row in log.read(tmp_path / "patience" / "log.csv")] == ["", "", "", "patience"]
    stream = tiny_stream(budget_minutes=1e-9)
    train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path / "budget")
    assert [row["ended"] for row in log.read(tmp_path / "budget" / "log.csv")] == ["budget_minutes"]


def test_the_average_of_the_weights_is_what_is_validated_and_tested(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One step an epoch, so that the averages can be computed from the weights after each epoch.
    over = {"batch": 100, "epochs": 4, "dropout": 0.0, "optimiser": "sgd", "learning_rate": 0.1}
    after = []
    for epochs in (1, 2, 3, 4):
        stream = tiny_stream(**over | {"epochs": epochs})
        train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path / str(epochs))
        assert isinstance(stream.model, nn.Module)
        after.append(stream.model.state_dict())
    averages = [after[0]]
    for weights in after[1:]:
        averages.append({key: 0.75 * averages[-1][key] + 0.25 * weights[key] for key in weights})
    stream = tiny_stream(**over, ema=0.75)
    train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path / "ema")
    assert isinstance(stream.model, nn.Module)
    torch.testing.assert_close(dict(stream.model.state_dict()), dict(averages[-1]), rtol=1e-5, atol=1e-6)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(dict(stream.model.state_dict()), dict(after[-1]), rtol=1e-5, atol=1e-6)
