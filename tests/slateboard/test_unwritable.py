"""A full or read-only disk is one clear sentence with exit code 3, whatever the library that met it says."""

import errno
import pickle
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import slateboard.steps.ls as step
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.errors import SlateboardError
from slateboard.files import atomic_write, write_text
from slateboard.unwritable import Unwritable, explain_unwritable
from slateboard.workers.outcome import Failure, RunEnds, explain


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], check=False)
    except FileNotFoundError:
        pytest.skip("no program to mount a small disk")
    if mounted.returncode:
        pytest.skip("a small disk may not be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_whatever_a_library_says_of_a_full_disk_it_is_said_in_one_way(tiny: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 255, 2_000_000, dtype=np.uint8)

    def arrays(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, numbers)

    for write in (
        lambda path: torch.save(torch.from_numpy(numbers), path),
        arrays,
        lambda path: path.write_bytes(numbers.data),
    ):
        with pytest.raises(Unwritable) as error, atomic_write(tiny / "x") as temporary:
            write(temporary)
        assert explain_unwritable(error.value) == (
            f"No space is left on the disk of {tiny}. Make room and run the same command again."
        )
        assert list(tiny.iterdir()) == []


def test_a_read_only_disk_is_told_from_a_full_one(tiny: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", tiny], check=True)
    for path in (tiny / "x", tiny / "folder" / "x"):
        with pytest.raises(Unwritable) as error:
            write_text(path, "x")
        assert error.value.errno == errno.EROFS
        assert "is read-only. Make it writable" in str(explain_unwritable(error.value))


def test_a_full_disk_does_not_make_a_catalog_look_damaged(tiny: Path) -> None:
    path, ballast = tiny / "catalog.db", tiny / "ballast"
    with open_catalog(path):
        pass
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(Unwritable), open_catalog(path) as catalog:
        catalog.set_states([])
    ballast.unlink()
    with open_catalog(path) as catalog:
        assert catalog.sources() == []


def test_an_error_of_its_own_stays_what_it_is_while_there_is_room(tmp_path: Path) -> None:
    with pytest.raises(SlateboardError, match="of its own"), atomic_write(tmp_path / "x"):
        raise SlateboardError("of its own")


def test_a_folder_without_the_right_to_write_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Unwritable) as error, atomic_write(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))
    assert error.value.errno == errno.EROFS


def test_a_command_ends_with_the_sentence_and_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error, sentence in (
        (Unwritable(errno.EDQUOT, "Disk quota exceeded", "/w"), "No space is left on the disk of /w."),
        (OSError(errno.EROFS, "Read-only file system", "/w"), "/w is read-only."),
        (PermissionError(errno.EACCES, "Permission denied", "/w"), "/w may not be used: Permission denied."),
    ):

        def command(error: Exception = error) -> None:
            raise RuntimeError("in a library") from error

        monkeypatch.setattr(step, "command", lambda fail=command: fail())
        assert (main(["ls"]), sentence in capsys.readouterr().err) == (3, True)


def test_it_is_no_failure_of_an_item_but_ends_the_run_of_all() -> None:
    error = pickle.loads(pickle.dumps(Unwritable(errno.ENOSPC, "No space left on device", "/w")))
    assert (type(error), error.errno, error.filename) == (Unwritable, errno.ENOSPC, "/w")
    assert isinstance(explain(error), RunEnds)
    assert isinstance(explain(FileNotFoundError(errno.ENOENT, "No such file", "/w")), Failure)
