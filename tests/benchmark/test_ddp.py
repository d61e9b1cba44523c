"""Two processes train as one: the same weights but for float error, one log, one checkpoint."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_training import Cut, Cutting, Drawn, tiny_data, tiny_stream

from benchmark.devices import check_devices, described, fabric, nodes, processes
from benchmark.inputs.samples import Sample
from benchmark.training import log
from benchmark.training.accumulation import split_step
from benchmark.training.checkpoint import read
from benchmark.training.loop import train
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, SlateboardError

ROOT = Path(__file__).parents[2]
# Adam divides by the gradient's size, and so makes much of float error where that is near nothing.
SGD = {"optimiser": "sgd", "learning_rate": 0.05, "dropout": 0.0, "epochs": 4, "validation_share": 0.3}


def in_two_processes(dataset: Dataset, jobs: dict[Path, dict[str, Any]]) -> Any:
    """Train in each folder, under torchrun on the CPU."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run([*torchrun, *training(dataset, jobs)], capture_output=True, check=False, **here())


def training(dataset: Dataset, jobs: dict[Path, dict[str, Any]]) -> list[str]:
    given = json.dumps({str(folder): over for folder, over in jobs.items()})
    return ["tests/tiny_training.py", str(dataset.root), given]


def here(**environment: str) -> dict[str, Any]:
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    return {"cwd": ROOT, "env": {**os.environ, **paths, **environment}, "text": True}


def alone(dataset: Dataset, folder: Path, over: dict[str, Any]) -> tuple[dict[str, torch.Tensor], list[str]]:
    stream, frames = tiny_stream(**over), Drawn()
    train(stream, tiny_data(dataset, frames=frames), seed=0, fabric=fabric("cpu"), folder=folder)
    return stream.model.state_dict(), frames.read


def assert_close(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    saved = read(folder / "checkpoints" / "all.pt")
    assert saved is not None and saved.state.finished
    torch.testing.assert_close(saved.weights[0], dict(weights), rtol=1e-4, atol=1e-6)


def assert_same_figures(one: Path, other: Path) -> None:
    for row, twin in zip(log.read(one / "log.csv"), log.read(other / "log.csv"), strict=True):
        assert float(row["train_loss"]) == pytest.approx(float(twin["train_loss"]), rel=1e-4)
        for name in ("epoch", "train_accuracy", "validation_accuracy", "learning_rate", "ended"):
            assert row[name] == twin[name]


def test_two_processes_end_with_the_weights_of_one_and_end_what_one_began(squares: Dataset, tmp_path: Path) -> None:
    # Batches of 3 do not divide by two processes, and leave the second without a view in their second part.
    every = SGD | {"batch": 3, "accumulate": 2, "clip_norm": 0.5, "ema": 0.5}
    phases = [{"epochs": 2, "train": "head", "learning_rate": 0.1}, {"epochs": 2, "train": 2}]
    begun = SGD | {"batch": 2, "phases": phases}
    # 8 clips and 4 x 5 views to validate an epoch: cut inside the second.
    cut = tiny_data(squares, frames=Cutting(33))
    with pytest.raises(Cut):
        folder = tmp_path / "begun"
        train(tiny_stream(**begun), cut, seed=0, fabric=fabric("cpu"), folder=folder, checkpoint_minutes=0)
    saved = read(tmp_path / "begun" / "checkpoints" / "all.pt")
    assert saved is not None and (saved.state.epoch, saved.state.step) == (1, 2)
    # With BatchNorm, whose statistics each process measures by its own part.
    norm = SGD | {"norm": True, "epochs": 1}
    jobs = {tmp_path / "every": every, tmp_path / "begun": begun, tmp_path / "norm": norm}
    done = in_two_processes(squares, jobs)
    assert done.returncode == 0, done.stderr
    for name, over in (("every", every), ("begun", begun)):
        weights, read_alone = alone(squares, tmp_path / f"{name} alone", over)
        assert_close(tmp_path / name, weights)
        assert_same_figures(tmp_path / f"{name} alone", tmp_path / name)
        if name == "every":
            read_by_first = json.loads(done.stdout.splitlines()[0])
            assert len(read_by_first) < 0.7 * len(read_alone)


def test_two_machines_as_srun_starts_them_train_as_one(squares: Dataset, tmp_path: Path) -> None:
    """Without SLURM: its variables, as srun sets them for two tasks on two machines, which here are this one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    job = {"SLURM_JOB_ID": "4711", "SLURM_JOB_NAME": "train", "SLURM_NODELIST": "127.0.0.1", "MASTER_PORT": port}
    job |= {"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "2"}
    command = [sys.executable, *training(squares, {tmp_path / "two": SGD})]
    tasks = [
        subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            **here(**job, SLURM_PROCID=rank, SLURM_NODEID=rank, SLURM_LOCALID="0"),
        )
        for rank in ("0", "1")
    ]
    told = [task.communicate(timeout=240)[1] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], told
    assert "train all" in told[0] and "train all" not in told[1]
    weights, _ = alone(squares, tmp_path / "one", SGD)
    assert_close(tmp_path / "two", weights)
    assert_same_figures(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("world", [1, 2, 3, 7])
@pytest.mark.parametrize("accumulate", [1, 2, 5])
@pytest.mark.parametrize("sizes", [(6,), (1,), (5, 2)])
def test_every_view_of_a_step_is_seen_once_and_shares_sum_to_one(
    sizes: Sequence[int], accumulate: int, world: int
) -> None:
    box: Any = None
    batches = [[Sample(clip, str(clip), 0, np.zeros(1, np.int64), box) for clip in range(size)] for size in sizes]
    every = [split_step(batches, accumulate=accumulate, rank=rank, world=world) for rank in range(world)]
    # All processes go through the same number of rounds, or one would wait for the others for ever.
    assert len({len(rounds) for rounds in every}) == 1
    assert all(part.samples for rounds in every for parts in rounds for part in parts)
    for number, batch in enumerate(batches):
        counted = [parts[number] for rounds in every for parts in rounds if parts[number].loss_weight]
        assert sorted(item.clip for part in counted for item in part.samples) == list(range(len(batch)))
        assert sum(part.loss_weight * len(part.samples) for part in counted) == pytest.approx(1)


def test_accumulated_steps_are_those_of_the_whole_batch_but_for_float_error(squares: Dataset, tmp_path: Path) -> None:
    weights, _ = alone(squares, tmp_path / "whole", SGD)
    parts, _ = alone(squares, tmp_path / "parts", SGD | {"accumulate": 3})
    torch.testing.assert_close(parts, weights, rtol=1e-4, atol=1e-6)
    other, _ = alone(squares, tmp_path / "other", SGD | {"batch": 2})
    assert any((one - two).abs().max() > 1e-3 for one, two in zip(weights.values(), other.values(), strict=True))


def test_processes_are_counted_as_torchrun_and_srun_say() -> None:
    assert processes({}) == 1
    assert processes({"WORLD_SIZE": "4", "SLURM_STEP_NUM_TASKS": "1"}) == 4
    # An allocation of eight tasks, inside which one process was started without srun.
    assert processes({"SLURM_NTASKS": "8"}) == 1
    assert processes({"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "8"}) == 8


def test_machines_are_counted_as_torchrun_and_srun_say() -> None:
    assert nodes({}) == 1
    assert nodes({"WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4", "SLURM_STEP_NUM_NODES": "1"}) == 2
    assert nodes({"SLURM_STEP_NUM_TASKS": "8", "SLURM_STEP_NUM_NODES": "2"}) == 2


def test_several_devices_without_torchrun_are_answered_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["slateboard", "bench", "train", "c3d", "-w", "lab"])
    check_devices(1)
    with pytest.raises(
        SlateboardError,
        match=r"train.devices is 2, but this run has 1 process. Start it with `torchrun --nproc-per-node 2 -m "
        r"slateboard bench train c3d -w lab`",
    ):
        check_devices(2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    check_devices(2)


def test_half_precision_that_a_cpu_has_not_is_refused() -> None:
    with pytest.raises(BadInput, match="precision: is 16-mixed, which a CPU has not"):
        fabric("cpu", precision="16-mixed")


def test_a_run_records_processes_and_precision() -> None:
    assert described(fabric("cpu", precision="bf16-mixed")) == {"processes": "1", "precision": "bf16-mixed"}
