"""Weights, checkpoints and estimators of people we do not know run nothing, and end as one sentence."""

import ast
import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmark.models.estimators import load_estimator
from benchmark.models.transfer.loading import read
from benchmark.training import checkpoint
from slateboard.errors import BadInput

ROOT = Path(__file__).parents[2]
LOADERS = ("pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "yaml")
"""What slateboard/workers may use, which speaks to processes of its own alone."""


class Harmful:
    """A pickle that makes a file when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(Harmful(path.parent / "harm")))


def saved(path: Path) -> None:
    torch.save({"model": Harmful(path.parent / "harm")}, path)


def expanded(path: Path) -> None:
    """Eight bytes of numbers that are said to be a petabyte."""
    torch.save({"model": {"a": torch.zeros(2).expand(10**14, 2)}}, path)


def zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 200_000_000)
        archive.writestr("schema.json", b" " * 200_000_000)


def cut(path: Path) -> None:
    torch.save({"model": {"a": torch.zeros(1000)}}, path)
    os.truncate(path, path.stat().st_size // 2)


def changed(path: Path) -> None:
    torch.save({"model": {"a": torch.zeros(1000)}}, path)
    content = bytearray(path.read_bytes())
    for place in range(100, 400, 7):
        content[place] ^= 0xFF
    path.write_bytes(content)


def old_form(path: Path) -> None:
    """Torch's form before 1.6, whose storage claims a size."""
    stream = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(value, stream, protocol=2)
    stream.write(b"\x80\x02}q\x00(X\x05\x00\x00\x00modelK\x01u.")
    path.write_bytes(stream.getvalue() + struct.pack("<q", 2**60))


def pipe(path: Path) -> None:
    os.mkfifo(path)


FILES: dict[str, Callable[[Path], object]] = {
    "pickle": pickled,
    "pickle in an archive": saved,
    "expanded": expanded,
    "zip bomb": zip_bomb,
    "cut": cut,
    "changed": changed,
    "old form": old_form,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>not found</html>"),
    "a list": lambda path: torch.save([1, 2], path),
    "a terabyte": lambda path: (path.touch(), os.truncate(path, 10**12)),
    "a pipe": pipe,
}


@pytest.mark.parametrize("make", FILES.values(), ids=list(FILES))
@pytest.mark.parametrize("load", [read, checkpoint.read, load_estimator], ids=["weights", "checkpoint", "estimator"])
def test_a_hostile_file_of_weights_is_refused_by_name_and_runs_nothing(tmp_path: Path, make, load) -> None:
    path = tmp_path / "theirs.bin"
    make(path)
    if load is checkpoint.read and make is pipe:
        assert load(path) is None
        return
    with pytest.raises(BadInput) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.where == str(path)
    assert problem.remedy and "\n" not in str(problem)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "part", [{"epoch": "x"}, {"finished": 1}, {"model": 3}, {"others": 4}, {"trained_on": [1]}, {"validated_on": 7}]
)
def test_a_checkpoint_with_parts_of_other_kinds_is_refused(tmp_path: Path, part) -> None:
    content = {
        "model": {}, "others": [], "trained_on": [], "validated_on": [], "optimiser": None, "average": None,
        "scaler": None, "epoch": 1, "step": 0, "finished": True,
    }  # fmt: skip
    torch.save(content, tmp_path / "all.pt")
    assert checkpoint.read(tmp_path / "all.pt") is not None
    torch.save({**content, **part}, tmp_path / "all.pt")
    with pytest.raises(BadInput, match="is no checkpoint of ours"):
        checkpoint.read(tmp_path / "all.pt")


def test_nothing_in_the_house_opens_a_pickle_or_runs_a_text() -> None:
    """A call that could: pickle, marshal, joblib, eval, exec, yaml; torch.load and np.load but in their safe form."""
    wrong = []
    for folder in ("slateboard", "curate", "splits", "benchmark", "leaderboards", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
                name, named = ast.unparse(call.func), {one.arg: ast.unparse(one.value) for one in call.keywords}
                unsafe = name.partition(".")[0] in LOADERS and path.parent.name != "workers"
                unsafe |= name in ("eval", "exec", "pd.read_pickle", "torch.hub.load", "torch.jit.load")
                unsafe |= name == "torch.load" and named.get("weights_only") != "True"
                unsafe |= named.get("allow_pickle", "False") != "False"
                unsafe |= name.endswith("skops.io.load") and named.get("trusted") != "[]"
                if unsafe:
                    wrong.append(f"{path.relative_to(ROOT)}:{call.lineno} {name}")
    assert wrong == []
