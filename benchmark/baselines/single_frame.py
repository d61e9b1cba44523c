"""Single frame: an image network fine-tuned on frames by themselves; what a dataset tells without motion."""

from collections.abc import Sequence

from benchmark.baseline import Stream
from benchmark.models.backbone import backbone, only, picture_stream
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.recipe import training
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="Single frame",
    source="Motion Embedded Images, Informatica 2023, 4.4 and Table 3: normal images, a tenth of all frames",
    parameters={
        **backbone("efficientnet_b0"),
        "short_side": Parameter(0, "pixels", "of the pictures out of which squares are cut in training; 0: size"),
        "n": Parameter(10, "frames", "one frame in so many is seen, in training as in testing"),
        **training(stop_accuracy=0.9),
    },
)


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Stream]:
    """Return one stream; the scores of a clip are the mean over its frames."""
    return [
        picture_stream(
            "all",
            classes,
            parameters,
            sampler="every_nth",
            sampler_parameters={"n": parameters["n"]},
            embed=only,
            weights_dir=weights_dir,
        )
    ]
