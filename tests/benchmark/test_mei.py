"""MEI against the formulas of the paper, and the paper's claim about the direction of motion."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from benchmark.frames.mei import mei, weights
from slateboard.errors import SlateboardError


def test_gradient_weights_of_ten_frames_are_the_papers() -> None:
    assert weights(10, "gradient").tolist() == [p / 55 for p in range(1, 11)]


def test_equal_weights_of_ten_frames_are_a_tenth_each() -> None:
    assert weights(10, "equal").tolist() == [0.1] * 10


@given(n=st.integers(1, 64), method=st.sampled_from(["gradient", "equal"]))
def test_weights_sum_to_one(n: int, method: str) -> None:
    assert weights(n, method).sum().item() == pytest.approx(1, abs=1e-12)


@given(n=st.integers(2, 64))
def test_later_frames_are_heavier_in_gradient_division(n: int) -> None:
    assert (weights(n, "gradient").diff() > 0).all()


@pytest.mark.parametrize("method", ["gradient", "equal"])
def test_mei_is_the_sum_of_the_formula_in_float64(method: str) -> None:
    frames = np.random.default_rng(0).random((2, 7, 3, 5, 6))
    expected = np.zeros((2, 3, 5, 6))
    for position in range(1, 8):
        weight = 1 / 7 if method == "equal" else position / (7 * 8 / 2)
        expected += weight * frames[:, position - 1]
    np.testing.assert_allclose(mei(torch.from_numpy(frames), method).numpy(), expected, rtol=0, atol=1e-15)
    single = mei(torch.from_numpy(frames).float(), method).numpy()
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-6)


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(SlateboardError, match=r"Unknown MEI method 'gradeint'. Did you mean 'gradient'"):
        weights(10, "gradeint")


def _clips(count: int) -> tuple[torch.Tensor, np.ndarray]:
    """Return clips [2 count, 10, 3, 24, 24] of a moving square, each one forward and backward, and which is which."""
    generator = np.random.default_rng(1)
    frames = torch.zeros(count, 10, 3, 24, 24, dtype=torch.float64)
    for clip in range(count):
        row, start = generator.integers(0, 18), generator.integers(0, 8)
        for step in range(10):
            frames[clip, step, :, row : row + 6, start + step : start + step + 6] = 1
    return torch.cat([frames, frames.flip(1)]), np.repeat([1, 0], count)


def test_equal_division_gives_the_same_image_forward_and_backward() -> None:
    images = mei(_clips(40)[0], "equal")
    torch.testing.assert_close(images[:40], images[40:], rtol=0, atol=1e-12)


def test_gradient_division_tells_the_direction_that_equal_division_cannot() -> None:
    """The claim of 3.1.2, with a linear classifier on held-out clips that differ in direction only."""
    frames, direction = _clips(40)
    held = np.tile(np.arange(40) >= 25, 2)
    accuracy = {}
    for method in ("gradient", "equal"):
        # Grey levels, so that equal images stay equal whatever the order of their sums.
        grey = (mei(frames, method)[:, 0] * 255).round()
        images = torch.stack([_moved(picture) for picture in grey]).flatten(1).numpy()
        model = LogisticRegression(max_iter=2000).fit(images[~held], direction[~held])
        accuracy[method] = model.score(images[held], direction[held])
    assert accuracy == {"gradient": 1.0, "equal": 0.5}


def _moved(picture: torch.Tensor) -> torch.Tensor:
    """Return the box [6, 15] in which anything moved."""
    rows, columns = picture.nonzero().min(dim=0).values.tolist()
    return picture[rows : rows + 6, columns : columns + 15]
