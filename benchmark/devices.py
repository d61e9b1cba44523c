"""Where a run computes: one device, or several under torchrun or SLURM, by Lightning Fabric; and the record of that."""

import atexit
import os
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from benchmark.frames.pictures import decoder
from slateboard import __version__
from slateboard.errors import BadInput, MissingRequirement, Problem, SlateboardError
from slateboard.progress import be_quiet


def device_kind(setting: str) -> str:
    """Return cpu or cuda for the setting auto, cpu or cuda."""
    if setting == "cuda" and not torch.cuda.is_available():
        raise MissingRequirement("train.device is cuda, but torch sees no GPU: set it to auto or cpu.")
    return "cuda" if setting != "cpu" and torch.cuda.is_available() else "cpu"


def processes(environment: Mapping[str, str] | None = None) -> int:
    """Return how many processes share the run: as torchrun or srun says, else 1."""
    variables = os.environ if environment is None else environment
    return int(variables.get("WORLD_SIZE") or variables.get("SLURM_STEP_NUM_TASKS") or 1)


def nodes(environment: Mapping[str, str] | None = None) -> int:
    """Return on how many machines they run."""
    variables = os.environ if environment is None else environment
    # torchrun on 2 machines with 4 GPUs each: WORLD_SIZE 8, LOCAL_WORLD_SIZE 4 -> 2. SLURM states the machines itself.
    if "WORLD_SIZE" in variables:
        return int(variables["WORLD_SIZE"]) // int(variables.get("LOCAL_WORLD_SIZE") or variables["WORLD_SIZE"])
    return int(variables.get("SLURM_STEP_NUM_NODES") or 1)


def check_devices(devices: int) -> None:
    """Raise SlateboardError with the command to use where another number of processes was started than is set."""
    world = processes()
    if devices == 1 or devices == world:
        return
    command = " ".join(sys.argv[1:]) or "bench train NAME"
    raise SlateboardError(
        f"train.devices is {devices}, but this run has {world} process{'es' if world > 1 else ''}. Start it with "
        f"`torchrun --nproc-per-node {devices} -m slateboard {command}`, or under SLURM with `srun` and as many tasks."
    )


def fabric(kind: str, *, precision: str = "32-true", deterministic: bool = True) -> Fabric:
    """Return Fabric on `kind` (cpu or cuda) with one process a device, as many as torchrun or srun has started.

    From then on only the first process prints. `deterministic` changes nothing on a CPU.
    """
    if kind == "cpu" and precision == "16-mixed":
        # Fabric would silently take bf16-mixed, and the run would record what it did not do.
        raise BadInput([Problem("precision", "is 16-mixed, which a CPU has not.", "Give bf16-mixed or 32-true.")])
    if kind == "cuda":
        set_determinism(deterministic)
    world, machines = processes(), nodes()
    launched = Fabric(
        accelerator=kind,
        devices=world // machines,
        num_nodes=machines,
        strategy="ddp" if world > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]
        # A run of one process inside a SLURM job of several tasks would otherwise wait for the other tasks.
        plugins=[LightningEnvironment()] if world == 1 else None,
    )
    launched.launch()
    if world > 1:
        # Fabric does so for GPUs only; with gloo a process that just ends is aborted now and then.
        atexit.register(_destroy_process_group)
    if launched.global_rank:
        be_quiet(True)
    return launched


def _destroy_process_group() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def set_determinism(on: bool) -> None:
    """Make GPU operations deterministic, or as fast as they can be.

    Operations without a deterministic form (pooling in three dimensions) run all the same, and torch warns of each.
    """
    if on:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        # Filling every new tensor costs time and changes nothing: none is read before it is written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # warn_only: C3D's pooling in three dimensions has no deterministic gradient on a GPU, and an error would end its
    # runs.
    torch.use_deterministic_algorithms(on, warn_only=True)
    torch.backends.cudnn.deterministic = on
    # benchmark times several algorithms for each new shape and takes the fastest: another one may win next time.
    torch.backends.cudnn.benchmark = not on


def environment_of(device: str) -> dict[str, str]:
    """Return the versions, and the processor or GPU, on which the last digits of figures depend."""
    packages = ("torch", "torchvision", "lightning-fabric", "scikit-learn", "numpy")
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
        "decoder": decoder(),
        "device": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "slateboard": __version__,
    }


def _processor() -> str:
    """Return the processor's name, which Python itself does not know on Linux."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def described(fabric: Fabric) -> dict[str, str]:
    """Return what a run records of its processes: their number, the precision, and what BatchNorm normalised over."""
    description = {"processes": str(fabric.world_size), "precision": str(fabric.strategy.precision.precision)}
    if fabric.world_size > 1:
        description["batch_norm"] = "over all processes" if fabric.device.type == "cuda" else "in each process"
    return description
