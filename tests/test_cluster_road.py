"""From originals to a release and a store on a cluster of two nodes: the same bytes as on one machine."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from drawing import card, moving

from slateboard.steps.init import COLUMNS

ROOT = Path(__file__).parents[1]
STEPS = (
    "curate fetch",
    "curate analyse ENGINE",
    "curate propose",
    "curate review --accept-all",
    "curate trim ENGINE",
    "curate label",
    "curate release ENGINE",
    "bench store build --size 32 ENGINE",
)


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster of two nodes of one processor each, beside a head that does no work."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100_000_000})
    for _ in range(2):
        cluster.add_node(num_cpus=1, memory=5_000_000_000, object_store_memory=100_000_000)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
def test_a_cluster_makes_the_same_release_and_store_as_one_machine(
    tmp_path: Path, draw: Callable[..., Path], two_nodes: Any
) -> None:
    rows = []
    for number in range(4):
        name = draw(f"{number}.mp4", [*card(8), *moving(40, seed=number)]).name
        rows.append(f"{name},Class {number % 2},,,uploader{number},,none,\n")
    engines = {"here": "", "there": f"--engine ray --address {two_nodes.address}"}
    for folder, engine in engines.items():
        (tmp_path / folder).mkdir()
        for number in range(4):
            (tmp_path / folder / f"{number}.mp4").hardlink_to(tmp_path / f"{number}.mp4")
        (tmp_path / folder / "slateboard.toml").write_text('name = "tiny"\n')
        (tmp_path / folder / "sources.csv").write_text(COLUMNS + "".join(rows))
        for step in STEPS:
            words = [sys.executable, "-m", "slateboard", *step.replace("ENGINE", engine).split(), "-w", folder]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(words, check=False, cwd=tmp_path, capture_output=True, text=True, env=environment)
            assert done.returncode == 0, f"{step}: {done.stderr}"
    for made in ("releases", "stores", "observations", "clips"):
        here, there = (_content(tmp_path / folder / made) for folder in engines)
        assert here.keys() == there.keys()
        assert [name for name in here if here[name] != there[name]] == []


def _content(folder: Path) -> dict[str, bytes]:
    """Return name -> bytes of files; what says where a store's clips lie on this machine is left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("store.json", ".lock"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
