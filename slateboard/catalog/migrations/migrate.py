"""Bring a catalog to the newest schema, whole or not at all; refuse one that is newer than this code."""

import sqlite3
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from slateboard.catalog.backup import edit_copy
from slateboard.catalog.health import Damaged, connected, refusal
from slateboard.errors import SlateboardError
from slateboard.files import atomic_write

_VERSIONS = Path(__file__).parent / "versions"


def newest() -> str:
    """Return the revision of the newest migration, read off its file name (`0001_first.py` -> `0001`)."""
    # Four digits with leading zeros sort as text: 0009 < 0010.
    return max(path.stem.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


def create(path: Path) -> None:
    """Make a new, empty catalog."""
    with atomic_write(path, is_spare=True) as temporary:
        _upgrade(temporary)


def migrate(path: Path) -> None:
    """Upgrade a catalog to the newest schema; a copy is changed and takes its place, so that a kill harms nothing."""
    stands = _schema(path)
    if stands == newest():
        return
    if stands > newest():
        raise SlateboardError(
            f"{path} has schema {stands}, this slateboard knows up to {newest()}. Install a newer slateboard."
        )
    # DDL opens no transaction in sqlite3's default mode, so that an upgrade could stop between two tables; a finished
    # copy that is renamed cannot.
    with edit_copy(path) as copy:
        _upgrade(copy)


def _schema(path: Path) -> str:
    try:
        with connected(path) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Damaged(refusal(path, f"is damaged ({error})")) from error
    if row is None:
        raise Damaged(refusal(path, "is damaged (no schema number)"))
    return str(row[0])


def _upgrade(path: Path) -> None:
    # Imported here: Alembic takes a quarter of a second, and almost every start finds the schema as it should be.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
