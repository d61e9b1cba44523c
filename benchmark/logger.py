"""Loggers: where the rows of a training go besides log.csv, by name."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from slateboard.registry import Extension, Parameters, Registry


class Logger(Protocol):
    """One open log."""

    def log(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Take the figures of an epoch, counted from 1; after a resume the last epoch may come twice."""

    def close(self) -> None:
        """Write all that was taken."""


class LoggerModule(Extension, Protocol):
    """What a file of benchmark/loggers defines."""

    def start(self, folder: Path, *, name: str, parameters: Parameters) -> Logger:
        """Open a log; a training that goes on calls it again with the same three.

        `folder` is the run's, `name` says run and stream, `parameters` are those of the recipe and the seed.
        """


LOGGERS = Registry("benchmark.loggers", LoggerModule)


@contextmanager
def open_loggers(names: Sequence[str], folder: Path, *, stream: str, parameters: Parameters) -> Iterator[list[Logger]]:
    """Open the loggers with these names, close them at the end; MissingRequirement names what is not installed."""
    with ExitStack() as stack:
        modules = [LOGGERS.load(name) for name in names]
        name = "/".join([*folder.resolve().parts[-4:], stream])
        yield [
            stack.enter_context(closing(module.start(folder, name=name, parameters=parameters))) for module in modules
        ]


def numeric_figures(row: Mapping[str, object]) -> dict[str, float]:
    """Return what is a number in a row of log.csv, but for the epoch."""
    return {key: value for key, value in row.items() if isinstance(value, int | float) and key != "epoch"}
