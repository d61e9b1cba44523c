"""Read tensors and estimators that others made: nothing in a file runs, and nothing grows far beyond the file."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

MOST_BYTES = 20_000_000_000
"""Of a file: the largest video networks have a tenth of it."""
_GROWTH, _SLACK = 4, 10_000_000
"""Tensors may hold 4 times the bytes of their file and 10 MB: float16 becomes float32, and an optimiser's numbers may
share storage. A few bytes that expand to gigabytes are refused."""


def read_tensors(path: Path) -> Any:
    """Return what torch.save wrote, on the CPU; raises ValueError for anything that is more than tensors and values."""
    size = refuse_growing(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what the file makes it raise: pickle's, zip's and its own errors
        raise ValueError(str(error).split("\n")[0] or type(error).__name__) from None
    # numel counts what a tensor stands for, not what is stored: an expanded one has stride 0, and 4 bytes in the file
    # stand for 4 GB of 1e9 float32 once somebody copies it.
    held = sum(tensor.numel() * tensor.element_size() for tensor in _tensors(content))
    if held > _GROWTH * size + _SLACK:
        raise ValueError(f"its tensors stand for {held} bytes, the file has {size}")
    return content


def refuse_growing(path: Path) -> int:
    """Return the size of a plain file; raises ValueError for an archive whose parts are far larger than itself."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode) or state.st_size > MOST_BYTES:
            raise ValueError(f"it is no plain file of up to {MOST_BYTES} bytes")
        # torch.save and skops write zip archives. An archive states the size of its entries before they are unpacked.
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
            # Deflate packs 100 MB of zeros into 97 kB.
            if unpacked > _GROWTH * state.st_size + _SLACK:
                raise ValueError(f"its parts unpack to {unpacked} bytes, the file has {state.st_size}")
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(str(error)) from None
    return state.st_size


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """Yield every tensor in a value of nested dictionaries and lists."""
    # A stack and no recursion: a file may nest lists deeper than Python calls.
    pending = [value]
    while pending:
        nested = pending.pop()
        if isinstance(nested, torch.Tensor):
            yield nested
        elif isinstance(nested, dict):
            pending += nested.values()
        elif isinstance(nested, list | tuple | set):
            pending += nested
