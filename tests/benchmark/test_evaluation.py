"""Predictions: one set per expected clip, log-means when fused, and no score for a class that was never trained."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.dummy import DummyClassifier
from sklearn.svm import LinearSVC

from benchmark.evaluation import fuse, logits


def row(stream: str, scores: list[float], *, clip_id: str = "a", view: int = 0, failed: bool = False) -> dict[str, Any]:
    return {"clip_id": clip_id, "view": view, "stream": stream, "logits": scores, "label_index": 0, "failed": failed}


def test_fused_is_the_log_of_the_mean_softmax_of_each_view() -> None:
    found = pd.DataFrame([row("motion", [2.0, 0.0]), row("normal", [-1.0, 3.0])])
    softmax = [np.exp(scores) / np.exp(scores).sum() for scores in found["logits"].map(np.array)]
    (fused,) = fuse(found).to_dict("records")
    np.testing.assert_allclose(np.exp(fused["logits"]), np.mean(softmax, axis=0), rtol=1e-6)
    assert (fused["stream"], fused["clip_id"], fused["view"], fused["failed"]) == ("fused", "a", 0, False)


def test_views_are_fused_one_by_one() -> None:
    rows = [row(stream, [float(view), 0.0], view=view) for stream in ("one", "two") for view in range(3)]
    assert fuse(pd.DataFrame(rows))["view"].tolist() == [0, 1, 2]


def test_a_failed_clip_stays_failed_when_fused() -> None:
    fused = fuse(pd.DataFrame([row("one", [], failed=True), row("two", [], failed=True)]))
    assert fused[["failed", "logits"]].to_dict("records") == [{"failed": True, "logits": []}]


def test_a_class_that_was_never_trained_has_probability_zero() -> None:
    model = DummyClassifier(strategy="prior").fit(np.zeros((4, 1)), np.array([0, 2, 2, 2]))
    scores = logits(model, torch.zeros(1, 1), classes=3, device="cpu")
    np.testing.assert_allclose(torch.from_numpy(scores).softmax(-1).numpy(), [[0.25, 0, 0.75]], atol=1e-6)


def test_the_one_number_of_a_two_class_svm_becomes_two_scores() -> None:
    features = np.array([[-1.0], [1.0]], dtype=np.float32)
    scores = logits(LinearSVC().fit(features, [0, 1]), torch.from_numpy(features), classes=2, device="cpu")
    assert scores.argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1])
