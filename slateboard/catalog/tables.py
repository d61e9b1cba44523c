"""Base of all parts of the catalog: read rows as records, write records as rows."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects.sqlite import insert as upsert

from slateboard.errors import BadInput, Problem
from slateboard.records.base import Record

R = TypeVar("R", bound=Record)


AT_ONCE = 10_000
"""SQLite takes 32,766 values in one statement."""


def _problems(table: Table, error: ValidationError) -> list[Problem]:
    """Return the problems of a row that does not fit its record."""
    return [
        Problem(
            f"catalog.db, {table.name}: {'.'.join(map(str, issue['loc']))}",
            f"{issue['msg']} (got {issue['input']!r:.100}).",
            "Use a catalog that slateboard wrote.",
        )
        for issue in error.errors()
    ]


class Tables:
    """An open database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._together: Connection | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all records of the block in one transaction; a transaction each would wait for the disk each time."""
        with self._engine.begin() as connection:
            self._together = connection
            try:
                yield
            finally:
                self._together = None

    def _writing(self) -> AbstractContextManager[Connection]:
        """Return the transaction of `together` in its block, else one of its own."""
        return self._engine.begin() if self._together is None else nullcontext(self._together)

    def _all(self, table: Table, kind: type[R], *where: Any, order: str) -> list[R]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(table).where(*where).order_by(table.c[order])).mappings()
            try:
                return [kind.model_validate({name: row[name] for name in kind.model_fields}) for row in rows]
            except ValidationError as error:
                raise BadInput(_problems(table, error)) from None

    @staticmethod
    def _write_in(connection: Connection, table: Table, records: Iterable[Record]) -> None:
        rows = [record.row() for record in records]
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        statement = upsert(table)
        # INSERT ... ON CONFLICT(key) DO UPDATE: columns that are not among the fields of the record keep their values.
        updated = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=updated), rows)
