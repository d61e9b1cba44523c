"""Evaluate: the scores of every view of every test clip by every stream, as predictions.parquet holds them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.baseline import FUSED, Stream
from benchmark.clips import Clips
from benchmark.sampling import View, clips_looped, views_of
from slateboard.progress import say, track

Floats = NDArray[np.float32]


def predict(stream: Stream, clips: Clips, *, classes: int, device: str, title: str = "") -> pd.DataFrame:
    """Return a row a clip and view of one stream.

    Columns: clip_id, view (0-based), stream, logits (float32, one a class), label_index (0-based), failed. A clip
    that could not be decoded is one failed row with no logits. With a title progress is shown.
    """
    lengths = [max(frames, 1) for frames in clips.lengths]
    views = views_of(lengths, stream.sampler, stream.sampler_parameters, seed=None)
    groups: Iterable[list[View]] = _by_clip(views, len(clips.ids))
    if title:
        groups = track(groups, title, total=len(clips.ids), unit="clips")
        if clips_looped(views):
            say(f"{title}: {clips_looped(views)} clips are shorter than a view; frames repeat in them")
    rows = []
    for position, clip_views in enumerate(groups):
        rows += _clip_rows(stream, clips, position, clip_views, classes=classes, device=device)
    return pd.DataFrame(rows)


def _by_clip(views: Sequence[View], clips: int) -> list[list[View]]:
    groups: list[list[View]] = [[] for _ in range(clips)]
    for view in views:
        groups[view.clip].append(view)
    return groups


def _clip_rows(
    stream: Stream, clips: Clips, position: int, views: Sequence[View], *, classes: int, device: str
) -> list[dict[str, Any]]:
    clip_id = clips.ids[position]
    common = {"clip_id": clip_id, "stream": stream.name, "label_index": int(clips.labels[position])}
    if not clips.store.frames(clip_id):
        return [{**common, "view": 0, "logits": [], "failed": True}]
    inputs = torch.stack([prepared(stream, clips, view) for view in views])
    scores = logits(stream.model, inputs, classes=classes, device=device)
    return [
        {**common, "view": view.number, "logits": row.tolist(), "failed": False}
        for view, row in zip(views, scores, strict=True)
    ]


def prepared(stream: Stream, clips: Clips, view: View) -> torch.Tensor:
    """Return the model's input for one view."""
    return stream.prepare(clips.store.rgb(clips.ids[view.clip], view.indices))


def logits(model: Any, inputs: torch.Tensor, *, classes: int, device: str) -> Floats:
    """Return scores [views, classes] whose softmax is the prediction; -inf for a class that was never trained."""
    if isinstance(model, nn.Module):
        model.eval()
        with torch.inference_mode():
            scores: Floats = model(inputs.to(device)).float().cpu().numpy()
        return scores
    features = inputs.numpy()
    known = np.asarray(model.classes_)
    if hasattr(model, "decision_function"):
        found = np.asarray(model.decision_function(features))
        # Of two classes scikit-learn gives one number: how far it is on the side of the second.
        found = np.stack([-found, found], axis=1) if found.ndim == 1 else found
    else:
        found = np.asarray(model.predict_log_proba(features))
    scores = np.full((len(features), classes), -np.inf, dtype=np.float32)
    scores[:, known] = found
    return scores


def fuse(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the stream `fused`: the mean of the streams' softmax, view by view (MEI paper 3.4), as logs."""
    fused = []
    for (clip_id, view), rows in predictions.groupby(["clip_id", "view"], sort=False):
        row = {"clip_id": clip_id, "stream": FUSED, "label_index": rows["label_index"].iloc[0], "view": view}
        if rows["failed"].any():
            fused.append({**row, "logits": [], "failed": True})
            continue
        scores = torch.tensor(rows["logits"].tolist(), dtype=torch.float64)
        mean = scores.softmax(dim=-1).mean(dim=0).log()
        fused.append({**row, "logits": mean.float().tolist(), "failed": False})
    return pd.DataFrame(fused)
