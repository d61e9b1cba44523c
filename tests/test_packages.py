"""Our packages are ours wherever one stands: in a workspace with a folder `splits/`, beside a foreign `benchmark`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = "from slateboard.cli import main\nraise SystemExit(main())\n"
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1", "-m", "slateboard"]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip installs it, with its record and its script."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    return folder


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A workspace with its folder `splits/`, beside packages of other people."""
    (tmp_path / "slateboard.toml").write_text('name = "crowded"\n')
    (tmp_path / "splits" / "tiny-v1").mkdir(parents=True)
    for name in ("benchmark", "curate"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('somebody else imports this')\n")
    return tmp_path


def _run(words: list[str], folder: Path, *path: Path, code: int = 0) -> str:
    """Run a command in a folder with this PYTHONPATH; return all that it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("words", ["split --help", "ls protocols", "ls baselines", "curate status", "bench --help"])
def test_commands_are_ours_in_a_workspace_beside_foreign_packages(crowded: Path, words: str) -> None:
    printed = _run([sys.executable, "-m", "slateboard", *words.split()], crowded, crowded, ROOT)
    assert printed == _run([sys.executable, "-m", "slateboard", *words.split(), *_at(words, crowded)], ROOT, ROOT)


def _at(words: str, workspace: Path) -> list[str]:
    return ["-w", str(workspace)] if words == "curate status" else []


def test_an_installed_wheel_is_ours_by_script_module_and_file(crowded: Path, installed: Path) -> None:
    (crowded / "run.py").write_text(SCRIPT)
    for words in (
        [sys.executable, "-m", "slateboard"],
        [sys.executable, "run.py"],
        [sys.executable, str(installed / "bin" / "slateboard")],
    ):
        assert "seags" in _run([*words, "ls", "protocols"], crowded, crowded, installed)


def test_torchrun_runs_ours_in_a_workspace(crowded: Path) -> None:
    assert "mei_two_stream" in _run([*TORCHRUN, "ls", "baselines"], crowded, crowded, ROOT)


def test_the_interface_needs_no_generic_name(crowded: Path) -> None:
    code = "import slateboard as sb; print(sb.score.__module__, sb.divide.__module__, sb.Workspace.__name__); sb.scroe"
    printed = _run([sys.executable, "-c", code], crowded, crowded, ROOT, code=1)
    assert printed.startswith("leaderboards.score splits.division Workspace\n")
    assert "has no attribute 'scroe'. It offers: Workspace" in printed


def test_a_foreign_package_that_is_loaded_already_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark" / "__init__.py").write_text("")
    (tmp_path / "run.py").write_text("import benchmark\n" + SCRIPT)
    printed = _run([sys.executable, "run.py", "ls", "baselines"], tmp_path, tmp_path, ROOT, code=3)
    assert f"'benchmark' that is loaded lies in {tmp_path / 'benchmark'} and is not slateboard's" in printed
    assert "pipx install slateboard" in printed


def test_a_package_that_another_distribution_overwrote_is_named(installed: Path, tmp_path: Path) -> None:
    ours = (installed / "benchmark" / "__init__.py").read_text()
    other = installed / "benchmark-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: benchmark\nVersion: 2.0\n")
    (other / "top_level.txt").write_text("benchmark\n")
    try:
        command = [sys.executable, "-m", "slateboard"]
        assert "The name 'benchmark' is also that of benchmark" in _run([*command, "doctor"], tmp_path, installed)
        (installed / "benchmark" / "__init__.py").write_text('"""Somebody else\'s."""\n')
        printed = _run([*command, "ls", "baselines"], tmp_path, installed, code=3)
    finally:
        (installed / "benchmark" / "__init__.py").write_text(ours)
        (other / "top_level.txt").unlink()
        (other / "METADATA").unlink()
        other.rmdir()
    assert f"{installed / 'benchmark'} was overwritten by another distribution (benchmark)" in printed
