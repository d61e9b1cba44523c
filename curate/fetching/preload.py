"""Imports of a fetching process, made once in the server from which such processes are forked."""

import gc

from curate.fetching import download, links, ytdlp
from curate.fetching.web import SITES

__all__ = ["download", "links", "ytdlp"]

SITES.all()
# Shared pages stay shared: a garbage collection that walked over these objects would copy them into each process.
gc.freeze()
