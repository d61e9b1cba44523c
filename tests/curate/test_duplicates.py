"""The join of a workspace records each pair once, whatever was killed before; groups follow from it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from drawing import moving
from hard_comparisons import compare_but_die

from curate.analysers import fingerprints as analyser
from curate.analysis import observations
from curate.duplicates import join as duplicates
from curate.duplicates import sketches
from curate.duplicates.groups import group_names
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.engine import Place
from slateboard.media.fingerprints import Fingerprint
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.records.clip import Clip
from slateboard.records.media import Duplicate, Media
from slateboard.records.observation import Observation
from slateboard.records.source import Source


def _fill(catalog: Catalog, folder: Path, path: Path, name: str) -> Media:
    media = probe(path, media_id=name * 64, relative=path.name).model_copy(update={"frames": 30})
    watcher = analyser.start(media, {})
    for frame in decode(path, short_side=analyser.SIZE):
        watcher.see(frame)
    seen = Observation(
        media_id=media.media_id, analyser="fingerprints", version=1, parameters={}, rows=tuple(watcher.rows(()))
    )
    observations.write(folder, seen)
    catalog.analysed(media, {"fingerprints": (1, {})})
    return media


@pytest.fixture
def filled(draw: Callable[..., Path], tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A catalog with a clip, its mirror image, and another clip."""
    clip = moving(45, seed=1)
    videos = {"c": clip, "a": [np.ascontiguousarray(one[:, ::-1]) for one in clip], "b": moving(45, seed=2)}
    folder = tmp_path / "observations"
    with open_catalog(tmp_path / "catalog.db") as catalog:
        for name, pictures in videos.items():
            _fill(catalog, folder, draw(f"{name}.mp4", pictures), name)
        yield SimpleNamespace(catalog=catalog, folder=folder)


def test_a_mirrored_repost_is_joined_and_not_compared_again(filled: SimpleNamespace) -> None:
    first = duplicates.join(filled.catalog, filled.folder, version=1)
    (pair,) = filled.catalog.duplicates()
    assert (pair.first[0], pair.second[0], pair.mirrored) == ("a", "c", True)
    assert first == {"compared": 3, "duplicates": 1, "undecided": {}, "failed": 0}
    assert duplicates.join(filled.catalog, filled.folder, version=1)["compared"] == 0
    assert duplicates.join(filled.catalog, filled.folder, version=2)["compared"] == 3
    assert filled.catalog.duplicates() == [pair]


def test_a_join_killed_between_blocks_ends_the_same(filled: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_BLOCK", 1)
    compare = filled.catalog.compare
    calls: list[Any] = []

    def dies(*arguments: Any, **named: Any) -> None:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(arguments)
        compare(*arguments, **named)

    monkeypatch.setattr(filled.catalog, "compare", dies)
    with pytest.raises(KeyboardInterrupt):
        duplicates.join(filled.catalog, filled.folder, version=1)
    # Which two blocks were recorded before depends on which ended first.
    monkeypatch.undo()
    assert duplicates.join(filled.catalog, filled.folder, version=1)["compared"] == 1
    assert [(pair.first[0], pair.second[0]) for pair in filled.catalog.duplicates()] == [("a", "c")]


def test_a_broken_fingerprint_costs_its_media_alone_and_is_named_with_its_remedy(
    filled: SimpleNamespace, tmp_path: Path, draw: Callable[..., Path]
) -> None:
    path = observations.path_of(filled.folder, "b" * 64, "fingerprints")
    sound = path.read_bytes()
    path.write_bytes(b"PAR1")
    assert duplicates.join(filled.catalog, filled.folder, version=1) == {
        "compared": 3, "duplicates": 1, "undecided": {}, "failed": 1,
    }  # fmt: skip
    (failed,) = filled.catalog.failures("join")
    assert (failed.item, failed.code) == ("b" * 64, "exception")
    assert re.search(
        r"fingerprints.parquet cannot be read .* `slateboard curate analyse` makes it again", failed.reason
    )
    # Not again until it is asked for, or the media was analysed anew.
    assert duplicates.join(filled.catalog, filled.folder, version=1)["compared"] == 0
    assert duplicates.join(filled.catalog, filled.folder, version=1, retry=True)["failed"] == 1
    path.write_bytes(sound)
    (media,) = [item for item in filled.catalog.media() if item.media_id == "b" * 64]
    filled.catalog.analysed(media, {"fingerprints": (1, {})})
    assert filled.catalog.failures() == []
    assert duplicates.join(filled.catalog, filled.folder, version=1) == {
        "compared": 1, "duplicates": 1, "undecided": {}, "failed": 0,
    }  # fmt: skip


def test_a_pair_that_ends_its_process_costs_itself_alone(
    filled: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, draw: Callable[..., Path]
) -> None:
    _fill(filled.catalog, filled.folder, draw("d.mp4", moving(45, seed=1)), "d")
    monkeypatch.setattr(duplicates, "compare", compare_but_die)
    outcome = duplicates.join(filled.catalog, filled.folder, version=1, place=Place(workers=2))
    assert outcome == {"compared": 4, "duplicates": 2, "undecided": {}, "failed": 1}
    assert [(pair.first[0], pair.second[0]) for pair in filled.catalog.duplicates()] == [("a", "c"), ("c", "d")]
    (failed,) = filled.catalog.failures("join")
    assert (failed.item, failed.code) == (f"{'a' * 64} {'d' * 64}", "died")
    assert duplicates.join(filled.catalog, filled.folder, version=1)["compared"] == 0
    monkeypatch.undo()
    assert duplicates.join(filled.catalog, filled.folder, version=1, retry=True)["failed"] == 0
    assert len(filled.catalog.duplicates()) == 3


def test_observations_that_claim_years_end_no_join(filled: SimpleNamespace) -> None:
    for name in "ac":
        (row,) = observations.read(filled.folder, name * 64, "fingerprints")
        seconds = [9.5e7 * second for second in row["seconds"]]
        poisoned = Observation(
            media_id=name * 64, analyser="fingerprints", version=1, parameters={}, rows=({**row, "seconds": seconds},)
        )
        observations.write(filled.folder, poisoned)
    outcome = duplicates.join(filled.catalog, filled.folder, version=1)
    assert outcome == {"compared": 3, "duplicates": 0, "undecided": {"too long": 1}, "failed": 0}


def test_a_stored_sketch_is_read_again_and_made_anew_where_broken_or_of_another_version(
    filled: SimpleNamespace,
) -> None:
    def read(name: str) -> Fingerprint:
        return sketches.read_fingerprint(filled.folder, name)

    made = sketches.load_sketch(filled.folder, "a" * 64, read, key="k")
    loads: list[str] = []

    def load(media_id: str) -> Fingerprint:
        loads.append(media_id)
        return sketches.read_fingerprint(filled.folder, media_id)

    again = sketches.load_sketch(filled.folder, "a" * 64, load, key="k")
    assert np.array_equal(again.contrasts, made.contrasts)
    assert loads == []
    sketches.load_sketch(filled.folder, "a" * 64, load, key="other")
    (filled.folder / ("a" * 64) / "sketch.npz").write_bytes(b"PK")
    again = sketches.load_sketch(filled.folder, "a" * 64, load, key="other")
    assert np.array_equal(again.contrasts, made.contrasts)
    assert loads == ["a" * 64] * 2


def _clip(name: str, media: str, group: str) -> Clip:
    return Clip(
        clip_id=name,
        source_id=f"s-{name}",
        media_id=media,
        shot_id=None,
        label="x",
        group=group,
        first_frame=0,
        last_frame=9,
        start_s=0,
        end_s=1,
        state="accepted",
    )


def _source(name: str, url: str, media: str) -> Source:
    return Source(source_id=f"s-{name}", line=2, url=url, label="x", media_id=media)


def test_groups_join_over_column_address_media_and_footage_under_the_first_name_a_person_gave() -> None:
    clips = [
        _clip("1", "m1", "zoe"),
        _clip("2", "m2", "zoe"),
        _clip("3", "m2", "anna"),
        _clip("4", "m4", "media-m4"),
        _clip("5", "m5", "media-m5"),
        _clip("6", "m6", "media-m6"),
    ]
    sources = {f"s-{name}": _source(name, url, f"m{name}") for name, url in zip("12456", "pqrts", strict=True)}
    sources["s-3"] = _source("3", "q", "m2")
    sources["s-7"] = _source("7", "r", "m7")
    pair = {"mirrored": False, "first_start_s": 0, "second_start_s": 0, "seconds": 1, "score": 1}
    found = [Duplicate(first="m1", second="m7", **pair), Duplicate(first="m5", second="m6", **pair)]
    wanted = {**dict.fromkeys("1234", "anna"), **dict.fromkeys("56", "media-m5")}
    assert group_names(clips, sources, found) == wanted
    assert group_names(clips[::-1], dict(reversed(sources.items())), found[::-1]) == wanted
