"""The wheel holds all five packages and works from elsewhere."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import moving

from slateboard.steps.init import COLUMNS


@pytest.mark.timeout(300)
def test_the_wheel_runs_doctor_and_makes_a_release_from_elsewhere(
    tmp_path: Path, wheel: Path, draw: Callable[..., Path]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(elsewhere)
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {
        "slateboard", "curate", "splits", "benchmark", "leaderboards",
    }  # fmt: skip
    assert (elsewhere / "leaderboards" / "page.html.j2").is_file()
    environment = {"PYTHONPATH": str(elsewhere), "PATH": "/usr/bin:/bin"}
    told = [_run(words, tmp_path, environment) for words in ("doctor", "ls baselines", "curate --help")]
    assert str(elsewhere) in told[0]
    for number in range(4):
        draw(f"{number}.mp4", moving(20, seed=number))
    rows = "".join(f"{number}.mp4,{'Kick' if number % 2 else 'Squat'},,,group{number // 2},,,\n" for number in range(4))
    (tmp_path / "sources.csv").write_text(COLUMNS + rows)
    for step in ("fetch", "analyse", "propose", "review --accept-all", "trim", "label", "release"):
        _run(f"curate {step}", tmp_path, environment)
    assert (tmp_path / "releases" / "v1" / "SHA256SUMS").is_file()


def _run(words: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command of the unpacked wheel in a folder and return what it printed."""
    command = [sys.executable, "-m", "slateboard", *words.split()]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
