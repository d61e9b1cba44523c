"""Second schema: provenance of sources, camera and quality of clips, duplicates, and what is done by key."""

import json

import sqlalchemy as sa
from alembic import op

from slateboard.files import digest

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; what was observed gets its key, what was proposed is proposed again."""
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("again_at", sa.String))
        table.add_column(sa.Column("provenance", sa.JSON))
    with op.batch_alter_table("clips") as table:
        table.add_column(sa.Column("camera", sa.String, nullable=False, server_default="unknown"))
        table.add_column(sa.Column("quality", sa.JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("clips") as table:
        table.alter_column("camera", server_default=None)
        table.alter_column("quality", server_default=None)
    with op.batch_alter_table("observations") as table:
        table.add_column(sa.Column("key", sa.String, nullable=False, server_default=""))
    _write_keys()
    with op.batch_alter_table("observations") as table:
        table.alter_column("key", server_default=None)
    op.create_index("observations_by_key", "observations", ["analyser", "key", "media_id"])
    op.create_table(
        "duplicates",
        sa.Column("first", sa.String, sa.ForeignKey("media.media_id"), primary_key=True),
        sa.Column("second", sa.String, sa.ForeignKey("media.media_id"), primary_key=True),
        sa.Column("mirrored", sa.Boolean, nullable=False),
        sa.Column("first_start_s", sa.Float, nullable=False),
        sa.Column("second_start_s", sa.Float, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
    )
    op.create_index("ix_duplicates_second", "duplicates", ["second"])
    for name, key in (("compared", "media"), ("proposals", "source")):
        op.create_table(
            name,
            sa.Column(
                f"{key}_id",
                sa.String,
                sa.ForeignKey("media.media_id" if key == "media" else "sources.source_id"),
                primary_key=True,
            ),
            sa.Column("key", sa.String, nullable=False),
        )
    op.create_table(
        "listing",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("key", sa.String, nullable=False),
    )


def _write_keys() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT media_id, analyser, version, parameters FROM observations")).all()
    for row in rows:
        connection.execute(
            sa.text("UPDATE observations SET key = :key WHERE media_id = :media_id AND analyser = :analyser"),
            {
                "key": digest([row.version, json.loads(row.parameters)], length=12),
                "media_id": row.media_id,
                "analyser": row.analyser,
            },
        )
