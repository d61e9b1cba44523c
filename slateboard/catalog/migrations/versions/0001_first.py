"""First schema: sources, attempts, media, observations, clips, effects, names."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "sources",
        sa.Column("source_id", sa.String, primary_key=True),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("start_s", sa.Float),
        sa.Column("end_s", sa.Float),
        sa.Column("group", sa.String),
        sa.Column("licence", sa.String),
        sa.Column("effects", sa.JSON),
        sa.Column("note", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("media_id", sa.String),
        sa.Column("reason", sa.String),
    )
    op.create_index("sources_by_state", "sources", ["state"])
    op.create_index("sources_by_media", "sources", ["media_id"])
    op.create_table(
        "attempts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source_id", sa.String, sa.ForeignKey("sources.source_id"), nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("error", sa.String),
        sa.Column("tool", sa.String, nullable=False),
    )
    op.create_index("ix_attempts_source_id", "attempts", ["source_id"])
    op.create_table(
        "media",
        sa.Column("media_id", sa.String, primary_key=True),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("container", sa.String, nullable=False),
        sa.Column("codec", sa.String, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("rotation", sa.Integer, nullable=False),
        sa.Column("sample_aspect", sa.Float, nullable=False),
        sa.Column("fps", sa.Float, nullable=False),
        sa.Column("header_frames", sa.Integer, nullable=False),
        sa.Column("header_duration_s", sa.Float),
        sa.Column("has_audio", sa.Boolean, nullable=False),
        sa.Column("frames", sa.Integer),
        sa.Column("duration_s", sa.Float),
        sa.Column("variable_rate", sa.Boolean),
        sa.Column("decode_errors", sa.Integer),
        sa.Column("frames_sha256", sa.String),
    )
    op.create_table(
        "observations",
        sa.Column("media_id", sa.String, sa.ForeignKey("media.media_id"), primary_key=True),
        sa.Column("analyser", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
    )
    op.create_table(
        "clips",
        sa.Column("clip_id", sa.String, primary_key=True),
        sa.Column("source_id", sa.String, sa.ForeignKey("sources.source_id"), nullable=False),
        sa.Column("media_id", sa.String, nullable=False),
        sa.Column("shot_id", sa.String),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("group", sa.String, nullable=False),
        sa.Column("first_frame", sa.Integer, nullable=False),
        sa.Column("last_frame", sa.Integer, nullable=False),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("decided_by", sa.String),
        sa.Column("reason", sa.String),
        sa.Column("path", sa.String),
        sa.Column("frames", sa.Integer),
        sa.Column("fps", sa.Float),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("duration_s", sa.Float),
        sa.Column("sha256", sa.String),
        sa.Column("fingerprint", sa.String),
        sa.Column("proof", sa.JSON),
    )
    op.create_index("ix_clips_source_id", "clips", ["source_id"])
    op.create_index("ix_clips_media_id", "clips", ["media_id"])
    op.create_index("ix_clips_state", "clips", ["state"])
    op.create_table(
        "effects",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("clip_id", sa.String, sa.ForeignKey("clips.clip_id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("x", sa.Float),
        sa.Column("y", sa.Float),
        sa.Column("w", sa.Float),
        sa.Column("h", sa.Float),
        sa.Column("start_s", sa.Float),
        sa.Column("end_s", sa.Float),
        sa.Column("score", sa.Float),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
    )
    op.create_index("ix_effects_clip_id", "effects", ["clip_id"])
    op.create_table(
        "names",
        sa.Column("item", sa.String, primary_key=True),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.UniqueConstraint("scope", "number", name="one_number_once"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("names")
    op.drop_table("effects")
    op.drop_table("clips")
    op.drop_table("observations")
    op.drop_table("media")
    op.drop_table("attempts")
    op.drop_table("sources")
