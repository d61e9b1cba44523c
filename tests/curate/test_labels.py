"""Class names are safe as folders and in lists, whatever people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.listing.labels import class_name, class_names
from slateboard.errors import BadInput


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Jumping Jack", "JumpingJack"),
        ("Đá cầu", "DaCau"),
        ("sepak/takraw", "SepakTakraw"),
        ("../etc", "Etc"),
        ("100 m", "100M"),
        ("太极", "太极"),
        ("...", ""),
    ],
)
def test_names_keep_letters_and_digits_alone(label: str, name: str) -> None:
    assert class_name(label) == name


@given(st.text(max_size=30))
def test_no_label_leaves_its_folder_or_breaks_a_list(label: str) -> None:
    name = class_name(label)
    assert name == "" or name.isalnum()
    assert class_name(name) == name


def test_labels_that_would_share_a_folder_are_named() -> None:
    with pytest.raises(BadInput, match="labels 'High Kick', 'high-kick' are one class"):
        class_names(["High Kick", "high-kick", "Squat"], where="sources.csv")


def test_class_names_that_differ_in_capitals_alone_are_named() -> None:
    with pytest.raises(BadInput, match="labels 'HIGH kick', 'HighKick' are one class 'HIGHKick'"):
        class_names(["HighKick", "HIGH kick"], where="sources.csv")


def test_classes_are_in_alphabetical_order() -> None:
    assert list(class_names(["b c", "Bb", "a"], where="x").items()) == [("a", "A"), ("b c", "BC"), ("Bb", "Bb")]
