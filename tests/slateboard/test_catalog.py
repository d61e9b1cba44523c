"""The catalog: one writer, migrations, states that no re-reading of sources.csv forgets."""

import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.media import Analysed
from slateboard.catalog.migrations import migrate
from slateboard.catalog.schema import metadata
from slateboard.errors import SlateboardError, WorkspaceLocked
from slateboard.records.clip import Clip
from slateboard.records.failure import FailureRecord
from slateboard.records.media import Duplicate, Media
from slateboard.records.source import Attempt, Source, State

SOURCE = Source(source_id="s1", line=2, url="http://x/a.mp4", label="Squat")
MEDIA = Media(
    media_id="m", path="media/m.mp4", bytes=1, container="mp4", codec="h264", width=64, height=64, rotation=0,
    sample_aspect=1, fps=25, header_frames=9, header_duration_s=None, has_audio=False, frames=9,
)  # fmt: skip


def test_many_media_are_recorded_as_one_by_one(tmp_path: Path) -> None:
    tables = ("media", "observations", "proposals", "failures", "compared")
    media = [MEDIA.model_copy(update={"media_id": name, "path": f"media/{name}.mp4"}) for name in "abc"]
    passes = [Analysed(one, {"shots": (1, {"x": 2}), "bw": (3, {})}, None, {"shots": (5, 6)}) for one in media]
    contents = []
    for at_once in (True, False):
        path = tmp_path / str(at_once) / "catalog.db"
        path.parent.mkdir()
        with open_catalog(path) as catalog:
            catalog.list_sources([SOURCE])
            for name in "ad":
                catalog.analysed(MEDIA.model_copy(update={"media_id": name, "path": f"media/{name}.mp4"}), {})
            catalog.set_states([SOURCE.model_copy(update={"state": State.FETCHED, "media_id": "a"})])
            rows = [
                ("join", "a d"),
                ("join", "d e"),
                ("propose", "s1"),
                ("propose", "s2"),
                ("analyse", "b"),
                ("join", "e"),
            ]
            catalog.record_failures(
                [FailureRecord.now(stage=stage, item=item, code="died", reason="r", key="k") for stage, item in rows]
            )
            catalog.compare(["a", "d"], [], key="k")
            if at_once:
                catalog.analysed_all(passes)
            for one in () if at_once else passes:
                catalog.analysed(one.media, one.analysers, files=one.files)
            left = [(row.stage, row.item) for row in catalog.failures()]
        assert left == [("join", "d e"), ("join", "e"), ("propose", "s2")]
        with closing(sqlite3.connect(path)) as connection:
            found = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables}
        assert found["compared"] == [("d", "k")]
        contents.append({name: rows for name, rows in found.items() if name != "failures"})
    assert contents[0] == contents[1]


def test_what_is_written_together_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        rows = [FailureRecord.now(stage="join", item=item, code="died", reason="r", key="k") for item in ("a", "b")]
        with pytest.raises(KeyError), catalog.together():
            catalog.record_failures(rows[:1])
            raise KeyError
        assert catalog.failures() == []
        with catalog.together():
            catalog.record_failures(rows[:1])
            catalog.record_failures(rows[1:])
        assert len(catalog.failures()) == 2


def _clip(clip_id: str, **fields: object) -> Clip:
    base = {
        "clip_id": clip_id, "source_id": "s1", "media_id": "m", "shot_id": None, "label": "Squat", "group": "g",
        "first_frame": 0, "last_frame": 9, "start_s": 0.0, "end_s": 1.0, "state": "proposed",
    }  # fmt: skip
    return Clip.model_validate({**base, **fields})


def test_listing_again_corrects_the_label_and_keeps_the_state(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        catalog.set_states([SOURCE.model_copy(update={"state": State.GONE, "reason": "404"})])
        catalog.list_sources([SOURCE.model_copy(update={"label": "Squats"})])
        assert [(source.label, source.state, source.reason) for source in catalog.sources()] == [
            ("Squats", State.GONE, "404")
        ]


def test_proposing_again_adds_what_is_new_and_withdraws_only_what_is_undecided(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        assert catalog.propose([SOURCE], [_clip("a"), _clip("b")], key="k") == (2, 0)
        catalog.write_clips([_clip("a", state="accepted", decided_by="me")])
        assert catalog.propose([SOURCE], [_clip("c")], key="k") == (1, 1)
        assert [(clip.clip_id, clip.state) for clip in catalog.clips()] == [("a", "accepted"), ("c", "proposed")]


def test_an_index_is_given_once_and_never_again(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert catalog.number([("a", "Squat"), ("b", "Squat"), ("c", "Kick")]) == {"a": 1, "b": 2, "c": 1}
        assert catalog.number([("d", "Squat"), ("b", "Squat")]) == {"d": 3, "b": 2}
        with pytest.raises(SlateboardError, match="a was released as Squat and would now be Kick"):
            catalog.number([("a", "Kick")])


def test_the_second_process_is_told_who_holds_the_workspace(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"), pytest.raises(WorkspaceLocked, match=f"process {os.getpid()} of "):
        with open_catalog(tmp_path / "catalog.db"):
            pass


@pytest.mark.parametrize("told", ["", "{", "[]", "{}", '{"command": 1}'])
def test_a_holder_that_cannot_be_read_is_another_process(tmp_path: Path, told: str) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        (tmp_path / "catalog.holder.json").write_text(told)
        with (
            pytest.raises(WorkspaceLocked, match="is in use by another process"),
            open_catalog(tmp_path / "catalog.db"),
        ):
            pass


def _hold_and_die(path: Path) -> None:
    with open_catalog(path):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path / "catalog.db",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert catalog.sources() == []


def test_the_migrations_lead_to_the_schema_of_the_code(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_newer_catalog_is_refused_with_a_clear_word(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SlateboardError, match=r"has schema 9999.*Install a newer slateboard"):
        with open_catalog(tmp_path / "catalog.db"):
            pass


def test_a_catalog_of_the_first_schema_migrates_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO sources (source_id, line, url, label, state, media_id) "
            "VALUES ('s1', 2, 'u', 'Squat', 'fetched', 'm')",
            "INSERT INTO sources (source_id, line, url, label, state, reason, media_id) VALUES "
            "('s2', 3, 'b.mp4', 'Squat', 'gone', 'b.mp4 is not there', NULL), "
            "('s3', 4, 'https://x/c.mp4', 'Squat', 'gone', 'm.mp4 is not there.', 'm'), "
            "('s4', 5, 'https://x/d.mp4', 'Squat', 'gone', 'HTTP Error 404', NULL)",
            "INSERT INTO media (media_id, path, bytes, container, codec, width, height, rotation, sample_aspect, fps, "
            "header_frames, has_audio) VALUES ('m', 'media/m.mp4', 1, 'mp4', 'h264', 64, 64, 0, 1, 25, 9, 0)",
            """INSERT INTO observations VALUES ('m', 'shots', 1, '{"b": 2, "a": 1.5}')""",
            'INSERT INTO clips (clip_id, source_id, media_id, label, "group", first_frame, last_frame, start_s, end_s, '
            "state) VALUES ('c1', 's1', 'm', 'Squat', 'g', 0, 9, 0, 1, 'trimmed')",
        ):
            connection.execute(text(statement))
    engine.dispose()
    with open_catalog(path) as catalog:
        assert [(source.source_id, source.provenance) for source in catalog.sources()] == [
            (f"s{number}", None) for number in range(1, 5)
        ]
        # A file that was not there was called gone: it may be there again.
        assert [source.state for source in catalog.sources()] == ["fetched", "missing", "missing", "gone"]
        assert [(clip.clip_id, clip.state, clip.camera, clip.quality) for clip in catalog.clips()] == [
            ("c1", "trimmed", "unknown", ())
        ]
        assert catalog.unobserved({"shots": (1, {"a": 1.5, "b": 2})}) == {}
        assert catalog.unobserved({"shots": (2, {"a": 1.5, "b": 2})}) == {"m": ["shots"]}


def test_only_what_changed_is_proposed_anew(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE], key="first")
        assert (catalog.listed("first"), catalog.listed("second")) == (True, False)
        fetched = SOURCE.model_copy(update={"state": State.FETCHED, "media_id": MEDIA.media_id})
        catalog.tried(fetched, [], MEDIA.model_copy(update={"frames": None}))
        assert catalog.unproposed("rules") == []
        catalog.analysed(MEDIA, {"shots": (1, {})})
        assert [source.source_id for source in catalog.unproposed("rules")] == ["s1"]
        catalog.propose([fetched], [_clip("a")], key="rules")
        assert catalog.unproposed("rules") == []
        assert len(catalog.unproposed("other rules")) == 1
        catalog.list_sources([SOURCE.model_copy(update={"label": "Squats"})], key="second")
        assert len(catalog.unproposed("rules")) == 1


def test_clips_of_a_source_that_is_no_longer_fetched_are_withdrawn(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        fetched = SOURCE.model_copy(update={"state": State.FETCHED})
        catalog.set_states([fetched])
        catalog.propose([fetched], [_clip("a")], key="k")
        catalog.set_states([fetched.model_copy(update={"state": State.TRUNCATED})])
        assert catalog.propose([], [], key="k") == (0, 1)


def test_a_source_taken_down_leaves_a_tombstone_and_nothing_else(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        other = MEDIA.model_copy(update={"media_id": "n"})
        catalog.list_sources([SOURCE])
        fetched = SOURCE.model_copy(update={"state": State.FETCHED, "media_id": "m", "provenance": {"id": "x"}})
        catalog.tried(fetched, [], MEDIA)
        catalog.tried(fetched, [], other)
        catalog.analysed(MEDIA, {"shots": (1, {})})
        pair = {"first": "m", "second": "n", "mirrored": False, "first_start_s": 0, "second_start_s": 0}
        catalog.compare(["m"], [Duplicate(**pair, seconds=2, score=0.9)], key="k")
        catalog.write_clips([_clip("a", state="trimmed", path="clips/a.mp4")])
        media, clips = catalog.take_down([fetched], reason="asked by the uploader")
        assert ([item.media_id for item in media], [clip.clip_id for clip in clips]) == (["m"], ["a"])
        assert [(one.state, one.reason, one.media_id, one.provenance) for one in catalog.sources()] == [
            (State.TAKEN_DOWN, "asked by the uploader", None, None)
        ]
        assert (catalog.clips(), catalog.duplicates(), [item.media_id for item in catalog.media()]) == ([], [], ["n"])
        catalog.list_sources([SOURCE])
        assert catalog.due(now=datetime.now(UTC)) == []


def test_a_failure_stands_until_its_stage_does_the_item_well_or_the_item_is_taken_down(tmp_path: Path) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    failures = [
        FailureRecord(stage=stage, item=item, code="died", reason="signal 8", key="k1", at=now)
        for stage, item in (("trim", "c"), ("propose", "s1"), ("join", "a m"), ("join", "m"), ("join", "b c"))
    ]
    fetched = SOURCE.model_copy(update={"state": State.FETCHED, "media_id": "m"})
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        catalog.tried(fetched, [], MEDIA)
        catalog.record_failures(failures)
        catalog.record_failures([failures[0].model_copy(update={"key": "k2"})])
        assert catalog.failure_counts() == {"join": 3, "propose": 1, "trim": 1}
        assert catalog.failed_under("trim", "k1") == set()
        assert catalog.failed_under("trim", "k2") == {"c"}
        catalog.forget_failures("trim", ["c", "nothing"])
        assert [one.item for one in catalog.failures("trim", "join")] == ["a m", "b c", "m"]
        catalog.take_down([fetched], reason="asked")
        assert [(one.stage, one.item) for one in catalog.failures()] == [("join", "b c")]


def test_a_rate_limited_source_is_due_when_its_time_has_come(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        until = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        catalog.set_states([SOURCE.model_copy(update={"state": State.RATE_LIMITED, "again_at": until})])
        assert catalog.due(now=until - timedelta(seconds=1)) == []
        assert [source.again_at for source in catalog.due(now=until)] == [until]


def test_a_clock_that_was_set_back_makes_no_source_wait_for_it(tmp_path: Path) -> None:
    tried = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
    limited = SOURCE.model_copy(update={"state": State.RATE_LIMITED, "again_at": tried + timedelta(minutes=5)})
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        attempt = Attempt(source_id=SOURCE.source_id, at=tried, state=State.RATE_LIMITED, error="429", tool="yt-dlp")
        catalog.tried(limited, [attempt], None)
        assert catalog.due(now=tried + timedelta(seconds=1)) == []
        assert catalog.due(now=tried - timedelta(hours=1)) == [limited]
