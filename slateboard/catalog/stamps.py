"""Stamps of files in the catalog."""

from collections.abc import Collection, Iterable

from slateboard.catalog import schema
from slateboard.catalog.tables import AT_ONCE, Tables
from slateboard.records.stamp import Stamp


class StampTables(Tables):
    """What files looked like when they were last hashed."""

    def stamps(self, paths: Collection[str]) -> dict[str, Stamp]:
        """Return path -> stamp, for the files that have one."""
        ordered, stamp_by_path = sorted(paths), {}
        # In chunks: SQLite takes a limited number of values in one IN (...).
        for start in range(0, len(ordered), AT_ONCE):
            where = schema.stamps.c.path.in_(ordered[start : start + AT_ONCE])
            stamp_by_path.update({stamp.path: stamp for stamp in self._all(schema.stamps, Stamp, where, order="path")})
        return stamp_by_path

    def write_stamps(self, stamps: Iterable[Stamp]) -> None:
        """Insert or replace the stamps of files."""
        with self._engine.begin() as connection:
            self._write_in(connection, schema.stamps, stamps)
