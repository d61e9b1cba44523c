"""Open the catalog of a workspace; every write is one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, delete, event, text
from sqlalchemy.exc import DatabaseError

from slateboard.catalog import schema
from slateboard.catalog.backup import keep_backup
from slateboard.catalog.clips import ClipTables
from slateboard.catalog.failures import FailureTables
from slateboard.catalog.health import LEAST_BYTES, Damaged, check, refusal
from slateboard.catalog.lock import lock_workspace
from slateboard.catalog.media import MediaTables
from slateboard.catalog.migrations.migrate import create, migrate
from slateboard.catalog.pictures import PictureTables
from slateboard.catalog.sources import SourceTables
from slateboard.catalog.stamps import StampTables
from slateboard.errors import SlateboardError
from slateboard.files import record_write
from slateboard.progress import say
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.records.source import Source, State
from slateboard.unwritable import raises_unwritable


class Catalog(SourceTables, MediaTables, ClipTables, PictureTables, FailureTables, StampTables):
    """An open catalog. Get one from `open_catalog`, which holds the lock."""

    def take_down(self, sources: Sequence[Source], *, reason: str) -> tuple[list[Media], list[Clip]]:
        """Forget all that came of these sources but the sources themselves, which become `taken_down`.

        Give every source of a file, so that nothing else needs it. Returns the media and clips that were removed,
        whose files are the caller's to delete. A clip's number stays taken.
        """
        source_ids = [source.source_id for source in sources]
        media_ids = sorted({source.media_id for source in sources if source.media_id is not None})
        clips = [clip for clip in self.clips() if clip.source_id in source_ids or clip.media_id in media_ids]
        media = list(self.media_of(media_ids).values())
        gone = [source.model_copy(update={**_TOMBSTONE, "reason": reason}) for source in sources]
        with self._engine.begin() as connection:
            # What is deleted is overwritten too: copies of the file are to hold nothing of it.
            connection.execute(text("PRAGMA secure_delete=ON"))
            for clip in clips:
                connection.execute(delete(schema.effects).where(schema.effects.c.clip_id == clip.clip_id))
                connection.execute(delete(schema.clips).where(schema.clips.c.clip_id == clip.clip_id))
            for path in [*(item.path for item in media), *(clip.path for clip in clips)]:
                connection.execute(delete(schema.stamps).where(schema.stamps.c.path == path))
            for media_id in media_ids:
                for column in (
                    schema.observations.c.media_id,
                    schema.duplicates.c.first,
                    schema.duplicates.c.second,
                    schema.compared.c.media_id,
                    schema.media.c.media_id,
                ):
                    connection.execute(delete(column.table).where(column == media_id))
            self._set_state(connection, gone)
            self._forget_all_failures_of(connection, [*source_ids, *media_ids, *(clip.clip_id for clip in clips)])
        return media, clips


_TOMBSTONE = {"state": State.TAKEN_DOWN, "media_id": None, "again_at": None, "provenance": None}


def _configure(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode.lower() != "wal":
        say("The file system does not carry SQLite's write-ahead log; the catalog is slower, and safe for one process.")
    # With WAL, FULL flushes the log at every commit: a decision that was confirmed outlives a power cut; NORMAL does
    # not promise that.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _note_writes(engine: Engine, path: Path) -> None:
    """Note each transaction that changed something."""

    def executed(connection: Any, clause: Any, multi: Any, params: Any, options: Any, result: Any) -> None:
        if clause.is_dml:
            connection.info["changed"] = True

    def committed(connection: Any) -> None:
        if connection.info.pop("changed", False):
            record_write(path)

    event.listen(engine, "after_execute", executed)
    event.listen(engine, "commit", committed)


@contextmanager
def open_catalog(path: Path) -> Iterator[Catalog]:
    """Open the catalog of a workspace to read and write, and lock the workspace meanwhile.

    One that is not there is made, unless there was one: then, and where it is broken, Damaged is raised. What changed
    is backed up.
    """
    with lock_workspace(path.with_suffix(".lock")), _explained_errors(path):
        if check(path):
            # Before it is migrated too, and what a killed command left.
            keep_backup(path)
            migrate(path)
        else:
            create(path)
        engine = create_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", _configure)
        _note_writes(engine, path)
        try:
            yield Catalog(engine)
        finally:
            engine.dispose()
        keep_backup(path)


@contextmanager
def _explained_errors(path: Path) -> Iterator[None]:
    """Turn errors of the database into sentences that say what to do, where something can be done."""
    try:
        yield
    except DatabaseError as error:
        message = str(error.orig)
        with raises_unwritable(path.parent, least_bytes=LEAST_BYTES):
            if any(words in message for words in ("malformed", "not a database", "no such table")):
                raise Damaged(refusal(path, f"is damaged ({message})")) from error
            if "locked" in message:
                remedy = "Close it there and run this again."
                raise SlateboardError(f"{path} is locked by another program. {remedy}") from error
            raise
