"""The catalog: one writer, migrations, states that no re-reading of sources.csv forgets."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from slateboard.catalog.catalog import opened
from slateboard.catalog.schema import metadata
from slateboard.errors import Held, SlateboardError
from slateboard.records.clip import Clip
from slateboard.records.source import Source, State

SOURCE = Source(source_id="s1", line=2, url="http://x/a.mp4", label="Squat")


def _clip(clip_id: str, **fields: object) -> Clip:
    base = {
        "clip_id": clip_id, "source_id": "s1", "media_id": "m", "shot_id": None, "label": "Squat", "group": "g",
        "first_frame": 0, "last_frame": 9, "start_s": 0.0, "end_s": 1.0, "state": "proposed",
    }  # fmt: skip
    return Clip.model_validate({**base, **fields})


def test_listing_again_corrects_the_label_and_keeps_the_state(tmp_path: Path) -> None:
    with opened(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        catalog.set_states([SOURCE.model_copy(update={"state": State.GONE, "reason": "404"})])
        catalog.list_sources([SOURCE.model_copy(update={"label": "Squats"})])
        assert [(source.label, source.state, source.reason) for source in catalog.sources()] == [
            ("Squats", State.GONE, "404")
        ]


def test_proposing_again_adds_what_is_new_and_withdraws_only_what_is_undecided(tmp_path: Path) -> None:
    with opened(tmp_path / "catalog.db") as catalog:
        catalog.list_sources([SOURCE])
        assert catalog.propose([_clip("a"), _clip("b")]) == (2, 0)
        catalog.write_clips([_clip("a", state="accepted", decided_by="me")])
        assert catalog.propose([_clip("c")]) == (1, 1)
        assert [(clip.clip_id, clip.state) for clip in catalog.clips()] == [("a", "accepted"), ("c", "proposed")]


def test_an_index_is_given_once_and_never_again(tmp_path: Path) -> None:
    with opened(tmp_path / "catalog.db") as catalog:
        assert catalog.number([("a", "Squat"), ("b", "Squat"), ("c", "Kick")]) == {"a": 1, "b": 2, "c": 1}
        assert catalog.number([("d", "Squat"), ("b", "Squat")]) == {"d": 3, "b": 2}
        with pytest.raises(SlateboardError, match="a was released as Squat and would now be Kick"):
            catalog.number([("a", "Kick")])


def test_the_second_process_is_told_who_holds_the_workspace(tmp_path: Path) -> None:
    with opened(tmp_path / "catalog.db"), pytest.raises(Held, match=f"process {os.getpid()} of "):
        with opened(tmp_path / "catalog.db"):
            pass


def _hold_and_die(path: Path) -> None:
    with opened(path):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path / "catalog.db",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with opened(tmp_path / "catalog.db") as catalog:
        assert catalog.sources() == []


def test_the_migrations_lead_to_the_schema_of_the_code(tmp_path: Path) -> None:
    with opened(tmp_path / "catalog.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_newer_catalog_is_refused_with_a_clear_word(tmp_path: Path) -> None:
    with opened(tmp_path / "catalog.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SlateboardError, match=r"has schema 9999.*Install a newer slateboard"):
        with opened(tmp_path / "catalog.db"):
            pass
