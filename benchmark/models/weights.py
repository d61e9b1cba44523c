"""First weights of networks: none, torchvision's, a named set, a file or a finished run; says what matched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import torch
from torch import nn

from benchmark.models import vision
from benchmark.models.transfer.loading import load_into, read, renamed
from benchmark.models.transfer.runs import TrainedNetwork, checkpoints_of, find_network, folder_of_run, is_run
from benchmark.models.transfer.table import UNTRAINED, WeightSet
from benchmark.models.transfer.weight_registry import NONE, TORCHVISION, WeightRegistry, recorded_name
from benchmark.models.vision import Triple
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.files import digest, sha256_of
from slateboard.progress import say
from slateboard.registry import Parameter

WEIGHTS_MEANING = "none, torchvision, a named set (docs/baselines.md), a file, or the folder of a finished run"


class StreamFields(TypedDict):
    """The fields of a Stream that state its first weights."""

    weights: str
    weights_sha256: str | None
    pretrained_on: tuple[str, ...]
    """Ids of clips."""
    report: str


@dataclass(frozen=True)
class Pretrained:
    """A network with its first weights, and the normalisation of input that they were trained with."""

    network: nn.Module
    mean: Triple
    """Of the input, RGB in 0..1; `frames.colour.normalize` subtracts it and divides by `std`."""
    std: Triple
    name: str
    """Of the weight set, the torchvision entry or the run."""
    sha256: str | None
    """Of the file; of torchvision's the first 8 digits, of untrained networks None."""
    report: str
    """What matched, in one line."""
    folded_batchnorm: bool = False
    pretrained_on: tuple[str, ...] = ()
    """Ids of clips that the weights were trained or validated on, where they state it."""
    into_part: bool = False
    """The weights are of the inner part alone; the rest of the network is new."""

    @property
    def stream_fields(self) -> StreamFields:
        """The fields of a Stream that state its first weights."""
        return {
            "weights": self.name,
            "weights_sha256": self.sha256,
            "pretrained_on": self.pretrained_on,
            "report": self.report,
        }


@dataclass(frozen=True)
class _Source:
    """Weights before they are loaded into a network."""

    architecture: str
    state: Mapping[str, torch.Tensor]
    input: tuple[Triple, Triple]
    name: str
    sha256: str
    shown: str
    """Their name in the report."""
    note: str = ""
    folded_batchnorm: bool = False
    pretrained_on: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    """Names in the order of the head's scores; None where they are not known."""

    def pretrained(self, network: nn.Module, report: str, *, into_part: bool) -> Pretrained:
        """Return the network into which they were loaded."""
        return Pretrained(
            network,
            *self.input,
            name=self.name,
            sha256=self.sha256,
            report=report,
            folded_batchnorm=self.folded_batchnorm,
            pretrained_on=self.pretrained_on,
            into_part=into_part,
        )


def weights_parameter(default: str) -> Parameter:
    """Return the parameter `weights` of a network's CARD."""
    return Parameter(default, "-", WEIGHTS_MEANING)


def pretrained(
    architecture: str,
    weights: str,
    *,
    folder: str | WeightRegistry,
    classes: Sequence[str] | None = None,
    stream: str = "all",
) -> Pretrained:
    """Build a network of torchvision with a head for `classes`, and load weights into it as `load` does.

    None: no head at all, for the features below it.
    """
    network, head = vision.image_network(architecture, None if classes is None else len(classes))
    return load(network, architecture, weights, folder=folder, head=head, classes=classes, stream=stream)


def load(
    network: nn.Module,
    architecture: str,
    weights: str,
    *,
    folder: str | WeightRegistry,
    head: str,
    classes: Sequence[str] | None,
    stream: str = "all",
    aliases: Mapping[str, str] | None = None,
    inner: tuple[nn.Module, str] | None = None,
) -> Pretrained:
    """Load weights into a network and say what matched.

    `weights`: `none`; `torchvision` (its own download); a name of the table or of [weight_sets] in slateboard.toml; a
    file whose SHA-256 one of those has; a finished run, by its folder (there the network of `stream`) or one of its
    checkpoints. `head` is the layer of the class scores: it is loaded where the numbers of classes agree, and for runs,
    which state them, the names; otherwise it stays new. `aliases` are the names of layers in public files.
    `inner` is a part of the network, and the head of that: where a file has no name of the whole, it is of that part.
    Raises SlateboardError where anything but the head does not match; then nothing is loaded.
    """
    if weights == NONE:
        return Pretrained(network, *UNTRAINED, NONE, None, f"{architecture}: untrained")
    source = _source(architecture, weights, registry=WeightRegistry.at(folder), stream=stream)
    # Heads of two runs with the same number of classes in another order have the same shape and would load, so that
    # every score stood for another class: only the names tell.
    same_classes = source.classes is None or classes is None or source.classes == tuple(classes)
    state = renamed(source.state, aliases or {})
    # A file without a single name of the whole network is of its inner part.
    inner_target = None if state.keys() & network.state_dict().keys() else inner
    target, target_head = inner_target or (network, head)
    matched = load_into(target, state, head=target_head, keep_head=same_classes)
    report = f"{architecture} from {source.shown}: {matched}"
    say(f"{report} ({source.note})" if source.note else report)
    return source.pretrained(network, report, into_part=inner_target is not None)


def identity(architecture: str, weights: str, *, folder: str | WeightRegistry) -> tuple[str, str | None]:
    """Return name and SHA-256 of weights before they are loaded, as a run's record states them.

    torchvision's file names state the first 8 digits, which its download checks. For a run of several networks it is
    the hash of their hashes.
    """
    if weights == NONE:
        return NONE, None
    if weights == TORCHVISION:
        entry = vision.torchvision_weights(architecture)
        # .../efficientnet_b0_rwightman-7f5810bc.pth -> 7f5810bc
        return str(entry), Path(entry.url).stem.rpartition("-")[2]
    registry, path = WeightRegistry.at(folder), Path(weights)
    if weights in registry.sets or not is_run(path):
        weight_set, _ = registry.find(weights)
        return recorded_name(weight_set), weight_set.sha256
    # runs/<dataset>/<protocol>-<split>/<baseline>/<seed>-<hash> is named by its last four folders, wherever runs/ lies.
    hashes = [sha256_of(file) for file in checkpoints_of(path)]
    return "/".join(folder_of_run(path).resolve().parts[-4:]), hashes[0] if len(hashes) == 1 else digest(hashes)


def _source(architecture: str, weights: str, *, registry: WeightRegistry, stream: str) -> _Source:
    """Find and read weights; raises SlateboardError where they are of another architecture."""
    if weights == TORCHVISION:
        return _of_torchvision(architecture)
    if weights in registry.sets or not is_run(Path(weights)):
        source = _of_set(*registry.find(weights))
    else:
        source = _of_run(find_network(Path(weights), stream=stream), registry=registry)
    if source.architecture != architecture:
        raise SlateboardError(
            f"Weights '{weights}' are for {source.architecture}, but the backbone is {architecture}. "
            "Choose other weights, or their backbone."
        )
    return source


def _of_run(run: TrainedNetwork, *, registry: WeightRegistry) -> _Source:
    return _Source(
        architecture=run.architecture,
        state=read(run.file),
        input=_input_of(run, registry=registry),
        name=run.name,
        sha256=sha256_of(run.file),
        shown=f"the run {run.name}",
        note=f"trained or validated on {len(run.clips)} clips of {run.record.dataset}",
        pretrained_on=run.clips,
        classes=run.classes,
    )


def _of_set(weight_set: WeightSet, path: Path) -> _Source:
    return _Source(
        architecture=weight_set.architecture,
        state=read(path),
        input=(weight_set.mean, weight_set.std),
        name=recorded_name(weight_set),
        sha256=weight_set.sha256,
        shown=path.name,
        note=weight_set.note,
        folded_batchnorm=weight_set.folded,
    )


def _of_torchvision(architecture: str) -> _Source:
    """Download torchvision's best weights, or take them from torch's cache."""
    entry = vision.torchvision_weights(architecture)
    try:
        state = entry.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: the download is not the file that its name promises
        raise MissingRequirement(
            f'{entry.url} could not be downloaded ({error}). Name weights of a folder, or use weights = "none".'
        ) from None
    name, sha256 = identity(architecture, TORCHVISION, folder="")
    return _Source(
        architecture=architecture,
        state=vision.without_second_head(architecture, state),
        input=vision.input_of(entry),
        name=name,
        sha256=str(sha256),
        shown=name,
    )


def _input_of(run: TrainedNetwork, *, registry: WeightRegistry) -> tuple[Triple, Triple]:
    """Return mean and standard deviation of a run's input: those of its own first weights."""
    name = str(run.record.parameters.get("weights", NONE))
    if name == NONE:
        return UNTRAINED
    if name == TORCHVISION:
        return vision.input_of(vision.torchvision_weights(run.architecture))
    # A run that began with a run that began with torchvision has the input of torchvision.
    if name not in registry.sets and is_run(Path(name)):
        return _input_of(find_network(Path(name), stream=run.file.stem), registry=registry)
    weight_set, _ = registry.find(name)
    if recorded_name(weight_set) != run.record.weights:
        raise SlateboardError(
            f"{run.name} began with {run.record.weights}, but '{name}' now states another input or architecture "
            f"({recorded_name(weight_set)}). Restore [weight_sets.{weight_set.name}] as it was."
        )
    return weight_set.mean, weight_set.std
