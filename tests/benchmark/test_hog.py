"""HOG and motion history: signed directions, and later motion brighter."""

import numpy as np

from benchmark.frames.hog import hog, motion_history


def edge(*, bright_right: bool) -> np.ndarray:
    picture = np.zeros((16, 16), dtype=np.float32)
    picture[:, 8:] = 1
    return picture if bright_right else 1 - picture


def test_a_descriptor_has_four_cells_of_all_bins_for_each_block() -> None:
    assert hog(np.zeros((64, 48), dtype=np.float32), cell=8, bins=18).shape == (7 * 5 * 4 * 18,)


def test_a_flat_picture_has_no_gradients() -> None:
    assert not hog(np.full((16, 16), 0.7, dtype=np.float32), cell=8, bins=18).any()


def test_opposite_edges_fall_into_opposite_bins() -> None:
    """Unsigned histograms, as OpenCV's default, would be equal."""
    right = hog(edge(bright_right=True), cell=8, bins=18).reshape(4, 18)
    left = hog(edge(bright_right=False), cell=8, bins=18).reshape(4, 18)
    assert set(right.argmax(axis=1)) == {0}
    assert set(left.argmax(axis=1)) == {9}


def test_a_direction_between_two_bins_votes_for_both() -> None:
    rows, columns = np.mgrid[:16, :16]
    angle = 2 * np.pi * 1.5 / 18
    ramp = (np.cos(angle) * columns + np.sin(angle) * rows).astype(np.float32)
    first = hog(ramp, cell=8, bins=18).reshape(4, 18)[0]
    assert first[1] > 0.1
    assert abs(first[1] - first[2]) < 1e-3
    assert first[[0, *range(3, 18)]].max() < 1e-3


def test_brightness_and_contrast_do_not_matter() -> None:
    picture = np.random.default_rng(0).random((24, 24)).astype(np.float32)
    np.testing.assert_allclose(
        hog(picture, cell=8, bins=9), hog(0.5 * picture + 0.2, cell=8, bins=9), rtol=0, atol=1e-3
    )


def test_motion_history_is_brighter_where_motion_was_later() -> None:
    pictures = np.zeros((5, 1, 8), dtype=np.float32)
    for step in range(5):
        pictures[step, 0, step] = 1
    assert motion_history(pictures, threshold=0.1)[0].tolist() == [0.25, 0.5, 0.75, 1, 1, 0, 0, 0]


def test_changes_up_to_the_threshold_are_no_motion() -> None:
    pictures = np.array([[[0.0, 0.0]], [[0.05, 0.2]]], dtype=np.float32)
    assert motion_history(pictures, threshold=0.1).tolist() == [[0, 1]]
