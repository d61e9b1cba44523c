"""Weight sets by name: the table's and the settings' own, and the folder of their files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.models.transfer.table import WEIGHT_SETS, WeightSet
from slateboard.errors import BadInput, MissingRequirement, Problem, SlateboardError, did_you_mean
from slateboard.files import digest, sha256_of
from slateboard.settings import Settings

NONE, TORCHVISION = "none", "torchvision"


@dataclass(frozen=True)
class WeightRegistry:
    """Weight sets by name, and the folder of their files."""

    folder: str = ""
    sets: Mapping[str, WeightSet] = field(default_factory=lambda: WEIGHT_SETS)

    @classmethod
    def of(cls, settings: Settings) -> "WeightRegistry":
        """Return the registry of a workspace: weights_dir and the tables [weight_sets.NAME] of its settings.

        Raises BadInput for names that the table has already.
        """
        taken = [name for name in settings.weight_sets if name in (*WEIGHT_SETS, NONE, TORCHVISION)]
        if taken:
            raise BadInput(
                [Problem(f"weight_sets.{name}", "is a name of the suite's own.", "Rename it.") for name in taken]
            )
        of_settings = {name: WeightSet(name=name, **dict(stated)) for name, stated in settings.weight_sets.items()}
        return cls(settings.weights_dir, {**WEIGHT_SETS, **of_settings})

    @classmethod
    def at(cls, place: "str | WeightRegistry") -> "WeightRegistry":
        """Return a registry as it is; for the folder of weight files, the registry of the table's sets there."""
        return place if isinstance(place, WeightRegistry) else cls(place)

    def find(self, weights: str) -> tuple[WeightSet, Path]:
        """Return the weight set of a name or file, and its file, whose SHA-256 is the set's."""
        if weights in self.sets:
            return self._named(self.sets[weights])
        path = Path(weights)
        if not path.is_file():
            names = [NONE, TORCHVISION, *self.sets]
            raise SlateboardError(f"Unknown weights '{weights}', and no such file. {did_you_mean(weights, names)}")
        sha256 = sha256_of(path)
        for weight_set in self.sets.values():
            if weight_set.sha256 == sha256:
                return weight_set, path
        raise SlateboardError(
            f"{path} is of no known weight set, so its input normalisation is not known. State it in slateboard.toml: "
            f'[weight_sets.NAME] file = "{path.resolve()}", architecture, mean, std, sha256 = "{sha256}".'
        )

    def _named(self, weight_set: WeightSet) -> tuple[WeightSet, Path]:
        path = Path(self.folder or ".") / weight_set.file
        if not path.is_file() or not (self.folder or Path(weight_set.file).is_absolute()):
            raise MissingRequirement(
                f"Weights '{weight_set.name}' need the file {weight_set.file}, which is not in "
                f"{self.folder or 'any folder that is named'}. "
                "Set weights_dir in slateboard.toml or SLATEBOARD_WEIGHTS to the folder that holds it."
            )
        if sha256_of(path) != weight_set.sha256:
            raise SlateboardError(f"{path} is not the file it was (SHA-256 differs from its row's). Fetch it again.")
        return weight_set, path


def recorded_name(weight_set: WeightSet) -> str:
    """Return the name of a set in a run's record: for a set of the settings with a hash of what they state.

    Another normalisation is another run, though the file is the same.
    """
    if weight_set.name in WEIGHT_SETS:
        return weight_set.name
    # The name, the path and the note of a set decide nothing: the same bytes with the same input are the same weights.
    stated = vars(replace(weight_set, name="", file="", note=""))
    return f"{weight_set.name}-{digest(stated, length=8)}"
