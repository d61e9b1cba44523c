"""Baselines by name: what a file of benchmark/baselines defines, and the registry that loads it."""

from collections.abc import Sequence
from typing import Protocol

from benchmark.baseline import Member, Stream
from benchmark.models.transfer.weight_registry import WeightRegistry
from slateboard.registry import Extension, Parameters, Registry


class BaselineModule(Extension, Protocol):
    """What a file of benchmark/baselines defines."""

    def build(
        self, classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry
    ) -> list[Stream]:
        """Return the streams of a baseline.

        `classes` are names in the order of classInd.txt, `parameters` all of the CARD's, `weights_dir` the folder of
        weight files or a WeightRegistry, which knows the settings' own besides.
        """


class EnsembleModule(Extension, Protocol):
    """What a baseline defines whose CARD has `members`: the mean of runs of other baselines."""

    def build(
        self, classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry
    ) -> list[Member]:
        """Return the members."""


BASELINES = Registry("benchmark.baselines", BaselineModule)
ENSEMBLES = Registry("benchmark.baselines", EnsembleModule)
