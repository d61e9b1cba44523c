"""Build a store: each shard written whole by one process, the index last; killed at any moment, it goes on."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import decoder
from benchmark.frames.shard import Job, lives, write_shard
from benchmark.frames.shards import FACTS, INDEX, ShardFacts, StoreFacts, clips_per_shard, coding, folder_of
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Failure, Place
from slateboard.errors import SlateboardError
from slateboard.files import PART, whole
from slateboard.media.decoders import PYAV
from slateboard.progress import progress, say

LOCK = ".lock"
_TOLD = 5
"""Clips that are named where many have the same to say."""


def built(
    stores: Path,
    dataset: Dataset,
    geometry: Geometry,
    *,
    form: str,
    decoded_by: str = PYAV,
    place: Place = HERE,
) -> Path:
    """Return the folder of a store that is whole, and build what of it is not there yet.

    The bytes depend neither on where it is built nor on the order of the clips in the table. A clip that does not
    decode is a row that says why. A second process that wants the same store waits for the first.
    """
    folder = folder_of(stores, dataset, geometry, form=form, decoded_by=decoded_by)
    if (folder / INDEX).is_file() and not _notes(folder):
        return folder
    if dataset.clips.empty:
        raise SlateboardError(f"{dataset.key} has no clips, so that there is nothing to store.")
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / LOCK):
        if not (folder / INDEX).is_file():
            for leftover in folder.glob(f"*{PART}"):
                leftover.unlink()
            jobs = planned(folder, dataset, geometry, form=form, decoded_by=decoded_by)
            by = "" if decoded_by == PYAV else f" with {decoded_by}"
            _write(jobs, title=f"decode {dataset.key} to {form} at {geometry.key}{by}", place=place)
            _finish(jobs, dataset)
        for note in _notes(folder):
            note.unlink()
    return folder


def _notes(folder: Path) -> list[Path]:
    """Return what says which shards are whole; a kill can leave it beside the index."""
    return list(folder.glob("[0-9]*.json"))


def planned(folder: Path, dataset: Dataset, geometry: Geometry, *, form: str, decoded_by: str) -> list[Job]:
    """Return the shards of a store, clips by their ids: the order of a table decides nothing."""
    clips = sorted(
        (str(clip_id), file)
        for clip_id, file in zip(dataset.clips["clip_id"], dataset.files(dataset.clips["path"]), strict=True)
    )
    size = clips_per_shard(len(clips))
    return [
        Job(folder, number, tuple(clips[start : start + size]), geometry, form, decoded_by)
        for number, start in enumerate(range(0, len(clips), size))
    ]


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold a lock file for the block; another process that holds it is waited for."""
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process works on {file.parent}: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _write(jobs: Sequence[Job], *, title: str, place: Place) -> None:
    """Write the shards that are not there; one that cannot be written is looked through clip by clip."""
    missing = [job for job in jobs if not job.done.is_file()]
    with progress(title, sum(len(job.clips) for job in jobs), unit="clips") as bar:
        bar.step(sum(len(job.clips) for job in jobs if job not in missing))
        broken = []
        for job, outcome in place.run(write_shard, missing):
            if isinstance(outcome, Failure):
                say(f"shard {job.number}: {outcome.reason}; looking for the clip that does it")
                broken.append(job)
            else:
                bar.step(len(job.clips))
        without = [replace(job, deadly=_deadly(job, place=place)) for job in broken]
        for job, outcome in place.run(write_shard, without):
            if isinstance(outcome, Failure):
                raise SlateboardError(
                    f"Shard {job.number} of {job.folder} cannot be written although its clips decode one by one: "
                    f"{outcome.reason}."
                )
            bar.step(len(job.clips))


def _deadly(job: Job, *, place: Place) -> dict[str, str]:
    """Return the clips of a job that cannot be decoded by a process that lives on, and why."""
    single = [replace(job, clips=(clip,)) for clip in job.clips]
    outcomes = place.run(lives, single)
    return {one.clips[0][0]: outcome.reason for one, outcome in outcomes if isinstance(outcome, Failure)}


def _finish(jobs: Sequence[Job], dataset: Dataset) -> None:
    """Write what the store is and then its index, and say what must be known of it."""
    first, written = jobs[0], [json.loads(job.done.read_text("utf-8")) for job in jobs]
    rows: list[dict[str, Any]] = [row for one in written for row in one["rows"]]
    failed = [row for row in rows if row["failed"]]
    facts = StoreFacts(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        root=str(dataset.root.absolute()),
        short_side=first.geometry.short_side,
        keep=first.geometry.keep,
        form=first.form,
        decoder=decoder(first.decoded_by),
        decoded_by=first.decoded_by,
        coding=coding(first.form),
        clips=len(rows),
        frames=sum(row["frames"] for row in rows),
        failed=len(failed),
        shards=tuple(
            ShardFacts(name=job.data.name, bytes=one["bytes"], xxh3=one["xxh3"])
            for job, one in zip(jobs, written, strict=True)
        ),
    )
    facts.write(first.folder / FACTS)
    with whole(first.folder / INDEX) as temporary:
        pd.DataFrame(rows).to_parquet(temporary, index=False)
    for row in failed:
        say(f"not decoded: {row['clip_id']}: {row['failed']}")
    _tell_claims(rows)
    total = sum(shard.bytes for shard in facts.shards)
    say(f"{len(rows) - len(failed)} clips, {facts.frames} frames, {len(failed)} failed, {total} bytes: {first.folder}")


def _tell_claims(rows: Sequence[dict[str, Any]]) -> None:
    """Say where containers claim another number of frames than decodes; what decodes counts."""
    other = [row for row in rows if row["claimed"] and not row["failed"] and row["claimed"] != row["frames"]]
    if not other:
        return
    named = ", ".join(f"{row['clip_id']} {row['claimed']} for {row['frames']}" for row in other[:_TOLD])
    more = f" and {len(other) - _TOLD} more" if len(other) > _TOLD else ""
    say(f"{len(other)} of {len(rows)} containers claim another number of frames than decodes: {named}{more}")
