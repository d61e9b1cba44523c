"""Two processes run one command on one workspace: one waits, or is told who is there, or both do the same."""

import time
from collections.abc import Callable, Iterator

import pytest
from faults.cases import Bench
from faults.same import state_of
from faults.warm import Warm, warmed

TOLD, BOTH, WAITS = "told", "both", "waits"
SECOND = {
    "import": TOLD, "trim": TOLD, "analyse": TOLD, "rebuild": TOLD, "train": TOLD, "suite": TOLD,
    "release": TOLD, "takedown": TOLD,
    "split": BOTH, "board": BOTH, "store": WAITS,
}  # fmt: skip
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def other() -> Iterator[Warm]:
    with warmed() as parent:
        yield parent


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("bench", "second"), SECOND.items(), indirect=["bench"])
def test_a_second_process_harms_nothing(
    bench: Bench, uninterrupted: tuple[dict[str, str], int], other: Warm, second: str
) -> None:
    expected, operations = uninterrupted
    bench.fresh()
    bench.start(bench.warm, point=max(operations // 2, 1))
    _wait_for(lambda: bench.warm.is_held)
    bench.start(other)
    if second == WAITS:
        _wait_for(lambda: "waiting for it" in other.log)
        bench.warm.go_on()
        assert other.finish().code == 0
    else:
        ended = other.finish()
        is_told = "is in use by" in ended.text or "by another process" in ended.text
        assert (ended.code, is_told) == ((2, True) if second == TOLD else (0, False)), ended.text
        bench.warm.go_on()
    first = bench.warm.finish()
    assert first.code == 0, first.text
    assert _differing(expected, state_of(bench.folder)) == set()
    assert bench.run().code == 0
    assert _differing(expected, state_of(bench.folder)) == set()


def _differing(expected: dict[str, str], found: dict[str, str]) -> set[str]:
    return {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
