"""Commands that write, what each begins with, and copies of a workspace to run them on."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from faults.warm import Ended, Warm
from releasing import contents
from takedowns import SECRET, leave_traces, traces

from curate.release import takedown
from slateboard.cli import main
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


@dataclass(frozen=True)
class Case:
    """A command, and what it begins with."""

    words: str
    begin: Callable[[Path], None] = lambda _: None
    """Prepares the copy of the workspace on which it works."""
    workspace: Literal["trimmed", "released"] = "released"
    """What that is a copy of."""
    patches: Sequence[str] = ()
    """Lines of Python that go before it."""
    at_any_time: Callable[[Path, dict[str, str]], None] = lambda _, __: None
    """Holds the workspace of a killed command to what is promised at every moment."""
    at_the_end: Callable[[Path], None] = lambda _: None
    """Holds the workspace at its end to more than that it is the uninterrupted one."""


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


def _no_half_version(folder: Path, expected: dict[str, str]) -> None:
    for version in Workspace(folder).versions():
        start = f"releases/{version}/"
        whole = {name.removeprefix(start): state for name, state in expected.items() if name.startswith(start)}
        assert contents(folder / start) == whole


def _taken_down(folder: Path) -> None:
    workspace = Workspace(folder)
    assert takedown.unfinished_takedowns(workspace) == []
    assert workspace.versions() == ["v3"]
    assert traces(workspace.releases, {SECRET}) == traces(workspace.clips, {SECRET}) == []
    assert len(list(workspace.media.glob("*.mp4"))) == len(list(workspace.clips.glob("*.mp4"))) == 5
    assert not (workspace.stores / "tiny-v1").exists() and not workspace.board.exists()


QUICK = ("from faults.warm import draw_spots; draw_spots()",)

CASES = {
    "board": Case("board build", _runs),
    "store": Case(
        "bench store build --size 32 --workers 2",
        patches=("import benchmark.frames.shard_reader as shards; shards._LEAST_CLIPS = 2",),
    ),
    "suite": Case("bench suite {folder}/killed.toml --workers 2", _suite, patches=QUICK),
    "train": Case("bench train chance c3d", _settings, patches=QUICK),
    "split": Case("split make leave_one_group_out"),
    "import": Case("curate import {folder}/told.csv --from csv", _annotations),
    "trim": Case("curate trim --workers 2", lambda folder: shutil.rmtree(folder / "clips")),
    "analyse": Case("curate analyse --workers 2", lambda folder: shutil.rmtree(folder / "observations")),
    "release": Case("curate release --workers 2", workspace="trimmed", patches=QUICK, at_any_time=_no_half_version),
    "takedown": Case(
        "curate takedown 2 --reason requested",
        lambda folder: leave_traces(Workspace(folder)),
        workspace="trimmed",
        patches=QUICK,
        at_the_end=_taken_down,
    ),
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

    def start(self, warm: Warm, *, point: int = 0, number: int = 0, spawned: bool = False) -> None:
        words = self.case.words.format(folder=self.folder).split()
        warm.start(
            [*words, "-w", str(self.folder)],
            self.folder, point=point, number=number, patches=self.case.patches, spawned=spawned,
        )  # fmt: skip

    def run(self, *, point: int = 0, number: int = 0, spawned: bool = False) -> Ended:
        self.start(self.warm, point=point, number=number, spawned=spawned)
        ended = self.warm.finish()
        assert ended.outliving == (), f"{len(ended.outliving)} processes outlived it: {ended.text}"
        return ended
