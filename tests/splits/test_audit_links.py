"""A group on both sides is told by its name and by what links it, not by an id that nobody knows."""

from slateboard.records.release import MACHINE_MADE
from splits.audit.audit import audit

from .test_audit import found, split_of_clips


def test_a_group_is_told_by_all_that_both_sides_share_and_by_who_joined_it(make_dataset) -> None:
    shared = {"group": f"{MACHINE_MADE}5", "source_id": "s", "sha256": "0123456789abcdef"}
    data = make_dataset([{"label": "a", **shared}, {"label": "b"}, {"label": "a", **shared}, {"label": "b"}])
    (told,) = found(data, split_of_clips(data, train="01", test="23"))["groups on both sides"]
    assert told == (
        "group media-5 (joined by the release: one video or near-duplicates), source s, file 0123456789ab: "
        "clip0000 ~ clip0002"
    )


def test_of_many_groups_the_first_are_named_and_all_are_counted(make_dataset) -> None:
    data = make_dataset([{"label": "a", "group": f"g{number % 7}"} for number in range(14)])
    split = split_of_clips(data, train="0123456", test="789").model_copy(
        update={"test": tuple(f"clip{number:04}" for number in range(7, 14))}
    )
    check = audit(data, split).check("groups on both sides")
    assert (check.count, check.examples[0], len(check.examples)) == (7, "group g0: clip0000 ~ clip0007", 5)


def test_of_a_chain_only_what_several_clips_have_is_named(make_dataset) -> None:
    data = make_dataset(
        [
            {"label": "a", "group": "x"},
            {"label": "a", "group": "x", "sha256": "f", "source_url": ""},
            {"label": "a", "group": "y", "sha256": "f"},
            {"label": "a", "group": "y", "source_url": " "},
        ]
    )
    split = split_of_clips(data, train="0", test="3", unused="12")
    assert found(data, split)["groups on both sides"] == ("chain of group x, y, file f: clip0000 ~ clip0003",)


def test_a_video_on_both_sides_is_found_though_each_side_spells_its_address_otherwise(make_dataset) -> None:
    urls = ("https://youtu.be/abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=15s")
    data = make_dataset([{"label": "a", "source_url": url} for url in urls])
    (told,) = found(data, split_of_clips(data, train="0", test="1"))["groups on both sides"]
    assert told.startswith("address https://www.youtube.com/watch?v=abcdefghijk: clip0000 ~ clip0001")
