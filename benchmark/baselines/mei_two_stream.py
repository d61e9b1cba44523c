"""MEI two-stream: one network on motion embedded images, one on the last frames, fused by the mean."""

from collections.abc import Sequence
from functools import partial

from benchmark.baseline import Stream
from benchmark.frames.mei import mei, weights
from benchmark.models.backbone import backbone, only, picture_stream
from benchmark.models.transfer.weight_registry import WeightRegistry
from benchmark.recipe import training
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="MEI two-stream",
    source="Motion Embedded Images, Informatica 2023, 3.1-3.4 and 4.4-4.5",
    parameters={
        **backbone("efficientnet_b0"),
        "short_side": Parameter(0, "pixels", "of the pictures out of which squares are cut in training; 0: size"),
        "method": Parameter("gradient", "-", "gradient (later frames heavier) or equal"),
        "n": Parameter(10, "frames", "frames in an MEI"),
        "interval": Parameter(5, "frames", "distance between first frames of MEIs (10 for UCF101)"),
        "motion_epochs": Parameter(50, "epochs", "most epochs of the motion stream"),
        "normal_epochs": Parameter(10, "epochs", "most epochs of the normal stream"),
        **training(stop_accuracy=0.9),
    },
)


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Stream]:
    """Return the streams `motion` and `normal`; each has its own copy of the backbone, trained by itself."""
    # For its errors alone: a wrong n or method is refused before two backbones are loaded.
    weights(parameters["n"], parameters["method"])
    batches = {"n": parameters["n"], "interval": parameters["interval"]}
    motion, normal = (
        partial(
            picture_stream,
            name,
            classes,
            parameters,
            epochs=parameters[f"{name}_epochs"],
            sampler_parameters=batches,
            weights_dir=weights_dir,
        )
        for name in ("motion", "normal")
    )
    return [
        # Of each batch the motion stream sees the MEI and the normal stream its last frame, so that view k of one
        # stream and view k of the other are of the same frames, and are averaged with each other (MEI paper 3.3, 3.4).
        motion(sampler="mei_batches", embed=partial(mei, method=parameters["method"])),
        normal(sampler="last_of_batch", embed=only),
    ]
