"""Media whose pictures must be looked at again, for another stream is meant or other pixels were seen before."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from slateboard.catalog import schema
from slateboard.catalog.tables import AT_ONCE, Tables
from slateboard.records.media import NOT_PROBED, Media
from slateboard.records.source import State

_MEASURED = ("frames", "duration_s", "variable_rate", "decode_errors", "frames_sha256")


class StreamChoice(NamedTuple):
    """A source whose file has several video streams, of which the list names none."""

    line: int
    url: str
    stream: int
    """The one that was taken."""
    streams: int
    """How many would do."""


class PictureTables(Tables):
    """Which media are to be probed once more."""

    def unprobed(self) -> list[tuple[Media, int | None]]:
        """Return the media of fetched sources whose stream is not known, with the stream that a source names."""
        source, fetched = schema.sources.c, schema.sources.c.state == State.FETCHED
        ids = select(source.media_id).where(fetched)
        where = (schema.media.c.stream == NOT_PROBED, schema.media.c.media_id.in_(ids))
        media = self._all(schema.media, Media, *where, order="media_id")
        asked = select(source.media_id, source.stream).where(fetched, source.stream.is_not(None))
        with self._engine.connect() as connection:
            # Reversed, so that of several the first of the list stays: a list does not name two for one file.
            rows = connection.execute(asked.order_by(source.line.desc())) if media else ()
            streams = {row.media_id: row.stream for row in rows}
        return [(item, streams.get(item.media_id)) for item in media]

    def probed_again(self, media: Sequence[Media]) -> None:
        """Record what a second probe says of media; what was measured of them stays."""
        with self._writing() as connection:
            self._write_in(connection, schema.media, media)

    def forget_pictures(self, media_ids: Collection[str]) -> int:
        """Let media be probed, analysed and proposed anew; return how many clips are to be cut again."""
        with self._writing() as connection:
            return forget_pictures(connection, media_ids)

    def stream_choices(self) -> list[StreamChoice]:
        """Return the fetched sources whose file has several video streams, where the list names none."""
        source, media = schema.sources.c, schema.media.c
        columns = select(source.line, source.url, media.stream, media.video_streams)
        where = (source.media_id == media.media_id, source.state == State.FETCHED, source.stream.is_(None))
        with self._engine.connect() as connection:
            rows = connection.execute(columns.where(*where, media.video_streams > 1).order_by(source.line))
            return [StreamChoice(*row) for row in rows]


def forget_pictures(connection: Connection, media_ids: Collection[str]) -> int:
    """Delete all that was seen in the pictures of media; decided clips stay decided, and are cut again."""
    ids, cut = sorted(media_ids), 0
    pair, clip = schema.duplicates.c, schema.clips
    for start in range(0, len(ids), AT_ONCE):
        chunk = ids[start : start + AT_ONCE]
        unknown = {**dict.fromkeys(_MEASURED), "stream": NOT_PROBED}
        connection.execute(update(schema.media).where(schema.media.c.media_id.in_(chunk)).values(unknown))
        for table in (schema.observations, schema.compared):
            connection.execute(delete(table).where(table.c.media_id.in_(chunk)))
        connection.execute(delete(schema.duplicates).where(or_(pair.first.in_(chunk), pair.second.in_(chunk))))
        of_media = select(schema.sources.c.source_id).where(schema.sources.c.media_id.in_(chunk))
        connection.execute(delete(schema.proposals).where(schema.proposals.c.source_id.in_(of_media)))
        was_cut = (clip.c.media_id.in_(chunk), clip.c.state.in_(("trimmed", "failed")))
        again = {"state": "accepted", "reason": None, "path": None, "proof": None}
        cut += connection.execute(update(clip).where(*was_cut).values(again)).rowcount
    return cut
