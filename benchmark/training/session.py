"""Session: the networks of a training, their optimiser, wrapped for device and precision, and their checkpoints."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.optim.swa_utils import AveragedModel

from benchmark.recipe import Recipe
from benchmark.training import checkpoint
from benchmark.training.batchnorm import unfold_batchnorm
from benchmark.training.checkpoint import Checkpoint, TrainingState
from benchmark.training.job import TrainingJob, training_records
from benchmark.training.networks import Networks, broadcast_buffers, use_sync_batchnorm
from benchmark.training.optim import build_average, build_optimiser, freeze_all_but
from benchmark.training.phases import Phase
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.progress import say
from slateboard.records.trained_on import TrainedOn


class Session:
    """What a training changes. How far it is stands in its TrainingState, which the loop writes and a session reads.

    `resumed` is the unfinished checkpoint to go on from. `model` and `optimiser` are of one phase at a time.
    """

    def __init__(
        self, jobs: Sequence[TrainingJob], fabric: Fabric, networks: Networks, *, resumed: Checkpoint | None
    ) -> None:
        self.jobs, self.fabric, self.networks = jobs, fabric, networks
        self.trained_on: list[TrainedOn] = training_records(jobs)
        """Clips that influence each network."""
        self.average: AveragedModel | None = build_average(networks, self.recipe.ema)
        """Moving average of the networks, tested in their place."""
        self.model: Any = None
        """The networks as the loop calls them: wrapped for several processes and the recipe's precision, compiled."""
        self.raw_optimiser: torch.optim.Optimizer | None = None
        self.optimiser: Any = None
        """The raw optimiser, wrapped to scale gradients where the precision needs it."""
        self._resumed_optimiser = None if resumed is None else resumed.optimiser
        # The precision's loss scaling outlives a training in Fabric: the next training begins with it as it was before.
        self._scaler_before = dict(fabric.strategy.precision.state_dict())
        if resumed is not None:
            if self.average is not None and resumed.average is not None:
                self.average.load_state_dict(resumed.average)
            fabric.strategy.precision.load_state_dict(resumed.scaler or {})

    @property
    def recipe(self) -> Recipe:
        """The first job's recipe, which all follow."""
        return self.jobs[0].recipe

    @property
    def steps(self) -> int:
        """Steps in an epoch: those of the longest dataset."""
        return max(job.steps for job in self.jobs)

    @property
    def title(self) -> str:
        """Name for progress and errors."""
        return f"train {self.jobs[0].stream.name}"

    @property
    def tested(self) -> Networks:
        """The networks that are validated and tested: the moving average, where there is one."""
        networks = self.networks if self.average is None else self.average.module
        assert isinstance(networks, Networks)
        return networks

    def start_phase(self, phase: Phase, state: TrainingState) -> None:
        """Begin a phase with an optimiser of its own, or go on inside it."""
        # Freeze before the optimiser is built, which takes the parameters that learn and no others.
        freeze_all_but(self.networks, phase.train)
        raw_optimiser = build_optimiser(self.networks, phase.recipe)
        # A checkpoint after the last epoch of phase 1 holds the optimiser of phase 1, while the next epoch is the first
        # one of phase 2: then its state is of other parameters, and phase 2 begins with a new one.
        if self._resumed_optimiser is not None and (state.epoch > phase.first or state.step):
            raw_optimiser.load_state_dict(self._resumed_optimiser)
        # The wrapper of the phase before goes first: DDP's hooks on the weights would else answer to both.
        self._resumed_optimiser, self.raw_optimiser, self.model, self.optimiser = None, raw_optimiser, None, None
        forward: Any = self._compile() if self.recipe.compile else self.networks
        self.model, self.optimiser = self.fabric.setup(forward, raw_optimiser)

    def _compile(self) -> Any:
        """Return the networks compiled by torch; MissingRequirement without a C++ compiler on a CPU."""
        compilers = (os.environ.get("CXX", "g++"), "g++", "clang++")
        if self.fabric.device.type == "cpu" and not any(map(shutil.which, compilers)):
            raise MissingRequirement("compile needs a C++ compiler on a CPU: install g++, or set compile = false.")
        return torch.compile(self.networks)

    def validate(self) -> list[float | None]:
        """Return each network's accuracy on its validation clips, 0-1; None without any."""
        broadcast_buffers(self.tested, self.fabric)
        pairs = zip(self.jobs, self.tested.networks, strict=True)
        return [job.accuracy(network, self.fabric) for job, network in pairs]

    def save(self, state: TrainingState) -> None:
        """Write the checkpoint to go on from."""
        if self.fabric.global_rank == 0:
            assert self.raw_optimiser is not None
            average = None if self.average is None else self.average.state_dict()
            scaler = self.fabric.strategy.precision.state_dict()
            weights, optimiser = self.networks.weights(), self.raw_optimiser.state_dict()
            saved = Checkpoint(state, self.trained_on[0], weights, optimiser, average, scaler)
            saved.write(checkpoint.file_of(self.jobs[0].folder, self.jobs[0].stream.name))

    def finish(self, state: TrainingState) -> None:
        """Load the tested state into the networks and write the last checkpoints, that of the first job last of all."""
        self.networks.load(state.best or self.tested.weights())
        if not all(weight.isfinite().all() for weight in self.networks.parameters()):
            # The loss of the last step was taken before the step.
            raise SlateboardError(
                f"{self.title}: weights became NaN or infinite in the last step; lower learning_rate."
            )
        self.fabric.strategy.precision.load_state_dict(self._scaler_before)
        if self.fabric.global_rank == 0:
            finished = replace(state, finished=True, best=None)
            weights = self.networks.weights()
            # Of a joint training the first job has the checkpoint that is gone on from: as long as it is not finished,
            # a kill between two of these writes only means that they are written again.
            for number in reversed(range(len(weights))):
                job = self.jobs[number]
                # The first one holds the weights of all, and so says of the others that they are trained too.
                of_job = weights if number == 0 else weights[number : number + 1]
                last = Checkpoint(finished, self.trained_on[number], of_job)
                last.write(checkpoint.file_of(job.folder, job.stream.name))


def begin(jobs: Sequence[TrainingJob], fabric: Fabric) -> tuple[Session, TrainingState]:
    """Return a session and its state: that of the checkpoint in the first job's folder, or a new one."""
    networks = Networks([job.network for job in jobs])
    saved = checkpoint.read(checkpoint.file_of(jobs[0].folder, jobs[0].stream.name))
    state = TrainingState() if saved is None else saved.state
    if saved is None:
        for job in jobs:
            unfold_batchnorm(job)
    else:
        # A finished checkpoint of a joint training holds the weights of the other jobs too.
        networks.load(saved.weights[: len(jobs)] if state.finished else saved.weights)
        status = "is trained" if state.finished else "goes on"
        step = f", step {state.step}" if state.step else ""
        say(f"{jobs[0].stream.name}: {status} after epoch {state.epoch}{step}")
    # Before the session copies the networks for the average: SyncBatchNorm replaces layers, and the copy would keep the
    # old ones.
    networks.to(fabric.device)
    use_sync_batchnorm(networks, fabric)
    session = Session(jobs, fabric, networks, resumed=None if state.finished else saved)
    if saved is not None:
        # What the checkpoint says of itself counts, even where it is of another split.
        session.trained_on[0] = saved.trained_on if state.finished else saved.trained_on | session.trained_on[0]
    return session, state
