"""Predictions: one set per expected clip, log-means when fused, and no score for a class that was never trained."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.svm import LinearSVC
from torch import nn

from benchmark import evaluation
from benchmark.baseline import Stream
from benchmark.evaluation import fuse, logits, predict
from benchmark.frames.frames import Bytes, ClipFrames, Indices
from benchmark.frames.geometry import Box, Geometry
from benchmark.inputs.clips import Clips
from slateboard.errors import SlateboardError
from slateboard.media.errors import Unreadable
from slateboard.records.source import State


def row(stream: str, scores: list[float], *, clip_id: str = "a", view: int = 0, failed: bool = False) -> dict[str, Any]:
    return {"clip_id": clip_id, "view": view, "stream": stream, "logits": scores, "label_index": 0, "failed": failed}


def test_fused_is_the_log_of_the_mean_softmax_of_each_view() -> None:
    found = pd.DataFrame([row("motion", [2.0, 0.0]), row("normal", [-1.0, 3.0])])
    softmax = [np.exp(scores) / np.exp(scores).sum() for scores in found["logits"].map(np.array)]
    (fused,) = fuse(found).to_dict("records")
    np.testing.assert_allclose(np.exp(fused["logits"]), np.mean(softmax, axis=0), rtol=1e-6)
    assert (fused["stream"], fused["clip_id"], fused["view"], fused["failed"]) == ("fused", "a", 0, False)


def test_views_are_fused_one_by_one() -> None:
    rows = [row(stream, [float(view), 0.0], view=view) for stream in ("one", "two") for view in range(3)]
    assert fuse(pd.DataFrame(rows))["view"].tolist() == [0, 1, 2]


def test_a_failed_clip_stays_failed_when_fused() -> None:
    fused = fuse(pd.DataFrame([row("one", [], failed=True), row("two", [], failed=True)]))
    assert fused["failed"].tolist() == [True]
    assert fused["logits"].map(len).tolist() == [0]


def test_a_class_that_was_never_trained_has_probability_zero() -> None:
    model = DummyClassifier(strategy="prior").fit(np.zeros((4, 1)), np.array([0, 2, 2, 2]))
    scores = logits(model, torch.zeros(1, 1), classes=3)
    np.testing.assert_allclose(torch.from_numpy(scores).softmax(-1).numpy(), [[0.25, 0, 0.75]], atol=1e-6)


def test_the_one_number_of_a_two_class_svm_becomes_two_scores() -> None:
    features = np.array([[-1.0], [1.0]], dtype=np.float32)
    scores = logits(LinearSVC().fit(features, [0, 1]), torch.from_numpy(features), classes=2)
    assert scores.argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1])


@dataclass(frozen=True)
class Plain:
    """Frames of one brightness a clip, its number; `lost` fail before, `torn` when they are read."""

    lengths: dict[str, int]
    lost: frozenset[str] = frozenset()
    torn: frozenset[str] = frozenset()
    geometry: Geometry = field(default_factory=lambda: Geometry(16))

    def facts(self, clip_id: str) -> ClipFrames:
        if clip_id in self.lost:
            return ClipFrames(0, 0, 0, "bt709", full_range=True, failed="lost")
        return ClipFrames(self.lengths[clip_id], 16, 16, "bt709", full_range=True)

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        if clip_id in self.torn:
            raise Unreadable(f"{clip_id} ends early.", State.TRUNCATED)
        grey = np.full((len(indices), 16 * 16 * 3 // 2), 128, dtype=np.uint8)
        grey[:, : 16 * 16] = int(clip_id)
        return grey


class Brightness(nn.Module):
    """Scores of two classes: the mean brightness of a view, and one."""

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        mean = views.mean(dim=(1, 2, 3, 4))
        return torch.stack([mean, torch.ones_like(mean)], dim=1)


STREAM = Stream(
    name="all",
    sampler="dense_clip",
    sampler_parameters={"frames": 4, "clips": 3},
    size=16,
    preprocess=lambda frames: frames,
    model=Brightness(),
)


def clips(**frames: Any) -> Clips:
    """Return twenty clips of 4 to 13 frames, so of one to three views each."""
    lengths = {str(number): 4 + number % 10 for number in range(20)}
    return Clips(tuple(lengths), np.arange(20) % 2, ("a", "b"), Plain(lengths, **frames))


def test_every_view_of_every_clip_is_there_once_in_order() -> None:
    found = predict(STREAM, clips(), device="cpu")
    expected = {str(number): min(3, number % 10 + 1) for number in range(20)}
    assert found.groupby("clip_id", sort=False).size().to_dict() == expected
    assert found["clip_id"].drop_duplicates().tolist() == list(expected)
    assert all(own["view"].tolist() == list(range(len(own))) for _, own in found.groupby("clip_id"))
    assert found["label_index"].tolist() == [int(clip) % 2 for clip in found["clip_id"]]
    assert {row.dtype for row in found["logits"]} == {np.dtype(np.float32)}
    # The brightness of a clip is its number, so a row in a wrong place would show.
    np.testing.assert_allclose([255 * row[0] for row in found["logits"]], found["clip_id"].astype(int), atol=1e-3)


@pytest.mark.parametrize("threads", [0, 2])
def test_a_clip_that_fails_before_or_on_the_way_is_one_failed_row(
    threads: int, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = predict(STREAM, clips(), device="cpu")
    lost, torn = frozenset({"3"}), frozenset({"7", "12"})
    found = predict(STREAM, clips(lost=lost, torn=torn), device="cpu", threads=threads)
    bad = found[found["failed"]]
    assert bad["clip_id"].tolist() == ["3", "7", "12"]
    assert (bad["view"].tolist(), bad["logits"].map(len).tolist()) == ([0, 0, 0], [0, 0, 0])
    kept, same = found[~found["failed"]], whole[~whole["clip_id"].isin(lost | torn)]
    assert kept[["clip_id", "view"]].to_numpy().tolist() == same[["clip_id", "view"]].to_numpy().tolist()
    np.testing.assert_allclose(np.stack(kept["logits"]), np.stack(same["logits"]), rtol=1e-5)
    assert "not read: 7: 7 ends early." in capsys.readouterr().err


def test_where_no_clip_can_be_read_all_rows_are_failed() -> None:
    found = predict(STREAM, clips(torn=frozenset(map(str, range(20)))), device="cpu")
    assert (len(found), found["failed"].all()) == (20, True)


class Group:
    """torch.distributed of two processes, here threads; `change` alters what the second one hands over."""

    def __init__(self, change: Callable[[Any], Any] = lambda part: part) -> None:
        self.own, self.barrier, self.parts, self.change = threading.local(), threading.Barrier(2), [None, None], change

    def is_initialized(self) -> bool:
        return True

    def get_world_size(self) -> int:
        return 2

    def get_rank(self) -> int:
        return int(self.own.rank)

    def all_gather_object(self, parts: list[Any], part: Any) -> None:
        self.parts[self.own.rank] = self.change(part) if self.own.rank else part
        self.barrier.wait(timeout=20)
        parts[:] = self.parts


def together(group: Group, monkeypatch: pytest.MonkeyPatch, asked: Clips) -> list[Any]:
    """Predict in both processes of a group; return their tables or errors."""
    monkeypatch.setattr(evaluation, "distributed", group)
    found: list[Any] = [None, None]

    def work(rank: int) -> None:
        group.own.rank = rank
        try:
            found[rank] = predict(STREAM, asked, device="cpu")
        except SlateboardError as error:
            found[rank] = error

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_processes_return_the_table_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = clips(lost=frozenset({"3"}), torn=frozenset({"8", "11"}))
    alone = predict(STREAM, asked, device="cpu")
    for table in together(Group(), monkeypatch, asked):
        assert table.drop(columns="logits").equals(alone.drop(columns="logits"))
        for one, other in zip(table["logits"], alone["logits"], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_view_that_no_process_or_two_processes_scored_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = Group(lambda part: replace(part, positions=part.positions[1:], scores=part.scores[1:]))
    twice = Group(
        lambda part: replace(
            part, positions=np.append(part.positions, 0), scores=part.scores[[*range(len(part.scores)), 0]]
        )
    )
    for group, named in ((fewer, "1"), (twice, "0")):
        for error in together(group, monkeypatch, clips()):
            assert f"views of 1 clips, as {named}, were not scored exactly once by 2 processes" in str(error)


def test_an_arrangement_changes_what_is_read_and_nothing_else() -> None:
    seen: list[list[int]] = []

    def arranged(item: Any) -> Any:
        seen.append(item.indices.tolist())
        return item

    assert predict(STREAM, clips(), device="cpu", alter=arranged)["clip_id"].nunique() == 20
    assert seen[0] == [0, 1, 2, 3]


def test_streams_weigh_what_they_are_given() -> None:
    found = pd.DataFrame([row("motion", [0.0, 0.0]), row("normal", [0.0, -np.inf])])
    (fused,) = fuse(found, weights={"motion": 1, "normal": 3}).to_dict("records")
    np.testing.assert_allclose(np.exp(fused["logits"]), [0.875, 0.125], rtol=1e-6)
