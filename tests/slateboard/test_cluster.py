"""Work on a Ray cluster of several nodes: all its processors, its memory, its losses, and what it must see."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hard_items import large_square, square, wait_for_go

from slateboard import engine
from slateboard.engine import Budget, Failure
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.workers import cluster as cluster_module
from slateboard.workers.cluster import at_once_on, items_per_task
from slateboard.workers.connect import Probe

LITTLE = Budget(wall_seconds=600, memory_bytes=1_000_000_000)


def _node(processors: float, memory: float, *, alive: bool = True, gpus: float = 0) -> dict[str, Any]:
    return {"Alive": alive, "Resources": {"CPU": processors, "memory": memory, "GPU": gpus}}


def test_a_cluster_works_on_as_many_items_as_its_living_nodes_have_processors_and_memory_for() -> None:
    nodes = [_node(32, 64e9), _node(32, 8e9), _node(16, 64e9, alive=False), {"Alive": True, "Resources": {}}]
    assert at_once_on(nodes, None, gpus=False) == 64
    assert at_once_on(nodes, 2_000_000_000, gpus=False) == 32 + 4
    assert at_once_on([_node(32, 64e9, gpus=4)], None, gpus=True) == 4


@pytest.mark.parametrize(
    ("item_seconds", "count"), [(0, 16), (0.001, 16), (0.1, 10), (0.3, 3), (0.6, 1), (1, 1), (600, 1)]
)
def test_items_share_a_task_of_about_a_second(item_seconds: float, count: int) -> None:
    assert items_per_task(item_seconds) == count


class _LosingRay:
    """A cluster that loses the process under each task that has the item "bad"."""

    exceptions = SimpleNamespace(RayTaskError=KeyError, RayError=OSError, OutOfMemoryError=MemoryError)

    def __init__(self) -> None:
        self.tasks: list[list[Any]] = []

    def cluster_resources(self) -> dict[str, float]:
        return {}

    def nodes(self) -> list[dict[str, Any]]:
        return [_node(2, 64e9)]

    def put(self, call: Any) -> Any:
        return call

    def remote(self, **_: Any) -> Callable[[Any], Any]:
        return lambda _: SimpleNamespace(remote=self._submit)

    def _submit(self, _: Any, items: list[Any]) -> int:
        self.tasks.append(items)
        return len(self.tasks) - 1

    def wait(self, tasks: list[int], **_: Any) -> tuple[list[int], list[int]]:
        return tasks, []

    def get(self, task: int) -> tuple[list[Any], float]:
        if "bad" in self.tasks[task]:
            raise OSError("lost")
        return [f"{item} done" for item in self.tasks[task]], 0.0

    def shutdown(self) -> None:
        pass


def test_an_item_that_takes_its_node_away_costs_none_that_shared_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = _LosingRay()
    monkeypatch.setattr(cluster_module, "join_cluster", lambda *_, **__: ray)
    items = [*map(str, range(200)), "bad", *map(str, range(200, 400))]
    outcomes = dict(engine.run(square, items, engine="ray"))  # type: ignore[arg-type]
    failure = outcomes.pop("bad")  # type: ignore[call-overload]
    assert isinstance(failure, Failure) and failure.code == "died"
    assert outcomes == {item: f"{item} done" for item in items if item != "bad"}
    assert max(len(task) for task in ray.tasks) == 16
    assert len(ray.tasks) < 200


@pytest.mark.parametrize(("workers", "most"), [(2, 2), (None, 3)])
def test_no_more_tasks_are_under_way_than_workers_are_allowed(
    monkeypatch: pytest.MonkeyPatch, workers: int | None, most: int
) -> None:
    ray = _LosingRay()
    monkeypatch.setattr(cluster_module, "join_cluster", lambda *_, **__: ray)
    counts: list[int] = []
    monkeypatch.setattr(ray, "wait", lambda tasks, **_: (counts.append(len(tasks)), (tasks[:1], []))[1])
    list(engine.run(square, range(300), engine="ray", workers=workers))
    assert max(counts) == most


def test_a_cluster_that_cannot_be_reached_is_one_sentence() -> None:
    with pytest.raises(MissingRequirement, match=r"No Ray cluster can be joined at 127.0.0.1:9 \(.*refused") as told:
        list(engine.run(square, [1], engine="ray", address="127.0.0.1:9"))
    assert "\n" not in str(told.value)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without processors, to which tests add nodes."""
    from ray.cluster_utils import Cluster

    folders = [str(Path(__file__).parent.parent), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100_000_000})
    yield made
    made.shutdown()


def _add(cluster: Any, processors: int = 1, memory: int = 4_000_000_000) -> Any:
    node = cluster.add_node(num_cpus=processors, memory=memory, object_store_memory=100_000_000)
    cluster.wait_for_nodes()
    return node


def _raylet_pid(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def _ancestors(pid: int) -> Iterator[int]:
    """Yield the processes that a process descends from, its parent first."""
    while pid > 1:
        # 17000 (ray::run) S 16636 ...: the parent is the second word after the name.
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        yield pid


@pytest.mark.slow
def test_a_node_that_dies_after_its_tasks_ended_costs_them_another_try(tmp_path: Path, cluster: Any) -> None:
    nodes = [_add(cluster), _add(cluster)]
    items = [(str(tmp_path), number) for number in range(8)]
    outcomes = engine.run(large_square, items, engine="ray", address=cluster.address, budget=LITTLE, shared=[tmp_path])
    with closing(outcomes):  # type: ignore[type-var]
        results = [next(outcomes)]
        # Nothing is under way any more: what ended lies on the nodes and was not taken.
        _wait(lambda: len(list(tmp_path.glob("[0-9]*"))) == 3)
        ended = dict(map(int, path.name.split("-")) for path in tmp_path.glob("[0-9]*"))
        del ended[results[0][0][1]]
        victim = next(node for node in nodes if _raylet_pid(node) in _ancestors(next(iter(ended.values()))))
        cluster.remove_node(victim, allow_graceful=False)
        results += outcomes
    assert {item[1]: result if isinstance(result, Failure) else result[0] for item, result in results} == {
        number: number * number for number in range(8)
    }
    assert len(list(tmp_path.glob("[0-9]*"))) > 8
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_a_node_killed_in_mid_work_costs_its_items_another_try(tmp_path: Path, cluster: Any) -> None:
    _add(cluster)
    victim = _add(cluster)

    def kill() -> None:
        _wait(lambda: len(list(tmp_path.glob("[0-9]*"))) == 2)
        cluster.remove_node(victim, allow_graceful=False)
        (tmp_path / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    items = [(str(tmp_path), number) for number in range(4)]
    results = list(engine.run(wait_for_go, items, engine="ray", address=cluster.address, budget=LITTLE))
    killer.join()
    assert sorted(item[1] for item, _ in results) == [0, 1, 2, 3]
    assert not [result for _, result in results if isinstance(result, Failure)]
    assert len(list(tmp_path.glob("[0-9]*"))) == 5


@pytest.mark.slow
def test_a_node_that_joins_is_given_work_at_once(tmp_path: Path, cluster: Any) -> None:
    _add(cluster)
    items = [(str(tmp_path), number) for number in range(4)]

    results: list[Any] = []

    def work() -> None:
        results.extend(engine.run(wait_for_go, items, engine="ray", address=cluster.address, budget=LITTLE))

    # Nodes can be added by the main thread alone.
    worker = threading.Thread(target=work)
    worker.start()
    try:
        _wait(lambda: len(list(tmp_path.glob("[0-9]*"))) == 1)
        _add(cluster)
        _wait(lambda: len(list(tmp_path.glob("[0-9]*"))) == 2)
    finally:
        (tmp_path / "go").touch()
        worker.join()
    assert sorted(item[1] for item, _ in results) == [0, 1, 2, 3]
    assert not [result for _, result in results if isinstance(result, Failure)]


@pytest.mark.slow
def test_nodes_that_are_too_small_or_do_not_see_the_workspace_are_one_sentence_each(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(cluster)
    run = {"engine": "ray", "address": cluster.address, "shared": [tmp_path]}
    with pytest.raises(SlateboardError, match=r"no node with a processor and 40.0 GB of memory .* lower memory_bytes"):
        list(engine.run(square, [1], budget=Budget(memory_bytes=40_000_000_000), **run))
    # As on a node that has another disk under that path.
    monkeypatch.setattr(Probe, "laid", classmethod(lambda cls, folders: cls((str(folders[0] / "x" / "y.part"),))))
    with pytest.raises(MissingRequirement, match=r"of the Ray cluster does not see .*/x: put what the work"):
        list(engine.run(square, [1], budget=LITTLE, **run))


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not done():
        assert time.monotonic() < until, "it did not happen within two minutes"
        time.sleep(0.05)
