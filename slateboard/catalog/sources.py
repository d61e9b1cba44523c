"""Sources and attempts in the catalog."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from slateboard.addresses import identity, is_private, is_web
from slateboard.canonical import canonical
from slateboard.catalog import schema
from slateboard.catalog.pictures import forget_pictures
from slateboard.catalog.tables import Tables
from slateboard.records.media import Media
from slateboard.records.source import Attempt, Source, State, source_id


def _key(row: Any) -> tuple[str, float | None, float | None]:
    """Return the identity of a source: address without login and signature, start and end."""
    return identity(row.url), row.start_s, row.end_s


def _earlier_ids(stand: Mapping[str, Row[Any]]) -> dict[tuple[str, float | None, float | None], str]:
    """Return key -> id of sources whose id was made of an address with its login or signature, by an older version."""
    signed = {name: row for name, row in stand.items() if is_private(row.url) and is_web(row.url)}
    earlier = {_key(row): name for name, row in signed.items() if name != source_id(row.url, row.start_s, row.end_s)}
    return {key: name for key, name in earlier.items() if source_id(*key) not in stand}


def _window(row: Any) -> tuple[str, float, float | None]:
    """Return the video and the window of a source, however its address is written."""
    return canonical(row.url), row.start_s or 0.0, row.end_s


def _ids_of_list(listed: Sequence[Source], stand: Mapping[str, Row[Any]]) -> list[str]:
    """Return the id of each listed source: that of the source that it was before, if its address was only respelt."""
    # A source keeps the id that an older version made of its signed address, so that its media stay its own.
    earlier_ids = _earlier_ids(stand)
    ids = [earlier_ids.get(_key(source), source.source_id) for source in listed]
    # https://youtu.be/ID was listed, and now https://www.youtube.com/watch?v=ID in its place.
    listed_ids = set(ids)
    if listed_ids <= stand.keys():
        return ids
    unlisted = {_window(row): name for name, row in stand.items() if name not in listed_ids}
    return [
        name if name in stand else unlisted.pop(_window(source), name) for name, source in zip(ids, listed, strict=True)
    ]


class VideoWindow(NamedTuple):
    """The part of a video that a source asks for, and where its pictures are; seconds of the player's clock."""

    line: int
    """Of the list."""
    start_s: float | None
    end_s: float | None
    video_start_s: float
    """When the first picture begins."""
    video_end_s: float
    """When the last picture ends."""
    fps: float
    """Nominal, of the video."""


TOLD = ("line", "url", "label", "start_s", "end_s", "group", "licence", "effects", "note", "stream")
"""Fields of a source that the list states; all others are the catalog's own."""


class ListedWindow(NamedTuple):
    """What the list says of a source, and its file; 100,000 of them are read at once."""

    line: int
    label: str
    url: str
    start_s: float | None
    end_s: float | None
    media_id: str | None


class SourceTables(Tables):
    """The state of every source, and every attempt to fetch it."""

    def sources(self, *states: State) -> list[Source]:
        """Return sources in the order of sources.csv; of these states only, if any is named."""
        where = [schema.sources.c.state.in_(states)] if states else []
        return self._all(schema.sources, Source, *where, order="line")

    def due(self, *again: State, now: datetime) -> list[Source]:
        """Return sources to ask for: new and missing ones, rate-limited ones in time, and those of states `again`."""
        ahead = self._tried_after(now)
        # Asked for now: states named by --retry; new and missing ones without a time; any whose time has come, or is
        # not to be trusted because the clock was set back.
        return [
            source
            for source in self.sources(State.NEW, State.MISSING, State.RATE_LIMITED, *again)
            if source.state in again
            or (source.again_at is None and source.state != State.RATE_LIMITED)
            or (source.again_at is not None and (source.again_at <= now or source.source_id in ahead))
        ]

    def _tried_after(self, now: datetime) -> set[str]:
        """Return ids of sources with an attempt that is still to come: the clock was set back.

        How long they have waited is not known then; they are asked again rather than left for that much longer.
        """
        columns = schema.attempts.c
        # A day before: texts of times are compared, whose fractions of a second may differ in length.
        since = (now - timedelta(days=1)).isoformat()
        with self._engine.connect() as connection:
            rows = connection.execute(select(columns.source_id, columns.at).where(columns.at >= since))
            return {source_id for source_id, at in rows if datetime.fromisoformat(at) > now}

    def source_counts(self) -> dict[State, int]:
        """Return state -> number of sources, of the states that have any."""
        state = schema.sources.c.state
        with self._engine.connect() as connection:
            rows = connection.execute(select(state, func.count()).group_by(state))
            return {State(row[0]): row[1] for row in rows}

    def standing(self) -> list[tuple[State, str, str]]:
        """Return (state, label, url) of every source, in the order of the list."""
        columns = schema.sources.c
        with self._engine.connect() as connection:
            rows = connection.execute(select(columns.state, columns.label, columns.url).order_by(columns.line))
            return [(State(state), label, url) for state, label, url in rows]

    def windows(self) -> list[ListedWindow]:
        """Return the window of every source that was not taken down, in the order of the list."""
        columns = schema.sources.c
        details = (columns.line, columns.label, columns.url, columns.start_s, columns.end_s, columns.media_id)
        with self._engine.connect() as connection:
            standing = select(*details).where(columns.state != State.TAKEN_DOWN)
            return [ListedWindow(*row) for row in connection.execute(standing.order_by(columns.line))]

    def video_windows(self) -> list[VideoWindow]:
        """Return what fetched sources ask for of videos that were analysed, in the order of the list."""
        source, media = schema.sources.c, schema.media.c
        end = (media.start_s + media.duration_s).label("video_end_s")
        columns = select(source.line, source.start_s, source.end_s, media.start_s, end, media.fps)
        is_part = or_(source.start_s.is_not(None), source.end_s.is_not(None))
        where = (
            source.media_id == media.media_id,
            source.state == State.FETCHED,
            media.duration_s.is_not(None),
            is_part,
        )
        with self._engine.connect() as connection:
            return [VideoWindow(*row) for row in connection.execute(columns.where(*where).order_by(source.line))]

    def listed(self, key: str) -> bool:
        """Return whether the list of this digest is the one that was read last."""
        with self._engine.connect() as connection:
            return connection.execute(select(schema.listing.c.key)).scalar() == key

    def list_sources(self, listed: Sequence[Source], *, key: str = "") -> list[Source]:
        """Insert or update the sources of a list; their states stay.

        `key` is the digest of the list. Returns the sources of the catalog that it no longer holds.
        """
        columns = schema.sources.c
        statement = upsert(schema.sources)
        statement = statement.on_conflict_do_update(
            index_elements=["source_id"], set_={name: statement.excluded[name] for name in TOLD}
        )
        with self._engine.begin() as connection:
            stand = {
                row.source_id: row
                for row in connection.execute(select(*(columns[n] for n in ("source_id", "state", "media_id", *TOLD))))
            }
            names = _ids_of_list(listed, stand)
            rows = {name: {**source.row(), "source_id": name} for name, source in zip(names, listed, strict=True)}
            changed = [
                row
                for name, row in rows.items()
                if name not in stand or any(row[column] != getattr(stand[name], column) for column in TOLD)
            ]
            if changed:
                connection.execute(statement, changed)
                self._choose_streams(connection, changed, stand)
                forget = delete(schema.proposals).where(schema.proposals.c.source_id == bindparam("changed_id"))
                connection.execute(forget, [{"changed_id": row["source_id"]} for row in changed])
            connection.execute(delete(schema.listing))
            connection.execute(insert(schema.listing).values(name="sources", key=key))
        gone = set(stand) - set(rows)
        return [source for source in self.sources() if source.source_id in gone] if gone else []

    @staticmethod
    def _choose_streams(
        connection: Connection, changed: Sequence[Mapping[str, Any]], stand: Mapping[str, Row[Any]]
    ) -> None:
        """Let files be probed and analysed anew of which the list names another stream than before."""
        before = [stand[row["source_id"]] for row in changed if row["source_id"] in stand]
        streams = {row["source_id"]: row["stream"] for row in changed}
        restreamed = [row for row in before if row.stream != streams[row.source_id]]
        forget_pictures(connection, {row.media_id for row in restreamed if row.media_id is not None})
        statement = update(schema.sources).where(schema.sources.c.source_id == bindparam("key"))
        for row in restreamed:
            if row.state == State.UNSUPPORTED:
                # The stream was not there: the file, or the address, is looked at once more.
                state = State.NEW if row.media_id is None else State.FETCHED
                connection.execute(statement.values({"state": state, "reason": None}), {"key": row.source_id})

    def tried(self, source: Source, attempts: Sequence[Attempt], media: Media | None) -> None:
        """Record the outcome of fetching a source: its new state, every attempt, and the file if there is one."""
        with self._engine.begin() as connection:
            if media is not None:
                fresh = upsert(schema.media).on_conflict_do_nothing()
                connection.execute(fresh, [media.row()])
            self._set_state(connection, [source])
            if attempts:
                connection.execute(insert(schema.attempts), [attempt.row() for attempt in attempts])

    def set_states(self, sources: Sequence[Source]) -> None:
        """Record a change of state that no attempt made."""
        with self._writing() as connection:
            self._set_state(connection, sources)

    def _set_state(self, connection: Connection, sources: Sequence[Source]) -> None:
        statement = update(schema.sources).where(schema.sources.c.source_id == bindparam("key"))
        for source in sources:
            row = source.row()
            values = {name: row[name] for name in ("state", "media_id", "reason", "again_at", "provenance")}
            connection.execute(statement.values(values), {"key": source.source_id})

    def attempts(self, source_id: str) -> list[Attempt]:
        """Return all tries at a source, oldest first."""
        return self._all(schema.attempts, Attempt, schema.attempts.c.source_id == source_id, order="number")

    def attempt_counts(self) -> dict[str, int]:
        """Return source id -> number of tries, of the sources that were tried."""
        column = schema.attempts.c.source_id
        with self._engine.connect() as connection:
            rows = connection.execute(select(column, func.count()).group_by(column))
            return {row[0]: row[1] for row in rows}
