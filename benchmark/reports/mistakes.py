"""Worst mistakes: the clips that a run is most sure of and wrong about, as a contact sheet."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.reports.figures import readable
from leaderboards.videos import videos
from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.escaping import inline
from slateboard.media.colour import rgb
from slateboard.media.errors import Unreadable
from slateboard.media.frames import decode
from slateboard.media.sheets import Row, contact_sheet
from slateboard.records.split import Split

MOST = 12
"""Rows of a sheet."""
_PICTURES, _SIDE = 6, 108
"""Pictures of a clip, evenly spread, and the pixels of their shorter side."""
_WIDTH = 17
"""Letters that fit beside the pictures."""


@dataclass(frozen=True)
class Mistake:
    """A clip, and what it was taken for."""

    clip_id: str
    path: str
    """Relative to the release."""
    truth: str
    predicted: str
    confidence: float
    """Probability of the predicted class, 0-1."""


def mistakes(predictions: pd.DataFrame, dataset: Dataset, split: Split, *, stream: str) -> list[Mistake]:
    """Return the clips of the test list that were read and are wrong, the most confident first."""
    rows = predictions[predictions["stream"] == stream]
    found = videos(rows, dataset.clips, split.test, classes=len(dataset.classes))
    wrong = np.flatnonzero(found.read & ~found.right)
    confidence = found.probabilities.max(axis=1)
    order = sorted(wrong.tolist(), key=lambda place: (-confidence[place], found.clips.index[place]))
    return [
        Mistake(
            clip_id=str(found.clips.index[place]),
            path=str(found.clips["path"].iloc[place]),
            truth=dataset.classes[found.truth[place]],
            predicted=dataset.classes[found.predicted[place]],
            confidence=float(confidence[place]),
        )
        for place in order
    ]


def draw_mistakes(path: Path, found: Sequence[Mistake], dataset: Dataset) -> None:
    """Write a contact sheet of the first MOST mistakes; none where there is none."""
    if not found:
        path.unlink(missing_ok=True)
        return
    files = [dataset.file(one.path) for one in found[:MOST]]
    # In processes: a file that somebody sent may end the one that decodes it.
    outcomes = dict(engine.run(_pictures, files))
    pictures = {file: [] if isinstance(got, engine.Failure) else got for file, got in outcomes.items()}
    contact_sheet(path, [Row(_title(one), pictures[file]) for one, file in zip(found[:MOST], files, strict=True)])


def _title(one: Mistake) -> str:
    truth, predicted = readable([one.truth, one.predicted])
    lines = [
        f"is {truth}",
        f"taken for {predicted}",
        f"{100 * one.confidence:.0f} % sure",
        inline(Path(one.path).stem, most=60),
    ]
    return "\n".join(part for line in lines for part in textwrap.wrap(line, _WIDTH))


def _pictures(path: Path) -> list[NDArray[np.uint8]]:
    """Return pictures evenly spread over a clip; what no longer decodes has fewer."""
    frames = []
    try:
        for frame in decode(path, short_side=_SIDE):
            frames.append(frame)
    except Unreadable:
        if not frames:
            return []
    chosen = np.unique(((np.arange(_PICTURES) + 0.5) * len(frames) / _PICTURES).astype(np.int64))
    return [rgb(frames[place]) for place in chosen.tolist()]
