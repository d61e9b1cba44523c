"""The audit finds each planted fault, and nothing where there is none."""

import pytest

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from slateboard.settings import Splitting
from splits.audit import audit, audit_line, certificate, lists_sha256
from splits.division import divide


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
        ("group", {"groups on both sides": ("clip0000",)}),
        ("source_id", {"groups on both sides": ("clip0000",), "sources on both sides": ("x",)}),
        ("source_url", {"groups on both sides": ("clip0000",), "addresses on both sides": ("x",)}),
        ("sha256", {"groups on both sides": ("clip0000",), "equal files on both sides": ("x",)}),
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
    assert found(data, split_of_clips(data, train="0", test="2", unused="1")) == {"groups on both sides": ("clip0000",)}


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
    (split,) = divide(grid, protocol="seags", settings=Splitting(test_share=0.3))
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
    first = lists_sha256(split_of_clips(data, train="01", test="23"))
    assert lists_sha256(split_of_clips(data, train="10", test="32")) == first
    assert lists_sha256(split_of_clips(data, train="23", test="01")) != first


def test_the_certificate_binds_data_lists_checks_and_code(grid) -> None:
    (split,) = divide(grid, protocol="seags", settings=Splitting())
    said = certificate(grid, split, audit(grid, split))
    assert said["dataset_sha256"] == grid.sha256
    assert said["lists_sha256"] == lists_sha256(split)
    assert {check["name"]: check["count"] for check in said["audit"]["checks"]} == {
        "clips in two parts": 0,
        "groups on both sides": 0,
        "sources on both sides": 0,
        "addresses on both sides": 0,
        "equal files on both sides": 0,
        "clips in no part": 0,
        "clips not in the dataset": 0,
        "other dataset": 0,
        "labels inconsistent": 0,
        "classes not in both parts": 0,
    }
