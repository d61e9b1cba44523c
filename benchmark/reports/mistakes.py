"""Worst mistakes: the clips that a run is most sure of and wrong about, as a contact sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.reports.figures import readable
from leaderboards.clip_predictions import clip_predictions
from slateboard import engine
from slateboard.dataset import Dataset
from slateboard.escaping import inline
from slateboard.media.colour import rgb
from slateboard.media.errors import Unreadable
from slateboard.media.frames import decode
from slateboard.media.sheets import SheetRow, contact_sheet
from slateboard.records.split import Split
from slateboard.scripts import shortened, wrapped

MOST = 12
"""Rows of a sheet."""
_PICTURES, _SIDE = 6, 108
"""Pictures of a clip, evenly spread, and the pixels of their shorter side."""
_WIDTH = 17
"""Letters that fit beside the pictures."""
_ROWS = 6
"""Lines that fit there; names are shortened where there would be more."""


@dataclass(frozen=True)
class Mistake:
    """A clip whose predicted class is wrong."""

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
    per_video = clip_predictions(rows, dataset.clips, split.test, classes=len(dataset.classes))
    wrong = np.flatnonzero(per_video.read & ~per_video.right)
    confidence = per_video.probabilities.max(axis=1)
    # By clip where confidences are equal, as 1.0 often is in float32: the same sheet each time.
    order = sorted(wrong.tolist(), key=lambda place: (-confidence[place], per_video.clips.index[place]))
    return [
        Mistake(
            clip_id=str(per_video.clips.index[place]),
            path=str(per_video.clips["path"].iloc[place]),
            truth=dataset.classes[per_video.truth[place]],
            predicted=dataset.classes[per_video.predicted[place]],
            confidence=float(confidence[place]),
        )
        for place in order
    ]


def draw_mistakes(path: Path, ranked: Sequence[Mistake], dataset: Dataset) -> None:
    """Write a contact sheet of the first MOST mistakes; remove it where there is none."""
    if not ranked:
        path.unlink(missing_ok=True)
        return
    files = [dataset.file(mistake.path) for mistake in ranked[:MOST]]
    # In processes: a file that somebody sent may end the process that decodes it.
    outcomes = dict(engine.run(_pictures, files))
    pictures = {file: [] if isinstance(outcome, engine.Failure) else outcome for file, outcome in outcomes.items()}
    titles = map(_title, ranked[:MOST])
    contact_sheet(path, [SheetRow(title, pictures[file]) for title, file in zip(titles, files, strict=True)])


def _title(mistake: Mistake) -> str:
    names = [*readable([mistake.truth, mistake.predicted]), inline(Path(mistake.path).stem, most=60)]
    rows = _rows(names, mistake.confidence)
    if len(rows) > _ROWS:
        rows = _rows([shortened(name, _WIDTH) for name in names], mistake.confidence)
    return "\n".join(rows)


def _rows(names: Sequence[str], confidence: float) -> list[str]:
    truth, predicted, stem = names
    lines = [f"is {truth}", f"taken for {predicted}", f"{100 * confidence:.0f} % sure", stem]
    return [row for line in lines for row in wrapped(line, _WIDTH)]


def _pictures(path: Path) -> list[NDArray[np.uint8]]:
    """Return pictures evenly spread over the frames of a clip that decode; none where no frame does."""
    frames = []
    try:
        for frame in decode(path, short_side=_SIDE):
            frames.append(frame)
    except Unreadable:
        if not frames:
            return []
    # 60 frames, 6 pictures: 5, 15, 25, 35, 45, 55.
    sampled = np.unique(((np.arange(_PICTURES) + 0.5) * len(frames) / _PICTURES).astype(np.int64))
    return [rgb(frames[place]) for place in sampled.tolist()]
