"""Fifth schema: what files of observations look like, so that one that was deleted or changed is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns; files of before are read once."""
    with op.batch_alter_table("observations") as table:
        table.add_column(sa.Column("bytes", sa.Integer))
        table.add_column(sa.Column("mtime_ns", sa.BigInteger))
