"""Media, observations and duplicates in the catalog."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypedDict

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from slateboard.catalog import schema
from slateboard.catalog.tables import AT_ONCE, Tables
from slateboard.files import digest
from slateboard.records.media import Duplicate, Media
from slateboard.records.source import BROUGHT, State
from slateboard.records.stamp import Stamp
from slateboard.registry import Parameters

AnalyserVersions = Mapping[str, tuple[int, Parameters]]
"""Name of an analyser or effect -> version and parameters."""


def observation_key(version: int, parameters: Parameters) -> str:
    """Return the digest by which an observation is found to be up to date."""
    return digest([version, parameters], length=12)


class Original(NamedTuple):
    """A source and its file; 100,000 of them are read at once."""

    source_id: str
    state: State
    media_id: str
    path: str
    """Relative to the workspace."""
    bytes: int


class ObservationFile(NamedTuple):
    """An observation, and what its file looked like when it was last whole."""

    media_id: str
    analyser: str
    key: str
    bytes: int | None
    mtime_ns: int | None


class Analysed(NamedTuple):
    """The outcome of the decode pass of one media."""

    media: Media
    analysers: AnalyserVersions
    """Analysers and effect detectors that ran."""
    stamp: Stamp | None = None
    """What its file looked like."""
    files: Mapping[str, tuple[int, int]] = MappingProxyType({})
    """By analyser the bytes and time of what was written."""


class MediaTables(Tables):
    """Media, the observations of them, and pairs that show the same footage."""

    def media(self) -> list[Media]:
        """Return all files by id."""
        return self._all(schema.media, Media, order="media_id")

    def media_of(self, media_ids: Collection[str]) -> dict[str, Media]:
        """Return media id -> Media, for the ids that the catalog has."""
        ids, media_by_id = sorted(media_ids), {}
        for start in range(0, len(ids), AT_ONCE):
            where = schema.media.c.media_id.in_(ids[start : start + AT_ONCE])
            media_by_id.update(
                {item.media_id: item for item in self._all(schema.media, Media, where, order="media_id")}
            )
        return media_by_id

    def originals(self) -> list[Original]:
        """Return each source whose file is, or should be, in media/, in the order of the list."""
        source, file = schema.sources.c, schema.media.c
        columns = (source.source_id, source.state, file.media_id, file.path, file.bytes)
        brought = select(*columns).where(source.media_id == file.media_id, source.state.in_(BROUGHT))
        with self._engine.connect() as connection:
            rows = connection.execute(brought.order_by(source.line))
            return [Original(row[0], State(row[1]), row[2], row[3], row[4]) for row in rows]

    def frames(self) -> int:
        """Return the number of frames decoded so far."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.sum(schema.media.c.frames))).scalar() or 0

    def unobserved(self, analysers: AnalyserVersions) -> dict[str, list[str]]:
        """Return media id -> analysers to run: those without an observation by today's version and parameters."""
        table = schema.observations
        # An observation is up to date if its key, a digest of version and parameters, is the one of today.
        keys = {name: observation_key(version, parameters) for name, (version, parameters) in analysers.items()}
        fetched = schema.sources.c.media_id
        with self._engine.connect() as connection:
            missing: dict[str, list[str]] = {}
            for name, key in keys.items():
                up_to_date = select(table.c.media_id).where(table.c.analyser == name, table.c.key == key)
                lack = (
                    select(fetched)
                    .where(schema.sources.c.state == State.FETCHED, fetched.not_in(up_to_date))
                    .distinct()
                )
                for media_id in connection.execute(lack).scalars():
                    missing.setdefault(media_id, []).append(name)
        return dict(sorted(missing.items()))

    def analysed(
        self,
        media: Media,
        analysers: AnalyserVersions,
        *,
        stamp: Stamp | None = None,
        files: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    ) -> None:
        """Record one (see `analysed_all`)."""
        self.analysed_all([Analysed(media, analysers, stamp, files)])

    def analysed_all(self, passes: Sequence[Analysed]) -> None:
        """Record the outcomes of decode passes; the clips of these media are to be proposed again.

        What later stages could not do with the observations of before is done again. Many at once take a tenth of the
        time of one by one: three thousand a second come from five hundred processors.
        """
        statement = upsert(schema.observations)
        statement = statement.on_conflict_do_update(
            index_elements=["media_id", "analyser"],
            set_={name: statement.excluded[name] for name in ("version", "parameters", "key", "bytes", "mtime_ns")},
        )
        rows = list(_observation_rows(passes))
        ids = [analysed.media.media_id for analysed in passes]
        with self._writing() as connection:
            self._write_in(connection, schema.media, [analysed.media for analysed in passes])
            self._write_in(
                connection, schema.stamps, [analysed.stamp for analysed in passes if analysed.stamp is not None]
            )
            if rows:
                connection.execute(statement, rows)
            for start in range(0, len(ids), AT_ONCE):
                chunk = ids[start : start + AT_ONCE]
                of_media = select(schema.sources.c.source_id).where(schema.sources.c.media_id.in_(chunk))
                connection.execute(delete(schema.proposals).where(schema.proposals.c.source_id.in_(of_media)))
            _forget_failures(connection, ids)

    def observation_files(self) -> list[ObservationFile]:
        """Return every observation that was recorded, by media and analyser."""
        table = schema.observations
        columns = (table.c[name] for name in ObservationFile._fields)
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(table.c.media_id, table.c.analyser))
            return [ObservationFile(*row) for row in rows]

    def record_observation_files(self, files: Sequence[ObservationFile]) -> None:
        """Record size and time of observation files that were read and found whole."""
        table = schema.observations
        where = (table.c.media_id == bindparam("of"), table.c.analyser == bindparam("by"))
        values: dict[str, BindParameter[int]] = {"bytes": bindparam("size"), "mtime_ns": bindparam("time")}
        rows = [{"of": file.media_id, "by": file.analyser, "size": file.bytes, "time": file.mtime_ns} for file in files]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(update(table).where(*where).values(values), rows)

    def forget_observations(self, lost: Sequence[tuple[str, str]]) -> None:
        """Delete the rows of observations, by media and analyser, so that they are made again."""
        table = schema.observations
        where = (table.c.media_id == bindparam("of"), table.c.analyser == bindparam("by"))
        if lost:
            with self._engine.begin() as connection:
                connection.execute(
                    delete(table).where(*where), [{"of": media_id, "by": name} for media_id, name in lost]
                )

    def seen_by(self, analyser: str) -> set[str]:
        """Return ids of media that any version of an analyser has seen."""
        table = schema.observations
        with self._engine.connect() as connection:
            return set(connection.execute(select(table.c.media_id).where(table.c.analyser == analyser)).scalars())

    def compared(self, key: str) -> set[str]:
        """Return ids of media that were compared with all others by fingerprints and matcher of this key."""
        table = schema.compared
        with self._engine.connect() as connection:
            return set(connection.execute(select(table.c.media_id).where(table.c.key == key)).scalars())

    def duplicates(self) -> list[Duplicate]:
        """Return the pairs of media that show the same footage."""
        return self._all(schema.duplicates, Duplicate, order="first")

    def compare(self, media_ids: Sequence[str], duplicates: Sequence[Duplicate], *, key: str) -> None:
        """Record that media were compared with all others: their pairs are replaced by those found."""
        table, fresh = schema.duplicates, [{"media_id": media_id, "key": key} for media_id in media_ids]
        media_id_of_row: BindParameter[str] = bindparam("one")
        with self._engine.begin() as connection:
            # A pair is found from either side, so all pairs of these media go, and those found now are the new ones.
            if fresh:
                ids = [{"one": media_id} for media_id in media_ids]
                connection.execute(
                    delete(table).where(or_(table.c.first == media_id_of_row, table.c.second == media_id_of_row)), ids
                )
                connection.execute(delete(schema.compared).where(schema.compared.c.media_id == media_id_of_row), ids)
                connection.execute(insert(schema.compared), fresh)
            if duplicates:
                connection.execute(insert(table), [pair.row() for pair in duplicates])


class ObservationRow(TypedDict):
    """A row of the table of observations."""

    media_id: str
    analyser: str
    version: int
    parameters: Parameters
    key: str
    """Of version and parameters, by `observation_key`."""
    bytes: int | None
    mtime_ns: int | None
    """Of the file, as `bytes`; None: nothing was written."""


def _observation_rows(passes: Sequence[Analysed]) -> Iterator[ObservationRow]:
    # Parameters are the same object in all passes of a run: their digest is made once.
    keys: dict[tuple[int, int], str] = {}
    for analysed in passes:
        for name, (version, parameters) in analysed.analysers.items():
            cache_key = version, id(parameters)
            if cache_key not in keys:
                keys[cache_key] = observation_key(version, parameters)
            size, time = analysed.files.get(name, (None, None))
            yield {
                "media_id": analysed.media.media_id,
                "analyser": name,
                "version": version,
                "parameters": parameters,
                "key": keys[cache_key],
                "bytes": size,
                "mtime_ns": time,
            }


def _forget_failures(connection: Connection, media_ids: Collection[str]) -> None:
    """Delete the failures of stages that depend on these media: join, propose and trim are tried again.

    A failed join is of one media, or of a pair, whose item is both ids with a blank between.
    """
    table, source, clip = schema.failures, schema.sources.c, schema.clips.c
    failed = [(row.stage, row.item) for row in connection.execute(select(table.c.stage, table.c.item))]
    if not failed:
        return
    media = set(media_ids)
    # `a b` failed as a pair; a was analysed anew -> b, which is unchanged, must be compared with a again as well.
    pairs = {item: media.intersection(item.split(" ")) for stage, item in failed if stage == "join" and " " in item}
    again = {name for names in pairs.values() for name in names}
    if again:
        statement = delete(schema.compared).where(schema.compared.c.media_id == bindparam("again"))
        connection.execute(statement, [{"again": name} for name in sorted(again)])
    of_media = media | {item for item, names in pairs.items() if names}
    of_media |= {
        name for name, media_id in connection.execute(select(source.source_id, source.media_id)) if media_id in media
    }
    cut = {name for name, media_id in connection.execute(select(clip.clip_id, clip.media_id)) if media_id in media}
    gone = [
        {"of": stage, "gone": item} for stage, item in failed if item in of_media or (stage == "trim" and item in cut)
    ]
    if gone:
        where = (table.c.stage == bindparam("of"), table.c.item == bindparam("gone"))
        connection.execute(delete(table).where(*where), gone)
