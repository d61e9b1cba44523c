"""How long three splits of a million clips take, their audit without media, and reading the release; how much memory.

The table is made: 200,000 groups whose sizes fall off geometrically, each of one class mostly, of 101 classes of very
unequal size; every clip has a source and a file of its own. Each protocol is a process of its own, and so are
`release`, which writes the table as a release and reads it back, and `hashes`, which looks for near-duplicates across
a `seags` split by frame hashes of the kind `clustered` (benchmark/speed/hashes.py).

Example: python -m benchmark.speed.splits
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.speed.hashes import clustered
from slateboard.dataset import CLIP_COLUMNS, Dataset, dataset_of_table, read_release, table_sha256
from slateboard.records.release import Release
from slateboard.settings import SplitSettings
from slateboard.sums import SUMS
from splits.audit.audit import audit, audit_line
from splits.audit.membership import SplitMembership
from splits.audit.near_duplicates import by_hashes
from splits.division import divide

# Class k has a share in proportion to 1 / k of the groups (Zipf): the first
# 1 / (1 + 1/2 + ... + 1/101) = 19 % of them, the last 0.2 %.
CLASSES = 101
PROTOCOLS = ("ucf101", "hmdb51", "seags")
RELEASE, HASHES = "release", "hashes"


def table(count: int, groups: int) -> Dataset:
    """Return a made-up dataset of `count` clips in `groups` groups."""
    chance = np.random.default_rng(0)
    # Each group has a clip, the others fall to groups at random weights: some groups have dozens.
    weights = chance.exponential(size=groups)
    more = chance.choice(groups, count - groups, p=weights / weights.sum())
    group = np.sort(np.concatenate([np.arange(groups), more]))
    popularity = 1 / np.arange(1, CLASSES + 1)
    group_class = chance.choice(CLASSES, groups, p=popularity / popularity.sum())
    # One clip in fifty shows another action than the rest of its group.
    stray = chance.random(count) < 0.02
    label_index = np.where(stray, chance.integers(0, CLASSES, count), group_class[group])
    classes = tuple(f"Class{number:03}" for number in range(CLASSES))
    numbers = pd.Series(np.arange(count)).map("{:012x}".format)
    labels = pd.Series(np.asarray(classes, object)[label_index])
    seconds, blank = chance.uniform(1, 12, count).round(2), pd.Series([""] * count)
    columns: dict[str, object] = {
        "clip_id": numbers,
        "path": "videos/" + labels + "/v_" + numbers + ".mp4",
        "label": labels,
        "class_index": label_index + 1,
        "source_id": "s" + numbers,
        "source_url": "https://host.example/" + numbers,
        "group": pd.Series(group).map("g{:06}".format),
        "start_s": 0.0,
        "end_s": seconds,
        "first_frame": 0,
        "last_frame": (seconds * 25).astype(int) - 1,
        "frames": (seconds * 25).astype(int),
        "fps": 25.0,
        "width": 640,
        "height": 360,
        "duration_s": seconds,
        "camera": "unknown",
        "has_effects": np.asarray(["true", "false", "unknown"])[chance.integers(0, 3, count)],
        "sha256": numbers.map("{:0>64}".format),
    }
    clips = pd.DataFrame({name: columns.get(name, blank) for name in CLIP_COLUMNS})
    clips = clips.sort_values(["class_index", "path"], ignore_index=True)
    return dataset_of_table(clips, classes=classes, root=Path(), name="made", version="v1")


def main() -> None:
    """Measure each protocol in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=200_000)
    parser.add_argument("--parts", nargs="+", default=(*PROTOCOLS, RELEASE, HASHES), help="Protocols, release, hashes.")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = ["--clips", str(arguments.clips), "--groups", str(arguments.groups)]
    if arguments.one:
        _measure(arguments.one, table(arguments.clips, arguments.groups))
        return
    for job in arguments.parts:
        subprocess.run([sys.executable, "-m", "benchmark.speed.splits", *sizes, "--one", job], check=True)


def _measure(job: str, dataset: Dataset) -> None:
    print(f"{job}: {len(dataset.clips):,} clips; {_peak_gb():.2f} GB with the table", flush=True)
    if job == RELEASE:
        _release(dataset)
    elif job == HASHES:
        _hashes(dataset)
    else:
        _divide(job, dataset)
    print(f"  peak {_peak_gb():.2f} GB", flush=True)


def _divide(protocol: str, dataset: Dataset) -> None:
    with _timed("  divide"):
        splits = divide(dataset, protocol=protocol, settings=SplitSettings())
    for split in splits:
        with _timed(f"  audit {split.key}"):
            report = audit(dataset, split)
        print(f"    {audit_line(report)}")
        print(f"    {json.dumps(split.report)}")


def _release(dataset: Dataset) -> None:
    """Time a release's table from clips.parquet to a Dataset, with and without the check of its identity."""
    _add_fingerprints(dataset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset.clips.to_parquet(folder / "clips.parquet", index=False)
        _record(dataset).write(folder / "recipe.toml")
        (folder / SUMS).write_text("")
        megabytes = (folder / "clips.parquet").stat().st_size / 1e6
        with _timed(f"  bare pandas.read_parquet of {megabytes:.0f} MB"):
            pd.read_parquet(folder / "clips.parquet")
        with _timed("  read_release"):
            reread = read_release(folder)
        with _timed("  table_sha256"):
            table_sha256(reread.classes, reread.clips)


def _record(dataset: Dataset) -> Release:
    return Release(
        name=dataset.name,
        version=dataset.version,
        title=dataset.title,
        licence=dataset.licence,
        naming="seags",
        protocol="seags",
        classes=dataset.classes,
        labels=dataset.labels,
        motion_pairs=(),
        clips=len(dataset.clips),
        left_out={},
        dataset_sha256=dataset.sha256,
        settings={},
        tools={},
    )


def _add_fingerprints(dataset: Dataset) -> None:
    words = clustered(len(dataset.clips)).view(">u8").tolist()
    dataset.clips["fingerprint"] = ["-".join(f"{word:016x}" for word in row) for row in words]


def _hashes(dataset: Dataset) -> None:
    """Time the comparison of train with test by the hashes of the table."""
    _add_fingerprints(dataset)
    (split,) = divide(dataset, protocol="seags", settings=SplitSettings())
    with _timed("  look up the parts"):
        membership = SplitMembership.of(dataset.clips, split)
    with _timed("  by_hashes"):
        duplicates = by_hashes(membership)
    pairs, unseen = len(duplicates.undecided), len(duplicates.unseen)
    print(f"    {pairs:,} pairs across train and test, {unseen} clips without hashes")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started, cpu_started = time.perf_counter(), time.process_time()
    yield
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    print(f"{what}: {seconds:.1f} s, {cpu_seconds:.1f} s of CPU", flush=True)


def _peak_gb() -> float:
    # Linux counts in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
