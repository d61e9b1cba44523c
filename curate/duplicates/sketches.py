"""Sketches and fingerprints of media as they lie beside their observations."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.analysis import observations
from slateboard.errors import SlateboardError
from slateboard.files import whole
from slateboard.media.fingerprints import Fingerprint
from splits.near.candidates import Sketch, has_valid_shape, sketch

FINGERPRINTS = "fingerprints"


def sketched(folder: Path, media_id: str, load: Callable[[str], Fingerprint], *, key: str) -> Sketch:
    """Return the sketch of a media as it lies beside its observations, made and written where it is not of `key`."""
    path = folder / media_id / "sketch.npz"
    try:
        with np.load(path) as stored:
            # Those of before do not say whose they are.
            if stored["key"].item() == key and ("media" not in stored or stored["media"].item() == media_id):
                kept = Sketch(stored["contrasts"], stored["view"], stored["seconds"])
                if has_valid_shape(kept):
                    return kept
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        pass  # Absent or broken: it holds nothing that the fingerprint does not.
    made = sketch(load(media_id))
    observations.clear(path)
    with whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, key=key, media=media_id, contrasts=made.contrasts, view=made.view, seconds=made.seconds)
    return made


def read(folder: Path, media_id: str) -> Fingerprint:
    """Return the fingerprint of a media from its observations; SlateboardError says where it is broken."""
    try:
        return Fingerprint.of_row(observations.read(folder, media_id, FINGERPRINTS)[0])
    except (OSError, ValueError, KeyError, IndexError, TypeError, zlib.error, pa.ArrowException) as error:
        where = observations.path_of(folder, media_id, FINGERPRINTS)
        raise SlateboardError(f"{where} is broken ({error}). Delete {where.parent} and analyse again.") from error
