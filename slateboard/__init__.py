"""The floor of the suite: command line, records, catalog, media; imports nothing of the other packages."""

__version__ = "0.1.0"
