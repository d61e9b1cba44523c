"""What an importer gives for a file, for tests: its rows, and what it could not map."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.listing.document import Document
from curate.listing.rows import Note, SourceRow, Unmapped
from curate.listing.sources import IMPORTERS


def read(path: Path, name: str, given: Mapping[str, Any] | None = None) -> tuple[list[SourceRow], list[Unmapped]]:
    module = IMPORTERS.load(name)
    entries = list(module.rows(Document(path), module.CARD.settle(given or {}, where=name)))
    kept = [entry for entry in entries if not isinstance(entry, Note)]
    return [entry for entry in kept if isinstance(entry, SourceRow)], [e for e in kept if isinstance(e, Unmapped)]


def as_json(folder: Path, value: Any) -> Path:
    path = folder / "file.json"
    path.write_text(json.dumps(value), "utf-8")
    return path
