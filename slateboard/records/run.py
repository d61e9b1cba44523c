"""Run: one baseline trained, or several averaged, and tested once on one split; config.toml in its folder."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_serializer

from slateboard.files import digest
from slateboard.paths import SafeId, SafeName
from slateboard.records.base import Count, Record, Share

Failed = Literal["wrong", "left out"]


class Model(Record):
    """The model of a run, without its data: the baseline that was trained, or the members that were averaged."""

    baseline: SafeName
    """Its name, or `fuse` where finished runs were averaged by hand."""
    parameters: dict[str, Any]
    """Of the baseline, defaults filled in."""
    weights: str
    """Name of the weight set, or `none`."""
    weights_sha256: str | None = None
    seed: Count
    threads: Count
    """CPU threads: another number sums in another order."""
    members: tuple["Model", ...] = ()
    """Runs on the same data whose probabilities are averaged; none where something was trained."""
    shares: tuple[Share, ...] = ()
    """Weight of each member in the mean; they add up to 1."""

    @field_serializer("members")
    def _plain(self, members: tuple["Model", ...]) -> list[dict[str, Any]]:
        """Return members without what is None: TOML has no such value inside a list."""
        return [member.model_dump(mode="json", exclude_none=True) for member in members]


class Run(Model):
    """Everything that determines the outcome of a run, except for versions and processor (Result.environment).

    Its hash names the folder. Neither the form that frames were read from nor the number of processes is part of it:
    those are the machine's, and stand in the result.
    """

    SCHEMA: ClassVar[int] = 2

    dataset: SafeId
    dataset_sha256: str
    protocol: SafeName
    split: Count = Field(ge=1)
    split_sha256: str
    """Hash of the train and test lists."""
    safe: bool | None = None
    """False for splits of protocols that let groups leak; None in records of schema 1, which did not say."""
    failed: Failed = "wrong"
    """What a test clip that cannot be read counts as; either way it is counted."""

    @property
    def folder(self) -> str:
        """<dataset>/<protocol>-<split>/<baseline>/<seed>-<config hash>, below runs/."""
        # demo-v1/seags-1/c3d/0-1f2e3d4c. The hash is of all fields as JSON, so that a parameter, a list or a weight
        # file that differs is another folder, and the same command finds its own again.
        return f"{self.dataset}/{self.protocol}-{self.split}/{self.baseline}/{self.seed}-{digest(self.row(), length=8)}"

    def of(self, member: Model) -> "Run":
        """Return the record of the run that a member is."""
        # A member has the data of the whole (dataset, split, failed) and a model of its own.
        shared = {name: getattr(self, name) for name in Run.model_fields if name not in Model.model_fields}
        return Run(**{**{name: getattr(member, name) for name in Model.model_fields}, **shared})
