"""A disk that is full, nearly full or read-only stops every command with a clear word, and loses nothing."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from drawing import card, moving
from faults.same import state_of
from faults.warm import Ended, Warm, warmed

from slateboard.media.encode import write_video
from slateboard.steps.init import COLUMNS

ROAD = (
    "curate fetch --allow-local",
    "curate analyse --workers 2",
    "curate propose",
    "curate review --accept-all",
    "curate trim --workers 2",
    "curate label",
    "curate release",
    "curate rebuild {folder}/releases/v1-list/recipe.toml --into {folder}/again --workers 2",
    "split make leave_one_group_out",
    "split audit --protocol leave_one_group_out",
    "bench store build --size 32 --workers 2",
    "bench train chance",
    "bench suite {folder}/two.toml",
    "board build",
    "curate import {folder}/more.csv --from csv",
    "curate takedown 3",
)
SETTINGS = """name = "full"
[train]
device = "cpu"
[frames]
form = "planes"
threads = 0
[baselines.chance]
size = 32
"""
SUITE = """
[[run]]
baseline = "chance"
grid = { size = [32, 48] }
"""
Hurt = Callable[[Any, str], AbstractContextManager[None]]
PATCHES = ("from faults.warm import draw_spots; draw_spots()",)


@dataclass
class Disk:
    """A small disk with a workspace on it."""

    folder: Path
    warm: Warm
    room: dict[str, int] = field(default_factory=dict)
    """What each command needs, in bytes."""

    @contextmanager
    def mounted(self) -> Iterator[None]:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", self.folder], check=True)

    def lock(self, mode: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{mode}", self.folder], check=True)

    @property
    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def run(self, command: str, *, hours_back: int = 0) -> Ended:
        words = command.format(folder=self.folder).split()
        patches = [*PATCHES, f"from faults.clocks import set_back; set_back({hours_back})"]
        return self.warm.run([*words, "-w", str(self.folder), "--quiet"], self.folder, patches=patches)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    folder = tmp_path_factory.mktemp("small") / "disk"
    folder.mkdir()
    with warmed() as warm:
        small = Disk(folder, warm)
        try:
            with small.mounted():
                pass
        except (FileNotFoundError, subprocess.CalledProcessError):
            pytest.skip("a small disk may not be mounted here (needs root)")
        yield small


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("raw")
    paths = [folder / f"{number}.mp4" for number in range(6)]
    for number, path in enumerate(paths):
        write_video(path, [*card(8), *moving(40, seed=number)], frame_rate_hz=15)
    return paths


def _begin(folder: Path, videos: list[Path]) -> None:
    rows = [f"{video},Class {number % 2},,,uploader{number},,none,\n" for number, video in enumerate(videos)]
    (folder / "slateboard.toml").write_text(SETTINGS)
    (folder / "sources.csv").write_text(COLUMNS + "".join(rows))
    (folder / "two.toml").write_text(SUITE)
    (folder / "more.csv").write_text("url,label\nhttp://127.0.0.1:9/a.mp4,Class 0\nnowhere.mp4,Class 1\n")


@pytest.fixture(scope="module")
def uninterrupted(disk: Disk, videos: list[Path]) -> dict[str, str]:
    """What the commands leave on a disk that has room for all of them."""
    with disk.mounted():
        _begin(disk.folder, videos)
        for command in ROAD:
            before = disk.free
            done = disk.run(command)
            assert done.code == 0, (command, done.text)
            disk.room[command] = max(before - disk.free, 0)
        return state_of(disk.folder)


@pytest.fixture
def workspace(disk: Disk, videos: list[Path], uninterrupted: dict[str, str]) -> Iterator[Path]:
    with disk.mounted():
        _begin(disk.folder, videos)
        yield disk.folder


@contextmanager
def _full(disk: Disk, command: str) -> Iterator[None]:
    with _room(disk, 8192):
        yield


@contextmanager
def _half_full(disk: Disk, command: str) -> Iterator[None]:
    with _room(disk, disk.room[command] // 2):
        yield


@contextmanager
def _room(disk: Disk, room: int) -> Iterator[None]:
    ballast = disk.folder / "ballast"
    ballast.write_bytes(bytes(max(disk.free - room, 0)))
    yield
    ballast.unlink()


@contextmanager
def _read_only(disk: Disk, command: str) -> Iterator[None]:
    disk.lock("ro")
    yield
    disk.lock("rw")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("hurt", "sentence"), [(_full, "No space is left"), (_half_full, "No space is left"), (_read_only, "is read-only")]
)
def test_every_command_goes_on_where_the_disk_stopped_it(
    disk: Disk, workspace: Path, uninterrupted: dict[str, str], hurt: Hurt, sentence: str
) -> None:
    stopped = []
    for command in ROAD:
        with hurt(disk, command):
            refused = disk.run(command)
        # What is left may be enough for a command that writes little; on a read-only disk nothing is.
        went_through = refused.code == 0 and hurt is not _read_only
        assert went_through or (refused.code == 3 and sentence in refused.text), (command, refused)
        stopped += [command] if refused.code else []
        again = disk.run(command)
        assert again.code == 0, (command, again.text)
    assert len(stopped) >= len(ROAD) - 3
    assert _differing(uninterrupted, state_of(disk.folder)) == set()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_clock_that_is_set_back_an_hour_again_and_again_changes_nothing(
    disk: Disk, workspace: Path, uninterrupted: dict[str, str]
) -> None:
    for number, command in enumerate(ROAD):
        done = disk.run(command, hours_back=number % 2)
        assert done.code == 0, (command, done.text)
    assert _differing(uninterrupted, state_of(disk.folder)) == set()


def _differing(expected: dict[str, str], found: dict[str, str]) -> set[str]:
    return {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
