"""Weights: the table describes the real files, what matched is said, and no partial load is silent."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from benchmark import vision
from benchmark.weights import WEIGHT_SETS, find, identity, load_into, pretrained, read
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.files import sha256_of


@pytest.fixture(scope="session")
def folder(realdata: Path) -> str:
    weights = realdata / "weights"
    if not weights.is_dir():
        pytest.skip(f"no weights at {weights}")
    return str(weights)


@pytest.mark.parametrize("name", WEIGHT_SETS)
def test_every_row_of_the_table_loads_as_it_says(name: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = WEIGHT_SETS[name]
    loaded = pretrained(row.architecture, name, folder=folder)
    tensors = len(loaded.network.state_dict())
    missing = 0 if row.has_classifier else 2
    assert f"{tensors - missing} of {tensors} tensors matched" in loaded.report
    assert ("without its head" in loaded.report) == (not row.has_classifier)
    assert loaded.report in capsys.readouterr().err
    assert (loaded.mean, loaded.std, loaded.sha256) == (row.mean, row.std, row.sha256)
    assert identity(row.architecture, name, folder=folder) == (name, row.sha256)
    assert all(value.dtype != torch.float16 for value in loaded.network.state_dict().values())
    with torch.inference_mode():
        assert loaded.network.eval()(torch.zeros(1, 3, 64, 64)).isfinite().all()


def test_a_file_is_known_by_its_hash_whatever_its_name(folder: str, tmp_path: Path) -> None:
    renamed = tmp_path / "mine.pt"
    renamed.symlink_to(Path(folder) / "squeezenet1_1.pt")
    weight_set, path = find(str(renamed), folder="")
    assert (weight_set.name, path) == ("squeezenet1_1", renamed)


def test_lite0_has_the_parameters_its_source_states(folder: str) -> None:
    network = pretrained("efficientnet_lite0", "efficientnet_lite0", folder=folder).network
    assert sum(weight.numel() for weight in network.parameters()) == 4_652_008


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "squeezenet1_1.pt").write_bytes(b"other")
    with pytest.raises(SlateboardError, match="is not the file it was"):
        find("squeezenet1_1", folder=str(tmp_path))


@pytest.mark.parametrize("given", ["", "nowhere"])
def test_a_missing_folder_says_how_to_name_it(given: str) -> None:
    with pytest.raises(MissingRequirement, match=r"SLATEBOARD_WEIGHTS"):
        find("squeezenet1_1", folder=given)


def test_an_unknown_name_and_an_unknown_file_are_two_errors(tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match="Unknown weights 'squeeznet1_1', and no such file"):
        find("squeeznet1_1", folder="")
    (tmp_path / "own.pt").write_bytes(b"1")
    with pytest.raises(SlateboardError, match="its input normalisation is not known"):
        find(str(tmp_path / "own.pt"), folder="")


def test_weights_of_another_network_are_refused(folder: str) -> None:
    with pytest.raises(SlateboardError, match="are of a squeezenet1_1, not of a resnet18"):
        pretrained("resnet18", "squeezenet1_1", folder=folder)


def test_no_weights_are_untrained_and_say_so() -> None:
    loaded = pretrained("squeezenet1_1", "none", folder="")
    assert (loaded.name, loaded.sha256, loaded.report) == ("none", None, "squeezenet1_1: untrained")


def test_torchvisions_weights_are_named_by_their_own_hash() -> None:
    assert identity("resnet18", "torchvision", folder="") == ("ResNet18_Weights.IMAGENET1K_V1", "f37072fd")
    with pytest.raises(SlateboardError, match="torchvision has no weights of 'efficientnet_lite0'"):
        identity("efficientnet_lite0", "torchvision", folder="")


def test_a_download_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    monkeypatch.setattr(vision.load().models._api, "load_state_dict_from_url", offline)
    with pytest.raises(MissingRequirement, match=r"could not be downloaded \(no network\)"):
        pretrained("squeezenet1_1", "torchvision", folder="")


def test_torchvisions_own_normalisation_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    network = vision.build("squeezenet1_1")
    monkeypatch.setattr(
        vision.load().models._api, "load_state_dict_from_url", lambda *_, **__: OrderedDict(network.state_dict())
    )
    loaded = pretrained("squeezenet1_1", "torchvision", folder="")
    assert (loaded.mean, loaded.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert "52 of 52 tensors matched" in loaded.report


class Test_a_load_that_does_not_fit:
    def state(self) -> dict[str, torch.Tensor]:
        return dict(vision.build("squeezenet1_1").state_dict())

    def refused(self, state: dict[str, torch.Tensor], message: str, *, has_head: bool = True) -> None:
        network = vision.build("squeezenet1_1")
        before = {key: value.clone() for key, value in network.state_dict().items()}
        with pytest.raises(SlateboardError, match=message):
            load_into(network, state, has_head=has_head)
        assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())

    def test_names_what_is_missing(self) -> None:
        state = self.state()
        del state["features.0.weight"]
        self.refused(state, "lacks features.0.weight")

    def test_names_what_is_unknown(self) -> None:
        self.refused(self.state() | {"extra": torch.zeros(1)}, "has unknown extra")

    def test_names_what_has_another_shape(self) -> None:
        self.refused(self.state() | {"features.0.bias": torch.zeros(3)}, r"features.0.bias is \(3,\), not \(64,\)")

    def test_without_a_head_is_refused_where_the_table_promises_one(self) -> None:
        state = {key: value for key, value in self.state().items() if not key.startswith("classifier.1")}
        self.refused(state, "lacks classifier.1.bias; lacks classifier.1.weight")

    def test_without_more_than_the_head_is_refused_always(self) -> None:
        state = {key: value for key, value in self.state().items() if not key.startswith("features.12")}
        self.refused(state, "lacks features.12", has_head=False)


def test_float16_becomes_float32_on_reading(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2, dtype=torch.float16), "n": torch.tensor(3)}, tmp_path / "half.pt")
    state = read(tmp_path / "half.pt")
    assert (state["a"].dtype, state["n"].dtype) == (torch.float32, torch.int64)


@pytest.mark.parametrize("row", WEIGHT_SETS.values(), ids=lambda row: row.name)
def test_the_tables_hashes_are_those_of_the_files(row: object, folder: str) -> None:
    assert sha256_of(Path(folder) / row.file) == row.sha256  # type: ignore[attr-defined]
