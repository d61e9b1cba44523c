"""Tables of catalog.db; a column for each field of the record that lies in it."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

# A row a line of sources.csv, with its state: records.source.Source.
sources = Table(
    "sources",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("url", String, nullable=False),
    Column("label", String, nullable=False),
    Column("start_s", Float),
    Column("end_s", Float),
    Column("group", String),
    Column("licence", String),
    Column("effects", JSON),
    Column("note", String),
    Column("stream", Integer),
    Column("state", String, nullable=False),
    Column("media_id", String),
    Column("reason", String),
    Column("again_at", String),
    Column("provenance", JSON),
    Index("sources_by_state", "state"),
    Index("sources_by_media", "media_id"),
)

# A row a try at a source, never changed: records.source.Attempt.
attempts = Table(
    "attempts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("source_id", String, ForeignKey("sources.source_id"), nullable=False, index=True),
    Column("at", String, nullable=False),
    Column("state", String, nullable=False),
    Column("error", String),
    Column("tool", String, nullable=False),
)

# A row an original file, by the SHA-256 of its bytes: records.media.Media.
media = Table(
    "media",
    metadata,
    Column("media_id", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("container", String, nullable=False),
    Column("codec", String, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("sample_aspect", Float, nullable=False),
    Column("fps", Float, nullable=False),
    Column("header_frames", Integer, nullable=False),
    Column("header_duration_s", Float),
    Column("has_audio", Boolean, nullable=False),
    Column("frames", Integer),
    Column("duration_s", Float),
    Column("variable_rate", Boolean),
    Column("decode_errors", Integer),
    Column("frames_sha256", String),
    Column("stream", Integer, nullable=False, server_default="-1"),
    Column("video_streams", Integer, nullable=False, server_default="1"),
    Column("start_s", Float, nullable=False, server_default="0"),
    Column("mirrored", Boolean, nullable=False, server_default="0"),
    Column("field_order", String, nullable=False, server_default="unknown"),
    Column("transfer", String, nullable=False, server_default="unknown"),
    Column("primaries", String, nullable=False, server_default="unknown"),
)

# Which analyser saw which media in which version; the rows themselves are Parquet files.
observations = Table(
    "observations",
    metadata,
    Column("media_id", String, ForeignKey("media.media_id"), primary_key=True),
    Column("analyser", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("key", String, nullable=False),
    Column("bytes", Integer),
    Column("mtime_ns", BigInteger),
    Index("observations_by_key", "analyser", "key", "media_id"),
)
"""`key` is the digest of version and parameters: what is missing is found without reading them. `bytes` and `mtime_ns`
are those of the file when it was last whole."""

# Pairs of media that show the same footage: records.media.Duplicate.
duplicates = Table(
    "duplicates",
    metadata,
    Column("first", String, ForeignKey("media.media_id"), primary_key=True),
    Column("second", String, ForeignKey("media.media_id"), primary_key=True, index=True),
    Column("mirrored", Boolean, nullable=False),
    Column("first_start_s", Float, nullable=False),
    Column("second_start_s", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("score", Float, nullable=False),
)

# Media that were compared with all others, and by which version of the matcher.
compared = Table(
    "compared",
    metadata,
    Column("media_id", String, ForeignKey("media.media_id"), primary_key=True),
    Column("key", String, nullable=False),
)
"""Media that were compared with all others here, and by which fingerprints and matcher."""

# Sources whose clips were proposed, and by which version of the rules.
proposals = Table(
    "proposals",
    metadata,
    Column("source_id", String, ForeignKey("sources.source_id"), primary_key=True),
    Column("key", String, nullable=False),
)
"""Sources whose clips were proposed, and by which rules; a source that changed since has no row."""

# Digest of the list of sources that was read last.
listing = Table(
    "listing",
    metadata,
    Column("name", String, primary_key=True),
    Column("key", String, nullable=False),
)
"""The list of sources that was taken over last: its digest, so that an unchanged one is not read again."""

# A row a clip, from proposed to trimmed: records.clip.Clip.
clips = Table(
    "clips",
    metadata,
    Column("clip_id", String, primary_key=True),
    Column("source_id", String, ForeignKey("sources.source_id"), nullable=False, index=True),
    Column("media_id", String, nullable=False, index=True),
    Column("shot_id", String),
    Column("label", String, nullable=False),
    Column("group", String, nullable=False),
    Column("first_frame", Integer, nullable=False),
    Column("last_frame", Integer, nullable=False),
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("camera", String, nullable=False),
    Column("quality", JSON, nullable=False),
    Column("decided_by", String),
    Column("reason", String),
    Column("path", String),
    Column("frames", Integer),
    Column("fps", Float),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_s", Float),
    Column("sha256", String),
    Column("fingerprint", String),
    Column("proof", JSON),
)

# Effects of clips, named by people or raised by detectors: records.clip.Effect.
effects = Table(
    "effects",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("clip_id", String, ForeignKey("clips.clip_id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("x", Float),
    Column("y", Float),
    Column("w", Float),
    Column("h", Float),
    Column("start_s", Float),
    Column("end_s", Float),
    Column("score", Float),
    Column("decided_by", String, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("parameters", JSON, nullable=False),
)

# Items that a stage could not do: records.failure.FailureRecord.
failures = Table(
    "failures",
    metadata,
    Column("stage", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("key", String, nullable=False),
    Column("at", String, nullable=False),
)
"""Items that a stage could not do while the rest went on."""

# What files looked like when they were hashed last: records.stamp.Stamp.
stamps = Table(
    "stamps",
    metadata,
    Column("path", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
)
"""What originals and trimmed clips looked like when they were last hashed."""

# Index of every clip that was ever released, within its class: never used twice.
names = Table(
    "names",
    metadata,
    Column("item", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("number", Integer, nullable=False),
    UniqueConstraint("scope", "number", name="one_number_once"),
)
"""The index of a clip in its class: given at the first release that holds it, never given again."""
