"""Change training views by chance: moved by a few pixels, colours scaled and shifted, one draw a view."""

import numpy as np
import torch
from torch.nn import functional


def augment(inputs: torch.Tensor, *, shift: int, colour: float, seed: int) -> torch.Tensor:
    """Return normalised inputs [B, 3, H, W] or [B, 3, T, H, W], all frames of a view changed alike.

    A view is moved by up to `shift` pixels each way, edges repeated. Each of its channels is multiplied by
    1 +- `colour` and raised by +- 2 `colour` of the normalised unit (HUST augmentation sets 2 and 3 jitter colours
    in torchvision's way; this one needs no conversion). A pure function of the seed.
    """
    rng = np.random.default_rng(seed)
    count, middle = len(inputs), (1,) * (inputs.dim() - 2)
    if colour:
        gain = rng.uniform(1 - colour, 1 + colour, (count, 3)).astype(np.float32)
        raised = rng.uniform(-2 * colour, 2 * colour, (count, 3)).astype(np.float32)
        gain_t, raised_t = (torch.from_numpy(values).view(count, 3, *middle) for values in (gain, raised))
        inputs = inputs * gain_t + raised_t
    if shift:
        height, width = inputs.shape[-2:]
        still = (0,) * (2 * (inputs.dim() - 4))
        padded = functional.pad(inputs, (shift, shift, shift, shift, *still), mode="replicate")
        corners = rng.integers(0, 2 * shift + 1, (count, 2)).tolist()
        moved = [view[..., y : y + height, x : x + width] for view, (y, x) in zip(padded, corners, strict=True)]
        inputs = torch.stack(moved)
    return inputs
