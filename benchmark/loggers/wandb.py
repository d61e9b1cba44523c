"""Weights & Biases: a run of the project slateboard, online or offline as WANDB_MODE says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slateboard.files import digest
from slateboard.registry import Card, Parameters, import_module

CARD = Card(title="Weights & Biases", source="wandb; HUST logs its trainings so", extras=("wandb",))


def start(folder: Path, *, name: str, parameters: Parameters) -> "_Log":
    """Begin a run, or continue it: its id is a hash of the name."""
    wandb = import_module("wandb")
    return _Log(
        wandb.init(
            project="slateboard",
            name=name,
            # A hash, because an id may hold no slash and the name has four. The same name is the same run after a kill.
            id=digest(name, length=16),
            resume="allow",
            dir=str(folder),
            config=dict(parameters),
        )
    )


class _Log:
    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, epoch: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=epoch)

    def close(self) -> None:
        self._run.finish()
