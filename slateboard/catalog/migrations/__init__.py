"""How a catalog of an older schema becomes one of today (Alembic); versions/ holds a file per step."""
