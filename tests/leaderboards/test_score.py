"""What score computes, and what it refuses."""

from collections.abc import Callable
from math import log

import numpy as np
import pandas as pd
import pytest

from leaderboards.score import score
from leaderboards.statistics import wilson
from slateboard.errors import BadInput

PAIRS = (("Lift", "Lower"),)
ALL = ("clip0", "clip1", "clip2", "clip3")


@pytest.fixture
def four(clips: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Lift, Lower, Vault, Lift in the groups g0 g0 g1 g1; effects true, false, unknown, true."""
    return clips([1, 2, 3, 1])


def logs(*shares: float) -> list[float]:
    """Return logits whose softmax are these shares."""
    return [log(share) for share in shares]


def test_video_is_the_mean_of_softmax_and_image_is_each_view(four, predict, split) -> None:
    # Two weak views of Lower against one strong view of Lift: the mean is (0.5, 0.4, 0.1), a vote would say Lower.
    views = [logs(0.9, 0.05, 0.05), logs(0.3, 0.575, 0.125), logs(0.3, 0.575, 0.125)]
    (found,) = score(predict(four, {"clip0": views}), four, split(four, ["clip0"]))
    assert (found.video_accuracy, found.image_accuracy, found.n_images) == (1.0, 1 / 3, 3)


def test_failed_clip_is_wrong_and_has_no_image(four, predict, split) -> None:
    logits = {"clip0": [[2, 0, 0]], "clip1": [], "clip2": [[0, 0, 2]], "clip3": [[0, 2, 0], [2, 0, 0]]}
    (found,) = score(predict(four, logits), four, split(four, ALL), motion_pairs=PAIRS)
    # clip3: the mean of its two views is a tie of Lift and Lower, and the lower index is right.
    assert (found.video_accuracy, found.image_accuracy, found.n_images) == (3 / 4, 3 / 4, 4)
    assert found.video_interval == wilson(3, 4)
    assert found.confusion == ((2, 0, 0), (0, 0, 0), (0, 0, 1))
    assert found.mean_class_accuracy == pytest.approx(2 / 3)
    assert found.top5_accuracy == 1.0


def test_motion_pairs_compare_a_class_with_its_partner_alone(four, predict, split) -> None:
    # clip0 right, clip1 failed: wrong, clip3: a tie is one half; clip2 is of no pair. None need be the highest class.
    logits = {"clip0": [[1, 0, 9]], "clip1": [], "clip2": [[9, 0, 0]], "clip3": [[5, 5, 9]]}
    (found,) = score(predict(four, logits), four, split(four, ALL), motion_pairs=PAIRS)
    low, high = wilson(1.5, 3)
    # Groups g0 (1 of 2) and g1 (a half of 1): every draw of them gives 0.5.
    groups = {"groups": 2, "group_low": 0.5, "group_high": 0.5}
    assert found.slices["motion_pairs"] == {"n": 3, "accuracy": 0.5, "low": low, "high": high, **groups}


def test_motion_pairs_of_the_same_answer_for_both_are_chance(four, predict, split) -> None:
    logits = {clip: [[1, 1, 0]] for clip in ALL}
    (found,) = score(predict(four, logits), four, split(four, ALL), motion_pairs=PAIRS)
    assert found.slices["motion_pairs"]["accuracy"] == 0.5


def test_slices_count_effects_and_an_empty_one_has_no_figure(four, predict, split) -> None:
    logits = {"clip0": [[2, 0, 0]], "clip1": [[2, 0, 0]], "clip3": [[0, 2, 0]]}
    (found,) = score(predict(four, logits), four, split(four, tuple(logits)))
    assert {name: (part["n"], part["accuracy"]) for name, part in found.slices.items()} == {
        "effects=true": (2, 0.5),
        "effects=false": (1, 0.0),
        "effects=unknown": (0, None),
        "effect=text": (2, 0.5),
    }
    assert (found.slices["effects=unknown"]["low"], found.slices["effects=unknown"]["high"]) == (None, None)


def test_minus_infinity_is_probability_zero(four, predict, split) -> None:
    (found,) = score(predict(four, {"clip0": [[0.0, -np.inf, -np.inf]]}), four, split(four, ["clip0"]))
    assert found.video_accuracy == 1.0


def test_streams_are_scored_apart_whatever_the_order_of_rows(four, predict, split) -> None:
    normal = predict(four, {"clip0": [[2, 0, 0]], "clip1": [[0, 2, 0]]}, stream="normal")
    motion = predict(four, {"clip0": [[0, 2, 0], [0, 1, 0]], "clip1": [[0, 2, 0]]}, stream="motion")
    both = pd.concat([normal, motion], ignore_index=True)
    found = score(both, four, split(four, ["clip0", "clip1"]))
    assert [(one.stream, one.video_accuracy) for one in found] == [("motion", 0.5), ("normal", 1.0)]
    assert score(both[::-1], four, split(four, ["clip1", "clip0"])) == found


def test_the_order_of_views_in_the_table_decides_nothing(four, predict, split) -> None:
    # Floats: 0.05 + 0.15 + 0.25 is not 0.25 + 0.15 + 0.05, so summed as they lie, the order would break the tie.
    rows = predict(four, {"clip0": [logs(0.05, 0.25, 0.7), logs(0.15, 0.15, 0.7), logs(0.25, 0.05, 0.7)]})
    cut = split(four, ["clip0"])
    assert score(rows[::-1], four, cut, motion_pairs=PAIRS) == score(rows, four, cut, motion_pairs=PAIRS)


def test_all_failed_scores_zero_of_no_images(four, predict, split) -> None:
    (found,) = score(predict(four, {"clip0": [], "clip1": []}), four, split(four, ["clip0", "clip1"]))
    assert (found.video_accuracy, found.image_accuracy, found.n_images) == (0.0, None, 0)
    assert (found.calibration, found.image_calibration, found.image_interval) == (None, None, None)


def test_failed_clips_are_left_out_where_the_caller_says_so(four, predict, split) -> None:
    logits = {"clip0": [[2, 0, 0]], "clip1": [], "clip2": [[0, 0, 2]], "clip3": [[0, 2, 0]]}
    (found,) = score(predict(four, logits), four, split(four, ALL), motion_pairs=PAIRS, failed="left out")
    assert (found.n_clips, found.video_accuracy) == (3, 2 / 3)
    assert found.slices["effects=false"]["n"] == 0
    assert (found.slices["motion_pairs"]["n"], found.slices["motion_pairs"]["accuracy"]) == (2, 0.5)
    assert found.per_class["Lower"] == {"support": 0, "precision": 0.0, "f1": 0.0}
    assert found.image_accuracy == 2 / 3


def test_nothing_is_scored_where_all_are_left_out(four, predict, split) -> None:
    with pytest.raises(BadInput, match="none of 1 test clips could be read"):
        score(predict(four, {"clip0": []}), four, split(four, ["clip0"]), failed="left out")


def test_single_views_have_figures_of_their_own(four, predict, split) -> None:
    logits = {"clip0": [[2, 0, 0], [0, 2, 0]], "clip1": [[2, 0, 0], [2, 0, 0]]}
    (found,) = score(predict(four, logits), four, split(four, ["clip0", "clip1"]))
    assert (found.image_accuracy, found.image_top5_accuracy, found.image_mean_class_accuracy) == (1 / 4, 1.0, 1 / 4)
    assert found.image_calibration.ece == pytest.approx(0.786986 - 1 / 4, abs=1e-6)
    # One group alone says nothing of others.
    assert found.image_interval == found.mean_class_interval == (0.0, 1.0)


def test_a_class_has_the_wilson_interval_of_its_recall(four, predict, split) -> None:
    (found,) = score(predict(four, {clip: [[1, 0, 0]] for clip in ALL}), four, split(four, ALL))
    assert (found.per_class["Lift"]["low"], found.per_class["Lift"]["high"]) == wilson(2, 2)
    assert (found.per_class["Vault"]["low"], found.per_class["Vault"]["high"]) == wilson(0, 1)


def test_twins_are_paired(clips, predict, split) -> None:
    table = clips([1, 1, 1, 1], groups=["a", "b", "a", "b"]).assign(twin_of=["", "", "clip0", "clip1"])
    logits = {"clip0": [[2, 0, 0]], "clip1": [[2, 0, 0]], "clip2": [[0, 2, 0]], "clip3": [[2, 0, 0]]}
    table = pd.concat([table, clips([1, 2, 3]).tail(2).assign(clip_id=["x", "y"])], ignore_index=True)
    (found,) = score(predict(table, logits), table, split(table, tuple(logits)))
    twins = found.differences["twins"]
    # With effects 1 of 2, without 2 of 2; group a loses its only one, group b nothing.
    assert (twins.accuracy, twins.other, twins.difference, twins.n, twins.groups) == (0.5, 1.0, -0.5, 2, 2)
    assert (twins.low, twins.high) == (-1.0, 0.0)


def test_a_twin_whose_origin_is_not_tested_is_in_no_pair(clips, predict, split) -> None:
    table = clips([1, 2, 3]).assign(twin_of=["", "clip2", ""])
    (found,) = score(predict(table, {"clip1": [[0, 1, 0]]}), table, split(table, ["clip1"]))
    assert found.differences == {}


def test_columns_of_clips_are_slices_on_demand(four, predict, split) -> None:
    table = four.assign(camera=["static", "moving", "static", "static"])
    rows = predict(table, {clip: [[1, 0, 0]] for clip in ALL})
    (found,) = score(rows, table, split(table, ALL), by=["camera"], duration_seconds=[2.5])
    assert found.slices["camera=static"]["n"] == 3
    assert found.slices["camera=moving"]["accuracy"] == 0.0
    with pytest.raises(BadInput, match=r"no column 'camra'.*Did you mean 'camera'"):
        score(rows, table, split(table, ALL), by=["camra"])


def test_scores_survive_writing_and_reading(four, predict, split, result, tmp_path) -> None:
    predictions = predict(four, {clip: [[1, 0, 0]] for clip in ALL})
    made = result("c3d", predictions, four, split(four, ALL))
    made.write(tmp_path / "result.json")
    assert type(made).read(tmp_path / "result.json") == made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[rows["clip_id"] != "clip1"], "lack test clips: clip1"),
        (lambda rows: rows.replace({"clip_id": {"clip1": "clip3"}}), "hold clips of the training list: clip3"),
        (lambda rows: rows.replace({"clip_id": {"clip1": "other"}}), "hold clips that are not tested: other"),
        (lambda rows: pd.concat([rows, rows.tail(1)]), "repeat views of clips: clip1"),
        (lambda rows: rows.assign(label_index=0), "have a label_index that contradicts clips: clip1"),
        (lambda rows: rows.assign(logits=[[1.0, 0.0]] * 2), "have other than 3 logits for clips: clip0, clip1"),
        (lambda rows: rows.assign(failed=True), "have logits for failed clips: clip0, clip1"),
        (lambda rows: rows.assign(logits=[[np.nan, 0.0, 0.0]] * 2), "have logits that are no numbers for clips: clip0"),
        (lambda rows: rows.assign(logits=[[-np.inf] * 3] * 2), "have logits that are no numbers for clips: clip0"),
        (lambda rows: rows.head(0), "are empty"),
        (lambda rows: rows.drop(columns="failed"), "have no column failed"),
        (
            lambda rows: pd.concat([rows, rows.tail(1).assign(view=1, failed=True, logits=[[]])]),
            "hold failed clips that have other rows too: clip1",
        ),
    ],
)
def test_score_names_what_contradicts_the_split(four, predict, split, change, said) -> None:
    predictions = predict(four, {"clip0": [[2, 0, 0]], "clip1": [[0, 2, 0]]})
    with pytest.raises(BadInput, match=said):
        score(change(predictions), four, split(four, ["clip0", "clip1"]))


def test_score_names_every_problem_at_once(four, predict, split) -> None:
    predictions = predict(four, {"clip0": [[2, 0]]})
    with pytest.raises(BadInput) as error:
        score(predictions, four, split(four, ["clip0", "clip1"]), motion_pairs=[("Lift", "Lover")])
    assert [problem.what.partition(":")[0] for problem in error.value.problems] == [
        "no class 'Lover'.",
        "lack test clips",
        "have other than 3 logits for clips",
    ]


def test_score_names_ten_clips_and_counts_the_rest(clips, predict, split) -> None:
    many = clips([1, 2, 3] * 5)
    with pytest.raises(BadInput, match="clip9, clip10 and 3 more"):
        score(predict(many, {"clip0": [[1, 0, 0]]}), many, split(many, list(many["clip_id"])[:14]))


def test_score_refuses_a_split_of_unknown_clips(four, predict, split) -> None:
    with pytest.raises(BadInput, match="tests unknown clips: ghost"):
        score(predict(four, {"clip0": [[1, 0, 0]]}), four, split(four, ["clip0", "ghost"]))


def test_score_refuses_clips_that_lack_a_class(clips, predict, split) -> None:
    gap = clips([1, 3])
    with pytest.raises(BadInput, match="no clip has class_index 2"):
        score(predict(gap, {"clip0": [[1, 0, 0]]}), gap, split(gap, ["clip0"]))
