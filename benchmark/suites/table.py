"""The table of states of a suite: what is done, what failed and why, what is missing; as CSV and JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from benchmark.suites.jobs import SuiteJob
from slateboard.errors import BadInput, SlateboardError
from slateboard.files import csv_text, write_json, write_text
from slateboard.progress import say
from slateboard.reading import read_json
from slateboard.records.result import Result
from slateboard.records.run_folder import RESULT

Status = Literal["done", "failed", "missing"]
Reason = Literal["", "error", "finding", "requirement", "memory", "died", "timeout", "fault", "member"]
"""Why a run failed: bad input or training that cannot go on (error), test clips that were seen in training (finding),
something that is not installed or not there (requirement), memory, a process that ended (died), more time
than `[limits] run_seconds` allows (timeout), a fault of ours (fault), or a run that it averages (member)."""


@dataclass(frozen=True)
class SuiteRow:
    """One run of a suite."""

    run: str
    """SuiteJob.label."""
    state: Status
    reason: Reason = ""
    message: str = ""
    accuracy: str = ""
    """Per video, in percent, by stream, the main one first."""
    seconds: float | None = None
    """Of the whole run, where this suite executed it."""
    folder: str = ""
    """Below runs/."""


class SuiteTable:
    """The rows of a suite, one for each job in its order, written again with each change."""

    def __init__(self, home: Path, name: str, jobs: Sequence[SuiteJob], *, runs: Path) -> None:
        self.csv, self.json = home / f"{name}.csv", home / f"{name}.json"
        earlier = _read_rows(self.json)
        self._rows = {job.record.folder: _row_of(job, runs, earlier.get(job.record.folder)) for job in jobs}

    @property
    def rows(self) -> list[SuiteRow]:
        """All rows in the order of the suite."""
        return list(self._rows.values())

    def state(self, folder: str) -> Status:
        """Return the state of the run with this folder."""
        return self._rows[folder].state

    def count(self, state: Status) -> int:
        """Return how many rows are in a state."""
        return sum(row.state == state for row in self.rows)

    def put(self, row: SuiteRow) -> None:
        """Put a row in the place of the one with its folder, and write the table."""
        self._rows[row.folder] = row
        self.write()

    def write(self) -> None:
        """Write CSV and JSON."""
        # The CSV is for people; the JSON is what the next call reads, and is written last.
        rows = [asdict(row) for row in self.rows]
        write_text(self.csv, csv_text(rows, [field.name for field in fields(SuiteRow)]))
        write_json(self.json, {"schema": 1, "rows": rows})


def _read_rows(path: Path) -> dict[str, SuiteRow]:
    """Return the rows that an earlier call left, by folder."""
    if not path.is_file():
        return {}
    try:
        value = read_json(path, what="table of states", remedy="It is written anew.")
        parsed = list(map(_parse_row, value["rows"]))
    except (BadInput, KeyError, TypeError) as error:
        say(f"{path} tells nothing of earlier runs ({' '.join(str(error).split())}); it is written anew.")
        return {}
    rows = [row for row in parsed if row is not None]
    if len(rows) < len(parsed):
        say(f"{path}: {len(parsed) - len(rows)} of {len(parsed)} rows are damaged and written anew.")
    return {row.folder: row for row in rows}


def _parse_row(value: Any) -> SuiteRow | None:
    """Return a row as it was written; None for one that is damaged."""
    names = {field.name for field in fields(SuiteRow)}
    if not isinstance(value, dict) or not {"run", "state"} <= value.keys() <= names:
        return None
    texts = [value.get(name, "") for name in names - {"seconds"}]
    seconds = value.get("seconds")
    is_sound = all(isinstance(text, str) for text in texts) and isinstance(seconds, int | float | None)
    return SuiteRow(**value) if is_sound and value["state"] in get_args(Status) else None


def _row_of(job: SuiteJob, runs: Path, earlier: SuiteRow | None) -> SuiteRow:
    """Return the row of a job from the folder of its run; an earlier failure is kept until it is tried again."""
    folder = job.record.folder
    # The folder decides, not the table: a run that was finished by hand is done, and one that was done and whose result
    # was removed is missing.
    result = runs / folder / RESULT
    if result.is_file():
        seconds = earlier.seconds if earlier is not None and earlier.state == "done" else None
        try:
            return replace(done_row(job, Result.read(result)), seconds=seconds)
        except SlateboardError as error:
            message = f"{' '.join(str(error).split())} Remove that folder: the run is made again."
            return SuiteRow(job.label, "failed", reason="error", message=message, folder=folder)
    if earlier is not None and earlier.state == "failed":
        return replace(earlier, run=job.label)
    return SuiteRow(job.label, "missing", folder=folder)


def done_row(job: SuiteJob, result: Result) -> SuiteRow:
    """Return the row of a finished run."""
    main = result.main.stream
    scores = sorted(result.scores, key=lambda score: score.stream != main)
    accuracy = ", ".join(f"{score.stream} {100 * score.video_accuracy:.1f}" for score in scores)
    return SuiteRow(job.label, "done", accuracy=accuracy, folder=job.record.folder)
