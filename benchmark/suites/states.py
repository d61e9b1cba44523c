"""The table of states of a suite: what is done, what failed and why, what is missing; as CSV and JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from benchmark.suites.jobs import Job
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
class Row:
    """One run of a suite."""

    run: str
    """Job.label."""
    state: Status
    reason: Reason = ""
    message: str = ""
    accuracy: str = ""
    """Per video, in percent, by stream, the one that counts first."""
    seconds: float | None = None
    """Of the whole run where this suite made it."""
    folder: str = ""
    """Below runs/."""


class States:
    """The rows of a suite, one a job in its order, written anew with each change."""

    def __init__(self, home: Path, name: str, jobs: Sequence[Job], *, runs: Path) -> None:
        self.csv, self.json = home / f"{name}.csv", home / f"{name}.json"
        before = _before(self.json)
        self._rows = {job.record.folder: _found(job, runs, before.get(job.record.folder)) for job in jobs}

    @property
    def rows(self) -> list[Row]:
        """All rows in the order of the suite."""
        return list(self._rows.values())

    def state(self, folder: str) -> Status:
        """Return the state of the run with this folder."""
        return self._rows[folder].state

    def count(self, state: Status) -> int:
        """Return how many rows are in a state."""
        return sum(row.state == state for row in self.rows)

    def put(self, row: Row) -> None:
        """Put a row in the place of the one with its folder, and write the table."""
        self._rows[row.folder] = row
        self.write()

    def write(self) -> None:
        """Write CSV and JSON."""
        rows = [asdict(row) for row in self.rows]
        write_text(self.csv, csv_text(rows, [field.name for field in fields(Row)]))
        write_json(self.json, {"schema": 1, "rows": rows})


def _before(path: Path) -> dict[str, Row]:
    """Return the rows that an earlier call left, by folder."""
    if not path.is_file():
        return {}
    try:
        value = read_json(path, what="table of states", remedy="It is written anew.")
        found = list(map(_row, value["rows"]))
    except (BadInput, KeyError, TypeError) as error:
        say(f"{path} tells nothing of earlier runs ({' '.join(str(error).split())}); it is written anew.")
        return {}
    rows = [row for row in found if row is not None]
    if len(rows) < len(found):
        say(f"{path}: {len(found) - len(rows)} of {len(found)} rows are damaged and written anew.")
    return {row.folder: row for row in rows}


def _row(value: Any) -> Row | None:
    """Return a row as it was written; None for one that is damaged."""
    names = {field.name for field in fields(Row)}
    if not isinstance(value, dict) or not {"run", "state"} <= value.keys() <= names:
        return None
    texts = [value.get(name, "") for name in names - {"seconds"}]
    seconds = value.get("seconds")
    is_sound = all(isinstance(text, str) for text in texts) and isinstance(seconds, int | float | None)
    return Row(**value) if is_sound and value["state"] in get_args(Status) else None


def _found(job: Job, runs: Path, before: Row | None) -> Row:
    """Return the row of a job as the folder of its run says; why it failed the last time is kept until it is tried."""
    folder = job.record.folder
    result = runs / folder / RESULT
    if result.is_file():
        seconds = before.seconds if before is not None and before.state == "done" else None
        try:
            return replace(done_row(job, Result.read(result)), seconds=seconds)
        except SlateboardError as error:
            message = f"{' '.join(str(error).split())} Remove that folder: the run is made again."
            return Row(job.label, "failed", reason="error", message=message, folder=folder)
    if before is not None and before.state == "failed":
        return replace(before, run=job.label)
    return Row(job.label, "missing", folder=folder)


def done_row(job: Job, result: Result) -> Row:
    """Return the row of a run that is whole."""
    main = result.main.stream
    scores = sorted(result.scores, key=lambda one: one.stream != main)
    shown = ", ".join(f"{one.stream} {100 * one.video_accuracy:.1f}" for one in scores)
    return Row(job.label, "done", accuracy=shown, folder=job.record.folder)
