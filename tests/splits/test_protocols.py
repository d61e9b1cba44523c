"""Each protocol divides as it says, and refuses what it cannot divide."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, SlateboardError
from slateboard.settings import SplitSettings
from splits.audit.audit import audit
from splits.division import PROTOCOLS, divide, parameters_of

SETTINGS = SplitSettings()


def official(data, lists: Path, form: str):
    return divide(data, protocol="fixed", settings=SETTINGS, overrides={"lists": str(lists), "form": form})


def plain_lists(folder: Path, *, train: list[str], test: list[str]) -> Path:
    (folder / "trainlist.txt").write_text("".join(f"{name}\n" for name in train))
    (folder / "testlist.txt").write_text("".join(f"{name}\n" for name in test))
    return folder


def test_seags_takes_share_and_seed_from_the_settings_unless_they_are_given(grid) -> None:
    (split,) = divide(grid, protocol="seags", settings=SplitSettings(test_share=0.2, seed=4))
    assert (split.parameters, split.seed, len(split.test)) == ({"test_share": 0.2}, 4, 18)
    (split,) = divide(grid, protocol="seags", settings=SETTINGS, overrides={"test_share": 0.5}, seed=9)
    assert (split.parameters, split.seed, len(split.test)) == ({"test_share": 0.5}, 9, 45)


@settings(max_examples=25)
@given(
    rows=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30),
    seed=st.integers(0, 5),
)
def test_seags_splits_are_disjoint_complete_whole_and_deterministic(make_dataset, rows, seed) -> None:
    spine = [{"label": label} for label in "ab" for _ in range(2)]
    linked = [{"label": label, "group": f"{label}{group}", "sha256": f"{label}{file}"} for label, group, file in rows]
    data = make_dataset(spine + linked)
    (split,) = divide(data, protocol="seags", settings=SETTINGS, seed=seed)
    assert sorted([*split.train, *split.test]) == sorted(data.clips["clip_id"])
    assert split.unused == ()
    assert split.safe
    report = audit(data, split)
    assert (report.leaks, report.contradictions) == (0, 0)
    shuffled = Dataset(**{**vars(data), "clips": data.clips.sample(frac=1, random_state=seed)})
    (again,) = divide(shuffled, protocol="seags", settings=SETTINGS, seed=seed)
    assert (set(again.train), set(again.test)) == (set(split.train), set(split.test))


def test_leave_one_group_out_tests_each_group_once_in_alphabetical_order(make_dataset) -> None:
    people = ["shahar", "daria", "ido"]
    data = make_dataset([{"label": label, "group": person} for label in ("run", "walk") for person in people])
    splits = divide(data, protocol="leave_one_group_out", settings=SETTINGS)
    assert [split.parameters for split in splits] == [
        {"left_out": "daria"},
        {"left_out": "ido"},
        {"left_out": "shahar"},
    ]
    assert [split.key for split in splits] == [f"leave_one_group_out-{number}" for number in (1, 2, 3)]
    assert sorted(clip for split in splits for clip in split.test) == sorted(data.clips["clip_id"])
    assert all(split.safe and split.report == () and len(split.train) == 4 for split in splits)


def test_leave_one_group_out_leaves_out_together_what_shares_a_file(make_dataset) -> None:
    rows = [{"label": "a", "group": group} for group in "xyz"]
    data = make_dataset(
        [*rows, {"label": "a", "group": "x", "sha256": "f"}, {"label": "a", "group": "y", "sha256": "f"}]
    )
    splits = divide(data, protocol="leave_one_group_out", settings=SETTINGS)
    assert [split.parameters["left_out"] for split in splits] == ["x + y", "z"]
    assert splits[0].report == ("2 groups share a source or a file and are left out together: x, y.",)


def test_leave_one_group_out_names_classes_that_a_fold_misses(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": "x"}, {"label": "a", "group": "y"}, {"label": "b", "group": "y"}])
    first, second = divide(data, protocol="leave_one_group_out", settings=SETTINGS)
    assert first.report == ("1 of 2 classes have no clip in test: b.",)
    assert second.report == ("1 of 2 classes have no clip in train: b.",)


def test_leave_one_group_out_refuses_clips_without_group_and_a_single_group(make_dataset) -> None:
    with pytest.raises(BadInput, match="1 of 2 clips have no group: clip0001"):
        divide(
            make_dataset([{"label": "a"}, {"label": "a", "group": ""}]),
            protocol="leave_one_group_out",
            settings=SETTINGS,
        )
    with pytest.raises(BadInput, match="single group"):
        divide(make_dataset([{"label": "a", "group": "x"}]), protocol="leave_one_group_out", settings=SETTINGS)


def test_fixed_divides_jhmdb8_as_published(jhmdb8, real_lists) -> None:
    splits = official(jhmdb8, real_lists / "jhmdb", "hmdb51")
    assert [(len(split.train), len(split.test), len(split.unused)) for split in splits] == [
        (181, 99, 0),
        (202, 78, 0),
        (201, 79, 0),
    ]
    for split in splits:
        assert len(split.report) == 1
        assert split.report[0].startswith("648 of 928 names in the lists are not in the dataset: ")


def test_official_jhmdb_lists_break_no_group_of_jhmdb8(jhmdb8, real_lists) -> None:
    splits = official(jhmdb8, real_lists / "jhmdb", "hmdb51")
    assert [(split.safe, audit(jhmdb8, split).leaks) for split in splits] == [(True, 0)] * 3


def test_fixed_says_that_it_is_unsafe_where_official_lists_break_a_group(make_dataset, tmp_path) -> None:
    rows = [{"label": "a", "source_url": f"raw/{name}.avi", "group": "x"} for name in "pq"]
    (split,) = official(make_dataset(rows), plain_lists(tmp_path, train=["a/p.avi"], test=["a/q.avi"]), "seags")
    assert not split.safe


def test_fixed_counts_and_names_what_found_no_partner(make_dataset, tmp_path) -> None:
    data = make_dataset([{"label": label, "source_url": f"raw/{name}.avi"} for label, name in ("ap", "aq", "br", "bs")])
    lists = plain_lists(tmp_path, train=["a/p.mp4", "b/r.mp4", "b/gone.mp4"], test=["b/q.mp4"])
    (split,) = official(data, lists, "seags")
    assert (split.train, split.test, split.unused) == (("clip0000", "clip0002"), ("clip0001",), ("clip0003",))
    assert split.report == (
        "1 of 4 names in the lists are not in the dataset: b/gone.mp4.",
        "1 of 4 clips are in no list and unused: clip0003 (s).",
        "1 of 4 clips have another class in the lists: q is 'a', in the lists 'b'.",
        "1 of 2 classes have no clip in test: b.",
    )


def test_fixed_puts_all_clips_of_a_listed_video_on_its_side(make_dataset, tmp_path) -> None:
    rows = [
        {"label": "a", "source_url": "raw/p.avi"},
        {"label": "a", "source_url": "raw/p.avi"},
        {"label": "a", "source_url": "q"},
    ]
    (split,) = official(make_dataset(rows), plain_lists(tmp_path, train=["a/q.avi"], test=["a/p.avi"]), "seags")
    assert split.test == ("clip0000", "clip0001")


def test_fixed_refuses_a_name_in_both_parts_and_a_name_of_two_sources(make_dataset, tmp_path) -> None:
    data = make_dataset([{"label": "a", "source_url": "one/p.avi"}, {"label": "a", "source_url": "two/p.avi"}])
    lists = plain_lists(tmp_path, train=["a/p.avi"], test=["b/p.avi"])
    with pytest.raises(BadInput) as caught:
        official(data, lists, "seags")
    assert [problem.what for problem in caught.value.problems] == [
        "'b/p.avi' is for test, but for train in trainlist.txt:1.",
        "2 sources bear the listed name 'p': one/p.avi, two/p.avi.",
    ]


def test_fixed_refuses_lists_of_another_data_set(grid, tmp_path) -> None:
    with pytest.raises(BadInput, match="0 clips in train and 0 in test"):
        official(grid, plain_lists(tmp_path, train=["a/p.avi"], test=["a/q.avi"]), "seags")


def test_fixed_asks_for_its_lists(grid) -> None:
    with pytest.raises(BadInput, match="--param lists=PATH"):
        divide(grid, protocol="fixed", settings=SETTINGS)


def test_unknown_protocols_and_parameters_are_refused_with_the_nearest_name(grid) -> None:
    with pytest.raises(SlateboardError, match="Did you mean 'seags'"):
        divide(grid, protocol="seag", settings=SETTINGS)
    card = PROTOCOLS.load("seags").CARD
    assert parameters_of(["test_share=0.25"], card, where="here") == {"test_share": 0.25}
    with pytest.raises(BadInput) as caught:
        parameters_of(["test_shar=0.2", "test_share"], card, where="here")
    assert [problem.remedy for problem in caught.value.problems] == [
        "Did you mean 'test_share'?",
        "Write it as key=value.",
    ]
    with pytest.raises(BadInput, match="Give a value of type float"):
        divide(
            grid,
            protocol="seags",
            settings=SETTINGS,
            overrides=parameters_of(["test_share=much"], card, where="here"),
        )
