"""Decode on the fly: for sets too large to store, or clips that are read once."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.frames.build import alone
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.frames.pictures import FAILED, decoder, kept
from benchmark.frames.store import cut
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Failure, Place
from slateboard.errors import SlateboardError
from slateboard.files import digest, record_write
from slateboard.media.frames import scaled_size
from slateboard.media.seek import Start, Survey, frames_at, survey
from slateboard.paths import inside
from slateboard.progress import progress, say

LIVE = "live"
_KEPT_BYTES = 1 << 26
"""Pictures of the last clip that a thread keeps; several views of a clip follow each other in testing."""


@dataclass(frozen=True)
class Surveyed:
    """One clip as it was found before training, or why it could not be read."""

    survey: Survey | None
    failed: str = ""


@dataclass(frozen=True)
class LiveFrames:
    """Frames decoded when they are asked for; numbered as a full decode numbers them."""

    geometry: Geometry
    paths: Mapping[str, Path]
    """By clip_id."""
    surveys: Mapping[str, Surveyed]
    """By clip_id."""
    _own: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def facts(self, clip_id: str) -> ClipFrames:
        """Return what is known of a clip."""
        found = self.surveys[clip_id]
        if found.survey is None:
            return replace(FAILED, failed=found.failed)
        height, width = size_of(found.survey, self.geometry)
        return ClipFrames(found.survey.frames, height, width, found.survey.matrix, found.survey.full_range)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of the given 0-based frames.

        Raises Unreadable where the file is no longer what it was when it was looked through.
        """
        facts = self.facts(clip_id)
        if len(indices) and not 0 <= indices.min() <= indices.max() < facts.frames:
            raise IndexError(f"clip {clip_id} has {facts.frames} frames, asked for {indices.min()}..{indices.max()}")
        wanted = indices.tolist()
        pictures = self._pictures(clip_id, facts, wanted)
        found = np.empty((len(wanted), picture_bytes(facts.height, facts.width)), dtype=np.uint8)
        for place, index in enumerate(wanted):
            found[place] = pictures[index]
        whole = box == Box(0, 0, facts.height, facts.width)
        return found if whole else cut(found, box, height=facts.height, width=facts.width)

    def _pictures(self, clip_id: str, facts: ClipFrames, wanted: Sequence[int]) -> dict[int, Bytes]:
        """Return at least the wanted pictures of a clip; those that this thread read last are not decoded again."""
        last: tuple[str, dict[int, Bytes]] = getattr(self._own, "last", ("", {}))
        pictures = last[1] if last[0] == clip_id else {}
        missing = set(wanted) - set(pictures)
        if missing:
            known = self.surveys[clip_id].survey
            assert known is not None
            size = (facts.height, facts.width)
            for frame in frames_at(
                self.paths[clip_id], missing, short_side=self.geometry.short_side, starts=known.starts
            ):
                pictures[frame.index] = kept(frame, size)
        if len(pictures) * picture_bytes(facts.height, facts.width) <= _KEPT_BYTES:
            self._own.last = (clip_id, pictures)
        return pictures


def size_of(found: Survey, geometry: Geometry) -> tuple[int, int]:
    """Return height and width of a clip's pictures at a geometry."""
    if geometry.keep != "whole":
        return geometry.short_side, geometry.short_side
    width, height = scaled_size(found.width, found.height, short_side=geometry.short_side)
    return (width, height) if found.turned else (height, width)


def live(
    stores: Path,
    dataset: Dataset,
    geometry: Geometry,
    *,
    place: Place = HERE,
) -> LiveFrames:
    """Return frames of a dataset that are decoded when they are asked for.

    Each file is decoded once before, unless one with the same bytes was: headers lie about the number of frames. What
    was found is kept line by line, so that a killed survey goes on where it was.
    """
    file = inside(stores, f"{dataset.key}/{LIVE}-{digest(decoder(), length=8)}.jsonl")
    columns = (dataset.clips["clip_id"], dataset.files(dataset.clips["path"]), dataset.clips["sha256"])
    rows = [(str(clip_id), path, str(sha256)) for clip_id, path, sha256 in zip(*columns, strict=True)]
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(file.with_suffix(".lock")):
        known = _known(stores, file)
        wanted = {sha256: path for _, path, sha256 in rows if sha256 not in known}
        _look_through(wanted, known, file, place=place)
    surveys = {clip_id: known[sha256] for clip_id, _, sha256 in rows}
    for clip_id, one in surveys.items():
        if one.survey is None:
            say(f"not decoded: {clip_id}: {one.failed}")
    return LiveFrames(geometry, {clip_id: path for clip_id, path, _ in rows}, surveys)


def _look_through(
    wanted: Mapping[str, Path],
    known: dict[str, Surveyed],
    file: Path,
    *,
    place: Place,
) -> None:
    """Survey files by content hash, add them to `known` and to the journal as they come."""
    if not wanted:
        return
    hashes = {path: sha256 for sha256, path in wanted.items()}
    title = f"count frames of {file.parent.name}"
    with progress(title, len(wanted), unit="clips") as bar, file.open("a", encoding="utf-8") as journal:
        for path, outcome in place.run(surveyed, wanted.values()):
            sha256, one = hashes[path], _lost(path, outcome) if isinstance(outcome, Failure) else outcome
            known[sha256] = one
            journal.write(json.dumps({"sha256": sha256, **asdict(one)}) + "\n")
            journal.flush()
            record_write(file.parent)
            bar.step(note=one.failed)


def surveyed(path: Path) -> Surveyed:
    """Survey one file; what cannot be read is a reason, not an exception."""
    try:
        return Surveyed(survey(path))
    except SlateboardError as error:
        return Surveyed(None, str(error))


def _lost(path: Path, failure: Failure) -> Surveyed:
    return Surveyed(None, f"{path.name}: not counted: {failure.reason}.")


def _known(stores: Path, own: Path) -> dict[str, Surveyed]:
    """Return what earlier surveys by the same decoder found, of any dataset of the workspace, by content hash.

    A line that a kill cut in two is taken away from our own journal.
    """
    if own.is_file():
        content = own.read_bytes()
        own.write_bytes(content[: content.rfind(b"\n") + 1])
    found = {}
    for file in sorted(stores.glob(f"*/{own.name}")):
        damaged = 0
        for line in file.read_bytes().split(b"\n")[:-1]:
            try:
                row: dict[str, Any] = json.loads(line)
                found[row["sha256"]] = Surveyed(_survey_of(row["survey"]), str(row["failed"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                damaged += 1
        if damaged:
            say(f"{file}: {damaged} damaged lines; what they told is looked for again.")
    return found


def _survey_of(row: dict[str, Any] | None) -> Survey | None:
    if row is None:
        return None
    return Survey(**{**row, "starts": tuple(Start(**start) for start in row["starts"])})
