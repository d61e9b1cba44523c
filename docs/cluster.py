"""How many processors of a Ray cluster one driver keeps busy: a simulation on measured times.

Measured, in seconds of CPU, as others may work on this machine: the analysis of real videos, what Ray takes of the
driver for a task, and all that the driver does itself, while it is simulated: it makes each job, and records each
batch in a real catalog of as many videos. Assumed: processors of the cluster are as fast as this machine's, and
network, scheduler, shared folder and the catalog's disk keep up.

python docs/cluster.py ../shared/realdata --videos 50000 --nodes 32 --out docs/cluster.png
"""

import argparse
import heapq
import json
import math
import random
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from curate.analysis.decode_pass import DecodeJob, DecodeResult, analyse_and_write, current_versions
from curate.steps.analyse import decode_job, record_results
from curate.steps.fetch import command as fetch
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.media import Analysed
from slateboard.engine import Budget, Failure, cores, run
from slateboard.figures import new_figure
from slateboard.progress import be_quiet
from slateboard.records.media import Media
from slateboard.records.source import Source, State, source_id
from slateboard.workers.cluster import TASKS_PER_PROCESSOR, RayPool, items_per_task
from slateboard.workspace import Workspace

BATCH_SECONDS, BATCH_MAX = 1.0, 1000  # Defaults of `slateboard.engine.in_batches`.
TASKS_UNDER_WAY = 640  # While Ray is measured: those of 512 processors.
AIM = 500  # Busy processors.


@dataclass(frozen=True)
class Sample:
    """The decode pass of a real video, and the CPU seconds that it took."""

    decode_pass: DecodeResult
    source: Source
    seconds: float


@dataclass(frozen=True)
class Simulation:
    """The result of a simulated run."""

    processors: int
    items_per_task: int
    busy_processors: float
    """Mean until the last task was submitted."""
    run_seconds: float
    driver_load: float
    driver_ms_per_video: float
    record_ms_per_video: float


def timed_observe(job: DecodeJob) -> tuple[float, DecodeResult]:
    """Analyse a video, and measure it."""
    start = time.process_time()
    decode_pass = analyse_and_write(job)
    return time.process_time() - start, decode_pass


def analyse_samples(files: Sequence[Path], folder: Path) -> list[Sample]:
    """Analyse real videos in a workspace, one process, one after the other."""
    workspace = Workspace(folder)
    (folder / "slateboard.toml").write_text('name = "sample"\n', "utf-8")
    names = [f"{number}{file.suffix}" for number, file in enumerate(files)]
    for name, file in zip(names, files, strict=True):
        shutil.copy(file, folder / name)
    workspace.sources.write_text("url,label\n" + "".join(f"{name},Some\n" for name in names), "utf-8")
    fetch(workspace)
    versions = current_versions({})
    with open_catalog(workspace.catalog) as catalog:
        sources = {source.media_id or "": source for source in catalog.sources(State.FETCHED)}
        jobs = [
            decode_job(workspace, media, versions, list(versions), [sources[media_id]], stamp=None)
            for media_id, media in catalog.media_of(sources.keys()).items()
        ]
        results = list(run(timed_observe, jobs, workers=1))
    return [
        Sample(result[1], sources[job.media.media_id], result[0])
        for job, result in results
        if not isinstance(result, Failure) and result[1].state == State.FETCHED
    ]


class FullPool(RayPool[DecodeResult, DecodeResult]):
    """A pool that has as many tasks under way as a large cluster, each of so many items."""

    _max_tasks, _items_per_task = TASKS_UNDER_WAY, 1


def measure_ray(samples: Sequence[Sample], *, tasks: int, task_size: int) -> float:
    """Return the CPU seconds, of all threads of the driver, that a task of so many items takes in Ray's client."""
    # No work, and a result of real size; processes of the cluster cannot import functions of this script.
    pool = FullPool(copy, cores(), cores=cores(), address=None, budget=Budget(), isolated=False, shared=())
    pool._items_per_task = task_size
    submitted = completed = 0
    with pool:
        start = time.process_time()
        while completed < tasks * task_size:
            while submitted < tasks * task_size and submitted - completed < pool.places:
                pool.submit(submitted, samples[submitted % len(samples)].decode_pass)
                submitted += 1
            ended = pool.next()
            assert ended is None or isinstance(ended[1], DecodeResult), f"A task failed: {ended[1]}"
            completed += ended is not None
        return (time.process_time() - start) / tasks


class Driver:
    """What the driver does itself: jobs from a catalog of many videos, and records of what came of them."""

    def __init__(self, workspace: Workspace, samples: Sequence[Sample], videos: int) -> None:
        self._workspace, self._samples, self._versions = workspace, samples, current_versions({})
        self._media: list[Media] = []
        self._sources: dict[str, list[Source]] = {}
        for number in range(videos):
            sample = samples[number % len(samples)]
            media_id, url = f"{number:064x}", f"http://host{number % 50}.example/{number}.mp4"
            update = {"source_id": source_id(url, None, None), "url": url, "line": number + 2, "media_id": media_id}
            self._sources[media_id] = [sample.source.model_copy(update=update)]
            path = {"media_id": media_id, "path": f"media/{number}.mp4"}
            self._media.append(sample.decode_pass.media.model_copy(update=path))

    def fill(self, catalog: Catalog) -> None:
        """List all videos as fetched and not analysed."""
        sources = [source for (source,) in self._sources.values()]
        catalog.list_sources(sources)
        with catalog.together():
            catalog.analysed_all([Analysed(media, {}) for media in self._media])
            catalog.set_states(sources)

    def make_job(self, number: int) -> None:
        """Make the job of a video."""
        media = self._media[number]
        sources = self._sources[media.media_id]
        decode_job(self._workspace, media, self._versions, list(self._versions), sources, stamp=None)

    def record(self, catalog: Catalog, numbers: Sequence[int]) -> None:
        """Record the passes of some videos."""
        passes = [replace(self._samples[n % len(self._samples)].decode_pass, media=self._media[n]) for n in numbers]
        rows = [(decode_pass, str(decode_pass.state)) for decode_pass in passes]
        record_results(catalog, rows, self._versions, self._sources, key="k")


class Cluster:
    """Processors that work on the tasks that were submitted, oldest first, at simulated times."""

    def __init__(self, processors: int, task_seconds: Sequence[float]) -> None:
        self._idle, self._task_seconds = processors, task_seconds
        self._queue: deque[int] = deque()
        self.running: list[tuple[float, int]] = []
        self.completed: deque[int] = deque()
        self.intervals: list[tuple[float, float]] = []

    def submit(self, task: int, time: float) -> None:
        """Take one more task."""
        self.advance(time)
        if self._idle:
            self._idle -= 1
            self._start(task, time)
        else:
            self._queue.append(task)

    def advance(self, time: float) -> None:
        """Let all tasks end that end by then, and the next ones begin."""
        while self.running and self.running[0][0] <= time:
            end, task = heapq.heappop(self.running)
            self.completed.append(task)
            if self._queue:
                self._start(self._queue.popleft(), end)
            else:
                self._idle += 1

    def _start(self, task: int, time: float) -> None:
        end = time + self._task_seconds[task]
        heapq.heappush(self.running, (end, task))
        self.intervals.append((time, end))


def simulate(
    seconds: Sequence[float], driver: Driver, catalog: Catalog, *, processors: int, ray_seconds: float
) -> Simulation:
    """Let so many processors analyse videos of these times, and the driver do its part, timed as it is done."""
    size = items_per_task(statistics.mean(seconds))
    tasks = [range(start, min(start + size, len(seconds))) for start in range(0, len(seconds), size)]
    cluster = Cluster(processors, [sum(seconds[number] for number in task) for task in tasks])
    max_tasks = math.ceil(processors * TASKS_PER_PROCESSOR)
    clock = submit_seconds = record_seconds = batch_start = last_submit = 0.0
    submitted = collected = 0
    batch: list[int] = []
    while collected < len(tasks):
        if submitted < len(tasks) and submitted - collected < max_tasks:
            duration = sum(_cpu_seconds(driver.make_job, number) for number in tasks[submitted]) + ray_seconds
            clock, submit_seconds = clock + duration, submit_seconds + duration
            cluster.submit(submitted, clock)
            submitted, last_submit = submitted + 1, clock
            continue
        cluster.advance(clock)
        if not cluster.completed:
            clock = cluster.running[0][0]
            cluster.advance(clock)
        batch.extend(tasks[cluster.completed.popleft()])
        collected += 1
        if clock - batch_start >= BATCH_SECONDS or len(batch) >= BATCH_MAX or collected == len(tasks):
            duration = _cpu_seconds(driver.record, catalog, batch)
            clock, record_seconds = clock + duration, record_seconds + duration
            batch_start, batch = clock, []
    busy = sum(max(min(end, last_submit) - begin, 0) for begin, end in cluster.intervals) / last_submit
    load = (submit_seconds + record_seconds) / clock
    per_video = [part / len(seconds) * 1e3 for part in (load * clock, record_seconds)]
    return Simulation(processors, size, busy, clock, load, *per_video)


def _cpu_seconds(function: Callable[..., None], *arguments: object) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def draw(path: Path, curves: dict[str, list[Simulation]]) -> None:
    """Plot busy processors over those that there are."""
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    points = [point for curve in curves.values() for point in curve]
    axes.axline((0, 0), slope=1, color="0.7", linewidth=1, label="all busy")
    axes.axhline(AIM, color="0.7", linewidth=1, linestyle=":", label=f"aim: {AIM}")
    for name, curve in curves.items():
        axes.plot([point.processors for point in curve], [point.busy_processors for point in curve], "o-", label=name)
    axes.set_xlabel("processors of the cluster")
    axes.set_ylabel("busy processors, mean")
    axes.set_ylim(0, max(1.5 * AIM, max(point.busy_processors for point in points) * 1.05))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def sample_files(folder: Path, count: int) -> list[Path]:
    """Return real videos, evenly spread over a folder's paths."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".mp4", ".avi", ".mkv"))
    files = [file for file in files if "odd" not in file.relative_to(folder).parts]
    return files[:: max(len(files) // count, 1)][:count]


def simulate_all(arguments: argparse.Namespace, folder: Path) -> dict[str, list[Simulation]]:
    """Measure, then simulate all sizes of cluster, and print each figure."""
    (folder / "sample").mkdir()
    samples = analyse_samples(sample_files(arguments.realdata, arguments.sample), folder / "sample")
    times = [sample.seconds for sample in samples]
    print(f"{len(samples)} videos: {statistics.mean(times):.3f} s each ({min(times):.3f} to {max(times):.3f})")
    driver = Driver(Workspace(folder), samples, arguments.videos)
    with open_catalog(folder / "empty.db") as catalog:
        driver.fill(catalog)
    curves: dict[str, list[Simulation]] = {}
    for factor in (1, *arguments.longer):
        seconds = [times[number % len(times)] * factor for number in range(arguments.videos)]
        random.Random(0).shuffle(seconds)
        size = items_per_task(mean := statistics.mean(seconds))
        ray_seconds = measure_ray(samples, tasks=1000, task_size=size)
        print(f"Ray takes {ray_seconds * 1e3:.3f} ms of the driver for a task of {size} videos", flush=True)
        curves[f"{mean:.2f} s a video"] = curve = []
        for processors in arguments.processors:
            shutil.copy(folder / "empty.db", folder / "catalog.db")
            with open_catalog(folder / "catalog.db") as catalog:
                count = arguments.nodes * processors
                curve.append(simulate(seconds, driver, catalog, processors=count, ray_seconds=ray_seconds))
            print(f"{mean:.2f} s a video: {json.dumps(asdict(curve[-1]))}", flush=True)
    return curves


def main() -> None:
    """Measure, simulate, print and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("realdata", type=Path, help="Folder of real videos.")
    parser.add_argument("--videos", type=int, default=50_000)
    parser.add_argument("--sample", type=int, default=120, help="Real videos that are analysed.")
    parser.add_argument("--nodes", type=int, default=32)
    parser.add_argument("--processors", type=int, nargs="+", default=[2, 4, 8, 16, 32], help="Of each node.")
    parser.add_argument("--longer", type=float, nargs="*", default=[4], help="Also with times so many times as long.")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    be_quiet(True)
    with tempfile.TemporaryDirectory() as folder:
        draw(arguments.out, simulate_all(arguments, Path(folder)))


if __name__ == "__main__":
    main()
