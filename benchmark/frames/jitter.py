"""Change the colours of training views by chance, at no cost: in the matrix that makes RGB of planes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmark.frames.colour import Pictures


def jittered(pictures: Pictures, *, share: float, chances: Sequence[int]) -> Pictures:
    """Return pictures each of whose channels is scaled by 1 +- `share` and raised by +- `share` / 2, a draw a view.

    All frames of a view are changed alike. A view's change is a pure function of its seed in `chances` [B].
    """
    draws = np.stack([np.random.default_rng(chance).uniform(-1, 1, (2, 3)) for chance in chances])
    scale, raised = (torch.from_numpy(share * draws[:, row]).to(pictures.colours) for row in (0, 1))
    colours = pictures.colours * (1 + scale)[..., None]
    colours[..., 3] += raised / 2
    return replace(pictures, colours=colours)
