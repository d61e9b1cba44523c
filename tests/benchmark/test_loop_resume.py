"""A training that was cut off anywhere ends as one that was not: same weights, same log but for the times."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import Cut, Cutting, Drawn, tiny_data, tiny_stream

from benchmark.devices import fabric
from benchmark.frames.frames import Bytes, Indices
from benchmark.frames.geometry import Box
from benchmark.training import log
from benchmark.training.checkpoint import read
from benchmark.training.loop import train
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError

ROOT = Path(__file__).parents[2]
TIMES = ("seconds", "clips_per_second")
PHASES = [{"epochs": 2, "train": "head", "learning_rate": 0.1}, {"epochs": 2, "train": "all"}]
EVERYTHING = {
    "ema": 0.9, "accumulate": 2, "clip_norm": 1.0, "label_smoothing": 0.1, "schedule": "cosine", "warmup_share": 0.2,
    "validation_share": 0.3, "select": "best", "norm": True, "batch": 2,
}  # fmt: skip


def trained(dataset: Dataset, folder: Path, over: dict[str, Any], *, frames: Drawn | None = None) -> Any:
    """Train with a checkpoint after every step; return the weights."""
    stream = tiny_stream(**over)
    material = tiny_data(dataset, frames=frames)
    train(stream, material, seed=0, fabric=fabric("cpu"), folder=folder, checkpoint_minutes=0)
    return stream.model.state_dict()


def rows(folder: Path) -> list[dict[str, str]]:
    found = log.read(folder / "log.csv")
    return [{key: value for key, value in row.items() if key not in TIMES} for row in found]


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


@pytest.mark.parametrize(
    ("over", "after"),
    [
        ({}, 17),
        ({"optimiser": "sgd"}, 6),
        ({"optimiser": "adamw"}, 30),
        ({"phases": PHASES}, 17),
        # Inside the second phase, whose optimiser is not the first one's.
        ({"phases": PHASES}, 30),
        # In the validation after the first epoch.
        (EVERYTHING, 17),
        (EVERYTHING, 33),
    ],
    ids=str,
)
def test_a_training_cut_inside_an_epoch_ends_with_the_same_weights_and_log(
    squares: Dataset, tmp_path: Path, over: dict[str, Any], after: int
) -> None:
    whole = trained(squares, tmp_path / "whole", over)
    with pytest.raises(Cut):
        trained(squares, tmp_path / "cut", over, frames=Cutting(after))
    saved = read(tmp_path / "cut" / "checkpoints" / "all.pt")
    assert saved is not None and saved.state.step > 0
    torch.manual_seed(99)
    assert_same(whole, trained(squares, tmp_path / "cut", over))
    assert rows(tmp_path / "whole") == rows(tmp_path / "cut")


def test_frames_of_steps_that_are_done_are_not_read_again(squares: Dataset, tmp_path: Path) -> None:
    frames = Drawn()
    trained(squares, tmp_path / "whole", {}, frames=frames)
    cut = Cutting(17)
    with pytest.raises(Cut):
        trained(squares, tmp_path / "cut", {}, frames=cut)
    rest = Drawn()
    trained(squares, tmp_path / "cut", {}, frames=rest)
    # 12 clips an epoch in steps of 4: four of the second epoch were trained on, the fifth to seventh only read.
    assert (len(frames.read), len(cut.read), len(rest.read)) == (36, 17, 20)
    assert frames.read[16:] == rest.read


def test_a_training_killed_with_signal_9_inside_an_epoch_ends_with_the_same_weights(
    squares: Dataset, tmp_path: Path
) -> None:
    over = {"checkpoint_minutes": 0, "ema": 0.5}
    jobs = json.dumps({str(tmp_path / "killed"): over})
    command = [sys.executable, "tests/tiny_training.py", str(squares.root), jobs]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    killed = subprocess.run([*command, "17"], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    saved = read(tmp_path / "killed" / "checkpoints" / "all.pt")
    assert saved is not None
    assert (saved.state.epoch, saved.state.step, saved.state.finished) == (1, 1, False)
    whole = trained(squares, tmp_path / "whole", {"ema": 0.5})
    assert_same(whole, trained(squares, tmp_path / "killed", {"ema": 0.5}))
    assert rows(tmp_path / "whole") == rows(tmp_path / "killed")


def test_no_checkpoint_is_written_inside_an_epoch_before_its_time(squares: Dataset, tmp_path: Path) -> None:
    stream, material = tiny_stream(), tiny_data(squares, frames=Cutting(10))
    with pytest.raises(Cut):
        train(stream, material, seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert read(tmp_path / "checkpoints" / "all.pt") is None


def test_a_checkpoint_of_an_older_form_is_refused(squares: Dataset, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    torch.save({"model": {}, "trained_on": [], "validated_on": []}, tmp_path / "checkpoints" / "all.pt")
    with pytest.raises(SlateboardError, match="another version of slateboard wrote it"):
        trained(squares, tmp_path, {})


def test_the_scale_of_the_loss_goes_on_after_a_cut_and_begins_anew_with_the_next_stream(
    squares: Dataset, tmp_path: Path
) -> None:
    """Of 16-mixed, which a CPU has not: here a number that each read doubles, in the place of a GradScaler's."""
    here, scale = fabric("cpu"), {"scale": 1.0}

    class Doubling(Cutting):
        def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
            scale["scale"] *= 2
            return super().planes(clip_id, indices, box)

    class Seeing(Drawn):
        def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
            seen.add(scale["scale"])
            return super().planes(clip_id, indices, box)

    precision, seen = here.strategy.precision, set[float]()
    precision.state_dict = lambda: dict(scale)  # type: ignore[method-assign]
    precision.load_state_dict = scale.update  # type: ignore[method-assign, assignment]
    cut = tiny_data(squares, frames=Doubling(17))
    with pytest.raises(Cut):
        train(tiny_stream(), cut, seed=0, fabric=here, folder=tmp_path, checkpoint_minutes=0)
    saved = read(tmp_path / "checkpoints" / "all.pt")
    assert saved is not None and saved.scaler is not None and saved.scaler["scale"] > 1
    scale["scale"] = 1.0
    train(tiny_stream(), tiny_data(squares, frames=Seeing()), seed=0, fabric=here, folder=tmp_path)
    assert seen == {saved.scaler["scale"]}
    assert scale["scale"] == 1.0
