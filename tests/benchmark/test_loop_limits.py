"""What a training says where memory does not suffice, and how precision, compiling and clipping act."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import tiny_data, tiny_stream
from torch import nn

from benchmark.baseline import Stream
from benchmark.devices import fabric, set_determinism
from benchmark.training.loop import train
from benchmark.training.memory import is_out_of_memory
from slateboard.dataset import Dataset
from slateboard.errors import MissingRequirement, SlateboardError

CPU_ERROR = "[enforce fail at alloc_cpu.cpp:130] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"


class Large(nn.Module):
    """Has no room for more than some views at once."""

    def __init__(self, room: int, error: RuntimeError) -> None:
        super().__init__()
        self.room, self.error, self.layer = room, error, nn.Linear(3, 2)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        if len(views) > self.room:
            raise self.error
        scores: torch.Tensor = self.layer(views.mean(dim=(2, 3)))
        return scores


def large(room: int, error: RuntimeError, **over: Any) -> Stream:
    stream = tiny_stream(**over)
    object.__setattr__(stream, "model", Large(room, error))
    return stream


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError(CPU_ERROR)], ids=type)
def test_where_memory_lacks_the_batch_that_fits_is_named(squares: Dataset, tmp_path: Path, error: RuntimeError) -> None:
    material = tiny_data(squares)
    with pytest.raises(
        SlateboardError,
        match=r"^train all: 12 views at once do not fit into the memory of cpu, 3 do. Set accumulate = 4 for the same "
        r"steps in more parts, or batch = 3 for smaller ones.$",
    ):
        train(large(4, error, batch=12), material, seed=0, fabric=fabric("cpu"), folder=tmp_path)
    # What was named fits.
    for number, over in enumerate(({"batch": 12, "accumulate": 4}, {"batch": 3})):
        train(large(4, error, **over), material, seed=0, fabric=fabric("cpu"), folder=tmp_path / str(number))


def test_where_not_even_one_view_fits_it_is_said(squares: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match="not even one view fits into the memory of cpu"):
        train(large(0, RuntimeError(CPU_ERROR)), tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path)


def test_another_error_of_the_network_is_left_as_it_is(squares: Dataset, tmp_path: Path) -> None:
    error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        train(large(0, error), tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path)


def test_what_torch_raises_on_a_cpu_is_known() -> None:
    with pytest.raises(RuntimeError) as found:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(found.value)


def test_bf16_changes_the_weights_but_not_what_is_learned(squares: Dataset, tmp_path: Path) -> None:
    weights = []
    for precision in ("32-true", "bf16-mixed"):
        stream = tiny_stream(precision=precision, dropout=0.0)
        here = fabric("cpu", precision=precision)
        train(stream, tiny_data(squares), seed=0, fabric=here, folder=tmp_path / precision)
        assert isinstance(stream.model, nn.Module)
        weights.append(torch.cat([weight.detach().flatten() for weight in stream.model.parameters()]))
    assert weights[1].dtype == torch.float32
    assert not torch.equal(*weights)
    torch.testing.assert_close(*weights, rtol=0, atol=0.1)


def test_a_clipped_gradient_is_no_longer_than_the_recipe_says(squares: Dataset, tmp_path: Path) -> None:
    before = tiny_stream().model
    moves = []
    for number, norm in enumerate((0.0, 0.01)):
        # One step of SGD without momentum moves the weights by the gradient.
        over = {"optimiser": "sgd", "momentum": 0.0, "learning_rate": 1.0, "epochs": 1, "batch": 100}
        stream = tiny_stream(**over, clip_norm=norm, dropout=0.0)
        train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path / str(number))
        assert isinstance(stream.model, nn.Module) and isinstance(before, nn.Module)
        pairs = zip(stream.model.parameters(), before.parameters(), strict=True)
        moves.append(torch.cat([(one - other).detach().flatten() for one, other in pairs]))
    assert float(moves[0].norm()) > 0.1
    assert float(moves[1].norm()) == pytest.approx(0.01, rel=1e-3)
    torch.testing.assert_close(moves[1] / moves[1].norm(), moves[0] / moves[0].norm(), rtol=1e-3, atol=1e-5)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.slow
# torch 2.13's compiler uses a part of torch.jit that it deprecates.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_network_learns_the_same_but_for_float_error(squares: Dataset, tmp_path: Path) -> None:
    over = {"optimiser": "sgd", "dropout": 0.0, "epochs": 1}
    weights = []
    for compiled in (False, True):
        stream = tiny_stream(**over, compile=compiled)
        train(stream, tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path / str(compiled))
        assert isinstance(stream.model, nn.Module)
        weights.append(dict(stream.model.state_dict()))
    torch.testing.assert_close(weights[1], weights[0], rtol=1e-4, atol=1e-5)


def test_a_compiler_that_is_not_there_is_named(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MissingRequirement, match=r"compile needs a C\+\+ compiler on a CPU: install g\+\+"):
        train(tiny_stream(compile=True), tiny_data(squares), seed=0, fabric=fabric("cpu"), folder=tmp_path)


def test_determinism_is_set_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    try:
        for on in (True, False):
            set_determinism(on)
            found = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic
            assert (*found, torch.backends.cudnn.benchmark) == (on, on, not on)
    finally:
        torch.backends.cudnn.benchmark = False


def test_an_error_of_memory_is_one_line(squares: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SlateboardError) as found:
        train(
            large(4, RuntimeError(CPU_ERROR), batch=12),
            tiny_data(squares),
            seed=0,
            fabric=fabric("cpu"),
            folder=tmp_path,
        )
    assert not re.search(r"\n", str(found.value))
