"""LiveFrames: decode on the fly, for sets too large to store or clips that are read once."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.frames.build import locked
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.frames.pictures import FAILED, crop_centre, decoder
from benchmark.frames.plane_store import cut
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Failure, Place
from slateboard.errors import SlateboardError
from slateboard.files import digest, record_write
from slateboard.media.scale import scaled_size
from slateboard.media.seek import Start, Survey, frames_at, survey
from slateboard.paths import inside
from slateboard.progress import progress, say

LIVE = "live"
_CACHE_BYTES = 1 << 26
"""Decoded pictures of the last clip that a thread caches: in testing the views of a clip follow each other."""


@dataclass(frozen=True)
class Surveyed:
    """The survey of one clip, made before training, or why it could not be read."""

    survey: Survey | None
    failed: str = ""


@dataclass(frozen=True)
class LiveFrames:
    """Frames that are decoded when they are asked for, numbered as a full decode numbers them."""

    geometry: Geometry
    paths: Mapping[str, Path]
    """By clip_id."""
    surveys: Mapping[str, Surveyed]
    """By clip_id."""
    _thread: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def facts(self, clip_id: str) -> ClipFrames:
        """Return the facts of a clip."""
        surveyed = self.surveys[clip_id]
        if surveyed.survey is None:
            return replace(FAILED, failed=surveyed.failed)
        height, width = size_of(surveyed.survey, self.geometry)
        return ClipFrames(surveyed.survey.frames, height, width, surveyed.survey.matrix, surveyed.survey.full_range)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        """Return I420 pictures [T, box.height * box.width * 3 / 2] of the given 0-based frames.

        Raises Unreadable where the file is no longer the one that was surveyed.
        """
        facts = self.facts(clip_id)
        if len(indices) and not 0 <= indices.min() <= indices.max() < facts.frames:
            raise IndexError(f"clip {clip_id} has {facts.frames} frames, asked for {indices.min()}..{indices.max()}")
        pictures = self._pictures(clip_id, facts, indices.tolist())
        rows = np.empty((len(indices), picture_bytes(facts.height, facts.width)), dtype=np.uint8)
        for row, index in enumerate(indices.tolist()):
            rows[row] = pictures[index]
        is_whole = box == Box(0, 0, facts.height, facts.width)
        return rows if is_whole else cut(rows, box, height=facts.height, width=facts.width)

    def _pictures(self, clip_id: str, facts: ClipFrames, requested: Sequence[int]) -> dict[int, Bytes]:
        """Return at least the requested pictures of a clip; those in this thread's cache are not decoded again."""
        last: tuple[str, dict[int, Bytes]] = getattr(self._thread, "last", ("", {}))
        pictures = last[1] if last[0] == clip_id else {}
        missing = set(requested) - set(pictures)
        if missing:
            survey = self.surveys[clip_id].survey
            assert survey is not None
            size = (facts.height, facts.width)
            for frame in frames_at(
                self.paths[clip_id], missing, short_side=self.geometry.short_side, starts=survey.starts
            ):
                pictures[frame.index] = crop_centre(frame, size)
        # 64 MiB are 1,365 pictures of 128 x 256: the whole of most clips, but not of an hour of video.
        if len(pictures) * picture_bytes(facts.height, facts.width) <= _CACHE_BYTES:
            self._thread.last = (clip_id, pictures)
        return pictures


def size_of(survey: Survey, geometry: Geometry) -> tuple[int, int]:
    """Return (height, width) of a clip's pictures at a geometry."""
    if geometry.keep != "whole":
        return geometry.short_side, geometry.short_side
    # A phone codes an upright clip as 1280 x 720 with a quarter turn: 228 x 128 pixels, which turned are 128 wide.
    width, height = scaled_size(survey.width, survey.height, short_side=geometry.short_side)
    return (width, height) if survey.turned else (height, width)


def live(
    stores: Path,
    dataset: Dataset,
    geometry: Geometry,
    *,
    place: Place = HERE,
) -> LiveFrames:
    """Return frames of a dataset that are decoded when they are asked for.

    Each file is decoded once before, unless one with the same bytes was, because headers lie about the number of
    frames. Each survey is a line of a journal, so that a killed call goes on where it was.
    """
    file = inside(stores, f"{dataset.key}/{LIVE}-{digest(decoder(), length=8)}.jsonl")
    columns = (dataset.clips["clip_id"], dataset.files(dataset.clips["path"]), dataset.clips["sha256"])
    rows = [(str(clip_id), path, str(sha256)) for clip_id, path, sha256 in zip(*columns, strict=True)]
    file.parent.mkdir(parents=True, exist_ok=True)
    # Held from reading to the last line: a second process would survey the same files, and its lines would mix with
    # ours.
    with locked(file.with_suffix(".lock")):
        by_hash = _read_journals(stores, file)
        missing = {sha256: path for _, path, sha256 in rows if sha256 not in by_hash}
        _survey_all(missing, by_hash, file, place=place)
    surveys = {clip_id: by_hash[sha256] for clip_id, _, sha256 in rows}
    for clip_id, surveyed in surveys.items():
        if surveyed.survey is None:
            say(f"not decoded: {clip_id}: {surveyed.failed}")
    return LiveFrames(geometry, {clip_id: path for clip_id, path, _ in rows}, surveys)


def _survey_all(
    paths: Mapping[str, Path],
    by_hash: dict[str, Surveyed],
    file: Path,
    *,
    place: Place,
) -> None:
    """Survey files, given by content hash; add them to `by_hash` and to the journal as they come."""
    if not paths:
        return
    hashes = {path: sha256 for sha256, path in paths.items()}
    title = f"count frames of {file.parent.name}"
    with progress(title, len(paths), unit="clips") as bar, file.open("a", encoding="utf-8") as journal:
        for path, outcome in place.run(survey_file, paths.values()):
            surveyed = _failed(path, outcome) if isinstance(outcome, Failure) else outcome
            by_hash[hashes[path]] = surveyed
            journal.write(json.dumps({"sha256": hashes[path], **asdict(surveyed)}) + "\n")
            journal.flush()
            record_write(file.parent)
            bar.step(note=surveyed.failed)


def survey_file(path: Path) -> Surveyed:
    """Survey one file; one that cannot be read is a reason, not an exception."""
    try:
        return Surveyed(survey(path))
    except SlateboardError as error:
        return Surveyed(None, str(error))


def _failed(path: Path, failure: Failure) -> Surveyed:
    return Surveyed(None, f"{path.name}: not counted: {failure.reason}.")


def _read_journals(stores: Path, journal: Path) -> dict[str, Surveyed]:
    """Return earlier surveys by the same decoder, of any dataset of the workspace, by content hash.

    A line that a kill cut short is removed from `journal`, the dataset's own.
    """
    if journal.is_file():
        # The last line without a line feed was cut short by a kill; writing goes on behind the last whole one.
        content = journal.read_bytes()
        journal.write_bytes(content[: content.rfind(b"\n") + 1])
    by_hash = {}
    for file in sorted(stores.glob(f"*/{journal.name}")):
        damaged = 0
        for line in file.read_bytes().split(b"\n")[:-1]:
            try:
                row = json.loads(line)
                by_hash[row["sha256"]] = Surveyed(_survey_of(row["survey"]), str(row["failed"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                damaged += 1
        if damaged:
            say(f"{file}: {damaged} damaged lines; their files are surveyed again.")
    return by_hash


def _survey_of(row: dict[str, Any] | None) -> Survey | None:
    if row is None:
        return None
    return Survey(**{**row, "starts": tuple(Start(**start) for start in row["starts"])})
