"""Where a run computes: one device, or several under torchrun or SLURM, by Lightning Fabric."""

import atexit
import os
import sys
from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from slateboard.errors import BadInput, MissingRequirement, Problem, SlateboardError
from slateboard.progress import be_quiet


def device_kind(wanted: str) -> str:
    """Return cpu or cuda for auto, cpu or cuda."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise MissingRequirement("train.device is cuda, but torch sees no GPU: set it to auto or cpu.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def processes(environment: Mapping[str, str] | None = None) -> int:
    """Return how many processes share the run: as torchrun or srun says, else 1."""
    found = os.environ if environment is None else environment
    return int(found.get("WORLD_SIZE") or found.get("SLURM_STEP_NUM_TASKS") or 1)


def nodes(environment: Mapping[str, str] | None = None) -> int:
    """Return over how many machines they are spread."""
    found = os.environ if environment is None else environment
    if "WORLD_SIZE" in found:
        return int(found["WORLD_SIZE"]) // int(found.get("LOCAL_WORLD_SIZE") or found["WORLD_SIZE"])
    return int(found.get("SLURM_STEP_NUM_NODES") or 1)


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
    """Return Fabric on `kind` (cpu or cuda) with a process a device, as many as torchrun or srun has started.

    Only the first process speaks from then on. `deterministic` decides nothing on a CPU.
    """
    if kind == "cpu" and precision == "16-mixed":
        # Fabric would take bf16-mixed without a word that a run could record.
        raise BadInput([Problem("precision", "is 16-mixed, which a CPU has not.", "Give bf16-mixed or 32-true.")])
    if kind == "cuda":
        set_determinism(deterministic)
    world, machines = processes(), nodes()
    found = Fabric(
        accelerator=kind,
        devices=world // machines,
        num_nodes=machines,
        strategy="ddp" if world > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]
        # A run that has one process inside a SLURM job of several tasks would else wait for the others.
        plugins=[LightningEnvironment()] if world == 1 else None,
    )
    found.launch()
    if world > 1:
        # Fabric does so for GPUs only; with gloo a process that just ends is aborted now and then.
        atexit.register(_leave)
    if found.global_rank:
        be_quiet(True)
    return found


def _leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def set_determinism(on: bool) -> None:
    """Make GPU operations give the same numbers each time, or be as fast as they can.

    Operations that have no such form (pooling in three dimensions) run all the same, and torch warns of each.
    """
    if on:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        # Filling every new tensor costs time and decides nothing here: none is read before it is written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(on, warn_only=True)
    torch.backends.cudnn.deterministic = on
    torch.backends.cudnn.benchmark = not on


def described(fabric: Fabric) -> dict[str, str]:
    """Return what a run records of how it was spread: processes, precision and what BatchNorm saw."""
    found = {"processes": str(fabric.world_size), "precision": str(fabric.strategy.precision.precision)}
    if fabric.world_size > 1:
        found["batch_norm"] = "over all processes" if fabric.device.type == "cuda" else "in each process"
    return found
