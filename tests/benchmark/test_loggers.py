"""Loggers: every epoch's figures go where the settings name, and a missing package is answered before training."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tiny_training import tiny_data, tiny_stream

from benchmark import logger
from benchmark.devices import fabric
from benchmark.logger import LOGGERS, numeric_figures, open_loggers
from benchmark.training.checkpoint import read
from benchmark.training.loop import train
from slateboard.dataset import Dataset
from slateboard.errors import MissingRequirement, SlateboardError

ROWS = [(1, {"train_loss": 0.5}), (2, {"train_loss": 0.25})]


class Fake:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Any]] = []
        self.given: dict[str, Any] = {}
        self.closed = 0

    def start(self, folder: Path, *, name: str, parameters: Any) -> "Fake":
        self.given = {"folder": folder, "name": name, "parameters": parameters}
        return self

    def log(self, epoch: int, figures: Any) -> None:
        self.rows.append((epoch, figures))

    def close(self) -> None:
        self.closed += 1


def test_a_logger_gets_every_epoch_and_is_closed(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake()
    monkeypatch.setattr(logger, "LOGGERS", type("Fakes", (), {"load": lambda self, name: fake})())
    folder = tmp_path / "squares-v1" / "seags-1" / "tiny" / "0-abc"
    train(tiny_stream(), tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=folder, loggers=["fake"])
    assert [epoch for epoch, _ in fake.rows] == [1, 2, 3]
    assert {"train_loss", "learning_rate", "clips_per_second"} <= set(fake.rows[0][1])
    assert all(isinstance(value, int | float) for _, row in fake.rows for value in row.values())
    assert fake.given["name"] == "squares-v1/seags-1/tiny/0-abc/all"
    assert (fake.given["parameters"]["batch"], fake.given["parameters"]["seed"]) == (5, 0)
    assert fake.closed == 1


def test_a_logger_is_closed_where_the_training_fails(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake()
    monkeypatch.setattr(logger, "LOGGERS", type("Fakes", (), {"load": lambda self, name: fake})())
    stream, material = tiny_stream(learning_rate=1e30, optimiser="sgd"), tiny_data(squares)
    with pytest.raises(SlateboardError, match="loss became NaN or infinite"):
        train(stream, material, seed=0, fabric=fabric("cpu"), folder=tmp_path, loggers=["fake"])
    assert fake.closed == 1


@pytest.mark.parametrize(
    ("name", "module"), [("tensorboard", "torch.utils.tensorboard"), ("wandb", "wandb"), ("mlflow", "mlflow.tracking")]
)
def test_a_missing_package_is_answered_before_the_first_step(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    for known in [known for known in sys.modules if known.split(".")[0] == name or known == module]:
        monkeypatch.delitem(sys.modules, known)
    # What Python itself does for a package that it does not find.
    monkeypatch.setattr("sys.meta_path", [_Without(name), *sys.meta_path])
    stream, material = tiny_stream(), tiny_data(squares)
    with pytest.raises(MissingRequirement, match=f"needs '{name}': run `pip install {name}`"):
        train(stream, material, seed=0, fabric=fabric("cpu"), folder=tmp_path, loggers=[name])
    assert material.frames.read == []
    assert read(tmp_path / "checkpoints" / "all.pt") is None


class _Without:
    """Finds that a package is not there."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> None:
        if name.partition(".")[0] == self._name:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


# The packages' own use of others is not ours to mend (mlflow 3.17 with SQLAlchemy 2.1).
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", LOGGERS.names())
def test_a_real_logger_takes_figures_and_goes_on_with_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for rows in (ROWS[:1], ROWS):
        with open_loggers([name], tmp_path, stream="all", parameters={"batch": 4, "phases": ()}) as (one,):
            for epoch, row in rows:
                one.log(epoch, row)
    assert any(path.is_file() for path in tmp_path.rglob("*"))


def test_only_numbers_are_figures() -> None:
    row = {"stream": "all", "epoch": 3, "train_loss": 0.5, "validation_accuracy": None, "ended": ""}
    assert numeric_figures(row) == {"train_loss": 0.5}


def test_an_unknown_logger_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match=r"Unknown loggers name 'wandbb'\. Did you mean 'wandb'"):
        with open_loggers(["wandbb"], tmp_path, stream="all", parameters={}):
            pass
