"""What people decide lies outside the catalog too, before the catalog has it; a torn line costs that line alone."""

import json
import os
from pathlib import Path

import pytest

from slateboard.catalog import reviews
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.person import file_stem
from slateboard.catalog.reviews import (
    clips_as_decided,
    confirm,
    decide,
    effects_as_confirmed,
    forget_decisions,
    read_reviews,
    unrecorded_clips,
)
from slateboard.errors import SlateboardError
from slateboard.records.clip import Clip, Effect
from slateboard.records.source import Source


def _clip(number: int, state: str = "proposed", **more: object) -> Clip:
    values = {
        "clip_id": f"c{number}", "source_id": "s", "media_id": f"m{number}", "shot_id": None, "label": "Đá cầu",
        "group": "g", "first_frame": number, "last_frame": number + 9, "start_s": 1.5, "end_s": 2.5, "state": state,
    }  # fmt: skip
    return Clip.model_validate({**values, **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace whose catalog proposes four clips."""
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([Source(source_id="s", line=2, url="http://x/a.mp4", label="Đá cầu")])
        catalog.write_clips([_clip(number) for number in range(4)])
    return tmp_path


def _accepted(number: int, by: str = "Anna") -> Clip:
    return _clip(number, "accepted", decided_by=by)


def _decide(folder: Path, *clips: Clip, person: str = "Anna") -> None:
    with open_catalog(folder / "catalog.db") as catalog:
        decide(catalog, folder / "reviews", clips, person=person, command="review")


def test_a_line_says_what_was_seen_and_decided_without_a_catalog(folder: Path) -> None:
    _decide(folder, _clip(1, "rejected", decided_by="Anna", reason="no kick"))
    (line,) = (folder / "reviews" / "Anna.jsonl").read_text("utf-8").splitlines()
    told = json.loads(line)
    assert told.pop("at").endswith("Z")
    assert told == {
        "schema": 1, "number": 1, "clip_id": "c1", "media_id": "m1", "first_frame": 1, "last_frame": 10,
        "decision": "rejected", "effects": [], "label": "Đá cầu", "by": "Anna", "reason": "no kick",
        "command": "review",
    }  # fmt: skip


def test_the_file_has_it_before_the_catalog(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(self: Catalog, clips: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Catalog, "write_clips", dies)
        _decide(folder, _accepted(0))
    with open_catalog(folder / "catalog.db") as catalog:
        assert [clip.state for clip in catalog.clips()] == ["proposed"] * 4
        assert clips_as_decided(catalog, read_reviews(folder / "reviews")) == [_accepted(0)]


def test_the_last_decision_holds_whoever_made_it_and_whatever_the_clock_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decide(folder, _accepted(0))
    _decide(folder, _clip(0, "rejected", decided_by="Bo", reason="blurred"), person="Bo")
    path = folder / "reviews" / "Bo.jsonl"
    path.write_text(path.read_text().replace('"at": "20', '"at": "19'))
    found = read_reviews(folder / "reviews")
    assert [one.number for one in found.decisions] == [1, 2]
    assert found.on_clips()["c0"].by == "Bo"


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_last_line_is_counted_and_the_next_decision_is_whole(folder: Path, cut: int) -> None:
    _decide(folder, _accepted(0), _accepted(1))
    path = folder / "reviews" / "Anna.jsonl"
    os.truncate(path, path.stat().st_size - cut - 1)
    assert (len(read_reviews(folder / "reviews").decisions), read_reviews(folder / "reviews").torn) == (1, 1)
    _decide(folder, _accepted(2))
    found = read_reviews(folder / "reviews")
    assert [(one.clip_id, one.number) for one in found.decisions] == [("c0", 1), ("c2", 2)]
    assert (found.torn, found.broken) == (1, ())


def test_garbage_in_the_middle_is_named_by_its_line(folder: Path) -> None:
    _decide(folder, _accepted(0))
    path = folder / "reviews" / "Anna.jsonl"
    path.write_bytes(b"\xff\xfe\x00garbage\n[]\n" + path.read_bytes() + b'{"schema": 1}\n')
    found = read_reviews(folder / "reviews")
    assert [one.clip_id for one in found.decisions] == ["c0"]
    assert found.broken == ("Anna.jsonl line 1", "Anna.jsonl line 2", "Anna.jsonl line 4")


def test_no_room_keeps_nothing_of_a_decision(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _decide(folder, _accepted(0))
    path = folder / "reviews" / "Anna.jsonl"
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(reviews.os, "fsync", full)
        with open_catalog(folder / "catalog.db") as catalog:
            decide(catalog, folder / "reviews", [_accepted(1)], person="Anna", command="review")
    assert path.read_bytes() == before
    with open_catalog(folder / "catalog.db") as catalog:
        assert [clip.state for clip in catalog.clips()] == ["accepted", "proposed", "proposed", "proposed"]


def test_decisions_of_a_newer_slateboard_are_not_read_over(folder: Path) -> None:
    (folder / "reviews").mkdir()
    (folder / "reviews" / "a.jsonl").write_text('{"schema": 99, "number": 1}\n')
    with pytest.raises(SlateboardError, match=r"has schema 99.*Install a newer one"):
        read_reviews(folder / "reviews")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".hidden", "", "a\nb", "x" * 300, "Đỗ Thị"])
def test_any_name_of_a_person_is_one_file_in_the_folder(folder: Path, name: str) -> None:
    _decide(folder, _accepted(0, by=name), person=name)
    (path,) = (folder / "reviews").iterdir()
    assert path.suffix == ".jsonl" and not path.name.startswith(".")
    assert read_reviews(folder / "reviews").decisions[0].by == name


def test_names_that_are_altered_do_not_fall_together() -> None:
    assert len({file_stem(name) for name in ("a/b", "a_b", "a:b", "a b")}) == 4


def test_a_later_label_of_a_trimmed_clip_is_no_contradiction(folder: Path) -> None:
    _decide(folder, _accepted(0), _accepted(1), _clip(2, "rejected", decided_by="Anna", reason="x"))
    with open_catalog(folder / "catalog.db") as catalog:
        catalog.write_clips([_clip(0, "trimmed", decided_by="Anna"), _clip(1, "failed", decided_by="Anna")])
        assert clips_as_decided(catalog, read_reviews(folder / "reviews")) == []
        catalog.write_clips([_clip(2, "rejected", decided_by="rule", reason="too short")])
        assert [clip.clip_id for clip in clips_as_decided(catalog, read_reviews(folder / "reviews"))] == ["c2"]


def test_decisions_that_are_in_the_catalog_alone_are_known(folder: Path) -> None:
    with open_catalog(folder / "catalog.db") as catalog:
        catalog.write_clips([_accepted(0), _clip(1, "rejected", decided_by="rule", reason="too short")])
        assert [clip.clip_id for clip in unrecorded_clips(catalog, read_reviews(folder / "reviews"))] == ["c0"]


def _effect(number: int, kind: str, *, confirmed: bool, decided_by: str = "machine") -> Effect:
    return Effect.model_validate(
        {"clip_id": f"c{number}", "kind": kind, "decided_by": decided_by, "confirmed": confirmed, "parameters": {}}
    )


def test_which_effects_are_confirmed_is_a_decision_and_is_taken_back_by_another(folder: Path) -> None:
    with open_catalog(folder / "catalog.db") as catalog:
        clips = catalog.clips()
        raised = [_effect(0, "bars", confirmed=True), _effect(0, "text", confirmed=True, decided_by="person")]
        confirm(catalog, folder / "reviews", raised, clips=clips, person="Anna", command="label --accept-all")
        confirm(catalog, folder / "reviews", raised, clips=clips, person="Anna", command="label --accept-all")
        found = read_reviews(folder / "reviews")
        assert [(one.clip_id, one.decision, one.effects) for one in found.decisions] == [("c0", "effects", ("bars",))]
        plain = [_effect(0, "bars", confirmed=False), raised[1]]
        catalog.label_effects(plain)
        assert effects_as_confirmed(catalog, found) == raised
        catalog.label_effects(raised)
        assert effects_as_confirmed(catalog, found) is None
        confirm(catalog, folder / "reviews", plain, clips=clips, person="Anna", command="label")
        assert effects_as_confirmed(catalog, read_reviews(folder / "reviews")) is None


def test_a_decision_that_was_written_by_hand_may_use_another_word_for_a_kind(folder: Path) -> None:
    with open_catalog(folder / "catalog.db") as catalog:
        raised = [_effect(0, "bars", confirmed=True)]
        confirm(catalog, folder / "reviews", raised, clips=catalog.clips(), person="Anna", command="label")
        (file,) = (folder / "reviews").glob("*.jsonl")
        file.write_text(file.read_text().replace('"bars"', '"Letterbox"'))
        assert effects_as_confirmed(catalog, read_reviews(folder / "reviews")) is None


def test_what_was_taken_down_is_taken_out(folder: Path) -> None:
    _decide(folder, _accepted(0), _accepted(1))
    forget_decisions(folder / "reviews", lambda one: one.media_id == "m0")
    assert [one.clip_id for one in read_reviews(folder / "reviews").decisions] == ["c1"]
    assert "m0" not in (folder / "reviews" / "Anna.jsonl").read_text()
