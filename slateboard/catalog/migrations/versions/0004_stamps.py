"""Fourth schema: what files looked like when they were hashed; local files that were away are no longer `gone`."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what was called gone because a file was not there becomes missing, which heals by itself."""
    op.create_table(
        "stamps",
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("ctime_ns", sa.BigInteger, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
    )
    op.execute(
        "UPDATE sources SET state = 'missing' WHERE state = 'gone' AND reason LIKE '%is not there%' "
        "AND (media_id IS NOT NULL OR (url NOT LIKE 'http://%' AND url NOT LIKE 'https://%'))"
    )
