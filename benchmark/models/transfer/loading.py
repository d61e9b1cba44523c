"""Put the tensors of a file into a network: all that is not the head must match, and what matched is said."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from benchmark.models.strangers import read_tensors
from slateboard.errors import BadInput, Problem, SlateboardError

_WRAPPERS = ("state_dict", "model")
"""Keys under which training scripts keep the tensors beside other things."""
_PARALLEL = "module."
"""What torch's DataParallel puts before each name."""


def read(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict, its own or that of a training script's checkpoint; float16 becomes float32.

    Only tensors are read: a file that would run code is refused, as BadInput.
    """
    try:
        found = read_tensors(path)
    except ValueError as error:
        what = f"is no file of tensors ({error})."
        raise BadInput([Problem(str(path), what, "Give a state dict that torch.save wrote.")]) from None
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    is_state = isinstance(found, Mapping) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in found.items()
    )
    if not is_state:
        raise BadInput([Problem(str(path), "is no state dict: names and tensors.", "Give one that torch.save wrote.")])
    is_parallel = all(key.startswith(_PARALLEL) for key in found)
    named = {key.removeprefix(_PARALLEL) if is_parallel else key: value for key, value in found.items()}
    return {key: value.float() if value.is_floating_point() else value for key, value in named.items()}


def renamed(state: Mapping[str, torch.Tensor], aliases: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """Return tensors by the names of their layers where a file has others for those: {theirs: ours}."""
    found = {}
    for key, value in state.items():
        layer, _, part = key.rpartition(".")
        found[f"{aliases.get(layer, layer)}.{part}" if layer else key] = value
    return found


def load_into(network: nn.Module, state: Mapping[str, torch.Tensor], *, head: str, keep_head: bool = True) -> str:
    """Load a state dict and return what matched, in a line.

    `head` is the dotted name of the layer of the class scores. The file's is loaded where it has the shape of the
    network's and `keep_head` lets it; else, or where the file has none, the network's stays as it was drawn. Raises
    SlateboardError that names what else does not match; then nothing was loaded.
    """
    own, start = network.state_dict(), f"{head}."
    theirs = {key: value for key, value in state.items() if key.startswith(start)}
    ours = {key: value for key, value in own.items() if key.startswith(start)}
    fits = bool(ours) and {k: v.shape for k, v in theirs.items()} == {k: v.shape for k, v in ours.items()}
    with_head = fits and keep_head
    wanted = {key: value for key, value in own.items() if with_head or key not in ours}
    given = {key: value for key, value in state.items() if with_head or key not in theirs}
    if faults := _faults(wanted, given):
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise SlateboardError(f"The weights do not fit the network: {'; '.join(faults[:5])}{more}. Nothing was loaded.")
    network.load_state_dict(given, strict=len(wanted) == len(own))
    return f"{len(wanted)} of {len(own)} tensors matched{_of_head(head, ours, theirs, with_head=with_head)}"


def _faults(wanted: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]) -> list[str]:
    faults = [f"lacks {key}" for key in sorted(wanted.keys() - given.keys())]
    faults += [f"has unknown {key}" for key in sorted(given.keys() - wanted.keys())]
    faults += [
        f"{key} is {tuple(given[key].shape)}, not {tuple(wanted[key].shape)}"
        for key in sorted(wanted.keys() & given.keys())
        if wanted[key].shape != given[key].shape
    ]
    return faults


def _of_head(
    head: str, ours: Mapping[str, torch.Tensor], theirs: Mapping[str, torch.Tensor], *, with_head: bool
) -> str:
    """Return what became of the head, to be said behind the count."""
    if with_head:
        return f", its head {head} among them"
    in_file = f"that of the file has {len(next(iter(theirs.values())))} classes" if theirs else "the file has none"
    if not ours:
        return f"; no head {head} is used ({in_file})"
    return f"; head {head} of {len(next(iter(ours.values())))} classes is new ({in_file})"
