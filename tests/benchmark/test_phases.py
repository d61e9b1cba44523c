"""Phases: which layers learn when, with which optimiser, and what frozen BatchNorm does."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import RECIPE, network, tiny_data, tiny_stream
from torch import nn

from benchmark.baselines.c3d import C3D
from benchmark.devices import fabric
from benchmark.models import vision
from benchmark.recipe import Recipe, recipe_of
from benchmark.training import log
from benchmark.training.loop import learning_rate, train
from benchmark.training.optim import freeze_all_but, train_mode
from benchmark.training.phases import phase_at, plan_phases
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError

# Sevilla 3.2.1: the new head alone for 20 epochs at 0.1, then the last three dense layers for 5.
SEVILLA = [{"epochs": 20, "train": "head", "learning_rate": 0.1}, {"epochs": 5, "train": 3}]


def learning(network: nn.Module) -> list[str]:
    return [name for name, weight in network.named_parameters() if weight.requires_grad]


def test_c3d_is_trained_as_sevilla_says() -> None:
    network = C3D(3, width=2, fc=8, frames=16, size=32, dropout=0.5)
    first, second = plan_phases(Recipe(optimiser="sgd", learning_rate=0.01, phases=SEVILLA))
    assert (first.first, first.end, second.first, second.end) == (0, 20, 20, 25)
    assert (first.recipe.learning_rate, second.recipe.learning_rate) == (0.1, 0.01)
    freeze_all_but(network, first.train)
    assert learning(network) == ["fc8.weight", "fc8.bias"]
    freeze_all_but(network, second.train)
    assert learning(network) == [f"fc{number}.{part}" for number in (6, 7, 8) for part in ("weight", "bias")]
    freeze_all_but(network, "all")
    assert len(learning(network)) == len(list(network.parameters()))


def test_the_last_five_layers_of_a_mobilenet_learn() -> None:
    network = vision.build("mobilenet_v2")
    freeze_all_but(network, 5)
    assert {name.rpartition(".")[0] for name in learning(network)} == {
        "features.17.conv.2", "features.17.conv.3", "features.18.0", "features.18.1", "classifier.1",
    }  # fmt: skip


def test_more_layers_than_there_are_cannot_learn() -> None:
    with pytest.raises(SlateboardError, match="trains the last 9 layers, but the network has 3 of them"):
        freeze_all_but(network(), 9)


def test_what_a_baseline_froze_stays_frozen_without_phases() -> None:
    one = network()
    one[0].requires_grad_(False)
    (phase,) = plan_phases(RECIPE)
    freeze_all_but(one, phase.train)
    assert learning(one) == ["3.weight", "3.bias", "7.weight", "7.bias"]


def test_frozen_batchnorm_keeps_its_statistics_and_other_batchnorm_does_not() -> None:
    one = network(norm=True)
    norm = one[1]
    assert isinstance(norm, nn.BatchNorm2d)
    for layers, moves in (("head", False), ("all", True)):
        freeze_all_but(one, layers)
        train_mode(one)
        before = norm.running_mean.clone()
        one(torch.rand(4, 3, 8, 8))
        assert torch.equal(before, norm.running_mean) is not moves
    assert one.training


def test_each_phase_changes_its_layers_alone_and_logs_its_number(squares: Dataset, tmp_path: Path) -> None:
    phases = [{"epochs": 1, "train": "head", "learning_rate": 0.1}, {"epochs": 2, "train": 2}]
    stream, before = tiny_stream(phases=phases, norm=True), network(norm=True).state_dict()
    train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert isinstance(stream.model, nn.Module)
    after = stream.model.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"3.weight", "3.bias", "7.weight", "7.bias"}
    rows = log.read(tmp_path / "log.csv")
    assert [(row["phase"], row["epoch"], row["learning_rate"]) for row in rows] == [
        ("1", "1", "0.1"), ("2", "2", "0.02"), ("2", "3", "0.02"),
    ]  # fmt: skip


def test_a_schedule_counts_the_steps_of_its_phase() -> None:
    recipe = Recipe(schedule="exponential", gamma=0.5, phases=[{"epochs": 2}, {"epochs": 3, "learning_rate": 0.8}])
    phase = phase_at(plan_phases(recipe), 4)
    assert phase.number == 2
    rates = [learning_rate(step, phase.recipe, steps=6) for step in range(6)]
    assert rates == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]


def test_phases_say_how_many_epochs_there_are() -> None:
    assert recipe_of({"epochs": 7, "phases": SEVILLA}).total_epochs == 25
    assert Recipe(epochs=7).total_epochs == 7


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ({"epoch": 3}, r"phases: number 1: has 'epoch'. Did you mean 'epochs'\?"),
        ({"epochs": 0}, "phases: number 1: epochs is 0"),
        ({"epochs": 1, "train": "heads"}, "phases: number 1: train is 'heads'. Give all, head, or a number"),
        ({"epochs": 1, "learning_rate": "fast"}, "phases: number 1: learning_rate is 'fast'"),
    ],
)
def test_a_phase_that_cannot_be_followed_is_refused(phase: dict[str, Any], message: str) -> None:
    with pytest.raises(SlateboardError, match=message):
        Recipe(phases=[phase])
