"""The audit finds each planted fault, and nothing where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from slateboard.settings import SplitSettings
from splits.audit.audit import audit, audit_line
from splits.division import divide

from .conftest import dataset_of


def split_of_clips(data: Dataset, *, train: str, test: str, unused: str = "") -> Split:
    """Return a split of clips named by their numbers: train="01", test="2"."""
    parts = [tuple(f"clip{int(digit):04}" for digit in digits) for digits in (train, test, unused)]
    return Split.model_construct(
        dataset=data.key,
        dataset_sha256=data.sha256,
        protocol="seags",
        number=1,
        parameters={"test_share": 0.5},
        seed=0,
        safe=True,
        train=parts[0],
        test=parts[1],
        unused=parts[2],
        report=(),
    )


def found(data: Dataset, split: Split) -> dict[str, tuple[str, ...]]:
    return {check.name: check.examples for check in audit(data, split).checks if check.count}


ROWS = [{"label": "a"}, {"label": "b"}, {"label": "a"}, {"label": "b"}]


def test_a_clean_split_has_nothing_to_find(make_dataset) -> None:
    data = make_dataset(ROWS)
    assert found(data, split_of_clips(data, train="01", test="23")) == {}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("group", {"groups on both sides": ("group x: clip0000 ~ clip0002",)}),
        (
            "source_id",
            {"groups on both sides": ("source x: clip0000 ~ clip0002",), "sources on both sides": ("x",)},
        ),
        (
            "source_url",
            {"groups on both sides": ("address x: clip0000 ~ clip0002",), "addresses on both sides": ("x",)},
        ),
        (
            "sha256",
            {"groups on both sides": ("file x: clip0000 ~ clip0002",), "equal files on both sides": ("x",)},
        ),
    ],
)
def test_whatever_two_sides_share_is_one_leak(make_dataset, column, expected) -> None:
    data = make_dataset([{"label": "a", column: "x"}, {"label": "b"}, {"label": "a", column: "x"}, {"label": "b"}])
    split = split_of_clips(data, train="01", test="23")
    assert found(data, split) == expected
    assert audit(data, split).leaks == 1
    assert found(data, split_of_clips(data, train="02", test="13")).keys() == {"classes not in both parts"}


def test_a_link_over_an_unused_clip_is_a_leak(make_dataset) -> None:
    data = make_dataset(
        [
            {"label": "a", "group": "x"},
            {"label": "a", "group": "x", "sha256": "f"},
            {"label": "a", "sha256": "f"},
        ]
    )
    assert found(data, split_of_clips(data, train="0", test="2", unused="1")) == {
        "groups on both sides": ("chain of group x, file f: clip0000 ~ clip0002",)
    }


def test_a_clip_in_two_parts_is_a_leak(make_dataset) -> None:
    data = make_dataset(ROWS)
    split = split_of_clips(data, train="012", test="23")
    assert found(data, split)["clips in two parts"] == ("clip0002",)
    assert audit(data, split).leaks == 2  # the clip, and its group on both sides


def test_missing_and_unknown_clips_are_contradictions(make_dataset) -> None:
    data = make_dataset(ROWS)
    split = split_of_clips(data, train="01", test="29")
    assert found(data, split) == {
        "clips in no part": ("clip0003",),
        "clips not in the dataset": ("clip0009",),
        "classes not in both parts": ("b",),
    }
    assert (audit(data, split).leaks, audit(data, split).contradictions) == (0, 2)


def test_a_split_of_other_data_is_a_contradiction(make_dataset) -> None:
    data, other = make_dataset(ROWS), make_dataset([{**row, "sha256": str(i)} for i, row in enumerate(ROWS)])
    assert found(other, split_of_clips(data, train="01", test="23")).keys() == {"other dataset"}


@pytest.mark.parametrize(
    "wrong", [{"class_index": 2}, {"class_index": 0}, {"path": "videos/b/v.mp4"}, {"path": "v.mp4"}]
)
def test_labels_that_contradict_index_or_folder_are_found(make_dataset, wrong) -> None:
    data = make_dataset([{**ROWS[0], **wrong}, *ROWS[1:]])
    (example,) = found(data, split_of_clips(data, train="01", test="23"))["labels inconsistent"]
    assert example.startswith("clip0000: label a, index ")


def test_a_class_on_one_side_only_is_told_and_is_no_leak(make_dataset) -> None:
    data = make_dataset(ROWS)
    split = split_of_clips(data, train="012", test="3")
    assert found(data, split) == {"classes not in both parts": ("a",)}
    assert (audit(data, split).leaks, audit(data, split).contradictions) == (0, 0)


def test_the_line_tells_parts_groups_and_the_worst_share(grid) -> None:
    (split,) = divide(grid, protocol="seags", settings=SplitSettings(test_share=0.3))
    assert audit_line(audit(grid, split)) == (
        "audit seags-1: 0 leaks; 90 clips (63 train, 27 test, 0 unused), 30 groups whole, "
        "worst class share 30.0 % (wanted 30 %)"
    )


def test_the_line_names_leaks_and_contradictions(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": "x"}, {"label": "b"}, {"label": "a", "group": "x"}, {"label": "b"}])
    assert audit_line(audit(data, split_of_clips(data, train="01", test="2"))) == (
        "audit seags-1: 1 leak, 1 contradiction; 4 clips (2 train, 1 test, 0 unused), 1 of 3 groups broken, "
        "worst class share 0.0 % (wanted 50 %)"
    )


def test_the_hash_of_lists_tells_parts_apart_and_ignores_order(make_dataset) -> None:
    data = make_dataset(ROWS)
    first = split_of_clips(data, train="01", test="23").sha256
    assert split_of_clips(data, train="10", test="32").sha256 == first
    assert split_of_clips(data, train="23", test="01").sha256 != first


def test_what_the_table_does_not_tell_is_not_looked_at_which_is_not_none_found(make_dataset) -> None:
    data = make_dataset([{**row, "source_url": "", "frames_sha256": ""} for row in ROWS])
    checks = {check.name: check for check in audit(data, split_of_clips(data, train="01", test="23")).checks}
    assert checks["addresses on both sides"].count is None
    assert checks["equal pictures on both sides"].note == "the table has no frames_sha256"
    assert checks["equal files on both sides"].count == 0


def test_a_table_older_than_a_column_is_audited_all_the_same(make_dataset) -> None:
    data = make_dataset(ROWS)
    del data.clips["frames_sha256"]
    report = audit(data, split_of_clips(data, train="01", test="23"))
    assert report.check("equal pictures on both sides").count is None


def test_only_the_table_is_known_to_have_been_looked_at(make_dataset) -> None:
    report = audit(make_dataset(ROWS), split_of_clips(make_dataset(ROWS), train="01", test="23"))
    unseen = {check.name for check in report.checks if check.count is None}
    assert {"near-duplicates on both sides", "files missing", "files that do not decode"} <= unseen
    assert report.unknowns >= len(unseen)


def test_one_title_in_train_as_one_class_and_in_test_as_another_is_named_with_both(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": "x"}, {"label": "b"}, {"label": "a"}, {"label": "b", "group": "x"}])
    assert found(data, split_of_clips(data, train="01", test="23"))["groups under two labels on both sides"] == (
        "x (a, b)",
    )


def test_a_title_of_two_classes_on_one_side_is_nothing_to_find(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": "x"}, {"label": "b", "group": "x"}, {"label": "a"}, {"label": "b"}])
    assert found(data, split_of_clips(data, train="01", test="23")) == {}


def test_one_file_under_two_labels_is_a_contradiction(make_dataset) -> None:
    data = make_dataset([{"label": "a", "sha256": "f"}, {"label": "b", "sha256": "f"}, {"label": "a"}, {"label": "b"}])
    assert found(data, split_of_clips(data, train="01", test="23")) == {
        "equal files under two labels": ("clip0000 (a) and clip0001 (b)",)
    }


def test_a_twin_on_the_other_side_is_a_leak(make_dataset) -> None:
    data = make_dataset([{"label": "a"}, {"label": "b"}, {"label": "a", "twin_of": "clip0000"}, {"label": "b"}])
    split = split_of_clips(data, train="01", test="23")
    assert found(data, split) == {"twins on both sides": ("clip0002",)}
    assert audit(data, split).leaks == 1


def test_classes_and_effects_beyond_the_bound_are_told_with_their_shares(make_dataset) -> None:
    data = make_dataset(
        [{"label": "a", "has_effects": "true"}] * 4
        + [{"label": "b", "has_effects": "false"}] * 2
        + [{"label": "b", "has_effects": "true"}] * 2
    )
    split = split_of_clips(data, train="0126", test="3457")
    assert found(data, split) == {
        "classes out of balance": ("a 25.0 %", "b 75.0 %"),
        "effects out of balance": ("false 100.0 %", "true 33.3 %"),
    }
    loose = audit(data, split, bound=0.5)
    assert loose.unbalanced == 0


def test_a_clip_without_a_group_is_unknown(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": ""}, *ROWS[1:]])
    assert found(data, split_of_clips(data, train="01", test="23")) == {"clips without a group": ("clip0000",)}


PLANTED = {
    "group": "groups on both sides",
    "source_id": "sources on both sides",
    "source_url": "addresses on both sides",
    "sha256": "equal files on both sides",
    "frames_sha256": "equal pictures on both sides",
}


@st.composite
def divided(draw: st.DrawFn) -> tuple[list[dict[str, str]], list[int], list[int]]:
    """Give rows whose groups are whole, and the rows in train and in test, a few unused."""
    groups = draw(st.lists(st.sampled_from(["train", "test", "unused"]), min_size=2, max_size=8))
    groups[:2] = ["train", "test"]
    sizes = [draw(st.integers(1, 3)) for _ in groups]
    rows = [
        {
            "label": draw(st.sampled_from("ab")),
            "group": f"g{number}",
            "part": part,
            "frames_sha256": f"{number}.{index}",
        }
        for number, (part, size) in enumerate(zip(groups, sizes, strict=True))
        for index in range(size)
    ]
    rows = draw(st.permutations(rows))
    train, test = ([place for place, row in enumerate(rows) if row["part"] == part] for part in ("train", "test"))
    return rows, train, test


def made(rows: list[dict[str, str]]) -> tuple[Dataset, Split]:
    """Return a dataset of rows and the split that their `part` says."""
    data = dataset_of([{key: value for key, value in row.items() if key != "part"} for row in rows])
    parts = {part: [f"clip{n:04}" for n, row in enumerate(rows) if row["part"] == part] for part in ("train", "test")}
    unused = [f"clip{n:04}" for n, row in enumerate(rows) if row["part"] == "unused"]
    split = split_of_clips(data, train="", test="").model_copy(
        update={"train": tuple(parts["train"]), "test": tuple(parts["test"]), "unused": tuple(unused)}
    )
    return data, split


@settings(max_examples=25)
@given(divided())
def test_a_split_of_whole_groups_is_never_accused(drawn) -> None:
    report = audit(*made(drawn[0]))
    assert (report.leaks, report.contradictions) == (0, 0)


@settings(max_examples=25)
@given(divided(), st.sampled_from(sorted(PLANTED)), st.randoms())
def test_whatever_is_planted_on_both_sides_is_found(drawn, column, random) -> None:
    rows, train, test = drawn
    rows = [dict(row) for row in rows]
    for place in (random.choice(train), random.choice(test)):
        rows[place][column] = "planted"
    data, split = made(rows)
    report = audit(data, split)
    assert report.check(PLANTED[column]).count == 1
    assert report.leaks >= 1


@settings(max_examples=25)
@given(divided(), st.randoms())
def test_the_order_of_rows_and_lists_changes_nothing(drawn, random) -> None:
    data, split = made(drawn[0])
    order = np.array(random.sample(range(len(data.clips)), len(data.clips)))
    shuffled = Dataset(**{**vars(data), "clips": data.clips.iloc[order].reset_index(drop=True)})
    turned = split.model_copy(update={"train": split.train[::-1], "test": split.test[::-1]})
    assert audit(shuffled, turned) == audit(data, split)
