"""Lists, certificates, records and fingerprints that are damaged, or meant to do harm, are told and stop nothing."""

import json
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from work_here import run_but

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, SlateboardError
from slateboard.files import sha256_of
from slateboard.media.fingerprints import SIDE, Fingerprint
from slateboard.workspace import Workspace
from splits.audit.file_integrity import damaged_files
from splits.audit.membership import SplitMembership
from splits.audit.near_duplicates import by_fingerprints
from splits.audit.official_lists import dataset_of_lists, read_lists, split_of_lists
from splits.audit.training_record import read_training_record
from splits.certificate import read_certificate
from splits.listing.entries import LISTS
from splits.steps import audit, make

CERTIFICATES = {
    "empty": "",
    "half": '{"schema": 2, "dataset"',
    "a list": "[]",
    "a number": "3",
    "deep": "[" * 100_000,
    "NaN": '{"schema": NaN}',
    "of schema x": '{"schema": "x"}',
    "without anything": '{"schema": 2}',
}
PARTS = {
    "split": ["", "x", "seags", "seags-0", "../x-1", "seags-" + "9" * 400, 3],
    "options": [[], {"depth": "everything"}, {"bound": "x"}, {"other": 1}, {"trained_on": 3}],
    "versions": [None, []],
    "audit": [None, "x"],
    "dataset": [None, 3],
}


@pytest.mark.parametrize("text", CERTIFICATES.values(), ids=list(CERTIFICATES))
def test_a_file_that_is_no_certificate_is_bad_input(tmp_path: Path, text) -> None:
    (tmp_path / "certificate.json").write_text(text)
    with pytest.raises(BadInput, match="is no certificate"):
        read_certificate(tmp_path / "certificate.json")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in PARTS.items() for value in values])
def test_a_certificate_with_a_part_of_another_kind_is_bad_input(tmp_path: Path, name, value) -> None:
    sound = {
        "schema": 2, "dataset": "made-v1", "dataset_sha256": "0", "split": "seags-1", "lists_sha256": "0",
        "options": {}, "audit": {}, "versions": {},
    }  # fmt: skip
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(sound))
    assert read_certificate(path) == sound
    path.write_text(json.dumps({**sound, name: value}))
    with pytest.raises(BadInput, match="is no certificate"):
        read_certificate(path)


LINES = {
    "NUL": b"A/v_A_g01_c01.avi\x00 1\n",
    "UTF-16": "A/v.avi 1\n".encode("utf-16"),
    "a long line": b"A/" + b"v" * 1_000_000 + b".avi 1\n",
    "a number of 5000 digits": b"A/v.avi " + b"9" * 5000 + b"\n",
    "a number of 300 digits": b"A/v.avi " + b"9" * 300 + b"\n",
    "an open quote": b'label,youtube_id\n"A,b\n',
    "nothing": b"",
}
NAMES = ("trainlist.txt", "testlist.txt", "trainlist01.txt", "testlist01.txt", "A_test_split1.txt", "train.csv",
         "tiny_train_split_1_videos.txt", "folds.parquet", "classInd.txt")  # fmt: skip


@pytest.mark.parametrize("content", LINES.values(), ids=list(LINES))
@pytest.mark.parametrize("name", NAMES)
def test_lists_are_read_or_refused_and_never_a_fault_of_ours(tmp_path: Path, name, content) -> None:
    for other in ("trainlist01.txt", "testlist01.txt"):
        (tmp_path / other).write_text("A/v_A_g01_c02.avi\n")
    (tmp_path / name).write_bytes(content)
    for form in [None, *LISTS.names()]:
        try:
            listing = read_lists(tmp_path, form=form)
            split_of_lists(dataset_of_lists(tmp_path, listing), listing, 1)
        except SlateboardError as error:
            assert len(str(error)) < 20_000


def test_a_pipe_among_lists_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "trainlist01.txt").write_text("A/v_A_g01_c01.avi 1\n")
    os.mkfifo(tmp_path / "testlist01.txt")
    with pytest.raises(BadInput, match=r"testlist01\.txt.*no plain file"):
        read_lists(tmp_path, form="ucf101")


RECORDS = {
    "config.toml": ["", "a = [", "schema = 2", f"a = {'[' * 50_000}"],
    "trained_on.json": ["", "{", "[" * 100_000, '{"train": 3}', '{"train": [1], "validation": 5}'],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in RECORDS.items() for text in texts])
def test_a_run_whose_record_is_damaged_is_bad_input(tmp_path: Path, grid: Dataset, name, text) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=name):
        read_training_record(tmp_path, grid, lambda protocol, number: pytest.fail("not asked"))


@pytest.mark.parametrize("name", ["ids.parquet", "ids.csv", "ids.txt", "ids.json"])
def test_a_damaged_list_of_training_ids_is_bad_input(tmp_path: Path, grid: Dataset, name) -> None:
    path = tmp_path / name
    for content in (b"", b"\xff\xfe\x00", b"PAR1" * 9):
        path.write_bytes(content)
        try:
            assert read_training_record(path, grid, lambda protocol, number: pytest.fail("not asked")).unknown
        except BadInput as error:
            assert name in str(error)


def test_a_damaged_split_record_costs_its_own_split(release: Dataset, tmp_path: Path, capsys) -> None:
    workspace = Workspace(tmp_path)
    make.command(workspace, "kfold", dataset="v1")
    folder = workspace.splits / release.key / "kfold"
    (folder / "1" / "split.json").write_text('{"schema": 1, "train"')
    (folder / "notes").mkdir()
    (folder / "notes" / "split.json").write_text("")
    with pytest.raises(BadInput, match=r"kfold/1/split\.json"):
        audit.command(workspace, "v1", protocol="kfold", split=1, media=False)
    assert "split" in audit.command(workspace, "v1", protocol="kfold", split=2, media=False)


def row(clip: str, luma: bytes, **changed: object) -> dict[str, object]:
    return {"clip_id": clip, "views": 1, "side": SIDE, "seconds": [0.0, 0.25], "begins_s": 0.0, "luma": luma, **changed}


def test_a_damaged_fingerprint_is_unseen_and_a_bomb_is_not_unpacked(make_dataset, tmp_path: Path, capsys) -> None:
    data = make_dataset([{"label": "a"}] * 6)
    ids = data.clips["clip_id"].tolist()
    split = type("Cut", (), {"train": tuple(ids[:3]), "test": tuple(ids[3:]), "unused": (), "key": "x-1"})
    sides = SplitMembership.of(data.clips, split)
    good = zlib.compress(np.zeros((1, 2, SIDE, SIDE), np.uint8).tobytes())
    rows = [
        row(ids[0], good),
        row(ids[1], zlib.compress(b"\0" * 200_000_000)),
        row(ids[2], good[:10]),
        row(ids[3], good),
        row(ids[4], good, views=2**40),
        row(ids[5], good, side=10**6),
    ]
    path = tmp_path / "fingerprints.parquet"
    pd.DataFrame(rows).to_parquet(path)
    found = by_fingerprints(path, sides, workers=1)
    assert found.unseen == tuple(sorted([ids[1], ids[2], ids[4], ids[5]]))
    assert capsys.readouterr().err.count("its fingerprint is damaged") == 4
    path.write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="no table of fingerprints"):
        by_fingerprints(path, sides)


def test_a_fingerprint_survives_its_row() -> None:
    one = Fingerprint(np.zeros(3, np.float32), np.ones((2, 3, SIDE, SIDE), np.uint8), 0.5)
    assert np.array_equal(Fingerprint.of_row(one.row()).views, one.views)


def test_a_clip_that_ends_the_process_that_decodes_it_is_undecodable_and_the_others_are_read(
    make_dataset, realdata: Path, tmp_path: Path, monkeypatch
) -> None:
    sound = next(iter(sorted((realdata / "ucf101").rglob("*.avi"))))
    for number in range(3):
        target = tmp_path / f"videos/a/v_a_{number}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sound, target)
    rows = [{"label": "a", "frames": 0, "sha256": sha256_of(sound)} for _ in range(3)]
    dies = run_but(lambda item: item.path.stem == "v_a_1", "its process was killed by SIGFPE")
    monkeypatch.setattr("splits.audit.file_integrity.engine.run", dies)
    found = damaged_files(Dataset(**{**vars(make_dataset(rows)), "root": tmp_path}))
    assert found == {"clip0001": ("undecodable", "v_a_1.mp4: its process was killed by SIGFPE")}
