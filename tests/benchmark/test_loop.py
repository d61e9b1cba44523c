"""The training loop: it learns, it resumes bit for bit, and each step is a pure function of seed and step."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from planes import build
from tiny_training import Drawn, tiny_data, tiny_stream

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.devices import fabric
from benchmark.evaluation import predict
from benchmark.frames.frames import ClipFrames
from benchmark.frames.geometry import Geometry
from benchmark.frames.plane_store import PlaneStore
from benchmark.inputs.clips import clips_of, inner_split
from benchmark.inputs.samples import epoch_batches
from benchmark.models import vision
from benchmark.recipe import Recipe
from benchmark.training import log, loop
from benchmark.training.batchnorm import restore_batchnorm_statistics
from benchmark.training.job import TrainingData
from benchmark.training.loop import learning_rate, train
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.engine import Place
from slateboard.errors import SlateboardError
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.folder import find_split

TINY_C3D = {
    "width": 2, "fc": 16, "size": 32, "epochs": 3, "batch": 5, "flip": False, "short_side": 36, "colour": 0.1,
    "validation_share": 0.0,
}  # fmt: skip
ADAMW = {
    "optimiser": "adamw",
    "learning_rate": 0.003,
    "schedule": "constant",
    "dropout": 0.0,
    "colour": 0.0,
}
TINY_MEI = {
    "backbone": "shufflenet_v2_x0_5",
    "weights": "none",
    "size": 32,
    "motion_epochs": 3,
    "normal_epochs": 3,
    "flip": False,
    "validation_share": 0.0,
}
BY_HEART = TINY_MEI | {"learning_rate": 0.003, "batch": 12, "schedule": "cosine"}


@pytest.fixture(scope="session")
def frames(squares: Dataset, tmp_path_factory: pytest.TempPathFactory) -> PlaneStore:
    return build(tmp_path_factory.mktemp("stores"), squares, Geometry(32), place=Place(1))


@pytest.fixture
def material(squares: Dataset, frames: PlaneStore, lab: Callable[[str], Workspace]) -> TrainingData:
    split = find_split(lab(""), squares, protocol="seags", number=1)
    return TrainingData(squares, split, frames)


def stream(baseline: str, parameters: dict[str, Any], *, name: str | None = None) -> Stream:
    """Build a stream with weights of its own, the same each time."""
    torch.manual_seed(0)
    module = BASELINES.load(baseline)
    settled = module.CARD.settle(parameters, where="test")
    streams: list[Stream] = module.build(("MoveLeft", "MoveRight"), settled, weights_dir="")
    return next(one for one in streams if name in (None, one.name))


def trained(one: Stream, material: TrainingData, folder: Path) -> dict[str, torch.Tensor]:
    size = one.geometry
    frames = (
        material.frames if size == material.frames.geometry else build(folder.parent / "stores", material.dataset, size)
    )
    train(one, replace(material, frames=frames), seed=0, fabric=fabric("cpu"), folder=folder)
    assert isinstance(one.model, torch.nn.Module)
    return one.model.state_dict()


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


@pytest.mark.parametrize(
    ("baseline", "parameters", "name"),
    [
        ("c3d", TINY_C3D | {"dropout": 0.5}, None),
        ("mei_two_stream", TINY_MEI | {"optimiser": "adamw", "validation_share": 0.3, "stop_accuracy": 1.0}, "motion"),
    ],
)
def test_a_training_that_was_interrupted_ends_with_the_same_weights_bit_for_bit(
    baseline: str,
    parameters: dict[str, Any],
    name: str | None,
    material: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = trained(stream(baseline, parameters, name=name), material, tmp_path / "whole")
    original, calls = loop.summed_loss, []
    steps = len(epoch_batches_of(stream(baseline, parameters, name=name), material))

    def dies(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == steps + 2:
            raise KeyboardInterrupt
        return original(*arguments, **named)

    monkeypatch.setattr(loop, "summed_loss", dies)
    with pytest.raises(KeyboardInterrupt):
        trained(stream(baseline, parameters, name=name), material, tmp_path / "cut")
    monkeypatch.setattr(loop, "summed_loss", original)
    torch.manual_seed(99)
    assert_same(whole, trained(stream(baseline, parameters, name=name), material, tmp_path / "cut"))
    assert log.epochs(tmp_path / "cut" / "log.csv") == {name or "all": 3}
    times = ("seconds", "clips_per_second")
    rows = [
        [
            {key: value for key, value in row.items() if key not in times}
            for row in log.read(tmp_path / part / "log.csv")
        ]
        for part in ("whole", "cut")
    ]
    assert rows[0] == rows[1]


def epoch_batches_of(one: Stream, material: TrainingData) -> list[Any]:
    assert one.recipe is not None
    inner = inner_split(material.dataset.clips, material.split, share=one.recipe.validation_share, seed=0)
    training = clips_of(material.dataset, inner.train, material.frames)
    return epoch_batches(one, training, one.recipe, seed=0, epoch=0)


@pytest.mark.parametrize(
    ("baseline", "parameters", "name"),
    [
        ("c3d", TINY_C3D | ADAMW | {"width": 4, "epochs": 80, "batch": 8}, None),
        ("mei_two_stream", BY_HEART | {"motion_epochs": 60}, "motion"),
        ("mei_two_stream", BY_HEART | {"normal_epochs": 30}, "normal"),
    ],
)
def test_eight_clips_are_learned_by_heart(
    baseline: str, parameters: dict[str, Any], name: str | None, material: TrainingData, tmp_path: Path
) -> None:
    train_ids = material.split.train
    eight = (*train_ids[:4], *train_ids[-4:])
    few = replace(material, split=material.split.model_copy(update={"train": eight}))
    one = stream(baseline, parameters, name=name)
    trained(one, few, tmp_path)
    again = Split(**{**few.split.model_dump(), "train": (), "test": eight, "unused": ()})
    found = predict(one, clips_of(few.dataset, eight, few.frames), device="cpu")
    assert score(found, few.dataset.clips, again)[0].video_accuracy == 1.0


def test_the_last_checkpoint_names_what_was_trained_on_and_keeps_no_optimiser(
    material: TrainingData, tmp_path: Path
) -> None:
    one = stream("c3d", TINY_C3D | {"epochs": 1, "validation_share": 0.3})
    trained_on = train(
        one,
        replace(material, frames=build(tmp_path / "stores", material.dataset, one.geometry)),
        seed=0,
        fabric=fabric("cpu"),
        folder=tmp_path,
    )
    state = torch.load(tmp_path / "checkpoints" / "all.pt", weights_only=True)
    assert (state["trained_on"], state["optimiser"], state["finished"]) == (list(trained_on.train), None, True)
    assert state["validated_on"] == list(trained_on.validation)
    assert sorted(trained_on.ids) == sorted(material.split.train)
    assert set(trained_on.train).isdisjoint(trained_on.validation)


def test_training_stops_after_the_epoch_that_validates_well_enough(material: TrainingData, tmp_path: Path) -> None:
    parameters = TINY_MEI | {"validation_share": 0.3, "stop_accuracy": 0.0, "motion_epochs": 5}
    trained(stream("mei_two_stream", parameters, name="motion"), material, tmp_path)
    assert log.epochs(tmp_path / "log.csv") == {"motion": 1}


def test_a_loss_that_is_no_number_ends_the_training_in_words(material: TrainingData, tmp_path: Path) -> None:
    parameters = TINY_C3D | {"learning_rate": 1e30, "warmup_share": 0.0}
    with pytest.raises(SlateboardError, match="loss became NaN or infinite in epoch 1; lower learning_rate"):
        trained(stream("c3d", parameters), material, tmp_path)
    assert not (tmp_path / "checkpoints" / "all.pt").exists()


def test_weights_that_are_no_numbers_after_the_last_step_are_not_left(squares: Dataset, tmp_path: Path) -> None:
    stream = tiny_stream(optimiser="sgd", learning_rate=3e38, weight_decay=100.0, batch=100, epochs=1)
    with pytest.raises(SlateboardError, match="weights became NaN or infinite in the last step; lower learning_rate"):
        train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert not (tmp_path / "checkpoints" / "all.pt").exists()


def test_validation_clips_are_whole_groups_of_the_training_list(material: TrainingData) -> None:
    inner = inner_split(material.dataset.clips, material.split, share=0.3, seed=0)
    group = material.dataset.clips.set_index("clip_id")["group"]
    assert sorted([*inner.train, *inner.test]) == sorted(material.split.train)
    assert len(set(group[list(inner.test)])) == 1
    assert not set(group[list(inner.test)]) & set(group[list(inner.train)])
    assert inner_split(material.dataset.clips, material.split, share=0.3, seed=0) == inner
    assert inner_split(material.dataset.clips, material.split, share=0.0, seed=0).test == ()


def test_one_group_is_always_left_to_train_on(material: TrainingData) -> None:
    inner = inner_split(material.dataset.clips, material.split, share=0.99, seed=0)
    group = material.dataset.clips.set_index("clip_id")["group"]
    assert len(set(group[list(inner.train)])) == 1


def test_an_epoch_sees_every_view_once_and_mirrored_ones_only_where_direction_is_no_label(
    material: TrainingData,
) -> None:
    one = stream("mei_two_stream", TINY_MEI | {"flip": True, "never_flip": ["MoveLeft"]}, name="motion")
    assert one.recipe is not None
    clips = clips_of(material.dataset, material.split.train, material.frames)
    batches = epoch_batches(one, clips, one.recipe, seed=0, epoch=0)
    seen = [(item.clip, item.number, item.mirrored) for batch in batches for item in batch]
    views = {(clip, number, False) for clip in range(len(clips.ids)) for number in range(3)}
    mirrored = {(clip, number, True) for clip, number, _ in views if clips.labels[clip] == 1}
    assert len(seen) == len(set(seen))
    assert set(seen) == views | mirrored
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


def test_batches_are_a_function_of_seed_and_epoch_and_of_nothing_else(material: TrainingData) -> None:
    one = stream("c3d", TINY_C3D)
    assert one.recipe is not None
    clips = clips_of(material.dataset, material.split.train, material.frames)

    def order(seed: int, epoch: int) -> list[tuple[int, int]]:
        batches = epoch_batches(one, clips, one.recipe or Recipe(), seed=seed, epoch=epoch)
        return [(item.clip, int(item.indices[0])) for batch in batches for item in batch]

    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4


def test_learning_rate_rises_over_the_warm_up_and_falls_to_nothing() -> None:
    recipe = Recipe(epochs=1, batch=1, optimiser="sgd", learning_rate=0.1, schedule="cosine", warmup_share=0.2)
    rates = [learning_rate(step, recipe, steps=10) for step in range(10)]
    assert rates[:3] == [0.05, 0.1, 0.1]
    assert rates[6] == pytest.approx(0.05)
    assert rates == [*rates[:2], *sorted(rates[2:], reverse=True)]
    assert 0 < rates[-1] < 0.01
    assert learning_rate(9, replace(recipe, schedule="constant"), steps=10) == 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimiser": "adan"}, "optimiser: is 'adan'. Did you mean 'adam"),
        ({"schedule": "cosin"}, "schedule: is 'cosin'. Did you mean 'cosine'"),
        ({"epochs": 0}, "epochs: is 0. Give 1 or more"),
        ({"validation_share": 1.0}, "validation_share: is 1.0. Give 0 or more and less than 1"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SlateboardError, match=message):
        Recipe(**{"epochs": 1, "batch": 1, "optimiser": "sgd", "learning_rate": 0.1, **change})


def test_calibration_measures_batchnorm_and_changes_nothing_else() -> None:
    torch.manual_seed(0)
    network = vision.build("mobilenet_v2").eval()
    inputs = torch.randn(8, 3, 64, 64)
    before = network(inputs).detach()
    assert restore_batchnorm_statistics(network, inputs) == 52
    torch.testing.assert_close(network(inputs).detach(), before, rtol=1e-3, atol=1e-4)
    network.train()
    for layer in network.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    # In training mode the batch's statistics are now those that the layers hold.
    torch.testing.assert_close(network(inputs).detach(), before, rtol=1e-2, atol=1e-2)


def test_clips_that_failed_are_left_out_of_training_by_name(
    squares: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = Drawn()
    material = tiny_data(squares, frames=frames)
    first = material.split.train[0]
    failed = ClipFrames(0, 0, 0, "bt709", full_range=False, failed="cannot be read")
    frames.facts = lambda clip_id: failed if clip_id == first else Drawn.facts(frames, clip_id)
    trained_on = train(tiny_stream(epochs=1), material, seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert trained_on.train == tuple(sorted(material.split.train[1:]))
    assert first not in frames.read
    assert f"left out of training all: {first}: cannot be read" in capsys.readouterr().err


def test_clips_that_first_weights_were_trained_on_are_named(squares: Dataset, tmp_path: Path) -> None:
    material = tiny_data(squares)
    stream = replace(tiny_stream(epochs=1), pretrained_on=("elsewhere",))
    trained_on = train(stream, material, seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert trained_on.train == tuple(sorted([*material.split.train, "elsewhere"]))
    assert train(stream, material, seed=0, fabric=fabric("cpu"), folder=tmp_path) == trained_on
