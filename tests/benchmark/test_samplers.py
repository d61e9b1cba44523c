"""Samplers: frame numbers that exist, at the distances the papers give, and loops where clips are short."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.inputs.sampling import SAMPLERS, clips_repeating, views_of
from slateboard.errors import BadInput

LENGTHS = st.integers(1, 400)


def sample(name: str, frames: int, seed: int | None = None, **parameters: Any) -> list[list[int]]:
    key = None if seed is None else (seed,)
    return [view.indices.tolist() for view in views_of([frames], name, parameters, seed=key)]


@pytest.mark.parametrize("name", SAMPLERS.names())
@given(frames=LENGTHS, seed=st.one_of(st.none(), st.integers(0, 99)))
def test_every_sampler_gives_frames_that_exist(name: str, frames: int, seed: int | None) -> None:
    views = sample(name, frames, seed)
    assert views
    assert all(0 <= index < frames for view in views for index in view)
    assert len({len(view) for view in views}) == 1


@pytest.mark.parametrize("name", SAMPLERS.names())
@given(frames=LENGTHS)
def test_test_time_views_are_always_the_same(name: str, frames: int) -> None:
    assert sample(name, frames) == sample(name, frames)


@pytest.mark.parametrize("name", SAMPLERS.names())
@given(frames=LENGTHS, seed=st.integers(0, 99))
def test_training_views_are_a_function_of_the_seed(name: str, frames: int, seed: int) -> None:
    state = np.random.get_state()[1].copy()  # type: ignore[union-attr]
    assert sample(name, frames, seed) == sample(name, frames, seed)
    assert (np.random.get_state()[1] == state).all()


@pytest.mark.parametrize("name", ["uniform", "dense_clip"])
def test_another_seed_gives_other_training_views(name: str) -> None:
    assert len({str(sample(name, 400, seed)) for seed in range(20)}) > 10


@pytest.mark.parametrize("short", ["loop", "pad"])
@pytest.mark.parametrize("name", SAMPLERS.names())
@given(frames=st.integers(1, 15), seed=st.one_of(st.none(), st.integers(0, 9)))
def test_a_short_clip_is_never_dropped_and_its_frames_stay_in_it(
    name: str, short: str, frames: int, seed: int | None
) -> None:
    parameters = {"short": short} if "short" in SAMPLERS.load(name).CARD.parameters else {}
    views = sample(name, frames, seed, **parameters)
    assert views and all(0 <= index < frames for view in views for index in view)


@pytest.mark.parametrize("name", SAMPLERS.names())
def test_a_clips_views_do_not_depend_on_the_clips_before_it_but_for_its_place(name: str) -> None:
    after_short = [view.indices.tolist() for view in views_of([9, 80], name, {}, seed=(1,)) if view.clip == 1]
    after_long = [view.indices.tolist() for view in views_of([300, 80], name, {}, seed=(1,)) if view.clip == 1]
    assert after_short == after_long


@given(frames=st.integers(10, 400), interval=st.integers(1, 20))
def test_mei_batches_start_an_interval_apart_and_none_that_fits_is_missing(frames: int, interval: int) -> None:
    views = sample("mei_batches", frames, n=10, interval=interval)
    assert [view[0] for view in views] == list(range(0, frames - 9, interval))
    assert all(view == list(range(view[0], view[0] + 10)) for view in views)


def test_mei_batches_of_the_papers_setting() -> None:
    assert [view[0] for view in sample("mei_batches", 31)] == [0, 5, 10, 15, 20]


@given(frames=st.integers(1, 9))
def test_a_clip_shorter_than_a_batch_is_looped_into_one(frames: int) -> None:
    assert sample("mei_batches", frames, n=10) == [[index % frames for index in range(10)]]


def test_uniform_frames_are_the_middles_of_equal_parts() -> None:
    assert sample("uniform", 100, count=5) == [[10, 30, 50, 70, 90]]
    assert sample("uniform", 100, count=5, together=False) == [[10], [30], [50], [70], [90]]


@given(frames=st.integers(5, 400), seed=st.integers(0, 99))
def test_uniform_frames_of_training_lie_each_in_its_part(frames: int, seed: int) -> None:
    (view,) = sample("uniform", frames, seed, count=5)
    bounds = np.arange(6) * frames / 5
    assert all(int(bounds[part]) <= index <= bounds[part + 1] for part, index in enumerate(view))


@given(frames=st.integers(16, 400), seed=st.integers(0, 99))
def test_a_dense_clip_of_training_is_one_run_of_frames(frames: int, seed: int) -> None:
    (view,) = sample("dense_clip", frames, seed)
    assert view == list(range(view[0], view[0] + 16))


def test_five_dense_clips_are_spread_evenly_and_overlap_in_a_short_clip() -> None:
    assert [view[0] for view in sample("dense_clip", 96)] == [0, 20, 40, 60, 80]
    assert [view[0] for view in sample("dense_clip", 24)] == [0, 2, 4, 6, 8]


@given(frames=LENGTHS, seed=st.one_of(st.none(), st.integers(0, 9)))
def test_there_are_always_five_uniform_clips_and_they_overlap_below_80_frames(frames: int, seed: int | None) -> None:
    views = sample("uniform_clips", frames, seed)
    assert [len(view) for view in views] == [16] * 5
    assert views == sample("uniform_clips", frames)
    seen = [index for view in views for index in view]
    assert (len(set(seen)) < len(seen)) == (frames < 80)
    if frames >= 16:
        assert (views[0][0], views[-1][-1]) == (0, frames - 1)


@given(frames=st.integers(16, 400), seed=st.one_of(st.none(), st.integers(0, 9)))
def test_the_centre_clip_has_as_many_frames_before_as_behind(frames: int, seed: int | None) -> None:
    (view,) = sample("centre_clip", frames, seed)
    assert view == list(range(view[0], view[0] + 16))
    assert 0 <= (frames - 1 - view[-1]) - view[0] <= 1


@given(frames=LENGTHS, n=st.integers(1, 30))
def test_every_nth_frame_is_a_view(frames: int, n: int) -> None:
    assert sample("every_nth", frames, n=n) == [[index] for index in range(0, frames, n)]


@given(frames=LENGTHS)
def test_last_frames_lie_beside_the_meis(frames: int) -> None:
    assert sample("last_of_batch", frames) == [view[-1:] for view in sample("mei_batches", frames)]


def test_a_clip_shorter_than_a_dense_clip_is_looped_or_padded() -> None:
    assert sample("dense_clip", 10) == [[*range(10), *range(6)]]
    assert sample("dense_clip", 10, short="pad") == [[*range(10), *[9] * 6]]


def test_a_parameter_below_one_is_named() -> None:
    with pytest.raises(BadInput, match=r"sampler mei_batches: 'interval' is 0. Give 1 or more"):
        views_of([10], "mei_batches", {"interval": 0}, seed=None)


def test_looped_clips_are_counted_once_each() -> None:
    assert clips_repeating(views_of([4, 60, 9, 10], "mei_batches", {}, seed=None)) == 2


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(BadInput, match=r"unknown parameter 'intervall'. Did you mean 'interval'"):
        views_of([10], "mei_batches", {"intervall": 5}, seed=None)
