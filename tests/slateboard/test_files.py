"""Files are whole or absent, and tables are safe to open."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from slateboard.files import atomic_write, csv_text, digest, sha256_of, write_json, write_text


def test_a_file_appears_only_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["x.txt"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["x.txt"])


_DIES = """
import os, signal, sys
from pathlib import Path
from slateboard.files import atomic_write

with atomic_write(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_beside_a_file_goes_when_the_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", _DIES, path], check=False, cwd=Path(__file__).parents[2])
        assert killed.returncode == -signal.SIGKILL
    assert [name.startswith(".x.txt.") for name in os.listdir(tmp_path)] == [True]
    write_text(path, "whole")
    assert (path.read_text(), os.listdir(tmp_path)) == ("whole", ["x.txt"])


def test_a_program_that_outlived_a_killed_process_does_not_write_into_the_file_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    subprocess.run([sys.executable, "-c", _DIES, path], check=False, cwd=Path(__file__).parents[2])
    with next(tmp_path.glob(".x.txt.*")).open("a") as orphan:
        with atomic_write(path) as temporary:
            temporary.write_text("whole")
            orphan.write("stray")
            orphan.flush()
    assert path.read_text() == "whole"


def test_two_that_write_one_file_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    with atomic_write(path) as first, atomic_write(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert (path.read_text(), os.listdir(tmp_path)) == ("first", ["x.txt"])


def test_the_end_of_one_writer_leaves_the_file_of_the_next_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, second = tmp_path / "x.txt", ExitStack()
    monkeypatch.setattr("slateboard.files.flush_folder", lambda _: monkeypatch.undo() or begun.append(begin()))
    begun: list[Path] = []

    def begin() -> Path:
        return second.enter_context(atomic_write(path))

    write_text(path, "first")
    begun[0].write_text("second")
    second.close()
    assert path.read_text() == "second"


def test_csv_writes_what_a_spreadsheet_may_open() -> None:
    rows = [{"a": "=1+1", "b": None, "c": True}, {"a": "x,y", "b": -1.5, "c": False}]
    assert csv_text(rows, ["a", "b", "c"]) == 'a,b,c\n\'=1+1,,true\n"x,y",-1.5,false\n'


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {})
    assert sha256_of(tmp_path / "x.json") == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"


def test_a_name_as_long_as_file_systems_take_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 251}.mp4"
    write_text(path, "x")
    assert os.listdir(tmp_path) == [path.name]
