"""Chance: the classes' shares in the training list, whatever the clip shows."""

from collections.abc import Sequence

from sklearn.dummy import DummyClassifier

from benchmark.baseline import Stream
from benchmark.models.transfer.weight_registry import WeightRegistry
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Chance",
    source="scikit-learn DummyClassifier, strategy prior",
    parameters={
        "size": Parameter(64, "pixels", "side of the pictures, at which nothing looks: that of a store there is")
    },
)


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Stream]:
    """Return one stream that guesses by the prior."""
    return [
        Stream(
            name="all",
            sampler="uniform",
            sampler_parameters={"count": 1},
            size=parameters["size"],
            preprocess=lambda frames: frames.new_zeros(len(frames), 1),
            model=DummyClassifier(strategy="prior"),
        )
    ]
