"""Items: a pure function of seed and epoch; crops lie where they should, and twins take their part."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.baseline import Stream
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.inputs.clips import Clips, clips_of, inner_split
from benchmark.inputs.samples import Sample, describe_epoch, epoch_batches, views_to_test
from benchmark.recipe import Recipe
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.settings import SplitSettings
from splits.division import divide


class Drawn:
    """Frames without pictures: all that items ask for."""

    geometry = Geometry(24, "whole")

    def __init__(self, sizes: dict[str, tuple[int, int, int]]) -> None:
        self.sizes = sizes

    def facts(self, clip_id: str) -> ClipFrames:
        frames, height, width = self.sizes[clip_id]
        return ClipFrames(frames, height, width, "bt601", full_range=False)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        return np.zeros((len(indices), picture_bytes(box.height, box.width)), np.uint8)


CLIPS = Clips(
    ("a", "b", "c", "a-text", "a-frame", "c-text"),
    np.array([0, 1, 1, 0, 0, 1]),
    ("Left", "Right"),
    Drawn(dict.fromkeys(("a", "b", "c"), (40, 24, 32)) | dict.fromkeys(("a-text", "c-text"), (25, 24, 40))
          | {"a-frame": (9, 32, 24)}),
    {"a-text": "a", "a-frame": "a", "c-text": "c", "elsewhere": "b"},
)  # fmt: skip
STREAM = Stream(
    "all", "mei_batches", 20, lambda frames: frames, torch.nn.Identity(), short_side=24, keep="whole",
)  # fmt: skip
RECIPE = Recipe(batch=4, flip=False, validation_share=0.0)


def epoch(recipe: Recipe, *, seed: int = 0, number: int = 0, clips: Clips = CLIPS) -> list[Sample]:
    return [item for batch in epoch_batches(STREAM, clips, recipe, seed=seed, epoch=number) for item in batch]


def text(items: Sequence[Sample]) -> list[str]:
    return [str((item, item.indices.tolist())) for item in items]


def test_an_epoch_is_a_function_of_seed_and_epoch() -> None:
    recipe = replace(RECIPE, flip=True, twin_rate=0.5)
    assert text(epoch(recipe, seed=3, number=2)) == text(epoch(recipe, seed=3, number=2))
    assert text(epoch(recipe, seed=3, number=2)) != text(epoch(recipe, seed=3, number=1))
    assert text(epoch(recipe, seed=3, number=2)) != text(epoch(recipe, seed=4, number=2))


def test_batches_differ_by_one_item_at_most() -> None:
    sizes = [len(batch) for batch in epoch_batches(STREAM, CLIPS, replace(RECIPE, batch=7), seed=0, epoch=0)]
    assert max(sizes) <= 7 and max(sizes) - min(sizes) <= 1


def test_flipped_copies_double_all_classes_but_those_whose_direction_is_their_label() -> None:
    items = epoch(replace(RECIPE, flip=True, never_flip=("Right",)))
    assert {item.clip for item in items if item.mirrored} == {0, 3, 4}
    assert {item.clip for item in items if not item.may_flip} == {1, 2, 5}
    for clip in (0, 3, 4):
        mirrored = [item.number for item in items if item.clip == clip and item.mirrored]
        assert sorted(mirrored) == sorted(item.number for item in items if item.clip == clip and not item.mirrored)


def test_below_zero_twins_are_clips_like_any_other() -> None:
    assert {(item.clip, item.clip_id) for item in epoch(RECIPE)} == set(enumerate(CLIPS.ids))


def test_with_a_rate_twins_leave_the_list_and_stand_in_for_their_clips_views() -> None:
    plain = epoch(replace(RECIPE, twin_rate=0))
    assert {item.clip_id for item in plain} == {"a", "b", "c"}
    always = epoch(replace(RECIPE, twin_rate=1))
    assert {item.clip_id for item in always} == {"a-text", "a-frame", "b", "c-text"}
    assert {item.clip for item in always} == {0, 1, 2}
    assert sorted((item.clip, item.number) for item in always) == sorted((item.clip, item.number) for item in plain)


def test_a_twins_frames_are_sampled_by_its_own_length_and_cut_by_its_own_size() -> None:
    for item in epoch(replace(RECIPE, twin_rate=1)):
        frames, height, width = CLIPS.frames.sizes[item.clip_id]  # type: ignore[attr-defined]
        assert item.indices.max() < frames
        assert item.box.top + 20 <= height and item.box.left + 20 <= width
    # Seven views of 40 frames, four of 25: the twin's are taken in their order, none of them left out.
    of_c = {item.number: item.indices[0] for item in epoch(replace(RECIPE, twin_rate=1)) if item.clip == 2}
    assert [of_c[number] for number in range(7)] == [0, 0, 5, 5, 10, 10, 15]


def test_twins_are_taken_at_about_their_rate_and_each_of_them() -> None:
    items = [item for number in range(60) for item in epoch(replace(RECIPE, twin_rate=0.3), number=number)]
    of_a = [item.clip_id for item in items if item.clip == 0]
    share = sum(name != "a" for name in of_a) / len(of_a)
    assert abs(share - 0.3) < 0.08
    assert min(of_a.count("a-text"), of_a.count("a-frame")) > 0.3 * share * len(of_a)


def test_a_twin_whose_clip_is_not_here_is_a_clip_like_any_other() -> None:
    lone = Clips(("b", "a-text"), np.array([1, 0]), CLIPS.classes, CLIPS.frames, CLIPS.twin_of)
    assert {item.clip_id for item in epoch(replace(RECIPE, twin_rate=1), clips=lone)} == {"b", "a-text"}


def test_an_epoch_says_how_many_twins_and_short_clips_there_are() -> None:
    recipe = replace(RECIPE, twin_rate=0.25)
    batches = epoch_batches(STREAM, CLIPS, recipe, seed=0, epoch=0)
    assert describe_epoch(CLIPS, recipe, batches).startswith("21 views in 6 steps an epoch")
    assert describe_epoch(CLIPS, recipe, batches).endswith(
        "3 twins with effects of 2 clips, in whose place they are seen at a rate of 0.25"
    )
    plain = epoch_batches(STREAM, CLIPS, RECIPE, seed=0, epoch=0)
    assert describe_epoch(CLIPS, RECIPE, plain) == (
        "30 views in 8 steps an epoch, 1 clips shorter than a view: frames repeat in them"
    )


@pytest.mark.parametrize("protocol", ["seags", "kfold", "random"])
def test_twins_of_training_clips_are_never_of_another_side_of_the_split(squares: Dataset, protocol: str) -> None:
    clips = squares.clips
    twins = clips.assign(clip_id=clips["clip_id"] + "-text", twin_of=clips["clip_id"])
    table = pd.concat([clips, twins], ignore_index=True)
    dataset = replace(squares, clips=table)
    frames = Drawn(dict.fromkeys(table["clip_id"], (20, 24, 24)))
    for split in divide(dataset, protocol=protocol, settings=SplitSettings(), overrides={}, seed=0):
        inner = inner_split(table, split, share=0.3, seed=0)
        training = clips_of(dataset, inner.train, frames)
        shown = {item.clip_id for number in range(4) for item in epoch(replace(RECIPE, twin_rate=0.7), number=number,
                 clips=training)}  # fmt: skip
        assert shown <= set(inner.train)
        if protocol != "random":
            held = {clip_id.removesuffix("-text") for clip_id in (*split.test, *inner.test)}
            assert not {clip_id.removesuffix("-text") for clip_id in shown} & held


@pytest.mark.parametrize(
    ("crops", "size", "expected"),
    [
        (1, (24, 32), [(2, 6)]),
        (3, (24, 32), [(2, 0), (2, 6), (2, 12)]),
        (3, (32, 24), [(0, 2), (6, 2), (12, 2)]),
        (5, (24, 32), [(0, 0), (0, 12), (2, 6), (4, 0), (4, 12)]),
    ],
)
def test_squares_of_testing_lie_in_the_middle_along_the_longer_side_and_in_the_corners(
    crops: int, size: tuple[int, int], expected: list[tuple[int, int]]
) -> None:
    clips = Clips(("a",), np.array([0]), ("Left",), Drawn({"a": (10, *size)}))
    items = views_to_test(replace(STREAM, crops=crops), clips)
    assert [(item.box.top, item.box.left) for item in items] == expected
    assert [item.number for item in items] == list(range(crops))


def test_ten_crops_are_five_and_their_mirrored_copies_for_each_sub_clip() -> None:
    clips = Clips(("a", "b"), np.array([0, 0]), ("Left",), Drawn({"a": (15, 24, 32), "b": (0, 0, 0)}))
    items = views_to_test(replace(STREAM, crops=10), clips)
    assert [item.number for item in items] == list(range(20))
    assert [item.mirrored for item in items] == ([False] * 5 + [True] * 5) * 2
    assert [item.box for item in items[:5]] == [item.box for item in items[5:10]]
    assert {item.clip_id for item in items} == {"a"}


def test_a_number_of_crops_that_nobody_uses_is_refused() -> None:
    with pytest.raises(SlateboardError, match="There are no 4 crops of a view: give one of 1, 3, 5, 10"):
        views_to_test(replace(STREAM, crops=4), CLIPS)


def test_an_augmentation_that_sees_whole_pictures_gets_them() -> None:
    boxes = {item.clip_id: item.box for item in epoch(replace(RECIPE, augmentation="hust2", twin_rate=1))}
    assert boxes["a-frame"] == Box(0, 0, 32, 24)
    assert boxes["b"] == Box(0, 0, 24, 32)
