"""The audit beyond the table: what pictures and files give away."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from slateboard.dataset import Dataset
from slateboard.errors import Finding
from slateboard.files import sha256_of
from slateboard.media.encode import write_video
from slateboard.media.fingerprints import fingerprint_of
from slateboard.media.luma import decode_with_luma
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits import subject
from splits.audit.examination import Options, examine
from splits.audit.file_integrity import damaged_files
from splits.audit.membership import SplitMembership
from splits.audit.near_duplicates import Pair, by_fingerprints, by_hashes
from splits.audit.sheet import choose_pairs, draw_pairs
from splits.near.candidates import sketch
from splits.near.duplicates import duplicates
from splits.steps import audit as audit_step
from splits.steps import make as make_step

from .conftest import dataset_of
from .test_audit import split_of_clips

ROWS = [{"label": "a"}, {"label": "b"}, {"label": "a"}, {"label": "b"}]


def scene(seed: int, *, frames: int = 24) -> list[NDArray[np.uint8]]:
    """Return RGB pictures of blobs that move in a way of their own before a wall of their own."""
    random = np.random.default_rng(seed)
    wall = np.kron(random.integers(40, 200, (6, 8), dtype=np.uint8), np.ones((12, 12), np.uint8))
    speed, phase = random.uniform(0.15, 0.4, (3, 2)), random.uniform(0, 6, (3, 2))
    pictures = []
    for index in range(frames):
        picture = wall.copy()
        for pace, begin in zip(speed, phase, strict=True):
            down, across = (np.array([36, 48]) + [24, 36] * np.sin(pace * index + begin)).astype(int)
            picture[max(0, down - 9) : down + 9, max(0, across - 6) : across + 6] = 235
        pictures.append(np.repeat(picture[:, :, None], 3, axis=2))
    return pictures


@pytest.fixture
def filmed(tmp_path: Path) -> Dataset:
    """A release of four clips with their files; clip0002 is clip0000 mirrored, under another group."""
    root = tmp_path / "releases" / "v1"
    rows, prints = [], []
    films = [scene(0), scene(1), [picture[:, ::-1] for picture in scene(0)], scene(3)]
    for number, (pictures, row) in enumerate(zip(films, ROWS, strict=True)):
        name = f"videos/{row['label']}/v_{row['label']}_{number}.mp4"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(root / name, pictures, frame_rate_hz=15)
        seen = decode_with_luma(root / name, ())
        files = {"sha256": sha256_of(root / name), "frames_sha256": seen.frames_sha256, "frames": seen.frames}
        rows.append({**row, "path": name, **files})
        prints.append({"clip_id": f"clip{number:04}", **fingerprint_of(root / name).row()})
    pq.write_table(pa.Table.from_pylist(prints), root / "fingerprints.parquet")
    return dataset_of(rows, root=root)


def told(data: Dataset, split: Split, depth: str = "media") -> dict[str, tuple[str, ...]]:
    """Return the checks that found something, with their examples."""
    report = examine(data, split, Options(depth=depth)).report  # type: ignore[arg-type]
    return {check.name: check.examples for check in report.checks if check.count}


def test_mirrored_footage_in_train_and_test_is_a_leak_and_on_one_side_is_none(filmed) -> None:
    across = examine(filmed, split_of_clips(filmed, train="01", test="23"), Options(depth="media"))
    (pair,) = across.pairs
    assert (pair.train, pair.test) == ("clip0000", "clip0002")
    assert "mirrored" in pair.why
    assert across.report.leaks == 1
    assert across.report.check("near-duplicates on both sides").count == 1
    assert across.versions["matcher"] == 3
    beside = examine(filmed, split_of_clips(filmed, train="02", test="13"), Options(depth="media"))
    assert (beside.pairs, beside.report.leaks) == ((), 0)


def test_train_is_compared_with_test_and_the_outcome_is_that_of_comparing_all_with_all(tmp_path) -> None:
    films = [scene(0), scene(1), [picture[:, ::-1] for picture in scene(0)], scene(1)[4:], scene(0)[2:], scene(1)[:20]]
    data = dataset_of([{"label": "a"}] * len(films), root=tmp_path)
    prints = {}
    for number, pictures in enumerate(films):
        write_video(tmp_path / "film.mp4", pictures, frame_rate_hz=15)
        prints[f"clip{number:04}"] = fingerprint_of(tmp_path / "film.mp4")
    table = [{"clip_id": name, **value.row()} for name, value in prints.items()]
    pq.write_table(pa.Table.from_pylist(table), tmp_path / "fingerprints.parquet")
    sides = SplitMembership.of(data.clips, split_of_clips(data, train="013", test="245"))
    all_with_all = [
        (one.first, one.second)
        for one in duplicates(sorted(prints), (), {name: sketch(value) for name, value in prints.items()}, prints.get)
    ]
    # 2 and 4, in test both, show the same as well: the audit does not ask.
    assert ("clip0002", "clip0004") in all_with_all
    train = {"clip0000", "clip0001", "clip0003"}
    across = {frozenset(pair) for pair in all_with_all if len(train & set(pair)) == 1}
    outcomes = [by_fingerprints(tmp_path / "fingerprints.parquet", sides, workers=workers) for workers in (1, 2)]
    assert outcomes[0] == outcomes[1]
    assert {frozenset((pair.train, pair.test)) for pair in outcomes[0].pairs} == across
    assert len(across) >= 3
    assert all(pair.train in train for pair in outcomes[0].pairs)


def test_a_clip_without_its_fingerprint_is_unknown(filmed) -> None:
    table = pq.read_table(filmed.root / "fingerprints.parquet")
    pq.write_table(table.slice(0, 3), filmed.root / "fingerprints.parquet")
    assert told(filmed, split_of_clips(filmed, train="02", test="13"))["clips without a fingerprint"] == ("clip0003",)


def test_a_whole_release_is_not_accused(filmed) -> None:
    assert damaged_files(filmed) == {}


def test_a_file_that_is_missing_changed_or_cut_off_is_named(filmed) -> None:
    paths = [filmed.root / path for path in filmed.clips.sort_values("clip_id")["path"]]
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes() + b"\0")
    paths[2].write_bytes(paths[2].read_bytes()[:900])
    filmed.clips.loc[filmed.clips["clip_id"] == "clip0002", "sha256"] = sha256_of(paths[2])
    filmed.clips.loc[filmed.clips["clip_id"] == "clip0003", "frames_sha256"] = "0" * 64
    found = damaged_files(filmed)
    assert {clip: state for clip, (state, _) in found.items()} == {
        "clip0000": "missing",
        "clip0001": "changed",
        "clip0002": "undecodable",
        "clip0003": "otherwise",
    }
    report = examine(filmed, split_of_clips(filmed, train="02", test="13"), Options(depth="media")).report
    assert report.contradictions == 3
    assert report.check("files that decode otherwise").kind == "unknown"


def test_a_number_of_frames_that_is_not_the_table_s_is_found(filmed) -> None:
    filmed.clips["frames"] = filmed.clips["frames"] + 1
    assert [state for state, _ in damaged_files(filmed).values()] == ["undecodable"] * 4


def test_near_hashes_across_train_and_test_are_undecided_and_never_a_leak() -> None:
    one, other = "00ff00ff00ff00ff-" * 4, "00ff00ff00ff00f0-" * 4
    data = dataset_of(
        [
            {"label": "a", "fingerprint": one[:-1]},
            {"label": "b", "fingerprint": "f" * 16 + "-" + "-".join(["0" * 16] * 3)},
            {"label": "a", "fingerprint": other[:-1]},
            {"label": "b", "fingerprint": ""},
        ]
    )
    split = split_of_clips(data, train="01", test="23")
    found = by_hashes(SplitMembership.of(data.clips, split))
    assert [str(pair) for pair in found.undecided] == ["clip0000 ~ clip0002 (16 of 256 bits differ)"]
    assert found.unseen == ("clip0003",)
    report = examine(data, split, Options(depth="hashes")).report
    assert (report.leaks, report.check("near-duplicates undecided").count) == (0, 1)
    assert report.check("near-duplicates on both sides").count is None
    turned = by_hashes(SplitMembership.of(data.clips, split_of_clips(data, train="23", test="01")))
    assert [(pair.train, pair.test) for pair in turned.undecided] == [("clip0002", "clip0000")]
    assert by_hashes(SplitMembership.of(data.clips, split_of_clips(data, train="02", test="13"))).undecided == ()
    assert by_hashes(SplitMembership.of(data.clips, split), most_bits=15).undecided == ()


def test_the_sheet_shows_both_clips_of_a_pair_and_nothing_without_one(filmed, tmp_path) -> None:
    split = split_of_clips(filmed, train="01", test="23")
    chosen = choose_pairs(filmed, split, examine(filmed, split, Options(depth="media")).pairs)
    assert (chosen.title, chosen.count, len(chosen.pairs)) == ("seags-1 of tiny-v1", "1 pair", 1)
    draw_pairs(tmp_path / "pairs.png", filmed, chosen)
    sheet = np.asarray(Image.open(tmp_path / "pairs.png").convert("L")).astype(int)
    left, right = sheet[80:188, 220:364], sheet[80:188, 688:832]
    assert np.abs(left - right[:, ::-1]).mean() < 8 < np.abs(left - right).mean()
    assert choose_pairs(filmed, split_of_clips(filmed, train="02", test="13"), ()).pairs == ()


def test_a_sheet_has_headings_and_says_how_many_pairs_it_does_not_show(filmed, tmp_path) -> None:
    split = split_of_clips(filmed, train="01", test="23")
    many = [Pair("clip0000", "clip0002", f"{number}") for number in range(30)]
    chosen = choose_pairs(filmed, split, many)
    assert (len(chosen.pairs), chosen.count) == (24, "24 of 30 pairs shown")
    heights = []
    for pairs in (many[:1], many[:2]):
        draw_pairs(tmp_path / "pairs.png", filmed, choose_pairs(filmed, split, pairs))
        sheet = np.asarray(Image.open(tmp_path / "pairs.png").convert("L"))
        heights.append(len(sheet))
        # Ink over the pictures of train and of test, and over both clips of the first pair.
        for rows, columns in [(slice(36, 58), slice(0, 150)), (slice(60, 80), slice(220, 400))]:
            assert sheet[rows, columns].min() < 100
        assert sheet[36:80, 688:860].min() < 100
    assert heights == [60 + 136, 60 + 2 * 136]


def test_a_group_on_both_sides_is_on_the_sheet_even_where_a_file_cannot_be_read(filmed, tmp_path) -> None:
    filmed.clips["group"] = "one"
    (filmed.root / filmed.clips["path"][0]).unlink()
    chosen = choose_pairs(filmed, split_of_clips(filmed, train="01", test="23"), ())
    draw_pairs(tmp_path / "pairs.png", filmed, chosen)
    assert [str(pair) for pair in chosen.pairs] == ["clip0000 ~ clip0002 (group one)"]


def test_strict_fails_on_what_is_unknown_and_on_balance_and_says_how_much(release, tmp_path) -> None:
    workspace = Workspace(tmp_path)
    make_step.command(workspace, "seags")
    assert audit_step.command(workspace, media=False)["line"].startswith("audit seags-1: 0 leaks;")
    with pytest.raises(Finding, match=r"--strict: \d+ unknown, 0 out of balance"):
        audit_step.command(workspace, media=False, strict=True)


def test_audit_writes_pairs_to_look_at_beside_its_certificate(filmed, tmp_path, monkeypatch) -> None:
    split = split_of_clips(filmed, train="01", test="23")
    monkeypatch.setattr(audit_step, "find_dataset", lambda *_, **__: filmed)
    monkeypatch.setattr(subject, "find_split", lambda *_, **__: split)
    with pytest.raises(Finding, match="1 leak;"):
        audit_step.command(Workspace(tmp_path))
    folder = tmp_path / "splits/tiny-v1/seags/1"
    assert sorted(path.name for path in folder.iterdir()) == ["certificate.json", "pairs.csv", "pairs.png"]
    assert (folder / "pairs.csv").read_text().splitlines()[1].startswith("clip0000,clip0002,")
    said = json.loads((folder / "certificate.json").read_text())
    assert (said["options"]["depth"], said["leaks"]) == ("media", 1)
    clean = split_of_clips(filmed, train="02", test="13")
    monkeypatch.setattr(subject, "find_split", lambda *_, **__: clean)
    assert audit_step.command(Workspace(tmp_path))["line"].startswith("audit seags-1: 0 leaks;")
    assert [path.name for path in folder.iterdir()] == ["certificate.json"]
