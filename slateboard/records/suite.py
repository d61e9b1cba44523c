"""Suite: a TOML file that lists runs, written by a person."""

from typing import Any

from pydantic import Field, NonNegativeInt, PositiveInt

from slateboard.paths import SafeName
from slateboard.records.base import Record
from slateboard.records.run import Failed


class SuiteRun(Record):
    """One [[run]] table: a run for each split, each seed and each combination of `grid`."""

    baseline: SafeName
    set: dict[str, Any] = Field(default_factory=dict)
    """Parameters, over those of [baselines.<name>] and of the CARD."""
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    """Parameter -> values; every combination is a run."""


class Suite(Record):
    """A suite file. Defaults are those of the CARDs; parameters in slateboard.toml are not used."""

    title: str = ""
    dataset: str | None = None
    """Version of a release, as v1, or a folder; the newest version unless given."""
    protocol: SafeName | None = None
    """Of the splits; that of the settings unless given."""
    splits: tuple[PositiveInt, ...] = (1,)
    """Their numbers within the protocol; empty: every one that was made."""
    seeds: tuple[NonNegativeInt, ...] = (0,)
    failed: Failed = "wrong"
    """What a test clip that cannot be read counts as: wrong, or left out. It is counted either way."""
    baselines: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Parameters of every run of a baseline, of an ensemble's members too, as in slateboard.toml."""
    run: tuple[SuiteRun, ...] = Field(min_length=1)
