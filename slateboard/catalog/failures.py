"""Failures of stages, one row an item, in the catalog."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from slateboard.catalog import schema
from slateboard.catalog.tables import Tables
from slateboard.records.failure import FailureRecord


class FailureTables(Tables):
    """Failures of items; each stays until its stage succeeds with the item."""

    def failures(self, *stages: str) -> list[FailureRecord]:
        """Return failures by stage and item; of these stages only, if any is named."""
        where = [schema.failures.c.stage.in_(stages)] if stages else []
        rows = self._all(schema.failures, FailureRecord, *where, order="item")
        return sorted(rows, key=lambda row: row.stage)

    def failure_counts(self) -> dict[str, int]:
        """Return stage -> number of items that it could not do."""
        stage = schema.failures.c.stage
        with self._engine.connect() as connection:
            rows = connection.execute(select(stage, func.count()).group_by(stage).order_by(stage))
            return {row[0]: row[1] for row in rows}

    def failed_under(self, stage: str, key: str) -> set[str]:
        """Return the items that a stage could not do with the code and settings of this key."""
        table = schema.failures
        with self._engine.connect() as connection:
            return set(
                connection.execute(select(table.c.item).where(table.c.stage == stage, table.c.key == key)).scalars()
            )

    def record_failures(self, failures: Sequence[FailureRecord]) -> None:
        """Insert failures; an earlier one of the same stage and item is replaced."""
        with self._writing() as connection:
            self._write_in(connection, schema.failures, failures)

    def forget_failures(self, stage: str, items: Collection[str]) -> None:
        """Delete the failures of items with which a stage succeeded, or that are gone."""
        table = schema.failures
        statement = delete(table).where(table.c.stage == stage, table.c.item == bindparam("done"))
        with self._engine.begin() as connection:
            if items:
                connection.execute(statement, [{"done": item} for item in sorted(items)])

    @staticmethod
    def _forget_all_failures_of(connection: Connection, ids: Collection[str]) -> None:
        """Forget what any stage said of these sources, media and clips, pairs of media among them."""
        item = schema.failures.c.item
        for name in ids:
            # An item is an id, or for a pair of media `<id> <id>`: ids hold no blank.
            of_it = or_(item == name, item.startswith(f"{name} "), item.endswith(f" {name}"))
            connection.execute(delete(schema.failures).where(of_it))
