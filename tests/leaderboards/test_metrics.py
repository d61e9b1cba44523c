"""Metrics against values counted by hand."""

import numpy as np
import pytest

from leaderboards import metrics

# Truth 0 0 1 1 1 2; the last but one has no prediction.
TRUTH = np.array([0, 0, 1, 1, 1, 2])
PREDICTED = np.array([0, 1, 1, 1, metrics.NO_PREDICTION, 0])
CLASSES = ("a", "b", "c", "d")


def test_accuracy_counts_no_prediction_as_wrong() -> None:
    assert metrics.accuracy(TRUTH, PREDICTED) == 3 / 6


def test_mean_class_accuracy_is_over_the_classes_that_occur() -> None:
    assert metrics.mean_class_accuracy(TRUTH, PREDICTED) == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


def test_confusion_has_true_classes_as_rows_and_leaves_out_no_prediction() -> None:
    assert metrics.confusion(TRUTH, PREDICTED, 4) == ((1, 1, 0, 0), (0, 2, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0))


def test_per_class_leaves_out_what_is_undefined() -> None:
    assert metrics.per_class(TRUTH, PREDICTED, CLASSES) == {
        "a": {"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2},
        "b": {"precision": 2 / 3, "recall": 2 / 3, "f1": pytest.approx(2 / 3), "support": 3},
        "c": {"recall": 0.0, "f1": 0.0, "support": 1},
        "d": {"support": 0},
    }


def test_top_k_takes_the_lower_class_of_equal_ones_and_counts_failed_clips_as_wrong() -> None:
    probabilities = np.array([[0.25] * 4, [0.25] * 4, [0.1, 0.2, 0.3, 0.4], [np.nan] * 4])
    assert metrics.top_k_accuracy(np.array([1, 2, 2, 0]), probabilities, 2) == 2 / 4


def test_top_5_of_three_classes_is_one_by_definition() -> None:
    assert metrics.top_k_accuracy(np.array([0, 2]), np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]]), 5) == 1.0


def test_calibration_of_two_bins_by_hand() -> None:
    # Confidences 0.9, 0.9 (one right) and 0.55 (right): bins 13 (0.867-0.933) and 8 (0.533-0.6) of 15.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.45, 0.55]])
    found = metrics.calibration(np.array([0, 1, 1]), probabilities)
    assert [(place, n) for place, n in enumerate(found.n) if n] == [(8, 1), (13, 2)]
    assert (found.confidence[13], found.accuracy[13]) == (pytest.approx(0.9), 0.5)
    assert (found.confidence[8], found.accuracy[8], found.accuracy[0]) == (pytest.approx(0.55), 1.0, None)
    assert found.ece == pytest.approx(2 / 3 * 0.4 + 1 / 3 * 0.45)


def test_a_confidence_of_one_is_in_the_last_bin_and_an_edge_in_the_lower_one() -> None:
    found = metrics.calibration(np.array([0, 0]), np.array([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
    assert [place for place, n in enumerate(found.n) if n] == [4, 14]


def test_top_k_agrees_with_ranking() -> None:
    chance = np.random.default_rng(0)
    probabilities, truth = chance.integers(0, 4, (200, 9)) / 4, chance.integers(0, 9, 200)
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    assert metrics.top_k_accuracy(truth, probabilities, 3) == (ranked == truth[:, None]).any(axis=1).mean()
