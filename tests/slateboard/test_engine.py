"""Work in processes, here or on Ray: what an item does is its outcome alone, and workers end with their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hard_items import count_tries, do, do_each, do_or_wait, hoard, square, wait_with_a_child, with_workers

from slateboard import engine
from slateboard.engine import Budget, Failure
from slateboard.errors import MissingRequirement, SlateboardError


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers import what tests import."""
    folders = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))


@pytest.mark.parametrize("workers", [1, 2])
def test_each_item_comes_with_its_result(workers: int) -> None:
    assert sorted(engine.run(square, range(5), workers=workers)) == [(n, n * n) for n in range(5)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_an_item_does_to_its_process_is_its_failure_and_the_rest_goes_on(workers: int) -> None:
    items = ["raise it", "say so", "signal 9", "exit 3", "divide", "loop", "allocate 10000000000", "closure", "leave"]
    budget = Budget(wall_seconds=20, memory_bytes=2_000_000_000)
    found = dict(engine.run(do, [*items, "well"], workers=workers, budget=budget))
    assert found.pop("well") == "well"
    codes = {item: failure.code for item, failure in found.items() if isinstance(failure, Failure)}
    assert codes == {
        "raise it": "exception", "say so": "exception", "signal 9": "died", "exit 3": "died", "divide": "died",
        "loop": "timeout", "allocate 10000000000": "memory", "closure": "exception", "leave": "exception",
    }  # fmt: skip
    reasons = {item: failure.reason for item, failure in found.items() if isinstance(failure, Failure)}
    assert reasons["raise it"].startswith("ValueError: no it (hard_items.py:")
    assert reasons["say so"] == "so"
    assert "SIGKILL" in reasons["signal 9"]
    assert "exit code 3" in reasons["exit 3"]
    assert "SIGFPE" in reasons["divide"]
    assert "longer than 20 s" in reasons["loop"]
    assert "more memory" in reasons["allocate 10000000000"]


def test_an_item_within_its_budget_is_not_touched() -> None:
    budget = Budget(wall_seconds=600, memory_bytes=2_000_000_000)
    assert list(engine.run(do, ["allocate 200000000"], budget=budget)) == [("allocate 200000000", "200000000")]


def test_a_process_without_memory_left_behind_by_earlier_items_is_not_the_last_one_s_failure() -> None:
    budget = Budget(memory_bytes=1_500_000_000)
    found = [found for _, found in engine.run(hoard, range(6), workers=1, budget=budget)]
    assert found == [300_000_000] * 6


@pytest.mark.parametrize("item", ["errno ENOSPC", "errno EDQUOT", "errno EROFS", "wrapped ENOSPC"])
def test_a_disk_that_no_item_can_write_ends_the_run(item: str) -> None:
    with pytest.raises(OSError, match=os.strerror(28) if "NOSPC" in item else "."):
        list(engine.run(do, [item, *map(str, range(100))], workers=1))


def test_a_missing_requirement_ends_the_run() -> None:
    with pytest.raises(MissingRequirement, match="install it"):
        list(engine.run(do, ["missing it", "well"], workers=1))


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_a_worker_killed_in_mid_item_costs_that_item_one_retry_and_nothing_else(tmp_path: Path, kind: str) -> None:
    items = [(str(tmp_path / str(number)), {2: 1, 4: 9}.get(number, 0)) for number in range(8)]
    found = {
        int(Path(path).name): result for (path, _), result in engine.run(count_tries, items, workers=2, engine=kind)
    }
    lost = found.pop(4)
    assert isinstance(lost, Failure)
    assert (lost.code, "SIGKILL" in lost.reason) == ("died", True)
    assert found == dict.fromkeys([0, 1, 2, 3, 5, 6, 7], "done")
    tries = {int(note.name): int(note.read_text()) for note in tmp_path.iterdir()}
    assert tries == {number: 2 if number in (2, 4) else 1 for number in range(8)}


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_isolated_items_have_a_process_each_that_may_have_workers_and_die_alone(kind: str) -> None:
    taken: list[int] = []
    items = (taken.append(number) or number for number in range(5))  # type: ignore[func-returns-value]
    results = [
        (number, found, len(taken))
        for number, found in engine.run_isolated(with_workers, items, workers=2, engine=kind)
    ]
    found = {number: result for number, result, _ in results}
    assert sorted(found) == [0, 1, 2, 3, 4]
    lost = found.pop(3)
    assert isinstance(lost, Failure)
    assert lost.code == "died"
    done = {number: result for number, result in found.items() if not isinstance(result, Failure)}
    assert {number: squares for number, (_, squares) in done.items()} == {n: sorted([n * n, 1]) for n in (0, 1, 2, 4)}
    assert len({process for process, _ in done.values()}) == 4
    # Two are under way at most: what is taken is done or has begun.
    assert all(taken <= place + 2 for place, (_, _, taken) in enumerate(results))


def test_short_items_share_a_task_of_a_cluster_and_each_has_its_own_outcome() -> None:
    numbers = [*map(str, range(300))]
    items = [*numbers[:200], "signal 9", "raise it", *numbers[200:]]
    outcomes = dict(engine.run(do, items, workers=2, engine="ray"))
    failures = {item: result.code for item, result in outcomes.items() if isinstance(result, Failure)}
    assert failures == {"signal 9": "died", "raise it": "exception"}
    assert {item: outcomes[item] for item in numbers} == dict(zip(numbers, numbers, strict=True))


def test_ray_without_an_address_starts_a_cluster_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Ray joins where no address is given: here one that is gone.
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    assert list(engine.run(square, [3], workers=1, engine="ray")) == [(3, 9)]


def test_an_item_of_several_parts_that_fails_is_divided_and_costs_the_bad_part_alone() -> None:
    items = ["signal 9,1,2", "3,4", "5,raise it,6,allocate 9000000000"]
    outcomes = engine.run(do_each, items, workers=2, divide=lambda item: item.split(","))
    found = {item: result.code if isinstance(result, Failure) else result for item, result in outcomes}
    assert found == {
        "signal 9": "died", "raise it": "exception", "allocate 9000000000": "memory",
        "1": "1", "2": "2", "3,4": "3,4", "5": "5", "6": "6",
    }  # fmt: skip


def test_what_comes_within_a_moment_is_recorded_together_and_before_an_error_ends_the_run() -> None:
    assert list(engine.in_batches(range(5), seconds=600)) == [[0, 1, 2, 3, 4]]
    assert list(engine.in_batches(range(3), seconds=0)) == [[0], [1], [2]]
    assert list(engine.in_batches(range(5), seconds=600, most=2)) == [[0, 1], [2, 3], [4]]

    def ends() -> Iterator[int]:
        yield 1
        raise MissingRequirement("install it")

    batches = engine.in_batches(ends(), seconds=600)
    assert next(batches) == [1]
    with pytest.raises(MissingRequirement):
        next(batches)


def test_no_items_give_no_results_and_start_nothing() -> None:
    assert list(engine.run(square, [], workers=2)) == []
    assert list(engine.run_isolated(square, [])) == []


@pytest.mark.parametrize("run", [engine.run, engine.run_isolated])
def test_an_address_without_ray_and_an_unknown_engine_are_refused(run: Callable[..., Iterator[object]]) -> None:
    with pytest.raises(SlateboardError, match="--engine ray"):
        list(run(square, [1, 2], address="auto"))
    with pytest.raises(SlateboardError, match="Unknown engine: 'dask'"):
        list(run(square, [1, 2], engine="dask"))


def test_ray_that_is_not_installed_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingRequirement, match=r"pip install 'slateboard\[ray\]'"):
        list(engine.run(square, [1, 2], engine="ray"))


def test_an_item_that_passes_its_time_takes_the_programs_that_it_started_along(tmp_path: Path) -> None:
    note = tmp_path / "note"
    ((_, found),) = engine.run(wait_with_a_child, [str(note)], workers=1, budget=Budget(wall_seconds=3))
    assert isinstance(found, Failure)
    assert found.code == "timeout"
    assert not _alive(note)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("work", ["wait_with_a_child", "spin"])
def test_workers_and_their_programs_end_when_their_parent_is_ended(
    tmp_path: Path, sent: signal.Signals, work: str
) -> None:
    script = tmp_path / "work.py"
    script.write_text(
        f"import sys\nfrom hard_items import {work}\nfrom slateboard import engine\n"
        f"if __name__ == '__main__':\n    list(engine.run({work}, sys.argv[1:], workers=2))\n"
    )
    notes = [tmp_path / "one", tmp_path / "two"]
    parent = subprocess.Popen([sys.executable, str(script), *map(str, notes)], stderr=subprocess.DEVNULL)
    _wait(lambda: all(note.exists() and note.read_text() for note in notes))
    parent.send_signal(sent)
    parent.wait()
    _wait(lambda: not any(map(_alive, notes)))


def test_a_caller_that_stops_listening_leaves_no_worker_behind(tmp_path: Path) -> None:
    notes = [tmp_path / "one", tmp_path / "two"]
    outcomes = engine.run(do_or_wait, ["well", *map(str, notes)], workers=3)
    assert next(outcomes) == ("well", "well")
    _wait(lambda: all(note.exists() for note in notes))
    outcomes.close()  # type: ignore[attr-defined]
    assert not any(map(_alive, notes))


def test_programs_of_a_worker_that_the_system_ends_late_have_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_group = os.killpg

    def kill_later(group: int, number: int) -> None:
        if number == 0:
            kill_group(group, number)
        else:
            threading.Timer(0.5, kill_group, (group, number)).start()

    note = tmp_path / "note"
    outcomes = engine.run(do_or_wait, [str(note)], workers=1, budget=Budget(wall_seconds=3))
    # As on a loaded machine, where a killed process has no time to end yet.
    monkeypatch.setattr(os, "killpg", kill_later)
    ((_, failure),) = outcomes
    assert isinstance(failure, Failure)
    assert not _alive(note)


def _alive(note: Path) -> list[str]:
    """Return the processes of a note that still run; one that waits to be counted by its parent does not."""
    stats = [Path(f"/proc/{number}/stat") for number in note.read_text().split()]
    return [stat.parent.name for stat in stats if stat.exists() and stat.read_text().rsplit(") ", 1)[1][0] != "Z"]


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until, "it did not happen within a minute"
        time.sleep(0.05)
