"""Work in processes, here or on Ray: results in order, a dead worker costs one retry, workers end with their parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slateboard import engine
from slateboard.errors import MissingRequirement, SlateboardError


def _square(number: int) -> int:
    return number * number


def _die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def _fail(number: int) -> int:
    raise ValueError(f"no {number}")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(engine.run(_square, range(5), workers=workers)) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="no 1"):
        list(engine.run(_fail, [1, 2], workers=workers))


# Each item counts its tries in a file of its own; the deadly ones kill their worker as `kill -9` would.
_DEADLY = """
import json, os, signal, sys
from pathlib import Path
from slateboard import engine


def work(item):
    note, deaths = Path(item[0]), item[1]
    tries = int(note.read_text()) if note.exists() else 0
    note.write_text(str(tries + 1))
    if tries < deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return [note.name, "done"]


def lost(item, reason):
    assert reason
    return [Path(item[0]).name, "lost"]


if __name__ == "__main__":
    folder, kind = sys.argv[1:]
    items = [(f"{folder}/{number}", {2: 1, 4: 9}.get(number, 0)) for number in range(8)]
    print(json.dumps(list(engine.run(work, items, workers=2, engine=kind, lost=lost))))
"""


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_a_worker_killed_in_mid_item_costs_that_item_one_retry_and_nothing_else(tmp_path: Path, kind: str) -> None:
    script = tmp_path / "work.py"
    script.write_text(_DEADLY)
    notes = tmp_path / "notes"
    notes.mkdir()
    command = [sys.executable, str(script), str(notes), kind]
    told = subprocess.run(command, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout.splitlines()[-1])
    assert found == [[str(number), "lost" if number == 4 else "done"] for number in range(8)]
    tries = {int(note.name): int(note.read_text()) for note in notes.iterdir()}
    assert tries == {number: 2 if number in (2, 4) else 1 for number in range(8)}


# Even items ask for the squares of their digits from processes of their own; 3 dies.
_APART = """
import json, os, signal, sys, time
from slateboard import engine
from squares import square


def work(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(number == 0)
    return [os.getpid(), list(engine.run(square, [number, 1], workers=2))]


def told(found):
    return str(found) if isinstance(found, engine.Died) else found


if __name__ == "__main__":
    taken = []
    items = (taken.append(number) or number for number in range(5))
    results = []
    for number, found in engine.apart(work, items, workers=2, engine=sys.argv[1]):
        results.append([number, told(found), len(taken)])
    print(json.dumps(results))
"""


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_items_apart_have_a_process_each_that_may_have_workers_and_die_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "squares.py").write_text("def square(number):\n    return number * number\n")
    (tmp_path / "work.py").write_text(_APART)
    command = [sys.executable, str(tmp_path / "work.py"), kind]
    path = os.pathsep.join([".", str(tmp_path)])
    told = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    results = json.loads(told.stdout.splitlines()[-1])
    found = {number: result for number, result, _ in results}
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert "process ended" in found.pop(3)
    assert {number: squares for number, (_, squares) in found.items()} == {n: [n * n, 1] for n in (0, 1, 2, 4)}
    assert len({process for process, _ in found.values()}) == 4
    # Two are under way at most: what is taken is done or has begun.
    assert all(taken <= place + 2 for place, (_, _, taken) in enumerate(results))


def test_apart_no_items_give_no_results_and_an_address_needs_ray() -> None:
    assert list(engine.apart(_square, [])) == []
    with pytest.raises(SlateboardError, match="--engine ray"):
        list(engine.apart(_square, [1], address="auto"))


def test_without_a_word_for_lost_items_the_run_ends_and_names_the_item(tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match=r"Workers died 2 times on one item .*: 9"):
        list(engine.run(_die, [9, 9], workers=2))


def test_one_item_survives_its_worker_too() -> None:
    assert list(engine.run(_die, [9], lost=lambda item, reason: item + 1)) == [10]


def test_no_items_give_no_results() -> None:
    assert list(engine.run(_square, [], workers=2)) == []


def test_an_address_without_ray_and_an_unknown_engine_are_refused() -> None:
    with pytest.raises(SlateboardError, match="--engine ray"):
        list(engine.run(_square, [1, 2], address="auto"))
    with pytest.raises(SlateboardError, match="Unknown engine: 'dask'"):
        list(engine.run(_square, [1, 2], engine="dask"))


def test_ray_that_is_not_installed_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingRequirement, match=r"pip install 'slateboard\[ray\]'"):
        list(engine.run(_square, [1, 2], engine="ray"))


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(
        "import os, sys, time\nfrom slateboard import engine\n"
        "def work(path):\n    open(path, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
        "if __name__ == '__main__':\n    list(engine.run(work, sys.argv[1:], workers=2))\n"
    )
    notes = [tmp_path / "one", tmp_path / "two"]
    parent = subprocess.Popen([sys.executable, str(script), *map(str, notes)], env={**os.environ, "PYTHONPATH": "."})
    _wait(lambda: all(note.exists() and note.read_text() for note in notes))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait(lambda: not any(Path(f"/proc/{note.read_text()}").exists() for note in notes))


def _wait(done: object) -> None:
    until = time.monotonic() + 60
    while not done():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen within a minute"
        time.sleep(0.1)
