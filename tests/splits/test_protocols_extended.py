"""A later release keeps the parts of an older one's groups, and no group that has grown together leaks."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slateboard.cli import main
from slateboard.dataset import Dataset, dataset_sha256
from slateboard.errors import BadInput
from slateboard.records.release import Release
from slateboard.records.split import Split
from slateboard.settings import SplitSettings
from splits.division import divide
from splits.extension import Previous
from splits.groups import group_keys

SETTINGS = SplitSettings()
EXTENDED = ("seags", "kfold", "ucf101", "hmdb51")


def rows_of(groups: int, *, clips: int = 2) -> list[dict[str, str]]:
    """Two classes; ids say group and clip, as the same clip has the same id in every release."""
    return [
        {"clip_id": f"{label}{group:02}-{clip}", "label": label, "group": f"{label}{group:02}"}
        for label in "ab"
        for group in range(groups)
        for clip in range(clips)
    ]


def older(make_dataset, protocol: str, rows) -> Previous:
    data = make_dataset(rows)
    return Previous(data.key, data.clips, tuple(divide(data, protocol=protocol, settings=SETTINGS)))


def extended(make_dataset, protocol: str, rows, previous: Previous, *, seed: int = 0):
    data = Dataset(**{**vars(make_dataset(rows)), "version": "v2"})
    return data, divide(data, protocol=protocol, settings=SETTINGS, seed=seed, previous=previous)


@pytest.mark.parametrize("protocol", EXTENDED)
@settings(max_examples=10)
@given(grown=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12)), max_size=8), seed=st.integers(0, 5))
def test_clips_added_to_groups_move_no_other_group(make_dataset, protocol, grown, seed) -> None:
    rows = rows_of(10)
    previous = older(make_dataset, protocol, rows)
    more = [
        # Ids that sort before all others, as the key of a group is its smallest.
        {"clip_id": f"0{number}", "label": label, "group": f"{label}{group:02}"}
        for number, (label, group) in enumerate(grown)
    ]
    data, splits = extended(make_dataset, protocol, rows + more, previous, seed=seed)
    keys = dict(zip(data.clips["clip_id"], group_keys(data.clips), strict=True))
    for before, after in zip(previous.splits, splits, strict=True):
        assert set(before.test) <= set(after.test) and set(before.train) <= set(after.train)
        assert {keys[clip] for clip in after.train}.isdisjoint(keys[clip] for clip in after.test)
        assert after.safe
        assert after.parameters == {**before.parameters, "extends": "tiny-v1"}


@pytest.mark.parametrize("protocol", EXTENDED)
def test_the_same_table_extended_is_the_same_division_whatever_the_seed(make_dataset, protocol) -> None:
    previous = older(make_dataset, protocol, rows_of(10))
    _, splits = extended(make_dataset, protocol, rows_of(10), previous, seed=7)
    assert [split.test for split in splits] == [split.test for split in previous.splits]


def test_new_groups_are_given_where_the_class_lacks_most(make_dataset) -> None:
    previous = older(make_dataset, "seags", rows_of(10))
    _, (split,) = extended(make_dataset, "seags", rows_of(20), previous)
    assert len(split.test) == 24 and set(previous.splits[0].test) < set(split.test)


@pytest.mark.parametrize("protocol", EXTENDED)
def test_groups_that_have_grown_together_across_parts_are_for_training_and_named(make_dataset, protocol) -> None:
    rows = rows_of(12)
    previous = older(make_dataset, protocol, rows)
    test, train = previous.splits[0].test[0], previous.splits[0].train[0]
    joined = [{**row, "group": "one video"} if row["group"] in (test[:3], train[:3]) else row for row in rows]
    _, splits = extended(make_dataset, protocol, joined, previous)
    key = min(test, train)[:3] + "-0"
    for split in splits:
        assert {test, train}.isdisjoint(split.test)
        assert split.safe
        assert (
            f"1 groups have grown together across train and test of tiny-v1 and are for training in every split: "
            f"{key} (4 clips)." in split.report
        )


@pytest.mark.parametrize("protocol", EXTENDED)
def test_a_class_whose_groups_left_were_all_in_one_part_is_placed_anew_and_named(make_dataset, protocol) -> None:
    # Names of their own: those that are given by the row would change with it.
    own = ("source_id", "source_url", "sha256")
    rows = [{**row, **dict.fromkeys(own, row["clip_id"])} for row in rows_of(12)]
    previous = older(make_dataset, protocol, rows)
    left = [row for row in rows if row["label"] == "b" or row["clip_id"] in previous.splits[0].test]
    _, splits = extended(make_dataset, protocol, left, previous)
    said = "1 classes would lie in one part alone, as their groups did in tiny-v1, and these are placed anew: a."
    for before, after in zip(previous.splits, splits, strict=True):
        assert said in after.report
        kept = {clip for clip in after.test if clip.startswith("b")}
        assert kept == {clip for clip in before.test if clip.startswith("b")}
        assert {clip[0] for clip in after.train} == {"a", "b"} and after.safe


def test_groups_joined_by_a_clip_that_is_gone_stay_together(make_dataset) -> None:
    rows = [*rows_of(6), {"clip_id": "bridge", "label": "a", "group": "a00", "sha256": "f"}]
    rows[2] = {**rows[2], "sha256": "f"}
    previous = older(make_dataset, "seags", rows)
    without = [{**row, "sha256": row["clip_id"]} for row in rows[:-1]]
    _, (split,) = extended(make_dataset, "seags", without, previous)
    assert ("a00-0" in split.test) == ("a01-0" in split.test)


def test_another_number_of_splits_and_a_protocol_that_cannot_be_extended_are_refused(make_dataset) -> None:
    previous = older(make_dataset, "kfold", rows_of(10))
    data = make_dataset(rows_of(10))
    with pytest.raises(BadInput, match="has 5 splits to extend, and 3 are to be made"):
        divide(data, protocol="kfold", settings=SETTINGS, overrides={"folds": 3}, previous=previous)
    with pytest.raises(BadInput, match="these can be extended: hmdb51, kfold, seags, ucf101"):
        divide(data, protocol="leave_one_group_out", settings=SETTINGS, previous=previous)


def test_the_command_extends_the_splits_of_an_older_release(release, tmp_path, capsys) -> None:
    words = ["-w", str(tmp_path), "--quiet", "--debug"]
    assert main(["split", "make", "ucf101", "--dataset", "v1", *words]) == 0
    added = release.clips.assign(
        clip_id="new " + release.clips["clip_id"],
        path=release.clips["path"].str.replace(".mp4", "_2.mp4"),
        source_id="new " + release.clips["source_id"],
        source_url="",
        sha256="",
    )
    clips = pd.concat([release.clips, added], ignore_index=True)
    newer = tmp_path / "releases" / "v2"
    newer.mkdir()
    clips.to_parquet(newer / "clips.parquet", index=False)
    record = Release.read(release.root / "recipe.toml")
    hashed = dataset_sha256(release.classes, clips)
    record.model_copy(update={"version": "v2", "clips": len(clips), "dataset_sha256": hashed}).write(
        newer / "recipe.toml"
    )
    (newer / "SHA256SUMS").write_text("")
    assert main(["split", "make", "ucf101", "--dataset", "v2", "--extend", "v1", *words]) == 0
    for number in (1, 2, 3):
        before = Split.read(tmp_path / "splits" / "tiny-v1" / "ucf101" / str(number) / "split.json")
        after = Split.read(tmp_path / "splits" / "tiny-v2" / "ucf101" / str(number) / "split.json")
        assert set(after.test) == set(before.test) | {f"new {clip}" for clip in before.test}
        assert after.parameters["extends"] == "tiny-v1"
    assert main(["split", "make", "kfold", "--dataset", "v2", "--extend", "v1", *words[:-1]]) == 2
    assert "tiny-v1 has no split 'kfold-1'" in capsys.readouterr().err
