"""C3D: every layer's output and the number of parameters, as the papers and two public implementations have them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.frames.geometry import Geometry
from benchmark.models.transfer.table import WeightSet
from benchmark.models.transfer.weight_registry import WeightRegistry
from slateboard.errors import SlateboardError
from slateboard.files import sha256_of

c3d = BASELINES.load("c3d")

LAYERS = {
    "conv1": (64, 16, 112, 112),
    "pool1": (64, 16, 56, 56),
    "conv2": (128, 16, 56, 56),
    "pool2": (128, 8, 28, 28),
    "conv3a": (256, 8, 28, 28),
    "conv3b": (256, 8, 28, 28),
    "pool3": (256, 4, 14, 14),
    "conv4a": (512, 4, 14, 14),
    "conv4b": (512, 4, 14, 14),
    "pool4": (512, 2, 7, 7),
    "conv5a": (512, 2, 7, 7),
    "conv5b": (512, 2, 7, 7),
    "pool5": (512, 1, 4, 4),
    "fc6": (4096,),
    "fc7": (4096,),
    "fc8": (487,),
}


def build(classes: int, **changes: Any) -> nn.Module:
    shape = {"width": 64, "fc": 4096, "frames": 16, "size": 112, "dropout": 0.5} | changes
    network: nn.Module = c3d.C3D(classes, **shape)
    return network


def test_every_layer_gives_the_shape_of_the_papers_table() -> None:
    with torch.device("meta"):
        network = build(487)
        seen: dict[str, tuple[int, ...]] = {}
        for name, layer in network.named_children():
            layer.register_forward_hook(
                lambda _layer, _inputs, output, name=name: seen.__setitem__(name, tuple(output.shape[1:]))
            )
        network(torch.empty(2, 3, 16, 112, 112))
    assert {name: seen[name] for name in LAYERS} == LAYERS


@pytest.mark.parametrize(("classes", "parameters"), [(487, 79_991_015), (101, 78_409_573)])
def test_parameters_agree_with_the_public_implementations(classes: int, parameters: int) -> None:
    with torch.device("meta"):
        assert sum(weight.numel() for weight in build(classes).parameters()) == parameters


def test_state_dict_has_the_names_of_the_public_weights() -> None:
    with torch.device("meta"):
        names = list(build(487).state_dict())
    layers = ["conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b", "fc6", "fc7", "fc8"]
    assert names == [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


@pytest.mark.parametrize(("frames", "size"), [(16, 64), (16, 48), (32, 112), (16, 16), (20, 50)])
def test_other_sizes_work(frames: int, size: int) -> None:
    network = build(8, width=2, fc=4, frames=frames, size=size).eval()
    assert network(torch.zeros(2, 3, frames, size, size)).shape == (2, 8)


def test_fewer_than_sixteen_frames_are_refused_in_words() -> None:
    with pytest.raises(SlateboardError, match="C3D needs 16 frames of 16 pixels or more, got 8 of 112"):
        build(8, frames=8)


SMALL = {"width": 2, "fc": 4, "size": 32}
BY_POSITION = {ours: theirs for theirs, ours in c3d.POSITIONS.items()}


def stream(classes: int, **changes: Any) -> Stream:
    settled = c3d.CARD.settle({**SMALL, **changes}, where="c3d")
    found: Stream = c3d.build([f"Class{n}" for n in range(classes)], settled, weights_dir="")[0]
    return found


def test_the_authors_geometry_is_the_default() -> None:
    assert stream(2, size=112).geometry == Geometry(128, "whole")
    assert stream(2, size=112, short_side=112).geometry == Geometry(112, "whole")


def saved(folder: Path, *, by_position: bool, head: bool) -> tuple[WeightRegistry, dict[str, torch.Tensor]]:
    """Write weights of seven classes as public files have them, and return a shelf that states their input."""
    torch.manual_seed(1)
    state = build(7, **SMALL).state_dict()
    kept = {key: value for key, value in state.items() if head or not key.startswith("fc8")}
    named = {}
    for key, value in kept.items():
        layer, _, part = key.partition(".")
        named[f"{BY_POSITION[layer]}.{part}" if by_position else key] = value
    path = folder / "c3d.pickle"
    torch.save(named, path)
    plain, unit = (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)
    own = WeightSet(name="own", file=str(path), architecture="c3d", mean=plain, std=unit, sha256=sha256_of(path))
    return WeightRegistry(str(folder), {"own": own}), state


@pytest.mark.parametrize("by_position", [False, True], ids=["by layer", "by position"])
@pytest.mark.parametrize(("classes", "head"), [(7, True), (7, False), (3, True)])
def test_both_public_naming_schemes_load_and_the_head_where_the_classes_agree(
    tmp_path: Path, by_position: bool, classes: int, head: bool
) -> None:
    shelf, state = saved(tmp_path, by_position=by_position, head=head)
    settled = c3d.CARD.settle({**SMALL, "weights": "own"}, where="c3d")
    (found,) = c3d.build([str(n) for n in range(classes)], settled, weights_dir=shelf)
    own = found.model.state_dict()
    assert all(torch.equal(own[key], value) for key, value in state.items() if not key.startswith("fc8"))
    taken = head and classes == 7
    assert taken == (own["fc8.weight"].shape == (7, 4) and torch.equal(own["fc8.weight"], state["fc8.weight"]))
    in_file = "that of the file has 7 classes" if head else "the file has none"
    of_head = ", its head fc8 among them" if taken else f"; head fc8 of {classes} classes is new ({in_file})"
    assert found.report == f"c3d from c3d.pickle: {22 if taken else 20} of 22 tensors matched{of_head}"


def test_the_input_is_normalised_as_the_weights_say(tmp_path: Path) -> None:
    shelf, _ = saved(tmp_path, by_position=False, head=True)
    settled = c3d.CARD.settle({**SMALL, "weights": "own"}, where="c3d")
    (found,) = c3d.build(["A", "B"], settled, weights_dir=shelf)
    white = torch.ones(1, 16, 3, 32, 32)
    assert torch.allclose(found.preprocess(white), torch.full((1, 3, 16, 32, 32), 255.0))
    assert torch.equal(stream(2).preprocess(white), torch.full((1, 3, 16, 32, 32), 2.0))


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    shelf, _ = saved(tmp_path, by_position=True, head=False)
    settled = c3d.CARD.settle({**SMALL, "width": 3, "weights": "own"}, where="c3d")
    with pytest.raises(SlateboardError, match=r"conv1.bias is \(2,\), not \(3,\)"):
        c3d.build(["A", "B"], settled, weights_dir=shelf)
