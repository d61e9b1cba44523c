"""HOG of frames and of their motion history image, linear SVM; needs no weights."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from benchmark.baseline import Stream
from benchmark.frames.hog import hog, motion_history
from benchmark.models.transfer.weight_registry import WeightRegistry
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="HOG + motion history, linear SVM",
    source="Dalal and Triggs, CVPR 2005; Bobick and Davis, PAMI 2001; scikit-learn LinearSVC",
    parameters={
        "size": Parameter(64, "pixels", "side of the pictures"),
        "frames": Parameter(10, "frames", "consecutive ones in a motion history; the middle one is described too"),
        "clips": Parameter(8, "-", "such sub-clips of each clip, evenly spread"),
        "cell": Parameter(8, "pixels", "side of a cell of the histogram"),
        "bins": Parameter(18, "-", "directions over 360 degrees"),
        "threshold": Parameter(0.1, "0-1", "change of a pixel that counts as motion"),
        "c": Parameter(0.001, "-", "weight of errors against margin in the SVM"),
    },
)

# ITU-R BT.601 luma of R, G, B, as OpenCV and PIL make grey.
_GREY = (0.299, 0.587, 0.114)


def build(classes: Sequence[str], parameters: Parameters, *, weights_dir: str | WeightRegistry) -> list[Stream]:
    """Return one stream: descriptors of sub-clips, standardised, and a one-against-rest SVM."""
    describe = {name: parameters[name] for name in ("cell", "bins", "threshold")}
    return [
        Stream(
            name="all",
            sampler="dense_clip",
            sampler_parameters={"frames": parameters["frames"], "clips": parameters["clips"]},
            size=parameters["size"],
            preprocess=partial(_describe, **describe),
            model=make_pipeline(StandardScaler(), LinearSVC(C=parameters["c"], random_state=0)),
        )
    ]


def _describe(frames: torch.Tensor, *, cell: int, bins: int, threshold: float) -> torch.Tensor:
    """Return descriptors [B, numbers] of views [B, T, 3, H, W]: the middle frame's HOG, then the motion history's."""
    grey = torch.einsum("btchw,c->bthw", frames, frames.new_tensor(_GREY)).cpu().numpy()
    rows = []
    for view in grey:
        # Size 64, cell 8, 18 bins: 8 x 8 cells, 7 x 7 blocks of 4 cells, 7 * 7 * 4 * 18 = 3,528 numbers a picture, so
        # 7,056 a view. The middle of 10 frames is frame 5.
        pictures = (view[len(view) // 2], motion_history(view, threshold=threshold))
        rows.append(np.concatenate([hog(picture, cell=cell, bins=bins) for picture in pictures]))
    return torch.from_numpy(np.stack(rows))
