"""Files are whole or absent, and tables are safe to open."""

import os
from pathlib import Path

import pytest

from slateboard.files import csv_text, digest, sha256_of, whole, write_json, write_text


def test_a_file_appears_only_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.txt"
    with whole(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["x.txt"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), whole(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["x.txt"])


def test_csv_writes_what_a_spreadsheet_may_open() -> None:
    rows = [{"a": "=1+1", "b": None, "c": True}, {"a": "x,y", "b": -1.5, "c": False}]
    assert csv_text(rows, ["a", "b", "c"]) == 'a,b,c\n\'=1+1,,true\n"x,y",-1.5,false\n'


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {})
    assert sha256_of(tmp_path / "x.json") == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"
