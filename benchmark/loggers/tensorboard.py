"""TensorBoard: event files in tensorboard/ of the run's folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slateboard.registry import Card, Parameters, import_module

CARD = Card(
    title="TensorBoard",
    source="torch.utils.tensorboard; `tensorboard --logdir runs` shows them",
    extras=("tensorboard",),
)


def start(folder: Path, *, name: str, parameters: Parameters) -> "_Log":
    """Begin an event file for a stream of a run."""
    module = import_module("torch.utils.tensorboard")
    writer = module.SummaryWriter(str(folder / "tensorboard" / name.rpartition("/")[2]))
    writer.add_text("parameters", json.dumps(dict(parameters), default=str))
    return _Log(writer)


class _Log:
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def log(self, epoch: int, figures: Mapping[str, float]) -> None:
        for key, value in figures.items():
            self._writer.add_scalar(key, value, epoch)

    def close(self) -> None:
        self._writer.close()
