"""The audit of lists alone, and of what a model was trained on."""

from pathlib import Path

import pandas as pd
import pytest

from slateboard.dataset import Dataset
from slateboard.errors import BadInput
from slateboard.records.run import Run
from slateboard.records.trained_on import TrainedOn
from splits.audit.audit import audit
from splits.audit.examination import Options, examine
from splits.audit.official_lists import dataset_of_lists, group_of, read_lists, split_of_lists
from splits.audit.training_record import read_training_record

from .conftest import dataset_of
from .test_audit import split_of_clips

ROWS = [{"label": "a"}, {"label": "b"}, {"label": "a"}, {"label": "b"}]


def learned(data: Dataset, path: Path, text: str) -> tuple[list[str], list[str]]:
    path.write_text(text)
    found = read_training_record(path, data, lambda protocol, number: split_of_clips(data, train="01", test="23"))
    return sorted(found.ids), list(found.unknown)


def test_training_ids_are_read_from_every_form(tmp_path) -> None:
    data = dataset_of(ROWS)
    expected = (["clip0000", "clip0002"], ["else"])
    assert learned(data, tmp_path / "a.txt", "clip0000\nclip0002\n\nelse\n") == expected
    assert learned(data, tmp_path / "l.txt", "A/clip0000.avi 1\r\nB/clip0002.avi 2\r\nelse\r\n") == expected
    assert learned(data, tmp_path / "a.json", '["clip0000", "clip0002", "else"]') == expected
    assert learned(data, tmp_path / "b.json", '{"train": ["clip0000", "else"], "validation": ["clip0002"]}') == expected
    assert learned(data, tmp_path / "s.json", '{"train": ["clip0000", "clip0002", "else"], "test": []}') == expected
    assert learned(data, tmp_path / "a.csv", "clip_id,part\nclip0000,x\nclip0002,x\nelse,y\n") == expected


def test_a_run_s_folder_tells_what_it_learned_from(tmp_path) -> None:
    data = dataset_of(ROWS)
    divided = split_of_clips(data, train="02", test="13")
    Run(
        dataset="tiny-v1", dataset_sha256=data.sha256, protocol="seags", split=1, split_sha256=divided.sha256,
        baseline="chance", parameters={}, weights="none", seed=0, threads=1,
    ).write(tmp_path / "config.toml")  # fmt: skip
    assert read_training_record(tmp_path, data, lambda *_: divided).ids == {"clip0000", "clip0002"}
    with pytest.raises(BadInput, match="was trained on another seags-1 than there is now"):
        read_training_record(tmp_path, data, lambda *_: split_of_clips(data, train="01", test="23"))
    with pytest.raises(BadInput, match="is other data than tiny-v1"):
        read_training_record(tmp_path, dataset_of([{**row, "sha256": "x"} for row in ROWS]), lambda *_: divided)
    TrainedOn(train=("clip0001",), validation=("clip0003",)).write(tmp_path / "trained_on.json")
    assert read_training_record(tmp_path, data, lambda *_: divided).ids == {"clip0001", "clip0003"}


def test_what_is_no_list_of_ids_is_refused(tmp_path) -> None:
    for name, text in (("a.json", "{}"), ("a.csv", "x,y\n1,2\n"), ("b.json", "["), ("a.txt", "\n")):
        with pytest.raises(BadInput, match=r"is no list of clips|names no clip"):
            learned(dataset_of(ROWS), tmp_path / name, text)
    with pytest.raises(BadInput, match="holds no record of a training"):
        read_training_record(tmp_path, dataset_of(ROWS), lambda *_: None)  # type: ignore[arg-type,return-value]


def test_test_clips_and_groups_that_a_model_was_trained_on_are_leaks(tmp_path) -> None:
    data = dataset_of([{"label": "a"}, {"label": "b"}, {"label": "a", "group": "x"}, {"label": "b", "group": "x"}])
    split = split_of_clips(data, train="0", test="13", unused="2")
    (tmp_path / "ids.txt").write_text("clip0001\nclip0002\n")
    ids = read_training_record(tmp_path / "ids.txt", data, lambda *_: split)
    report = examine(data, split, Options(), training_record=ids).report
    assert report.check("test clips trained on").examples == ("clip0001",)
    assert report.check("test groups trained on").examples == ("clip0002",)
    assert report.leaks == audit(data, split).leaks + 1
    clean = examine(data, split_of_clips(data, train="12", test="0"), Options(), training_record=ids).report
    assert clean.check("test clips trained on").count == 0


@pytest.mark.parametrize(
    ("label", "name", "group"),
    [
        ("ApplyEyeMakeup", "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c02.avi", "v_ApplyEyeMakeup_g01"),
        ("HandstandPushups", "HandstandPushups/v_HandStandPushups_g25_c07.avi", "v_HandStandPushups_g25"),
        ("throw", "Faith_Rewarded_throw_f_nm_np1_le_bad_51.avi", "Faith_Rewarded"),
        ("swing_baseball", "Faith_Rewarded_swing_baseball_f_cm_np1_ba_bad_3.avi", "Faith_Rewarded"),
        ("wave", "20060723sfjffbartsinger_wave_f_cm_np1_ba_med_0.avi", "20060723sfjffbartsinger"),
        ("golf", "Golf_Swing_@6Iron_golf_f_cm_np1_ri_goo_0.avi", "Golf_Swing_@6Iron"),
        ("abseiling", "0wR5jVB-WPk_000417_000427.mp4", "0wR5jVB-WPk"),
        ("walk", "daria_walk.avi", ""),
    ],
)
def test_the_group_is_the_source_that_the_name_tells(label, name, group, tmp_path) -> None:
    (tmp_path / f"{label}_test_split1.txt").write_text(f"{name} 1\n")
    (entry,) = read_lists(tmp_path, form="hmdb51").entries
    assert group_of(entry) == group


def test_ucf101_s_official_lists_part_no_group(real_lists) -> None:
    listing = read_lists(real_lists / "ucf101")
    data = dataset_of_lists(real_lists / "ucf101", listing)
    report = audit(data, split_of_lists(data, listing, 3))
    assert (report.clips, report.train, report.test, report.groups) == (13320, 9624, 3696, 101 * 25)
    assert (report.leaks, report.contradictions) == (0, 0)


@pytest.mark.parametrize(
    ("name", "shared"), [("hmdb51", (133, 149, 144)), ("jhmdb", (24, 22, 25))], ids=["hmdb51", "jhmdb"]
)
def test_official_lists_share_titles_between_classes(real_lists, name, shared) -> None:
    # The counts are those that came with the data, found by other code.
    listing = read_lists(real_lists / name)
    data = dataset_of_lists(real_lists / name, listing)
    reports = [audit(data, split_of_lists(data, listing, number)) for number in (1, 2, 3)]
    assert tuple(report.check("groups under two labels on both sides").count for report in reports) == shared
    assert tuple(report.check("groups on both sides").count for report in reports) == shared


def test_a_name_in_both_lists_is_found_though_no_record_could_hold_it(tmp_path) -> None:
    for part, names in (("train", "A/v_A_g01_c01.avi 1\nA/v_A_g02_c01.avi 1\n"), ("test", "A/v_A_g02_c01.avi\n")):
        (tmp_path / f"{part}list01.txt").write_text(names)
    listing = read_lists(tmp_path, form="ucf101")
    data = dataset_of_lists(tmp_path, listing)
    report = audit(data, split_of_lists(data, listing, 1))
    assert report.check("clips in two parts").examples == ("v_A_g02_c01",)


def test_lists_of_two_forms_ask_which_and_a_split_that_is_not_there_is_answered(tmp_path) -> None:
    for name in ("trainlist.txt", "testlist.txt", "trainlist01.txt", "testlist01.txt"):
        (tmp_path / name).write_text(f"A/v_A_g0{len(name) % 2}_c01.avi\n")
    with pytest.raises(BadInput, match=r"several forms: .*seags, ucf101.*--form"):
        read_lists(tmp_path)
    listing = read_lists(tmp_path, form="seags")
    with pytest.raises(BadInput, match=r"has no split 2\. There is: 1\."):
        split_of_lists(dataset_of_lists(tmp_path, listing), listing, 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="is neither a release"):
        read_lists(tmp_path / "empty")


def test_lists_give_a_table_that_says_what_it_does_not_know(real_lists) -> None:
    listing = read_lists(real_lists / "jhmdb")
    data = dataset_of_lists(real_lists / "jhmdb", listing)
    assert isinstance(data.clips, pd.DataFrame)
    report = examine(data, split_of_lists(data, listing, 1), Options(depth="hashes")).report
    unseen = {check.name for check in report.checks if check.count is None}
    assert {"equal files on both sides", "near-duplicates on both sides", "files missing"} <= unseen
