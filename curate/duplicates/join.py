"""Join what is new in a workspace: which media show the same footage as another, recorded block by block."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curate.analysis import observations
from slateboard.catalog.catalog import Catalog
from slateboard.errors import SlateboardError
from slateboard.files import digest, whole
from slateboard.media.fingerprints import Fingerprint
from slateboard.progress import progress
from slateboard.records.media import Duplicate
from splits.near import duplicates as matcher
from splits.near.candidates import Sketch, sketch

FINGERPRINTS = "fingerprints"

_BLOCK = 128
"""Media compared between two writes: what a kill costs at most."""
_LOADED = 512


def join(catalog: Catalog, folder: Path, *, version: int) -> dict[str, Any]:
    """Compare every media that has fingerprints and was not compared with the others yet; record the pairs.

    `folder` holds the observations, `version` is the fingerprint analyser's: with another one, or another matcher,
    all are compared anew. Each block is compared with all media done before and with itself, then recorded at once,
    so a run that is killed and started again ends with the same pairs. Returns counts: media compared,
    pairs now in the catalog, and pairs that could not be told, by reason.
    """
    key = digest([version, matcher.VERSION], length=12)
    there = catalog.seen_by(FINGERPRINTS)

    @lru_cache(maxsize=_LOADED)
    def load(media_id: str) -> Fingerprint:
        return read(folder, media_id)

    done = sorted(catalog.compared(key) & there)
    fresh = sorted(there.difference(done))
    doubts: Counter[str] = Counter()
    sketches = {}
    with progress("duplicates", len(fresh), unit="videos") as bar:
        if fresh:
            sketches = {media_id: sketched(folder, media_id, load, key=key) for media_id in done}
        for start in range(0, len(fresh), _BLOCK):
            block = fresh[start : start + _BLOCK]
            sketches |= {media_id: sketched(folder, media_id, load, key=key) for media_id in block}
            found = list(matcher.duplicates(block, done, sketches, load))
            doubts.update(one.reason for one in found if isinstance(one, matcher.Doubt))
            catalog.compare(block, [one for one in found if isinstance(one, Duplicate)], key=key)
            done += block
            bar.step(len(block))
    return {
        "compared": len(fresh),
        "duplicates": len(catalog.duplicates()),
        "undecided": dict(sorted(doubts.items())),
    }


def sketched(folder: Path, media_id: str, load: Callable[[str], Fingerprint], *, key: str) -> Sketch:
    """Return the sketch of a media as it lies beside its observations, made and written where it is not of `key`."""
    path = folder / media_id / "sketch.npz"
    try:
        with np.load(path) as stored:
            if stored["key"].item() == key:
                return Sketch(stored["contrasts"], stored["view"], stored["seconds"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # Absent or broken: it holds nothing that the fingerprint does not.
    made = sketch(load(media_id))
    observations.clear(path)
    with whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, key=key, contrasts=made.contrasts, view=made.view, seconds=made.seconds)
    return made


def read(folder: Path, media_id: str) -> Fingerprint:
    """Return the fingerprint of a media from its observations; SlateboardError says where it is broken."""
    try:
        return Fingerprint.of_row(observations.read(folder, media_id, FINGERPRINTS)[0])
    except (OSError, ValueError, KeyError, IndexError, zlib.error, pa.ArrowException) as error:
        where = observations.path_of(folder, media_id, FINGERPRINTS)
        raise SlateboardError(f"{where} is broken ({error}). Delete {where.parent} and analyse again.") from error
