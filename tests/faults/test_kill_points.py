"""Killed at thirty of its file operations, by signal 9 and 15 in turn, a command that is run again ends the same."""

import random
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults.same import state_of
from faults.warm import Ended, Warm, warmed
from releasing import curate, ready

from slateboard.cli import main
from slateboard.steps.init import COLUMNS

KILLS, A_FEW = 30, 3
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
IN_A_ROW = 3
"""Kills of one workspace before it is let go to its end: what goes on after a kill is killed again."""


@dataclass(frozen=True)
class Case:
    """A command, and what it begins with."""

    words: str
    begin: Callable[[Path], None] = lambda _: None
    """Prepares the copy of the released workspace on which it works."""
    patches: Sequence[str] = ()
    """Lines of Python that go before it."""


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warmed() as parent:
        yield parent


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a release of six clips in two classes and three groups."""
    workspace = ready(tmp_path_factory.mktemp("released") / "w")
    curate(workspace, "release")
    return workspace.root


def _annotations(folder: Path) -> None:
    (folder / "sources.csv").write_text(COLUMNS + "http://a/1.mp4,High Kick,,,,,,\n")
    rows = "".join(f"http://a/{number}.mp4,{label}\n" for number, label in enumerate(("Đá cầu", "High Kick") * 3))
    (folder / "told.csv").write_text("url,label\n" + rows + "nowhere.mp4,High Kick\nhttp://a/1.mp4,Đá cầu\n")


TRAINING = """
[train]
device = "cpu"
checkpoint_minutes = 0
[frames]
threads = 0
[baselines.c3d]
width = 2
fc = 16
size = 32
epochs = 3
batch = 3
flip = false
validation_share = 0.0
[baselines.chance]
size = 32
"""
SUITE = """
[baselines.chance]
size = 32
[[run]]
baseline = "chance"
grid = { size = [32, 48] }
[[run]]
baseline = "hog_svm"
"""


def _settings(folder: Path) -> None:
    with (folder / "slateboard.toml").open("a") as file:
        file.write(TRAINING)


def _suite(folder: Path) -> None:
    _settings(folder)
    (folder / "killed.toml").write_text(SUITE)


def _runs(folder: Path) -> None:
    _settings(folder)
    assert main(["bench", "train", "chance", "c3d", "-w", str(folder), "--quiet"]) == 0


QUICK = ("from faults.warm import draw_spots; draw_spots()",)

CASES = {
    "board": Case("board build", _runs),
    "store": Case(
        "bench store build --size 32 --workers 2",
        patches=("import benchmark.frames.shards as shards; shards._LEAST_CLIPS = 2",),
    ),
    "suite": Case("bench suite {folder}/killed.toml --workers 2", _suite, QUICK),
    "train": Case("bench train chance c3d", _settings, QUICK),
    "split": Case("split make leave_one_group_out"),
    "import": Case("curate import {folder}/told.csv --from csv", _annotations),
    "rebuild": Case("curate rebuild {folder}/releases/v1-list/recipe.toml --into {folder}/again --workers 2"),
}


@dataclass
class Bench:
    """Copies of a prepared workspace, and a command on them."""

    case: Case
    warm: Warm
    template: Path
    folder: Path

    def fresh(self) -> Path:
        """Put a new copy in the place of the last one: paths must not tell the two apart."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)
        return self.folder

    def run(self, *, point: int = 0, number: int = 0) -> Ended:
        words = self.case.words.format(folder=self.folder).split()
        ended = self.warm.run(
            [*words, "-w", str(self.folder), "--quiet"],
            self.folder, point=point, number=number, patches=self.case.patches,
        )  # fmt: skip
        assert ended.outliving == (), f"{len(ended.outliving)} processes outlived it: {ended.text}"
        return ended


@pytest.fixture(scope="module")
def bench(
    request: pytest.FixtureRequest, warm: Warm, released: Path, tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    case, home = CASES[request.param], tmp_path_factory.mktemp(request.param)
    shutil.copytree(released, home / "template")
    case.begin(home / "template")
    return Bench(case, warm, home / "template", home / "w")


@pytest.fixture(scope="module")
def uninterrupted(bench: Bench) -> tuple[dict[str, str], int]:
    """What a command that nobody kills leaves, and how many operations of files it takes."""
    bench.fresh()
    ended = bench.run()
    assert ended.code == 0, ended.text
    return state_of(bench.folder), ended.operations


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
            done += 1
        tries += 1
        assert tries <= 3 * kills, "it is through before it can be killed"
        last = bench.run()
        assert last.code == 0, (points, last.text)
        found = state_of(bench.folder)
        other = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
        assert other == set(), f"killed at {points}"


@pytest.mark.parametrize("bench", ["split", "import"], indirect=True)
def test_killed_a_few_times_it_ends_as_if_never_interrupted(
    bench: Bench, uninterrupted: tuple[dict[str, str], int]
) -> None:
    _killed(bench, *uninterrupted, kills=A_FEW)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("bench", CASES, indirect=True)
def test_killed_thirty_times_it_ends_as_if_never_interrupted(
    bench: Bench, uninterrupted: tuple[dict[str, str], int]
) -> None:
    _killed(bench, *uninterrupted, kills=KILLS)
