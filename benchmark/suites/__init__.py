"""Suites: TOML files that list runs, and what carries them out, a process a run."""
