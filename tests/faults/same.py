"""What an interruption must not change in a workspace: every file by its content, but for what clocks measured."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slateboard.catalog.catalog import open_catalog
from slateboard.files import digest, sha256_of

_MEASURED = {"at", "seconds", "total_seconds", "train_seconds", "test_seconds", "clips_per_second"}


def state_of(folder: Path) -> dict[str, str]:
    """Return path -> hash of every file of a workspace, and what its catalog says; locks are no content."""
    state = {
        path.relative_to(folder).as_posix(): _hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock") and not _is_of_catalog(path.relative_to(folder))
    }
    if (folder / "catalog.db").exists():
        state["catalog.db"] = digest(_catalog(folder / "catalog.db"))
    return state


def _is_of_catalog(path: Path) -> bool:
    return path.name.startswith("catalog.") or path.parts[0] in ("backups", "reviews")


def _catalog(path: Path) -> Any:
    """Return its rows; attempts and their times may differ."""
    with open_catalog(path) as catalog:
        sources = [(source.url, source.state, source.media_id) for source in catalog.sources()]
        rows = [row.row() for table in (catalog.media(), catalog.clips(), catalog.duplicates()) for row in table]
    return [sources, rows]


def _hash(path: Path) -> str:
    timed = _TIMED.get(path.name) or _TIMED.get(path.suffix) or (_json if path.parent.name == "takedowns" else None)
    return sha256_of(path) if timed is None else digest(timed(path))


def _table(path: Path) -> Any:
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8")))
    return [{name: cell for name, cell in row.items() if name not in _MEASURED} for row in rows]


def _json(path: Path) -> Any:
    return _without_times(json.loads(path.read_text("utf-8")))


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(item) for name, item in value.items() if name not in _MEASURED}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def _page(path: Path) -> Any:
    return re.sub(r"(trained|tested) [0-9.]+ s", r"\1", path.read_text("utf-8"))


def _checkpoint(path: Path) -> Any:
    import torch  # seconds, which few tests need

    return _tensors(_without_times(torch.load(path, weights_only=True)))


def _tensors(value: Any) -> Any:
    if hasattr(value, "numpy"):
        return hashlib.sha256(value.numpy().tobytes()).hexdigest()
    if isinstance(value, dict):
        return {str(name): _tensors(item) for name, item in value.items()}
    return [_tensors(item) for item in value] if isinstance(value, list | tuple) else value


def _estimator(path: Path) -> Any:
    """Return what its arrays hold; beside them are addresses of objects."""
    with zipfile.ZipFile(path) as parts:
        return sorted(item.CRC for item in parts.infolist() if item.filename.endswith(".npy"))


def _log(path: Path) -> Any:
    """Say only that it is there: each start adds its own lines."""
    return path.name


_TIMED: dict[str, Callable[[Path], Any]] = {
    "log.csv": _table, "result.json": _json, "page.html": _page, ".pt": _checkpoint, ".skops": _estimator,
    "run.log": _log, "two.csv": _table, "two.json": _json, "killed.csv": _table, "killed.json": _json,
}  # fmt: skip
