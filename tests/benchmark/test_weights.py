"""Weights: the table describes the real files, what matched is said, and no partial load is silent."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from benchmark.models import vision
from benchmark.models.transfer.loading import load_into, read
from benchmark.models.transfer.table import UNTRAINED, WEIGHT_SETS
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.models.weights import identity, pretrained
from slateboard.errors import BadInput, MissingRequirement, SlateboardError
from slateboard.files import sha256_of
from slateboard.settings import Settings, WeightFile

IMAGENET = [f"class {number}" for number in range(vision.IMAGENET_CLASSES)]


@pytest.fixture(scope="session")
def folder(realdata: Path) -> str:
    weights = realdata / "weights"
    if not weights.is_dir():
        pytest.skip(f"no weights at {weights}")
    return str(weights)


@pytest.mark.parametrize("name", WEIGHT_SETS)
def test_every_row_of_the_table_loads_as_it_says(name: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = WEIGHT_SETS[name]
    loaded = pretrained(row.architecture, name, folder=folder, classes=IMAGENET)
    tensors = len(loaded.network.state_dict())
    has_head = "no classifier" not in row.note
    assert f"{tensors if has_head else tensors - 2} of {tensors} tensors matched" in loaded.report
    assert ("is new (the file has none)" in loaded.report) == (not has_head)
    assert loaded.report in capsys.readouterr().err
    assert (loaded.mean, loaded.std, loaded.sha256) == (row.mean, row.std, row.sha256)
    assert identity(row.architecture, name, folder=folder) == (name, row.sha256)
    assert all(value.dtype != torch.float16 for value in loaded.network.state_dict().values())
    with torch.inference_mode():
        assert loaded.network.eval()(torch.zeros(1, 3, 64, 64)).isfinite().all()


def test_a_head_of_other_classes_is_new_and_none_is_left_away(folder: str) -> None:
    new = pretrained("squeezenet1_1", "squeezenet1_1", folder=folder, classes=["a", "b", "c"])
    assert new.report.endswith(
        "50 of 52 tensors matched; head classifier.1 of 3 classes is new (that of the file has 1000 classes)"
    )
    none = pretrained("squeezenet1_1", "squeezenet1_1", folder=folder)
    assert none.report.endswith(
        "50 of 50 tensors matched; no head classifier.1 is used (that of the file has 1000 classes)"
    )


def test_a_file_is_known_by_its_hash_whatever_its_name(folder: str, tmp_path: Path) -> None:
    renamed = tmp_path / "mine.pt"
    renamed.symlink_to(Path(folder) / "squeezenet1_1.pt")
    weight_set, path = WeightRegistry().find(str(renamed))
    assert (weight_set.name, path) == ("squeezenet1_1", renamed)


def test_lite0_has_the_parameters_its_source_states(folder: str) -> None:
    network = pretrained("efficientnet_lite0", "efficientnet_lite0", folder=folder, classes=IMAGENET).network
    assert sum(weight.numel() for weight in network.parameters()) == 4_652_008


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "squeezenet1_1.pt").write_bytes(b"other")
    with pytest.raises(SlateboardError, match="is not the file it was"):
        WeightRegistry(str(tmp_path)).find("squeezenet1_1")


@pytest.mark.parametrize("given", ["", "nowhere"])
def test_a_missing_folder_says_how_to_name_it(given: str) -> None:
    with pytest.raises(MissingRequirement, match=r"SLATEBOARD_WEIGHTS"):
        WeightRegistry(given).find("squeezenet1_1")


def test_an_unknown_name_and_an_unknown_file_are_two_errors(tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match="Unknown weights 'squeeznet1_1', and no such file"):
        WeightRegistry().find("squeeznet1_1")
    (tmp_path / "own.pt").write_bytes(b"1")
    with pytest.raises(SlateboardError, match="its input normalisation is not known"):
        WeightRegistry().find(str(tmp_path / "own.pt"))


def test_weights_of_another_network_are_refused(folder: str) -> None:
    with pytest.raises(SlateboardError, match="are for squeezenet1_1, but the backbone is resnet18"):
        pretrained("resnet18", "squeezenet1_1", folder=folder)


def test_no_weights_are_untrained_and_say_so() -> None:
    loaded = pretrained("squeezenet1_1", "none", folder="")
    assert (loaded.name, loaded.sha256, loaded.report) == ("none", None, "squeezenet1_1: untrained")
    assert (loaded.mean, loaded.std) == UNTRAINED


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


def downloaded(monkeypatch: pytest.MonkeyPatch, state: dict[str, torch.Tensor]) -> None:
    monkeypatch.setattr(vision.load().models._api, "load_state_dict_from_url", lambda *_, **__: OrderedDict(state))


def test_torchvisions_own_normalisation_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    downloaded(monkeypatch, vision.build("squeezenet1_1").state_dict())
    loaded = pretrained("squeezenet1_1", "torchvision", folder="", classes=IMAGENET)
    assert (loaded.mean, loaded.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert "52 of 52 tensors matched, its head classifier.1 among them" in loaded.report


def test_torchvisions_inception_is_fed_as_it_was_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = vision.load().models.get_model("inception_v3", weights=None, init_weights=False, transform_input=True)
    downloaded(monkeypatch, theirs.state_dict())
    loaded = pretrained("inception_v3", "torchvision", folder="", classes=IMAGENET)
    pictures = torch.rand(2, 3, 75, 75)
    stated = vision.torchvision_weights("inception_v3").transforms()
    shape = (3, 1, 1)
    seen = (pictures - torch.tensor(stated.mean).view(shape)) / torch.tensor(stated.std).view(shape)
    own = (pictures - torch.tensor(loaded.mean).view(shape)) / torch.tensor(loaded.std).view(shape)
    with torch.inference_mode():
        assert torch.allclose(theirs.eval()(seen), loaded.network.eval()(own), atol=1e-4)


def stated(path: Path, **changes: object) -> Settings:
    """Return settings that state the input of a file."""
    given = {
        "file": str(path),
        "architecture": "squeezenet1_1",
        "mean": (0.1, 0.2, 0.3),
        "std": (0.4, 0.5, 0.6),
        "sha256": sha256_of(path),
    }
    return Settings(weight_sets={"mine": WeightFile(**{**given, **changes})})  # type: ignore[arg-type]


class Test_a_file_of_the_settings:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        torch.save({"epoch": 3, "state_dict": self.parallel()}, tmp_path / "mine.pt")
        return tmp_path / "mine.pt"

    def parallel(self) -> dict[str, torch.Tensor]:
        return {f"module.{key}": value for key, value in vision.build("squeezenet1_1").state_dict().items()}

    @pytest.mark.parametrize("by_name", [True, False])
    def test_is_found_by_name_and_by_hash_with_the_input_it_states(self, path: Path, by_name: bool) -> None:
        shelf = WeightRegistry.of(stated(path))
        loaded = pretrained("squeezenet1_1", "mine" if by_name else str(path), folder=shelf, classes=["a", "b"])
        assert (loaded.mean, loaded.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
        assert "50 of 52 tensors matched" in loaded.report

    def test_with_another_input_is_another_run(self, path: Path) -> None:
        names = {
            identity("squeezenet1_1", "mine", folder=WeightRegistry.of(stated(path, mean=mean)))
            for mean in ((0.1, 0.2, 0.3), (0.1, 0.2, 0.4))
        }
        assert len({name for name, _ in names}) == 2
        assert {sha256 for _, sha256 in names} == {sha256_of(path)}

    def test_that_has_changed_is_refused(self, path: Path) -> None:
        shelf = WeightRegistry.of(stated(path))
        path.write_bytes(b"other")
        with pytest.raises(SlateboardError, match="is not the file it was"):
            shelf.find("mine")

    def test_may_not_take_a_name_of_the_suites_own(self, path: Path) -> None:
        file = stated(path).weight_sets["mine"]
        with pytest.raises(BadInput, match=r"weight_sets.torchvision: is a name of the suite's own"):
            WeightRegistry.of(Settings(weight_sets={"torchvision": file}))


class Test_a_load_that_does_not_fit:
    def state(self) -> dict[str, torch.Tensor]:
        return dict(vision.build("squeezenet1_1").state_dict())

    def refused(self, state: dict[str, torch.Tensor], message: str) -> None:
        network = vision.build("squeezenet1_1")
        before = {key: value.clone() for key, value in network.state_dict().items()}
        with pytest.raises(SlateboardError, match=message):
            load_into(network, state, head="classifier.1")
        assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())

    def test_names_what_is_missing(self) -> None:
        state = self.state()
        del state["features.0.weight"]
        self.refused(state, "lacks features.0.weight")

    def test_names_what_is_unknown(self) -> None:
        self.refused(self.state() | {"extra": torch.zeros(1)}, "has unknown extra")

    def test_names_what_has_another_shape(self) -> None:
        self.refused(self.state() | {"features.0.bias": torch.zeros(3)}, r"features.0.bias is \(3,\), not \(64,\)")

    def test_without_more_than_the_head_is_refused(self) -> None:
        state = {key: value for key, value in self.state().items() if not key.startswith("features.12")}
        self.refused(state, "lacks features.12")


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"a": Path("anything")}, tmp_path / "code.pt")
    with pytest.raises(BadInput, match="is no file of tensors"):
        read(tmp_path / "code.pt")
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(BadInput, match="is no state dict"):
        read(tmp_path / "list.pt")


def test_float16_becomes_float32_on_reading(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2, dtype=torch.float16), "n": torch.tensor(3)}, tmp_path / "half.pt")
    state = read(tmp_path / "half.pt")
    assert (state["a"].dtype, state["n"].dtype) == (torch.float32, torch.int64)


@pytest.mark.parametrize("row", WEIGHT_SETS.values(), ids=lambda row: row.name)
def test_the_tables_hashes_are_those_of_the_files(row: object, folder: str) -> None:
    assert sha256_of(Path(folder) / row.file) == row.sha256  # type: ignore[attr-defined]
