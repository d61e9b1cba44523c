"""Bring a catalog to the newest schema; refuse one that is newer than this code."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from slateboard.errors import SlateboardError

_VERSIONS = Path(__file__).parent / "versions"


def newest() -> str:
    """Return the revision of the newest migration, read off its file name (`0001_first.py` -> `0001`)."""
    return max(path.stem.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


def migrate(connection: Connection, *, where: Path) -> None:
    """Create or upgrade the tables behind `connection`."""
    stands = None
    if inspect(connection).has_table("alembic_version"):
        stands = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if stands == newest():
        return
    if stands is not None and stands > newest():
        raise SlateboardError(
            f"{where} has schema {stands}, this slateboard knows up to {newest()}. Install a newer slateboard."
        )
    # Imported here: Alembic takes a quarter of a second, and almost every start finds the schema as it should be.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
