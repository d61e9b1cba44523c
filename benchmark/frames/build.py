"""Build a store: each shard written whole by one process, the index last; killed at any moment, it goes on."""

import contextlib
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
from slateboard.engine import HERE, Budget, Failure, Place
from slateboard.errors import BadInput, SlateboardError
from slateboard.files import PART, whole
from slateboard.limits import current_limits
from slateboard.media.decoders import PYAV
from slateboard.progress import progress, say
from slateboard.reading import read_json

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
    decode, that ends the process which decodes it, or that passes the budget of `place` is a row that says why. A
    second process that wants the same store waits for the first.
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
    missing = [job for job in jobs if _note_of(job) is None]
    of_shards = _of_shards(place, jobs)
    with progress(title, sum(len(job.clips) for job in jobs), unit="clips") as bar:
        bar.step(sum(len(job.clips) for job in jobs if job not in missing))

        def written(some: Sequence[Job]) -> list[tuple[Job, str]]:
            """Write these and return those that cannot be, and why."""
            broken = []
            for job, outcome in of_shards.run(write_shard, some):
                if isinstance(outcome, Failure):
                    broken.append((job, outcome.reason))
                else:
                    bar.step(len(job.clips))
            return broken

        broken = written(missing)
        for job, reason in broken:
            say(f"shard {job.number}: {reason}; looking for the clip that does it")
        single = [replace(job, deadly=_deadly(job, place=place)) for job, _ in broken]
        # Where clips decode one by one and not together, none of them is stored, and the other shards are.
        lost = [replace(job, deadly={clip: reason for clip, _ in job.clips}) for job, reason in written(single)]
        for job, reason in written(lost):
            raise SlateboardError(f"Shard {job.number} of {job.folder} cannot be written: {reason}.")


def _deadly(job: Job, *, place: Place) -> dict[str, str]:
    """Return the clips of a job that cannot be decoded by a process that lives on, and why."""
    single = [replace(job, clips=(clip,)) for clip in job.clips]
    outcomes = place.run(lives, single)
    return {one.clips[0][0]: outcome.reason for one, outcome in outcomes if isinstance(outcome, Failure)}


def _of_shards(place: Place, jobs: Sequence[Job]) -> Place:
    """Return the place where a shard may take as long as its clips one after the other."""
    budget = place.budget or Budget.of(current_limits())
    seconds = budget.wall_seconds
    whole_shard = None if seconds is None else seconds * max(len(job.clips) for job in jobs)
    return replace(place, budget=replace(budget, wall_seconds=whole_shard))


def _note_of(job: Job) -> dict[str, Any] | None:
    """Return what was noted of a shard that is whole; None for one that is not, or whose note is damaged."""
    if not job.done.is_file():
        return None
    try:
        note = read_json(job.done, what="note of a shard")
        sound = [row["clip_id"] for row in note["rows"]] == [clip for clip, _ in job.clips]
        sound = sound and job.data.stat().st_size == note["bytes"] and isinstance(note["xxh3"], str)
    except (BadInput, OSError, KeyError, TypeError):
        sound = False
    return note if sound else None


def _finish(jobs: Sequence[Job], dataset: Dataset) -> None:
    """Write what the store is and then its index, and say what must be known of it."""
    first, written = jobs[0], [note for job in jobs if (note := _note_of(job)) is not None]
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
