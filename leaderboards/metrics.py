"""Metrics of a classification: pure functions of true classes, and predicted ones or their probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support, recall_score

from slateboard.records.result import Calibration

NO_PREDICTION = -1
"""Predicted class of a clip that failed: no class, so it is wrong whatever the truth is."""

CALIBRATION_BINS = 15
"""Of equal width (Guo et al., ICML 2017, table 1)."""

Indices = NDArray[np.int64]


def accuracy(truth: Indices, predicted: Indices) -> float:
    """Return the share of predictions that are right, 0-1. Shapes (n,), n >= 1."""
    return float(accuracy_score(truth, predicted))


def top_k_accuracy(truth: Indices, probabilities: NDArray[np.float64], k: int) -> float:
    """Return the share of rows whose true class is among the k most probable; a row of NaN is wrong.

    Shapes (n,) and (n, classes). 1.0 by definition where there are no more than k classes. Of equal
    probabilities the lower class index comes first, as in argmax; scikit-learn's own takes the higher one.
    """
    if probabilities.shape[1] <= k:
        return 1.0
    true_probability = probabilities[np.arange(len(truth)), truth][:, None]
    # Rank r of the true class = number of classes above it, equal ones of a lower index among them; right if r < k.
    # probabilities (0.4, 0.3, 0.3), truth 2 -> r = 2: among the top 3, not among the top 2.
    before = np.arange(probabilities.shape[1]) < truth[:, None]
    above = (probabilities > true_probability).sum(axis=1) + ((probabilities == true_probability) & before).sum(axis=1)
    is_hit = (above < k) & ~np.isnan(probabilities).any(axis=1)
    return float(is_hit.mean())


def mean_class_accuracy(truth: Indices, predicted: Indices) -> float:
    """Return the mean recall over the classes that occur in `truth`, 0-1."""
    # (1/C) sum of recalls over the C classes that have a clip: a class without one has no recall to average.
    present = np.unique(truth)
    return float(recall_score(truth, predicted, labels=present, average="macro", zero_division=0.0))


def per_class(truth: Indices, predicted: Indices, classes: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return precision, recall, f1 (0-1) and support of each class, in the order of `classes`.

    What is undefined is left out, never 0: the precision of a class that was never predicted, the recall of a
    class without a clip, the f1 of a class with neither.
    """
    # zero_division=nan marks what is 0/0; scikit-learn's default would report it as 0, as if the class were missed.
    values = precision_recall_fscore_support(truth, predicted, labels=range(len(classes)), zero_division=np.nan)
    table = zip(classes, *values, strict=True)
    return {
        name: {
            key: float(value)
            for key, value in (("precision", precision), ("recall", recall), ("f1", f1), ("support", support))
            if not np.isnan(value)
        }
        for name, precision, recall, f1, support in table
    }


def confusion(truth: Indices, predicted: Indices, n_classes: int) -> tuple[tuple[int, ...], ...]:
    """Return counts: rows are true classes, columns predicted ones; clips without a prediction are in no column."""
    counts = confusion_matrix(truth, predicted, labels=range(n_classes))
    return tuple(tuple(int(count) for count in row) for row in counts)


def calibration(truth: Indices, probabilities: NDArray[np.float64]) -> Calibration:
    """Return the expected calibration error and its bins (Guo et al., ICML 2017, equations 2-3). Shapes (n,), n >= 1.

    The confidence of a row (n, classes) is its highest probability, its prediction the lower class of equal ones. Of
    B bins, bin b holds confidences above (b - 1) / B up to b / B.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    # ECE = sum over bins b of n_b / n * |accuracy_b - confidence_b| = sum over b of |rights_b - confidences_b| / n,
    # of the sums of each bin. Of 15 bins a confidence of 0.81 lies in the 13th, (12/15, 13/15]; 0 goes to the first.
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, CALIBRATION_BINS - 1)
    counts = np.bincount(place, minlength=CALIBRATION_BINS)
    confidences, rights = (np.bincount(place, weights=v, minlength=CALIBRATION_BINS) for v in (confidence, right))
    return Calibration(
        ece=float(np.abs(rights - confidences).sum() / len(truth)),
        n=tuple(counts.tolist()),
        confidence=_means(confidences, counts),
        accuracy=_means(rights, counts),
    )


def _means(sums: NDArray[Any], counts: NDArray[Any]) -> tuple[float | None, ...]:
    return tuple(float(total / n) if n else None for total, n in zip(sums, counts, strict=True))
