"""Messages and progress: a moving line on a terminal, a line every 10 s in a log, nothing when quiet.

All that a person reads goes through here, so that no name of a file or a person moves, colours or hides the rest.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO, TypeVar

from slateboard.escaping import inline, json_line, terminal

T = TypeVar("T")


@dataclass
class _Voice:
    quiet: bool = False


_voice = _Voice()


def be_quiet(quiet: bool) -> None:
    """Turn `say` and progress off or on for this process."""
    _voice.quiet = quiet


def say(text: str) -> None:
    """Print a message on the error stream, so that results can be piped; nothing when quiet."""
    if not _voice.quiet:
        complain(text)


def complain(text: str) -> None:
    """Print an error on the error stream, quiet or not."""
    _write(sys.stderr, terminal(text))


def show(text: str, *, is_styled: bool = False) -> None:
    """Print a line of a command's result on the output stream; nothing when quiet or with --json.

    A table with colours is `is_styled`: whoever made it has escaped what stands in it.
    """
    if not _voice.quiet:
        _write(sys.stdout, text if is_styled else terminal(text))


def show_json(text: str) -> None:
    """Print JSON that was asked for, quiet or not."""
    _write(sys.stdout, json_line(text))


def _write(stream: TextIO, text: str) -> None:
    """Write a line; letters that the stream's encoding lacks are escaped and end nothing."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


class Bar:
    """Counts steps, of a total that may be unknown, and prints a line every 10 s."""

    def __init__(self, title: str, total: int | None, unit: str) -> None:
        self.title, self.total, self.unit = title, total, unit
        self.done = 0
        self._started = self._told = time.monotonic()

    def step(self, count: int = 1, note: str = "") -> None:
        """Count `count` more as done."""
        self.done += count
        now = time.monotonic()
        if now - self._told >= 10:
            self._told = now
            say(self.line(note))

    def line(self, note: str = "") -> str:
        """Return `title: done/total unit, rate, time left, note`."""
        seconds = max(time.monotonic() - self._started, 1e-9)
        # 30 of 120 done in 60 s: 0.5 a second, (120 - 30) / 0.5 = 180 s left.
        rate = self.done / seconds
        phrases = [f"{self.title}: {self.done}" + (f"/{self.total}" if self.total else "") + f" {self.unit}"]
        phrases.append(f"{rate:.1f} {self.unit}/s")
        if self.total and self.done and self.done < self.total:
            phrases.append(f"{(self.total - self.done) / rate:.0f} s left")
        return ", ".join([*phrases, note] if note else phrases)


class _RichBar(Bar):
    """The same on a terminal, as one line that moves."""

    def __init__(self, title: str, total: int | None, unit: str) -> None:
        super().__init__(title, total, unit)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            # A name may hold brackets, which rich would take for its own marks.
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task(inline(title), total=total, note="", rate="")
        self._progress.start()

    def step(self, count: int = 1, note: str = "") -> None:
        self.done += count
        rate = self.done / max(time.monotonic() - self._started, 1e-9)
        self._progress.update(self._task, advance=count, note=inline(note, most=100), rate=f"{rate:.1f} {self.unit}/s")

    def close(self) -> None:
        self._progress.stop()


@contextmanager
def progress(title: str, total: int | None, *, unit: str) -> Iterator[Bar]:
    """Show the progress of a block; it ends with one line that says how much was done and how fast."""
    if sys.stderr.isatty() and not _voice.quiet:
        bar = _RichBar(title, total, unit)
        try:
            yield bar
        finally:
            bar.close()
        return
    plain = Bar(title, total, unit)
    yield plain
    say(plain.line())


def track(items: Iterable[T], title: str, *, total: int, unit: str) -> Iterator[T]:
    """Yield the items and show progress."""
    with progress(title, total, unit=unit) as bar:
        for item in items:
            yield item
            bar.step()
