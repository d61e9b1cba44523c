"""Augmentations: one draw for all frames of a view, a function of its seed alone, whole pictures of any size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.baseline import Stream
from benchmark.frames.colour import Pictures, colours, jitter_colours
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry, picture_bytes
from benchmark.inputs.augmentation import AUGMENTATIONS, Augmentation, sees_whole
from benchmark.inputs.loader import gather, preprocess_batch
from benchmark.inputs.samples import Sample
from benchmark.recipe import Recipe
from slateboard.errors import SlateboardError

NAMES = AUGMENTATIONS.names()
RANDOM = [name for name in NAMES if name != "hust1"]
STREAM = Stream("all", "dense_clip", 16, lambda frames: frames, torch.nn.Identity(), short_side=24, keep="whole")


def picture(height: int = 24, width: int = 32, *, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def changed(name: str, frames: torch.Tensor, *, chance: int, may_flip: bool = True, size: int = 16) -> torch.Tensor:
    return Augmentation(name, size)(frames, seed=chance, may_flip=may_flip)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chance", range(6))
def test_equal_frames_in_are_equal_frames_out(name: str, chance: int) -> None:
    frames = changed(name, picture().expand(5, 3, 24, 32), chance=chance)
    assert frames.shape == (5, 3, 16, 16)
    assert torch.equal(frames, frames[:1].expand_as(frames))
    assert 0 <= frames.min() <= frames.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_a_change_is_a_function_of_the_views_seed_and_leaves_the_generator_alone(name: str) -> None:
    frames = torch.stack([picture(seed=seed) for seed in range(3)])
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    first = changed(name, frames, chance=7)
    assert torch.equal(torch.rand(4), expected)
    assert torch.equal(changed(name, frames, chance=7), first)


@pytest.mark.parametrize("name", RANDOM)
def test_other_seeds_give_other_changes(name: str) -> None:
    found = {changed(name, picture()[None], chance=chance).sum().item() for chance in range(30)}
    assert len(found) > 10


def test_set_1_leaves_nothing_to_chance() -> None:
    assert torch.equal(changed("hust1", picture()[None], chance=1), changed("hust1", picture()[None], chance=2))


@pytest.mark.parametrize("name", RANDOM)
def test_where_direction_is_the_class_nothing_is_mirrored(name: str) -> None:
    """A picture that is dark at the left and at the top stays so under any change of part and colour."""
    ramp = (torch.linspace(0.1, 0.6, 32) + torch.linspace(0, 0.3, 24)[:, None]).expand(1, 3, 24, 32)

    def directions(*, may_flip: bool) -> set[tuple[bool, bool]]:
        found = [changed(name, ramp, chance=chance, may_flip=may_flip).mean(dim=(0, 1)) for chance in range(40)]
        return {(bool(one[:, 0].mean() < one[:, -1].mean()), bool(one[0].mean() < one[-1].mean())) for one in found}

    assert directions(may_flip=False) == {(True, True)}
    assert len(directions(may_flip=True)) == 4


def test_an_unknown_augmentation_names_the_nearest() -> None:
    with pytest.raises(SlateboardError, match=r"Unknown augmentations name 'hust4'. Did you mean 'hust"):
        sees_whole("hust4")


SIZES = {"broad": (24, 32), "tall": (44, 24)}


class TwoSizes:
    """A broad and a tall clip of noise."""

    geometry = Geometry(24, "whole")

    def facts(self, clip_id: str) -> ClipFrames:
        height, width = SIZES[clip_id]
        return ClipFrames(8, height, width, "bt709" if clip_id == "tall" else "bt601", full_range=False)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        seed = np.random.default_rng(len(clip_id))
        return seed.integers(16, 236, (8, picture_bytes(box.height, box.width)), dtype=np.uint8)[indices]


def item(clip_id: str, *, chance: int = 3) -> Sample:
    return Sample(0, clip_id, 0, np.arange(4), Box(0, 0, *SIZES[clip_id]), augmentation_seed=chance)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_different_sizes_in_one_batch_are_changed_as_if_each_were_alone(name: str) -> None:
    recipe = Recipe(augmentation=name, colour=0.2, validation_share=0.0)
    items = [item("broad"), item("tall", chance=4), item("broad", chance=5)]
    together = preprocess_batch(STREAM, gather(TwoSizes(), items), items, recipe=recipe)
    assert together.shape == (3, 4, 3, 16, 16)
    for place, one in enumerate(items):
        alone = preprocess_batch(STREAM, gather(TwoSizes(), [one]), [one], recipe=recipe)
        assert torch.equal(together[place], alone[0])


def test_a_flipped_copy_is_the_mirror_image_after_its_augmentation() -> None:
    recipe = Recipe(augmentation="hust2", validation_share=0.0)
    items = [item("broad"), replace(item("broad"), mirrored=True)]
    both = preprocess_batch(STREAM, gather(TwoSizes(), items), items, recipe=recipe)
    assert torch.equal(both[0].flip(-1), both[1])


def test_jitter_changes_all_frames_of_a_view_alike_and_is_a_function_of_its_seed() -> None:
    planes = torch.full((2, 3, 24), 100, dtype=torch.uint8)
    pictures = Pictures(planes, 4, 4, colours([("bt601", False)] * 2))
    views = jitter_colours(pictures, share=0.3, seeds=[1, 2]).rgb()
    assert torch.equal(views, views[:, :1].expand_as(views))
    assert not torch.equal(views[0], views[1])
    assert torch.equal(views[1], jitter_colours(pictures, share=0.3, seeds=[2, 2]).rgb()[0])


def test_rgb_is_luma_and_repeated_chroma_through_the_matrix() -> None:
    generator = np.random.default_rng(0)
    planes = torch.from_numpy(generator.integers(0, 256, (2, 3, 6 * 4 * 3 // 2), dtype=np.uint8))
    both = colours([("bt601", False), ("bt709", True)])
    found = Pictures(planes, 6, 4, both).rgb()
    luma = planes[..., :24].view(2, 3, 1, 6, 4)
    chroma = planes[..., 24:].view(2, 3, 2, 3, 2).repeat_interleave(2, -1).repeat_interleave(2, -2)
    yuv1 = torch.cat([luma, chroma, torch.ones_like(luma)], dim=2).double()
    expected = torch.einsum("brc,btchw->btrhw", both.double(), yuv1).clamp(0, 1)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-6)
