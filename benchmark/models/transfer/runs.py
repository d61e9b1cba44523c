"""Networks of finished runs, whose weights another training begins with."""

from dataclasses import dataclass
from pathlib import Path

from slateboard.errors import SlateboardError
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.records.run_folder import CHECKPOINTS, CONFIG, RESULT, TRAINED_ON
from slateboard.records.trained_on import TrainedOn

_ENDING = ".pt"
"""Of a network's checkpoint."""


@dataclass(frozen=True)
class TrainedNetwork:
    """One network of a finished run."""

    file: Path
    record: Run
    classes: tuple[str, ...]
    """Names in the order of its scores."""
    clips: tuple[str, ...]
    """Ids of the clips that it was trained or validated on, and those of the weights that it began with."""

    @property
    def name(self) -> str:
        """Name of the run and its stream, as records state it."""
        return f"{self.record.folder}/{self.file.stem}"

    @property
    def architecture(self) -> str:
        """Backbone of the run, or the baseline itself."""
        return str(self.record.parameters.get("backbone", self.record.baseline))


def is_run(path: Path) -> bool:
    """Return True for the folder of a run, and for a file in its checkpoints/."""
    return path.is_dir() or (path.parent.name == CHECKPOINTS and (folder_of_run(path) / CONFIG).is_file())


def folder_of_run(path: Path) -> Path:
    """Return the folder of a run, given the folder or one of its checkpoints."""
    return path if path.is_dir() else path.parent.parent


def find_network(path: Path, *, stream: str) -> TrainedNetwork:
    """Return the network of one stream of a finished run, given its folder or one of its checkpoints.

    Of a folder it is the network of that stream, or the only one. Raises SlateboardError where the run is not finished
    or has no such network.
    """
    folder = folder_of_run(path)
    if not (folder / RESULT).is_file() or not (folder / TRAINED_ON).is_file():
        raise SlateboardError(
            f"{folder} is no finished run: it lacks {RESULT} or {TRAINED_ON}, which say what its weights are. "
            "Name the folder of a run that `slateboard bench train` has finished."
        )
    result = Result.read(folder / RESULT)
    clips = TrainedOn.read(folder / TRAINED_ON).ids
    file = path if path.is_file() else _of_stream(folder, stream)
    return TrainedNetwork(file, result.run, tuple(result.scores[0].per_class), tuple(sorted(clips)))


def _of_stream(folder: Path, stream: str) -> Path:
    paths = checkpoints_of(folder)
    candidates = [path for path in paths if path.stem == stream] or paths
    if len(candidates) != 1:
        names = ", ".join(path.name for path in paths) or "no network"
        raise SlateboardError(f"{folder} holds {names}, and the stream is '{stream}'. Name one of its checkpoints.")
    return candidates[0]


def checkpoints_of(path: Path) -> list[Path]:
    """Return the network checkpoints in a run's folder; of the path of one, that alone."""
    return [path] if path.is_file() else sorted((path / CHECKPOINTS).glob(f"*{_ENDING}"))
