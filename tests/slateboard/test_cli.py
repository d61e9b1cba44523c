"""The path is the command; help is quick; errors are sentences with the right exit code."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import slateboard.steps.ls
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.errors import BadInput, Problem
from slateboard.files import write_text
from slateboard.steps.init import COLUMNS

ROOT = Path(__file__).parents[2]


def test_help_imports_no_step_and_no_heavy_library() -> None:
    code = (
        "import sys; from slateboard.cli import main; main(['--help']); main(['curate', '--help']);"
        "print([name for name in ('torch', 'pandas', 'sqlalchemy', 'typer', 'numpy') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.splitlines()[-1] == "[]"


def test_no_curate_command_imports_torch() -> None:
    steps = [f"curate.steps.{path.stem}" for path in (ROOT / "curate" / "steps").glob("[a-z]*.py")]
    code = f"import sys, {', '.join(steps)}; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout == "False\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["fetsh"], 2, "Unknown command 'slateboard fetsh'."),
        (["curate", "fetsh"], 2, "Did you mean 'fetch'?"),
        (["bench", "store", "biuld"], 2, "Did you mean 'build'?"),
        (["ls", "baselinse"], 2, "Did you mean 'baselines'?"),
        (["board", "build", "-w", "nowhere"], 2, ""),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    assert told in capsys.readouterr().err


def test_json_is_all_that_is_printed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "protocols", "--json"]) == 0
    out, err = capsys.readouterr()
    assert ("seags" in json.loads(out), err) == (True, "")


def test_init_begins_a_workspace_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder), "--name", "games"]) == 0
    assert (folder / "sources.csv").read_text() == COLUMNS
    assert main(["init", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_bad_name_leaves_nothing_behind(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "new"), "--name", "a b"]) == 2
    assert list(tmp_path.rglob("*.toml")) == []


def test_bad_input_writes_nothing_and_names_every_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sources.csv").write_text(COLUMNS + "http://x/a,Squat,1:99,,,,,\nnot_there.mp4,Squat,,,,,,\n")
    assert main(["curate", "fetch", "-w", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "line 2: start '1:99' is no time." in err
    assert "line 3: path 'not_there.mp4' is not there." in err
    assert not (tmp_path / "catalog.db").exists()


def _refused_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Make `slateboard ls` do something and then find its input bad."""

    def command() -> None:
        act()
        raise BadInput([Problem("x", "is bad.", "Mend it.")])

    monkeypatch.setattr(slateboard.steps.ls, "command", command)
    assert main(["ls"]) == 2


def test_a_command_that_wrote_nothing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_text(tmp_path / "earlier.txt", "by another command")
    _refused_after(tmp_path, monkeypatch, lambda: None)
    assert capsys.readouterr().err == "slateboard: 1 problem, nothing was written:\nx: is bad. Mend it.\n"


def test_a_command_that_wrote_before_its_input_was_found_bad_says_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def act() -> None:
        write_text(tmp_path / "v1.part" / "a" / "x.txt", "left")
        write_text(tmp_path / "v1.part" / "b" / "x.txt", "left")
        write_text(tmp_path / "gone" / "x.txt", "removed")
        shutil.rmtree(tmp_path / "gone")
        with open_catalog(tmp_path / "catalog.db") as catalog:
            catalog.number([("item", "scope")])

    _refused_after(tmp_path, monkeypatch, act)
    said = capsys.readouterr().err.partition("\n")[0]
    assert said == (
        f"slateboard: 1 problem; written before that: 2 files in {tmp_path / 'v1.part'}, {tmp_path / 'catalog.db'}:"
    )


def test_a_catalog_that_was_only_read_was_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def act() -> None:
        with open_catalog(tmp_path / "catalog.db") as catalog:
            assert catalog.sources() == []

    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.number([("item", "scope")])
    _refused_after(tmp_path, monkeypatch, act)
    assert "nothing was written" in capsys.readouterr().err
