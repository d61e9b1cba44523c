"""Records are frozen, checked and know their schema."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from slateboard.errors import BadInput, SlateboardError
from slateboard.records.run import Run
from slateboard.records.source import source_id
from slateboard.records.split import Split

RUN = Run(
    dataset="d-v1",
    dataset_sha256="a",
    protocol="seags",
    split=1,
    split_sha256="b",
    baseline="chance",
    parameters={},
    weights="none",
    weights_sha256=None,
    seed=0,
    threads=1,
)


@pytest.mark.parametrize("name", ["run.json", "run.toml"])
def test_a_record_reads_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    RUN.write(tmp_path / name)
    assert Run.read(tmp_path / name) == RUN


def test_a_newer_schema_is_refused_with_a_clear_word(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"schema": 99, **RUN.row()}))
    with pytest.raises(SlateboardError, match="has schema 99, this slateboard reads up to 2"):
        Run.read(tmp_path / "run.json")


def test_every_wrong_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"schema": 1, **RUN.row(), "seed": "x", "sede": 1}))
    with pytest.raises(BadInput) as caught:
        Run.read(tmp_path / "run.json")
    assert [problem.where.rpartition(": ")[2] for problem in caught.value.problems] == ["seed", "sede"]


def test_a_clip_in_two_parts_is_no_split() -> None:
    with pytest.raises(ValidationError, match="more than one part"):
        Split(
            dataset="d-v1", dataset_sha256="a", protocol="p", number=1, parameters={}, seed=0, safe=True,
            train=("a", "b"), test=("b",),
        )  # fmt: skip


def test_a_source_keeps_its_id_when_its_label_is_corrected() -> None:
    assert source_id("u", None, 3.0) == source_id("u", None, 3.0) != source_id("u", 1.0, 3.0)
