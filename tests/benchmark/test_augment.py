"""Augmentation: one draw a view, a pure function of the seed, edges repeated."""

import torch

from benchmark.frames.augment import augment


def _clip(frames: int = 4) -> torch.Tensor:
    """Two views of [3, T, 12, 12] with another picture in each."""
    picture = torch.arange(2 * 3 * 12 * 12, dtype=torch.float32).view(2, 3, 1, 12, 12) / 1000
    return picture.repeat(1, 1, frames, 1, 1)


def test_all_frames_of_a_view_change_alike_and_views_apart() -> None:
    changed = augment(_clip(), shift=3, colour=0.3, seed=5)
    assert changed.shape == (2, 3, 4, 12, 12)
    assert all(torch.equal(changed[:, :, 0], changed[:, :, frame]) for frame in range(1, 4))
    still = _clip()[:, :, 0]
    assert not torch.allclose(changed[0, :, 0] - still[0], changed[1, :, 0] - still[1])


def test_the_same_seed_gives_the_same_change_and_another_another() -> None:
    one, same, other = (augment(_clip(), shift=3, colour=0.3, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_a_moved_view_holds_the_same_pixels_further_on() -> None:
    picture = _clip()[:, :, 0]
    moved = augment(picture, shift=2, colour=0.0, seed=1)
    found = [
        (dy, dx)
        for dy in range(-2, 3)
        for dx in range(-2, 3)
        if torch.equal(moved[0, :, 2:-2, 2:-2], picture[0, :, 2 + dy : 10 + dy, 2 + dx : 10 + dx])
    ]
    assert len(found) == 1


def test_nothing_asked_for_changes_nothing() -> None:
    assert torch.equal(augment(_clip(), shift=0, colour=0.0, seed=1), _clip())
