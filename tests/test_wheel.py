"""The wheel holds all five packages and works from elsewhere."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(300)
def test_the_wheel_runs_doctor_and_lists_extensions_from_elsewhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    elsewhere = tmp_path / "elsewhere"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(elsewhere)
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {
        "slateboard", "curate", "splits", "benchmark", "leaderboards",
    }  # fmt: skip
    assert (elsewhere / "leaderboards" / "page.html.j2").is_file()
    environment = {"PYTHONPATH": str(elsewhere), "PATH": "/usr/bin:/bin"}
    for words in (["doctor"], ["ls", "baselines"], ["curate", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "slateboard", *words], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert str(elsewhere) in subprocess.run(
        [sys.executable, "-m", "slateboard", "doctor"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
