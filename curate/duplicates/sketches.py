"""Sketches and fingerprints of media, read from beside their observations."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.analysis import observations
from slateboard.errors import SlateboardError
from slateboard.files import atomic_write
from slateboard.media.fingerprints import Fingerprint
from splits.near.candidates import Sketch, has_valid_shape, sketch

FINGERPRINTS = "fingerprints"


def load_sketch(folder: Path, media_id: str, load: Callable[[str], Fingerprint], *, key: str) -> Sketch:
    """Read the sketch of a media from beside its observations; make and write it where it is absent or not of `key`."""
    path = folder / media_id / "sketch.npz"
    try:
        with np.load(path) as stored:
            # Sketches of earlier versions do not name their media.
            if stored["key"].item() == key and ("media" not in stored or stored["media"].item() == media_id):
                earlier = Sketch(stored["contrasts"], stored["view"], stored["seconds"])
                if has_valid_shape(earlier):
                    return earlier
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        pass  # Absent or broken: it holds nothing that the fingerprint does not.
    fresh = sketch(load(media_id))
    observations.clear(path)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, key=key, media=media_id, contrasts=fresh.contrasts, view=fresh.view, seconds=fresh.seconds)
    return fresh


def read_fingerprint(folder: Path, media_id: str) -> Fingerprint:
    """Read the fingerprint of a media from its observations; SlateboardError says where it is broken."""
    try:
        return Fingerprint.of_row(observations.read(folder, media_id, FINGERPRINTS)[0])
    except (OSError, ValueError, KeyError, IndexError, TypeError, zlib.error, pa.ArrowException) as error:
        where = observations.path_of(folder, media_id, FINGERPRINTS)
        raise SlateboardError(f"{where} is broken ({error}). Delete {where.parent} and analyse again.") from error
