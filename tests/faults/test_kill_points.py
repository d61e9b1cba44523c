"""Killed at thirty of its file operations, by signal 9 and 15 in turn, a command that is run again ends the same."""

import random
import signal

import pytest
from faults.cases import CASES, Bench
from faults.same import state_of

KILLS, A_FEW = 30, 3
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
ELSEWHERE = {"analyse", "trim"}
"""test_kill.py kills them."""
IN_A_ROW = 3
"""Kills of one workspace before it is let go to its end: what goes on after a kill is killed again."""


def _killed(bench: Bench, expected: dict[str, str], operations: int, *, kills: int) -> None:
    chance, done, tries = random.Random(20), 0, 0
    while done < kills:
        bench.fresh()
        points = []
        for _ in range(IN_A_ROW):
            number = SIGNALS[done % 2]
            points.append((chance.randint(1, max(operations - sum(point for point, _ in points), 1)), number))
            ended = bench.run(point=points[-1][0], number=number)
            if ended.code == 0:
                break
            assert ended.code == (-signal.SIGKILL if number == signal.SIGKILL else 128 + signal.SIGTERM), ended.text
            bench.case.at_any_time(bench.folder, expected)
            done += 1
        tries += 1
        assert tries <= 3 * kills, "it is through before it can be killed"
        last = bench.run()
        assert last.code == 0, (points, last.text)
        found = state_of(bench.folder)
        other = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
        assert other == set(), f"killed at {points}"
        bench.case.at_the_end(bench.folder)


@pytest.mark.parametrize("bench", ["split", "import", "release", "takedown"], indirect=True)
def test_killed_a_few_times_it_ends_as_if_never_interrupted(
    bench: Bench, uninterrupted: tuple[dict[str, str], int]
) -> None:
    _killed(bench, *uninterrupted, kills=A_FEW)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("bench", sorted(CASES.keys() - ELSEWHERE), indirect=True)
def test_killed_thirty_times_it_ends_as_if_never_interrupted(
    bench: Bench, uninterrupted: tuple[dict[str, str], int]
) -> None:
    _killed(bench, *uninterrupted, kills=KILLS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("bench", ["analyse", "trim", "store", "suite"], indirect=True)
def test_fresh_interpreters_end_with_their_command(bench: Bench, uninterrupted: tuple[dict[str, str], int]) -> None:
    _, operations = uninterrupted
    for number in SIGNALS:
        bench.fresh()
        ended = bench.run(point=operations // 2, number=number, spawned=True)
        assert ended.code == (-number if number == signal.SIGKILL else 128 + number), ended.text
        assert ended.outliving == () and ended.seconds is not None
        print(f"{bench.case.words.split(' -')[0]}, signal {number}: nothing lives {ended.seconds:.2f} s after it")
