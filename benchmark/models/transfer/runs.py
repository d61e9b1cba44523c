"""Weights of finished runs of the suite: where a run learned something that another begins with."""

from dataclasses import dataclass
from pathlib import Path

from slateboard.errors import SlateboardError
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.records.run_folder import TRAINED_ON
from slateboard.records.trained_on import TrainedOn

_CHECKPOINTS, _ENDING = "checkpoints", ".pt"

"""Folders of a run's name below runs/: <dataset>/<protocol>-<split>/<baseline>/<seed>-<config hash>."""


@dataclass(frozen=True)
class Trained:
    """One network of a finished run."""

    file: Path
    record: Run
    classes: tuple[str, ...]
    """Names in the order of its scores."""
    seen: tuple[str, ...]
    """Ids of the clips that it was trained or validated on, and those of the weights that it began with."""

    @property
    def name(self) -> str:
        """Of the run and its stream, as records have it."""
        return f"{self.record.folder}/{self.file.stem}"

    @property
    def architecture(self) -> str:
        """Backbone of the run, or the baseline itself."""
        return str(self.record.parameters.get("backbone", self.record.baseline))


def is_run(path: Path) -> bool:
    """True for the folder of a run, and for a file in its checkpoints/."""
    return path.is_dir() or (path.parent.name == _CHECKPOINTS and (folder_of_run(path) / "config.toml").is_file())


def folder_of_run(path: Path) -> Path:
    """Return the folder of a run, given that or one of its checkpoints."""
    return path if path.is_dir() else path.parent.parent


def trained(path: Path, *, stream: str) -> Trained:
    """Return the network of one stream of a finished run, given its folder or one of its checkpoints.

    Of a folder it is the stream of that name, or the only one. Raises SlateboardError where the run is not finished
    or has no such network.
    """
    folder = folder_of_run(path)
    if not (folder / "result.json").is_file() or not (folder / TRAINED_ON).is_file():
        raise SlateboardError(
            f"{folder} is no finished run: it lacks result.json or {TRAINED_ON}, which say what its weights are. "
            "Name the folder of a run that `slateboard bench train` has finished."
        )
    result = Result.read(folder / "result.json")
    seen = TrainedOn.read(folder / TRAINED_ON).ids
    file = path if path.is_file() else _of_stream(folder, stream)
    return Trained(file, result.run, tuple(result.scores[0].per_class), tuple(sorted(seen)))


def _of_stream(folder: Path, stream: str) -> Path:
    found = sorted((folder / _CHECKPOINTS).glob(f"*{_ENDING}"))
    named = [path for path in found if path.stem == stream] or found
    if len(named) != 1:
        names = ", ".join(path.name for path in found) or "no network"
        raise SlateboardError(f"{folder} holds {names}, and the stream is '{stream}'. Name one of its checkpoints.")
    return named[0]


def files(path: Path) -> list[Path]:
    """Return the checkpoints that a run's folder holds, or the one that was named."""
    return [path] if path.is_file() else sorted((path / _CHECKPOINTS).glob(f"*{_ENDING}"))
