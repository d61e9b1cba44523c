"""The catalog: SQLite state of every source, media and clip of a workspace; the only place that speaks SQL."""
