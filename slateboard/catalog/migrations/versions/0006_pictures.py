"""Sixth schema: which stream of a file is meant, when it begins, and how its pictures are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; stream -1 stands for media that `analyse` probes once more."""
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("stream", sa.Integer))
    with op.batch_alter_table("media") as table:
        table.add_column(sa.Column("stream", sa.Integer, nullable=False, server_default="-1"))
        table.add_column(sa.Column("video_streams", sa.Integer, nullable=False, server_default="1"))
        table.add_column(sa.Column("start_s", sa.Float, nullable=False, server_default="0"))
        table.add_column(sa.Column("mirrored", sa.Boolean, nullable=False, server_default="0"))
        table.add_column(sa.Column("field_order", sa.String, nullable=False, server_default="unknown"))
        table.add_column(sa.Column("transfer", sa.String, nullable=False, server_default="unknown"))
        table.add_column(sa.Column("primaries", sa.String, nullable=False, server_default="unknown"))
