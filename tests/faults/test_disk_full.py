"""A full disk stops every stage with a clear word, and loses nothing: with room again it goes on."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawing import card, moving

from slateboard.steps.init import COLUMNS

ROOT = Path(__file__).parents[2]
WRITING = ("fetch", "analyse", "trim", "release")
STEPS = ("fetch", "analyse", "propose", "review --accept-all", "trim", "label", "release")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False)
    except FileNotFoundError:
        pytest.skip("no program to mount a small disk")
    if mounted.returncode:
        pytest.skip("a small disk may not be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def _run(folder: Path, step: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "slateboard", "curate", *step.split(), "-w", str(folder), "--quiet"]
    return subprocess.run(words, check=False, cwd=ROOT, capture_output=True, text=True)


def _begin(folder: Path, draw: Callable[..., Path]) -> None:
    rows = []
    for number in range(4):
        video = draw(f"{number}.mp4", [*card(8), *moving(40, seed=number)])
        rows.append(f"{video},Class {number % 2},,,uploader{number},,none,\n")
    (folder / "slateboard.toml").write_text('name = "full"\n')
    (folder / "sources.csv").write_text(COLUMNS + "".join(rows))


def test_with_room_again_every_stage_goes_on_where_it_stopped(
    tmp_path: Path, small_disk: Path, draw: Callable[..., Path]
) -> None:
    roomy = tmp_path / "roomy"
    roomy.mkdir()
    for folder in (roomy, small_disk):
        _begin(folder, draw)
    for step in STEPS:
        done = _run(roomy, step)
        assert done.returncode == 0, done.stderr
        if step in WRITING:
            ballast = small_disk / "ballast"
            free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
            ballast.write_bytes(bytes(free - 8192))
            refused = _run(small_disk, step)
            ballast.unlink()
            assert (refused.returncode, "No space is left" in refused.stderr) == (3, True), refused.stderr
        again = _run(small_disk, step)
        assert again.returncode == 0, again.stderr
    sums = [(folder / "releases" / "v1" / "SHA256SUMS").read_text() for folder in (roomy, small_disk)]
    assert sums[0] == sums[1]
