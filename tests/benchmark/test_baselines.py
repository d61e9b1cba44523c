"""Every baseline keeps the interface, with two classes and with five: a new file is held to it without a new test."""

import re
import tomllib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.baseline import Member, Stream
from benchmark.baseline_registry import BASELINES
from benchmark.evaluation import logits
from benchmark.inputs.sampling import SAMPLERS, views_of
from benchmark.models import vision
from benchmark.models.search import fit_by_group
from benchmark.recipe import recipe_of, training
from slateboard.settings import WeightFile

SMALL: dict[str, Any] = {"backbone": "shufflenet_v2_x0_5", "size": 32, "width": 4, "fc": 16}
"""Parameters that make a baseline small where its CARD has them; all others stay at their defaults."""
EXAMPLE = "docs/extending.md"
CLIP_FRAMES = 40
BATCH = 4
CLASSES = [2, 5]


@pytest.fixture(autouse=True)
def _torchvision_without_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let torchvision download the first weights of a network instead of trained ones."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        state = vision.build(SMALL["backbone"]).state_dict()
    monkeypatch.setattr(vision.load().models._api, "load_state_dict_from_url", lambda *_, **__: OrderedDict(state))
    yield


def module_of(name: str) -> Any:
    """Return a baseline, or the one that docs/extending.md shows."""
    if name != EXAMPLE:
        return BASELINES.load(name)
    page = (Path(__file__).parents[2] / EXAMPLE).read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "-> list[Stream]" in block)
    module: dict[str, Any] = {}
    exec(code, module)
    return SimpleNamespace(**module)


def built(name: str, classes: int, *, seed: int = 0) -> list[Stream] | list[Member]:
    module = module_of(name)
    own = {key: value for key, value in SMALL.items() if key in module.CARD.parameters}
    parameters = module.CARD.settle(own, where=name)
    torch.manual_seed(seed)
    found: list[Stream] | list[Member] = module.build(
        [f"Class{number}" for number in range(classes)], parameters, weights_dir=""
    )
    return found


def streams_of(name: str, classes: int, *, seed: int = 0) -> list[Stream]:
    """Return its streams; a baseline of members, which are runs of others, has none."""
    return [one for one in built(name, classes, seed=seed) if isinstance(one, Stream)]


def views(stream: Stream, *, seed: int = 0) -> torch.Tensor:
    """Return a batch of noise as the stream's sampler and size have it, already prepared."""
    count = len(views_of([CLIP_FRAMES], stream.sampler, stream.sampler_parameters, seed=None)[0].indices)
    generator = torch.Generator().manual_seed(seed)
    return stream.preprocess(torch.rand(BATCH, count, 3, stream.size, stream.size, generator=generator))


def labels(classes: int) -> torch.Tensor:
    return torch.arange(BATCH) % classes


@pytest.fixture(params=[*BASELINES.names(), EXAMPLE])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("classes", CLASSES)
def test_its_streams_name_samplers_and_squares_that_there_are(name: str, classes: int) -> None:
    found = built(name, classes)
    assert found
    for one in found:
        if isinstance(one, Member):
            assert one.baseline in BASELINES.names() and one.weight > 0
            continue
        assert one.sampler in SAMPLERS.names()
        assert one.size % 2 == 0 and one.size <= one.geometry.short_side
        assert (one.recipe is None) == (not isinstance(one.model, nn.Module))
    streams = [one.name for one in found if isinstance(one, Stream)]
    assert len(set(streams)) == len(streams)


class Watched(dict[str, Any]):
    """Parameters that remember which of them were asked for by name."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)


def test_every_parameter_of_its_own_is_used(name: str) -> None:
    module = module_of(name)
    small = {key: value for key, value in SMALL.items() if key in module.CARD.parameters}
    parameters = Watched(module.CARD.settle(small, where=name))
    module.build(["A", "B"], parameters, weights_dir="")
    own = module.CARD.parameters.keys() - training().keys()
    assert own - parameters.asked == set()


@pytest.mark.parametrize("classes", CLASSES)
def test_a_network_gives_finite_scores_of_every_class(name: str, classes: int) -> None:
    for stream in streams_of(name, classes):
        if isinstance(stream.model, nn.Module):
            with torch.inference_mode():
                scores = logits(stream.model, views(stream), classes=classes)
            assert scores.shape == (BATCH, classes)
            assert np.isfinite(scores).all()


@pytest.mark.parametrize("classes", CLASSES)
def test_an_estimator_gives_scores_of_every_class(name: str, classes: int) -> None:
    for stream in streams_of(name, classes):
        if isinstance(stream.model, nn.Module):
            continue
        parts = [views(stream, seed=seed).numpy() for seed in range(4)]
        features, truth = np.concatenate(parts), np.arange(4 * BATCH) % classes
        fit_by_group(stream.model, features, truth, np.arange(len(truth)) // classes)
        scores = logits(stream.model, views(stream), classes=classes)
        assert scores.shape == (BATCH, classes)
        assert np.isfinite(scores).all()


def test_preparation_does_not_depend_on_the_rest_of_the_batch(name: str) -> None:
    for stream in streams_of(name, 2):
        count = len(views_of([CLIP_FRAMES], stream.sampler, stream.sampler_parameters, seed=None)[0].indices)
        frames = torch.rand(2, count, 3, stream.size, stream.size, generator=torch.Generator().manual_seed(0))
        kept = frames.clone()
        together = stream.preprocess(frames)
        apart = torch.cat([stream.preprocess(frames[:1]), stream.preprocess(frames[1:])])
        assert torch.allclose(together, apart, atol=1e-4)
        assert torch.equal(frames, kept)


def test_a_network_learns_one_batch_by_heart(name: str) -> None:
    for stream in streams_of(name, 2):
        if not isinstance(stream.model, nn.Module):
            continue
        network = stream.model.train()
        for layer in network.modules():
            if isinstance(layer, nn.Dropout | nn.Dropout3d):
                layer.p = 0.0
        inputs, truth = views(stream), labels(2)
        optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
        losses = []
        for _ in range(25):
            loss = nn.functional.cross_entropy(network(inputs), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0] / 2


def test_every_number_of_a_network_can_be_learned(name: str) -> None:
    for stream in streams_of(name, 2):
        if isinstance(stream.model, nn.Module):
            stream.model.train()
            nn.functional.cross_entropy(stream.model(views(stream)), labels(2)).backward()
            unused = [key for key, one in stream.model.named_parameters() if one.requires_grad and one.grad is None]
            assert unused == []


def test_the_same_seed_gives_the_same_first_weights_and_another_seed_others(name: str) -> None:
    for first, again, other in zip(streams_of(name, 5), streams_of(name, 5), streams_of(name, 5, seed=1), strict=True):
        if isinstance(first.model, nn.Module):
            assert isinstance(again.model, nn.Module) and isinstance(other.model, nn.Module)
            own, same, others = (one.state_dict() for one in (first.model, again.model, other.model))
            assert all(torch.equal(own[key], same[key]) for key in own)
            assert any(not torch.equal(own[key], others[key]) for key in own)


def test_a_network_is_whole_in_its_state_dict(name: str) -> None:
    for saved, fresh in zip(streams_of(name, 5), streams_of(name, 5, seed=1), strict=True):
        if isinstance(saved.model, nn.Module):
            assert isinstance(fresh.model, nn.Module)
            fresh.model.load_state_dict(saved.model.state_dict())
            with torch.inference_mode():
                scores = [logits(one.model, views(saved), classes=5) for one in (saved, fresh)]
            assert np.array_equal(scores[0], scores[1])


def test_weights_that_are_loaded_are_reported(name: str) -> None:
    for stream in streams_of(name, 2):
        assert (stream.weights == "none") == (stream.weights_sha256 is None)
        if stream.weights != "none":
            assert "tensors matched" in stream.report


def test_the_settings_that_the_documents_show_are_settings_that_there_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "baselines.md").read_text("utf-8")
    shown = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    given = [(name, own) for table in shown for name, own in table["baselines"].items()]
    assert len(given) == 4
    for name, own in given:
        recipe = recipe_of(BASELINES.load(name).CARD.settle(own, where=name))
        assert recipe.total_epochs > 0
        assert max(recipe.step_epochs, default=0) < recipe.total_epochs or recipe.schedule != "step"
    (file,) = (table["weight_sets"]["sports1m"] for table in shown if "weight_sets" in table)
    WeightFile(**{**file, "sha256": "0" * 64})


def test_every_baseline_has_a_row_in_the_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "baselines.md").read_text("utf-8")
    assert [name for name in BASELINES.names() if f"| {name} |" not in page] == []
