"""Two predictions of the same clips: what differs, by class, and what flips within a motion pair."""

from leaderboards.comparison import compare

PAIRS = (("Lift", "Lower"),)


def test_a_flip_is_from_the_class_to_its_partner(clips, predict, split) -> None:
    made = clips([1, 1, 2, 3], groups=["a", "b", "a", "b"])
    names = list(made["clip_id"])
    right = {"clip0": [[2, 0, 0]], "clip1": [[2, 0, 0]], "clip2": [[0, 2, 0]], "clip3": [[0, 0, 2]]}
    other = {**right, "clip0": [[0, 2, 0]], "clip2": [[0, 0, 2]], "clip3": [[2, 0, 0]]}
    (found,) = compare(predict(made, right), predict(made, other), made, split(made, names), motion_pairs=PAIRS)
    # clip0 turned into its partner, clip2 into another class, clip3 is of no pair.
    assert (found.n_flipped, found.n_changed, found.overall.difference) == (1, 3, 0.75)
    assert {name: one.difference for name, one in found.by_class.items()} == {"Lift": 0.5, "Lower": 1.0, "Vault": 1.0}
    assert (found.of_pairs.n, found.of_pairs.other) == (3, 1 / 3)


def test_what_was_wrong_before_has_not_flipped(clips, predict, split) -> None:
    made = clips([1, 2, 3])
    tables = [predict(made, {"clip0": [scores]}) for scores in ([0, 0, 2], [0, 2, 0])]
    (found,) = compare(*tables, made, split(made, ["clip0"]), motion_pairs=PAIRS)
    assert (found.n_flipped, found.n_changed) == (0, 1)


def test_the_same_twice_differs_by_nothing(clips, predict, split) -> None:
    made = clips([1, 2, 3])
    rows = predict(made, {"clip0": [[2, 0, 0]], "clip1": [], "clip2": [[2, 0, 0]]})
    (found,) = compare(rows, rows, made, split(made, list(made["clip_id"])))
    assert (found.n_changed, found.largest_change, found.n_flipped, found.of_pairs) == (0, 0.0, 0, None)
    assert (found.overall.accuracy, found.overall.difference, found.overall.low) == (1 / 3, 0.0, 0.0)


def test_only_streams_of_both_are_compared(clips, predict, split) -> None:
    made = clips([1, 2, 3])
    one, other = (predict(made, {"clip0": [[1, 0, 0]]}, stream=name) for name in ("a", "b"))
    assert compare(one, other, made, split(made, ["clip0"])) == ()
