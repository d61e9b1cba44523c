"""Clips, their effects and their numbers in the catalog."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from slateboard.catalog import schema
from slateboard.catalog.tables import Tables
from slateboard.errors import SlateboardError
from slateboard.records.clip import Clip, Effect
from slateboard.records.source import BROUGHT, Source


class ClipTables(Tables):
    """Clips, their confirmed effects, and the numbers under which they were released."""

    def clips(self, *states: str) -> list[Clip]:
        """Return clips by id; of these states only, if any is named."""
        where = [schema.clips.c.state.in_(states)] if states else []
        return self._all(schema.clips, Clip, *where, order="clip_id")

    def clip_counts(self) -> dict[str, int]:
        """Return state -> number of clips, by name of state."""
        state = schema.clips.c.state
        with self._engine.connect() as connection:
            rows = connection.execute(select(state, func.count()).group_by(state).order_by(state))
            return {row[0]: row[1] for row in rows}

    def write_clips(self, clips: Iterable[Clip]) -> None:
        """Insert clips, or replace their rows."""
        with self._engine.begin() as connection:
            self._write_in(connection, schema.clips, clips)

    def unproposed(self, key: str) -> list[Source]:
        """Return analysed sources whose clips were not proposed by rules of this key since they last changed."""
        table, columns = schema.proposals, schema.sources.c
        up_to_date = select(table.c.source_id).where(table.c.key == key)
        analysed = select(schema.media.c.media_id).where(schema.media.c.frames.is_not(None))
        where = (columns.state.in_(BROUGHT), columns.media_id.in_(analysed), columns.source_id.not_in(up_to_date))
        return self._all(schema.sources, Source, *where, order="line")

    def propose(self, sources: Sequence[Source], proposed: Sequence[Clip], *, key: str) -> tuple[int, int]:
        """Insert newly proposed clips of these sources, and delete undecided ones that are proposed no longer.

        Camera and quality of clips that stand are brought up to date. Returns (added, withdrawn).
        """
        table = schema.clips
        clip_by_id = {clip.clip_id: clip for clip in proposed}
        ids = {source.source_id for source in sources}
        unfetched = select(schema.sources.c.source_id).where(schema.sources.c.state.not_in(BROUGHT))
        with self._engine.begin() as connection:
            # Withdrawn are undecided clips of these sources, and of those whose file is gone, proposed no longer.
            stale = {*ids, *connection.execute(unfetched).scalars()}
            columns = ("clip_id", "state", "source_id", "decided_by", "reason", "proof")
            stand = {row.clip_id: row for row in connection.execute(select(*(table.c[name] for name in columns)))}
            # What a rule left out nobody has decided: other rules may propose it.
            free = {
                clip_id: row
                for clip_id, row in stand.items()
                if row.state == "proposed" or (row.state == "rejected" and row.decided_by == "rule")
            }
            gone = [clip_id for clip_id, row in free.items() if row.source_id in stale and clip_id not in clip_by_id]
            for clip_id in gone:
                connection.execute(delete(table).where(table.c.clip_id == clip_id))
            new = [
                clip
                for clip_id, clip in clip_by_id.items()
                if clip_id not in stand
                or (clip_id in free and (free[clip_id].state, free[clip_id].reason) != (clip.state, clip.reason))
            ]
            self._write_in(connection, table, new)
            for clip_id in clip_by_id.keys() & stand.keys():
                # What was mended in the cut is no fault of the clip any more.
                mended = (stand[clip_id].proof or {}).get("mended", ())
                quality = [flag for flag in clip_by_id[clip_id].quality if flag not in mended]
                measured = {"camera": clip_by_id[clip_id].camera, "quality": quality}
                connection.execute(update(table).where(table.c.clip_id == clip_id).values(measured))
            proposals = [{"source_id": source_id, "key": key} for source_id in ids]
            if proposals:
                connection.execute(
                    upsert(schema.proposals).on_conflict_do_update(index_elements=["source_id"], set_={"key": key}),
                    proposals,
                )
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

    def number(self, items: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return item -> index within its scope for (item, scope) pairs; a new item gets the next free index.

        An index is never used twice in a scope, over all releases.
        """
        table = schema.names
        with self._engine.begin() as connection:
            rows = connection.execute(select(table)).all()
            scope_and_number = {row.item: (row.scope, row.number) for row in rows}
            # The highest index of each scope, clips long gone included: after 1 2 3 without 2, the next is 4.
            last: dict[str, int] = {}
            for row in rows:
                last[row.scope] = max(last.get(row.scope, 0), row.number)
            for item, scope in items:
                stands = scope_and_number.get(item)
                if stands is not None and stands[0] != scope:
                    raise SlateboardError(
                        f"{item} was released as {stands[0]} and would now be {scope}. "
                        "Give the corrected source another start or end, so that it becomes a new clip."
                    )
                if stands is None:
                    last[scope] = last.get(scope, 0) + 1
                    scope_and_number[item] = (scope, last[scope])
                    connection.execute(insert(table).values(item=item, scope=scope, number=last[scope]))
        return {item: scope_and_number[item][1] for item, _ in items}

    def has_indices(self, items: Collection[str]) -> bool:
        """Has each of these items an index?"""
        with self._engine.connect() as connection:
            return set(items) <= set(connection.execute(select(schema.names.c.item)).scalars())

    def restore_indices(self, assigned: Sequence[tuple[str, str, int]]) -> None:
        """Record (item, scope, index) that were assigned before; an item that has an index keeps it."""
        rows = [{"item": item, "scope": scope, "number": index} for item, scope, index in assigned]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(upsert(schema.names).on_conflict_do_nothing(), rows)
