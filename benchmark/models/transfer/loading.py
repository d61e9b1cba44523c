"""Load a file's tensors into a network: all but the head must match; report what matched."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from benchmark.models.strangers import read_tensors
from slateboard.errors import BadInput, Problem, SlateboardError

_WRAPPERS = ("state_dict", "model")
"""Keys of training scripts' checkpoints under which their tensors lie."""
_PARALLEL = "module."
"""Prefix of every name under torch's DataParallel."""


def read(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict, its own or that of a training script's checkpoint; float16 becomes float32.

    Only tensors are read: a file that would run code is refused, as BadInput.
    """
    try:
        content = read_tensors(path)
    except ValueError as error:
        what = f"is no file of tensors ({error})."
        raise BadInput([Problem(str(path), what, "Give a state dict that torch.save wrote.")]) from None
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    is_state = isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items()
    )
    if not is_state:
        raise BadInput([Problem(str(path), "is no state dict: names and tensors.", "Give one that torch.save wrote.")])
    # module.conv1.weight -> conv1.weight, but only if every name begins so: a network may have one layer called module.
    is_parallel = all(key.startswith(_PARALLEL) for key in content)
    state = {key.removeprefix(_PARALLEL) if is_parallel else key: value for key, value in content.items()}
    # Integers stay: BatchNorm counts its batches in an int64.
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def renamed(state: Mapping[str, torch.Tensor], aliases: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """Return tensors with the layers' names of the file replaced by ours; `aliases`: {name in the file: our name}."""
    # {"features.0": "conv1"}: features.0.weight -> conv1.weight; fc6.bias, which has no alias, stays.
    by_our_names = {}
    for key, value in state.items():
        layer, _, parameter = key.rpartition(".")
        by_our_names[f"{aliases.get(layer, layer)}.{parameter}" if layer else key] = value
    return by_our_names


def load_into(network: nn.Module, state: Mapping[str, torch.Tensor], *, head: str, keep_head: bool = True) -> str:
    """Load a state dict and return what matched, in a line.

    `head` is the dotted name of the layer of the class scores. The file's head is loaded where its shapes are those of
    the network's and `keep_head` is True; otherwise the network's stays as it was initialised. Raises SlateboardError
    that names what else does not match; then nothing is loaded.
    """
    target, prefix = network.state_dict(), f"{head}."
    file_head = {key: value for key, value in state.items() if key.startswith(prefix)}
    own_head = {key: value for key, value in target.items() if key.startswith(prefix)}
    # fc8 of 487 classes is [487, 4096] and [487]; for 101 classes it would have to be [101, 4096] and [101].
    fits = bool(own_head) and {k: v.shape for k, v in file_head.items()} == {k: v.shape for k, v in own_head.items()}
    with_head = fits and keep_head
    expected = {key: value for key, value in target.items() if with_head or key not in own_head}
    offered = {key: value for key, value in state.items() if with_head or key not in file_head}
    if mismatches := _mismatches(expected, offered):
        more = f" and {len(mismatches) - 5} more" if len(mismatches) > 5 else ""
        reasons = "; ".join(mismatches[:5])
        raise SlateboardError(f"The weights do not fit the network: {reasons}{more}. Nothing was loaded.")
    # Not strict where the head is left out: its keys are missing on purpose, all others were compared above.
    network.load_state_dict(offered, strict=len(expected) == len(target))
    head_report = _of_head(head, own_head, file_head, with_head=with_head)
    return f"{len(expected)} of {len(target)} tensors matched{head_report}"


def _mismatches(expected: Mapping[str, torch.Tensor], offered: Mapping[str, torch.Tensor]) -> list[str]:
    """Return what of a state dict is missing, unknown, or of another shape."""
    mismatches = [f"lacks {key}" for key in sorted(expected.keys() - offered.keys())]
    mismatches += [f"has unknown {key}" for key in sorted(offered.keys() - expected.keys())]
    mismatches += [
        f"{key} is {tuple(offered[key].shape)}, not {tuple(expected[key].shape)}"
        for key in sorted(expected.keys() & offered.keys())
        if expected[key].shape != offered[key].shape
    ]
    return mismatches


def _of_head(
    head: str, own_head: Mapping[str, torch.Tensor], file_head: Mapping[str, torch.Tensor], *, with_head: bool
) -> str:
    """Return what became of the head, for the end of the report."""
    if with_head:
        return f", its head {head} among them"
    in_file = (
        f"that of the file has {len(next(iter(file_head.values())))} classes" if file_head else "the file has none"
    )
    if not own_head:
        return f"; no head {head} is used ({in_file})"
    return f"; head {head} of {len(next(iter(own_head.values())))} classes is new ({in_file})"
