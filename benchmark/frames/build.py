"""Build a store: each shard is written whole by one process, the index last; a killed build goes on where it was."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from benchmark.frames.geometry import Geometry
from benchmark.frames.pictures import decoder
from benchmark.frames.shard_reader import FACTS, INDEX, ShardFacts, StoreFacts, clips_per_shard, coding, folder_of
from benchmark.frames.shard_writer import ShardJob, ShardNote, ShardRow, probe_decoding, write_shard
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Budget, Failure, Place
from slateboard.errors import BadInput, SlateboardError
from slateboard.files import PART, atomic_write
from slateboard.limits import current_limits
from slateboard.media.decoders import PYAV
from slateboard.progress import progress, say
from slateboard.reading import read_json

LOCK = ".lock"
_NAMED = 5
"""Clips that a message names at most."""


def build_store(
    stores: Path,
    dataset: Dataset,
    geometry: Geometry,
    *,
    form: str,
    decoded_by: str = PYAV,
    place: Place = HERE,
) -> Path:
    """Return the folder of a complete store; build what is missing of it.

    The bytes depend neither on the place of work nor on the order of the clips in the table. A clip that does not
    decode, that ends its process, or that exceeds the budget of `place` is a row of the index that says why. A second
    process that builds the same store waits for the first.
    """
    folder = folder_of(stores, dataset, geometry, form=form, decoded_by=decoded_by)
    if (folder / INDEX).is_file() and not _notes(folder):
        return folder
    if dataset.clips.empty:
        raise SlateboardError(f"{dataset.key} has no clips, so that there is nothing to store.")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK):
        # Asked again: the process that was waited for may have built it.
        if not (folder / INDEX).is_file():
            for leftover in folder.glob(f"*{PART}"):
                leftover.unlink()
            jobs = plan_shards(folder, dataset, geometry, form=form, decoded_by=decoded_by)
            by = "" if decoded_by == PYAV else f" with {decoded_by}"
            _write(jobs, title=f"decode {dataset.key} to {form} at {geometry.key}{by}", place=place)
            _finish(jobs, dataset)
        # Not before the index is there: until then the notes are all that says which shards are whole.
        for note in _notes(folder):
            note.unlink()
    return folder


def _notes(folder: Path) -> list[Path]:
    """Return the notes of complete shards; a kill can leave them beside the index."""
    return list(folder.glob("[0-9]*.json"))


def plan_shards(folder: Path, dataset: Dataset, geometry: Geometry, *, form: str, decoded_by: str) -> list[ShardJob]:
    """Return the jobs of a store's shards, with the clips ordered by id, whatever the order of the table."""
    clips = sorted(
        (str(clip_id), file)
        for clip_id, file in zip(dataset.clips["clip_id"], dataset.files(dataset.clips["path"]), strict=True)
    )
    # 40 clips -> shards of 16, 16 and 8.
    size = clips_per_shard(len(clips))
    return [
        ShardJob(folder, number, tuple(clips[start : start + size]), geometry, form, decoded_by)
        for number, start in enumerate(range(0, len(clips), size))
    ]


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file for the block; wait for another process that holds it."""
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


def _write(jobs: Sequence[ShardJob], *, title: str, place: Place) -> None:
    """Write the missing shards; where one fails, find the clips that end the process, and write it without them."""
    missing = [job for job in jobs if _note_of(job) is None]
    of_shards = _with_time_for_shards(place, jobs)
    with progress(title, sum(len(job.clips) for job in jobs), unit="clips") as bar:
        bar.step(sum(len(job.clips) for job in jobs if job not in missing))

        def write(shard_jobs: Sequence[ShardJob]) -> list[tuple[ShardJob, str]]:
            """Write shards; return (job, reason) of those that failed."""
            broken = []
            for job, outcome in of_shards.run(write_shard, shard_jobs):
                if isinstance(outcome, Failure):
                    broken.append((job, outcome.reason))
                else:
                    bar.step(len(job.clips))
            return broken

        # A shard is tried up to three times: with all its clips, without those that end a process by themselves, with
        # none.
        broken = write(missing)
        for job, reason in broken:
            say(f"shard {job.number}: {reason}; looking for the clip that does it")
        without = [replace(job, crashing_clips=_crashing_clips(job, place=place)) for job, _ in broken]
        # A shard whose clips decode one by one but not together is written without any, so that the others are stored.
        empty = [replace(job, crashing_clips={clip: reason for clip, _ in job.clips}) for job, reason in write(without)]
        for job, reason in write(empty):
            raise SlateboardError(f"Shard {job.number} of {job.folder} cannot be written: {reason}.")


def _crashing_clips(job: ShardJob, *, place: Place) -> dict[str, str]:
    """Return the clips of a job whose decoding ends a process, and why."""
    single_clips = [replace(job, clips=(clip,)) for clip in job.clips]
    outcomes = place.run(probe_decoding, single_clips)
    return {single.clips[0][0]: outcome.reason for single, outcome in outcomes if isinstance(outcome, Failure)}


def _with_time_for_shards(place: Place, jobs: Sequence[ShardJob]) -> Place:
    """Return the place with a budget of time for a shard: that of a clip, times the clips of the largest shard."""
    budget = place.budget or Budget.of(current_limits())
    # 7,200 s a clip and 16 clips in the largest shard: 115,200 s.
    seconds = budget.wall_seconds
    of_shard = None if seconds is None else seconds * max(len(job.clips) for job in jobs)
    return replace(place, budget=replace(budget, wall_seconds=of_shard))


def _note_of(job: ShardJob) -> ShardNote | None:
    """Return the note of a complete shard; None for one that is incomplete, or whose note is damaged."""
    if not job.done.is_file():
        return None
    try:
        note: ShardNote = read_json(job.done, what="note of a shard")
        sound = [row["clip_id"] for row in note["rows"]] == [clip for clip, _ in job.clips]
        # By its size alone: a checksum would mean reading the whole shard, which `store verify` does.
        sound = sound and job.data.stat().st_size == note["bytes"] and isinstance(note["xxh3"], str)
    except (BadInput, OSError, KeyError, TypeError):
        sound = False
    return note if sound else None


def _finish(jobs: Sequence[ShardJob], dataset: Dataset) -> None:
    """Write store.json and then the index, and say what failed to decode."""
    store_job, notes = jobs[0], [note for job in jobs if (note := _note_of(job)) is not None]
    rows = [row for note in notes for row in note["rows"]]
    failed = [row for row in rows if row["failed"]]
    facts = StoreFacts(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        root=str(dataset.root.absolute()),
        short_side=store_job.geometry.short_side,
        keep=store_job.geometry.keep,
        form=store_job.form,
        decoder=decoder(store_job.decoded_by),
        decoded_by=store_job.decoded_by,
        coding=coding(store_job.form),
        clips=len(rows),
        frames=sum(row["frames"] for row in rows),
        failed=len(failed),
        shards=tuple(
            ShardFacts(name=job.data.name, bytes=note["bytes"], xxh3=note["xxh3"])
            for job, note in zip(jobs, notes, strict=True)
        ),
    )
    # In this order: a folder with an index counts as a whole store, so everything else must be there by then.
    facts.write(store_job.folder / FACTS)
    with atomic_write(store_job.folder / INDEX) as temporary:
        pd.DataFrame(rows).to_parquet(temporary, index=False)
    for row in failed:
        say(f"not decoded: {row['clip_id']}: {row['failed']}")
    _warn_of_claims(rows)
    total = sum(shard.bytes for shard in facts.shards)
    decoded = len(rows) - len(failed)
    say(f"{decoded} clips, {facts.frames} frames, {len(failed)} failed, {total} bytes: {store_job.folder}")


def _warn_of_claims(rows: Sequence[ShardRow]) -> None:
    """Say where containers claim another number of frames than decodes, which is the one that counts."""
    differing = [row for row in rows if row["claimed"] and not row["failed"] and row["claimed"] != row["frames"]]
    if not differing:
        return
    named = ", ".join(f"{row['clip_id']} {row['claimed']} for {row['frames']}" for row in differing[:_NAMED])
    more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    say(f"{len(differing)} of {len(rows)} containers claim another number of frames than decodes: {named}{more}")
