"""What a process that asks hosts needs, imported once in the server from which such processes are forked."""

import gc

from curate.fetching import download, links, ytdlp
from curate.fetching.web import SITES

__all__ = ["download", "links", "ytdlp"]

SITES.all()
# What is here stays, and is shared by all: a collection that looked through it would copy it into each process.
gc.freeze()
