"""Read and write the records of a workspace; every write is one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from slateboard.catalog import schema
from slateboard.catalog.lock import held
from slateboard.catalog.migrations.migrate import migrate
from slateboard.errors import SlateboardError
from slateboard.progress import say
from slateboard.records.base import Record
from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Media
from slateboard.records.source import Attempt, Source, State

R = TypeVar("R", bound=Record)


class Catalog:
    """An open catalog. Get one from `opened`, which holds the lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _all(self, table: Table, kind: type[R], *where: Any, order: str) -> list[R]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(table).where(*where).order_by(table.c[order])).mappings()
            return [kind.model_validate({name: row[name] for name in kind.model_fields}) for row in rows]

    def _write(self, table: Table, records: Iterable[Record]) -> None:
        rows = [record.row() for record in records]
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        statement = upsert(table)
        others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)

    def sources(self, *states: State) -> list[Source]:
        """Return sources in the order of sources.csv; of these states only, if any is named."""
        where = [schema.sources.c.state.in_(states)] if states else []
        return self._all(schema.sources, Source, *where, order="line")

    def list_sources(self, listed: Sequence[Source]) -> None:
        """Take over what sources.csv says; what the catalog knows of their state stays."""
        told = ("line", "url", "label", "start_s", "end_s", "group", "licence", "effects", "note")
        statement = upsert(schema.sources)
        statement = statement.on_conflict_do_update(
            index_elements=["source_id"], set_={name: statement.excluded[name] for name in told}
        )
        with self._engine.begin() as connection:
            if listed:
                connection.execute(statement, [source.row() for source in listed])

    def tried(self, source: Source, attempts: Sequence[Attempt], media: Media | None) -> None:
        """Record what became of a source: its new state, every attempt, and the file if there is one."""
        with self._engine.begin() as connection:
            if media is not None:
                fresh = upsert(schema.media).on_conflict_do_nothing()
                connection.execute(fresh, [media.row()])
            self._set_state(connection, [source])
            if attempts:
                connection.execute(insert(schema.attempts), [attempt.row() for attempt in attempts])

    def set_states(self, sources: Sequence[Source]) -> None:
        """Record a change of state that no attempt made."""
        with self._engine.begin() as connection:
            self._set_state(connection, sources)

    def _set_state(self, connection: Connection, sources: Sequence[Source]) -> None:
        statement = update(schema.sources).where(schema.sources.c.source_id == bindparam("key"))
        for source in sources:
            values = {"state": source.state, "media_id": source.media_id, "reason": source.reason}
            connection.execute(statement.values(values), {"key": source.source_id})

    def attempts(self, source_id: str) -> list[Attempt]:
        """Return all tries at a source, oldest first."""
        return self._all(schema.attempts, Attempt, schema.attempts.c.source_id == source_id, order="number")

    def media(self) -> list[Media]:
        """Return all files."""
        return self._all(schema.media, Media, order="media_id")

    def observed(self) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
        """Return (media id, analyser) -> (version, parameters) of all that was analysed."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.observations))
            return {(row.media_id, row.analyser): (row.version, row.parameters) for row in rows}

    def analysed(self, media: Media, analysers: dict[str, tuple[int, dict[str, Any]]]) -> None:
        """Record what a decode pass found and which analysers saw it."""
        rows = [
            {"media_id": media.media_id, "analyser": name, "version": version, "parameters": parameters}
            for name, (version, parameters) in analysers.items()
        ]
        statement = upsert(schema.observations)
        statement = statement.on_conflict_do_update(
            index_elements=["media_id", "analyser"],
            set_={"version": statement.excluded.version, "parameters": statement.excluded.parameters},
        )
        self._write(schema.media, [media])
        if rows:
            with self._engine.begin() as connection:
                connection.execute(statement, rows)

    def clips(self, *states: str) -> list[Clip]:
        """Return clips by id; of these states only, if any is named."""
        where = [schema.clips.c.state.in_(states)] if states else []
        return self._all(schema.clips, Clip, *where, order="clip_id")

    def write_clips(self, clips: Iterable[Clip]) -> None:
        """Insert clips or replace what is known of them."""
        self._write(schema.clips, clips)

    def propose(self, proposed: Sequence[Clip]) -> tuple[int, int]:
        """Add new proposals and withdraw undecided ones that no longer are; return (added, withdrawn)."""
        wanted = {clip.clip_id: clip for clip in proposed}
        with self._engine.begin() as connection:
            rows = connection.execute(select(schema.clips.c.clip_id, schema.clips.c.state))
            stand = {row.clip_id: row.state for row in rows}
            gone = [clip_id for clip_id, state in stand.items() if state == "proposed" and clip_id not in wanted]
            if gone:
                connection.execute(delete(schema.clips).where(schema.clips.c.clip_id.in_(gone)))
            new = [clip.row() for clip_id, clip in wanted.items() if clip_id not in stand]
            if new:
                connection.execute(insert(schema.clips), new)
        return len(new), len(gone)

    def effects(self) -> list[Effect]:
        """Return the confirmed effects of all clips."""
        return self._all(schema.effects, Effect, order="number")

    def label_effects(self, effects: Sequence[Effect]) -> None:
        """Replace all effects."""
        with self._engine.begin() as connection:
            connection.execute(delete(schema.effects))
            if effects:
                connection.execute(insert(schema.effects), [effect.row() for effect in effects])

    def number(self, wanted: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return item -> index within its scope for (item, scope) pairs; a new item gets the next free index.

        An index is never used twice in a scope, over all releases.
        """
        table = schema.names
        with self._engine.begin() as connection:
            rows = connection.execute(select(table)).all()
            known = {row.item: (row.scope, row.number) for row in rows}
            last: dict[str, int] = {}
            for row in rows:
                last[row.scope] = max(last.get(row.scope, 0), row.number)
            for item, scope in wanted:
                stands = known.get(item)
                if stands is not None and stands[0] != scope:
                    raise SlateboardError(
                        f"{item} was released as {stands[0]} and would now be {scope}. "
                        "Give the corrected source another start or end, so that it becomes a new clip."
                    )
                if stands is None:
                    last[scope] = last.get(scope, 0) + 1
                    known[item] = (scope, last[scope])
                    connection.execute(insert(table).values(item=item, scope=scope, number=last[scope]))
        return {item: known[item][1] for item, _ in wanted}


def _configure(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode.lower() != "wal":
        say("The file system does not carry SQLite's write-ahead log; the catalog is slower, and safe for one process.")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


@contextmanager
def opened(path: Path) -> Iterator[Catalog]:
    """Open the catalog of a workspace to read and write; another process that tries is told who holds it."""
    with held(path.with_suffix(".lock")):
        engine = create_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", _configure)
        try:
            with engine.begin() as connection:
                migrate(connection, where=path)
            yield Catalog(engine)
        finally:
            engine.dispose()
