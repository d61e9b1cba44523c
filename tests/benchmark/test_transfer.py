"""A finished run is a source of weights: its network, its input, its classes, and what it has seen."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmark.baseline import Stream
from benchmark.baseline_registry import BASELINES
from benchmark.models import vision
from benchmark.models.transfer.runs import find_network
from benchmark.models.transfer.table import WeightSet
from benchmark.models.transfer.weight_registry import WeightRegistry, recorded_name
from benchmark.models.weights import identity, load
from benchmark.running.contamination import ContaminatedTestSet
from benchmark.running.runs import run
from slateboard.errors import SlateboardError
from slateboard.files import sha256_of, write_text
from slateboard.records.result import Result
from slateboard.records.run_folder import TRAINED_ON
from slateboard.records.trained_on import TrainedOn
from slateboard.workspace import Workspace
from splits.folder import find_split

C3D: dict[str, Any] = {"width": 2, "fc": 8, "size": 32}
BACKBONE: dict[str, Any] = {"backbone": "shufflenet_v2_x0_5", "size": 32}
SETTINGS = """name = "squares"
[train]
device = "cpu"
"""


@pytest.fixture(scope="module")
def workspace(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("transfer")
    (root / "releases").mkdir()
    (root / "releases" / "v1").symlink_to(released, target_is_directory=True)
    write_text(root / "slateboard.toml", SETTINGS)
    return Workspace(root)


def trained_in(workspace: Workspace, baseline: str, over: dict[str, Any]) -> Path:
    dataset = workspace.dataset()
    split = find_split(workspace, dataset, protocol="seags", number=1)
    return run(workspace, dataset, split, baseline, seed=0, over=over).folder


@pytest.fixture(scope="module")
def c3d(workspace: Workspace) -> Path:
    return trained_in(workspace, "c3d", {**C3D, "epochs": 1, "flip": False})


@pytest.fixture(scope="module")
def two_stream(workspace: Workspace) -> Path:
    epochs = {"motion_epochs": 1, "normal_epochs": 1, "interval": 10, "flip": False}
    return trained_in(workspace, "mei_two_stream", {**BACKBONE, **epochs, "weights": "none"})


def begun(
    baseline: str, weights: Path | str, classes: tuple[str, ...], *, shelf: WeightRegistry | str = "", **own: Any
) -> list[Stream]:
    module = BASELINES.load(baseline)
    settled = module.CARD.settle({**own, "weights": str(weights)}, where=baseline)
    found: list[Stream] = module.build(classes, settled, weights_dir=shelf)
    return found


def state_of(path: Path) -> dict[str, torch.Tensor]:
    model: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["model"]
    return model


@pytest.mark.parametrize("name", ["", "checkpoints/all.pt"])
def test_a_run_gives_its_network_and_the_clips_it_has_seen(c3d: Path, name: str) -> None:
    (stream,) = begun("c3d", c3d / name, ("MoveLeft", "MoveRight"), **C3D)
    own, theirs = stream.model.state_dict(), state_of(c3d / "checkpoints" / "all.pt")  # type: ignore[union-attr]
    assert all(torch.equal(own[key], value) for key, value in theirs.items())
    assert set(stream.pretrained_on) == TrainedOn.read(c3d / TRAINED_ON).ids != set()
    assert stream.weights == f"{Result.read(c3d / 'result.json').run.folder}/all"
    assert stream.weights_sha256 == sha256_of(c3d / "checkpoints" / "all.pt")
    assert "22 of 22 tensors matched, its head fc8 among them" in stream.report
    assert identity("c3d", str(c3d / name), folder="")[1] == stream.weights_sha256


@pytest.mark.parametrize("classes", [("MoveRight", "MoveLeft"), ("Up", "Down"), ("A", "B", "C")])
def test_a_head_of_other_classes_is_new_though_their_number_agrees(c3d: Path, classes: tuple[str, ...]) -> None:
    (stream,) = begun("c3d", c3d, classes, **C3D)
    assert f"20 of 22 tensors matched; head fc8 of {len(classes)} classes is new" in stream.report


def test_each_stream_begins_with_the_network_of_its_name(two_stream: Path) -> None:
    for stream in begun("mei_two_stream", two_stream, ("A", "B"), **BACKBONE):
        own, theirs = stream.model.state_dict(), state_of(two_stream / "checkpoints" / f"{stream.name}.pt")  # type: ignore[union-attr]
        assert all(torch.equal(own[key], value) for key, value in theirs.items() if not key.startswith("fc."))
        assert "head fc of 2 classes is new" in stream.report


def test_another_baseline_with_the_same_backbone_may_begin_with_it(two_stream: Path) -> None:
    (stream,) = begun("single_frame", two_stream / "checkpoints" / "normal.pt", ("A", "B"), **BACKBONE)
    assert stream.weights.endswith("/normal")
    with pytest.raises(SlateboardError, match=r"holds motion.pt, normal.pt, and the stream is 'all'. Name one"):
        begun("single_frame", two_stream, ("A", "B"), **BACKBONE)
    with pytest.raises(SlateboardError, match="are for shufflenet_v2_x0_5, but the backbone is c3d"):
        begun("c3d", two_stream / "checkpoints" / "normal.pt", ("A", "B"), **C3D)


def begun_with(folder: Path, weight_set: WeightSet, copy: Path) -> Path:
    """Copy a run as if it had begun with a weight set of the settings."""
    shutil.copytree(folder, copy)
    result = Result.read(copy / "result.json")
    parameters = {**result.run.parameters, "weights": weight_set.name}
    own = result.run.model_copy(update={"parameters": parameters, "weights": recorded_name(weight_set)})
    result.model_copy(update={"run": own}).write(copy / "result.json")
    return copy


def test_its_input_is_that_of_the_weights_it_began_with_itself(c3d: Path, tmp_path: Path) -> None:
    (tmp_path / "own.pt").write_bytes(b"weights that are not needed any more")
    own = WeightSet("own", str(tmp_path / "own.pt"), "c3d", (0.0,) * 3, (0.5,) * 3, sha256_of(tmp_path / "own.pt"))
    folder = begun_with(c3d, own, tmp_path / "run")
    (stream,) = begun("c3d", folder, ("A", "B"), shelf=WeightRegistry(sets={"own": own}), **C3D)
    assert torch.equal(stream.preprocess(torch.ones(1, 1, 3, 2, 2)), torch.full((1, 3, 1, 2, 2), 2.0))
    (untrained,) = begun("c3d", c3d, ("A", "B"), **C3D)
    assert torch.equal(untrained.preprocess(torch.zeros(1, 1, 3, 2, 2)), torch.full((1, 3, 1, 2, 2), -2.0))
    changed = WeightRegistry(sets={"own": replace(own, std=(0.25,) * 3)})
    with pytest.raises(SlateboardError, match="'own' now states another input"):
        begun("c3d", folder, ("A", "B"), shelf=changed, **C3D)


def test_what_it_has_seen_is_not_tested(workspace: Workspace, c3d: Path) -> None:
    dataset = workspace.dataset()
    split = find_split(workspace, dataset, protocol="seags", number=1)
    swapped = split.model_copy(update={"train": split.test, "test": split.train, "number": 2})
    with pytest.raises(ContaminatedTestSet, match="weights of all"):
        run(workspace, dataset, swapped, "c3d", seed=0, over={**C3D, "epochs": 1, "weights": str(c3d)})


class Frames(nn.Module):
    """A network around another one, as for several frames."""

    def __init__(self, image: nn.Module) -> None:
        super().__init__()
        self.image, self.order = image, nn.Linear(2, 2)


@pytest.mark.parametrize("whole", [True, False])
def test_a_file_goes_into_the_whole_or_into_the_part_whose_names_it_has(tmp_path: Path, whole: bool) -> None:
    torch.manual_seed(1)
    image, head = vision.image_network("shufflenet_v2_x0_5", 2)
    theirs = Frames(image)
    torch.save((theirs if whole else image).state_dict(), tmp_path / "own.pt")
    name, sha256 = str(tmp_path / "own.pt"), sha256_of(tmp_path / "own.pt")
    shelf = WeightRegistry(sets={"own": WeightSet("own", name, "frames", (0.0,) * 3, (1.0,) * 3, sha256)})
    torch.manual_seed(2)
    inner = vision.image_network("shufflenet_v2_x0_5", 2)
    own = Frames(inner[0])
    initial = load(own, "frames", "own", folder=shelf, head=f"image.{head}", classes=["A", "B"], inner=inner)
    assert torch.equal(own.image.conv1[0].weight, theirs.image.conv1[0].weight)  # type: ignore[index, union-attr]
    assert torch.equal(own.order.weight, theirs.order.weight) == whole
    assert initial.into_part == (not whole)


def test_a_run_that_is_not_finished_is_refused(c3d: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(SlateboardError, match=r"is no finished run: it lacks result.json"):
        find_network(tmp_path, stream="all")
