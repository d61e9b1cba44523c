"""Motion Embedded Images: N frames as one weighted sum (MEI paper 3.1; Informatica 2023)."""

from typing import Literal, get_args

import torch

from slateboard.errors import SlateboardError, did_you_mean

Method = Literal["gradient", "equal"]


def weights(n: int, method: str) -> torch.Tensor:
    """Return the weights of the positions p = 1..n, float64 [n], summing to 1.

    equal (3.1.1): 1 / n. gradient (3.1.2): p / (n (n + 1) / 2), so that later frames are heavier. The paper's
    (T mod N + 1) / sum_N is the position only where batches do not overlap; here it always is.
    """
    if n < 1:
        raise SlateboardError(f"An MEI needs at least one frame, got N = {n}.")
    if method not in get_args(Method):
        raise SlateboardError(f"Unknown MEI method '{method}'. {did_you_mean(method, get_args(Method))}")
    if method == "equal":
        return torch.full((n,), 1 / n, dtype=torch.float64)
    # n = 10: 1 / 55, 2 / 55, ... 10 / 55, so that the last five frames have 40 / 55 = 0.73 of the weight.
    return torch.arange(1, n + 1, dtype=torch.float64) / (n * (n + 1) / 2)


def mei(frames: torch.Tensor, method: str) -> torch.Tensor:
    """Return the motion embedded image [..., 3, H, W] of frames [..., N, 3, H, W], of the frames' own type.

    A weighted sum over time, frame by frame: a matrix product is rounded to ten bits where a GPU uses TF32, and to
    eight under bfloat16. Of RGB, not of planes: each frame is clamped to 0..1, and a sum of planes was off by up to 29
    grey levels (43 clips, 0.5 % of the pixels by more than half a level).
    """
    shares = weights(frames.shape[-4], method).tolist()
    # gradient, N = 4 -> 0.1, 0.2, 0.3, 0.4 of the frames from the first to the last.
    first, *later = frames.unbind(-4)
    # A new tensor, so that the frames stay as they are; the others are added to it in place. One picture of 3 x 224 x
    # 224 float32 takes 602 kB; weighing all ten frames at once would take ten of them.
    embedded = first * shares[0]
    for frame, share in zip(later, shares[1:], strict=True):
        embedded.add_(frame, alpha=share)
    return embedded
