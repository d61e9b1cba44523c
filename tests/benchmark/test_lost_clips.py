"""A training clip that cannot be read, before or on the way, costs itself: training goes on, says so and counts it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_training import Drawn, tiny_data, tiny_stream

from benchmark.devices import fabric
from benchmark.frames.frames import Bytes, Indices
from benchmark.frames.geometry import Box
from benchmark.inputs.clips import clips_of
from benchmark.inputs.loader import Batch, prefetched_batches
from benchmark.inputs.samples import in_batches, views_to_test
from benchmark.running.contamination import training_warnings
from benchmark.training import log
from benchmark.training.accumulation import Portion, _loss_weight
from benchmark.training.loop import train
from slateboard.dataset import Dataset
from slateboard.errors import SlateboardError
from slateboard.media.errors import Unreadable
from slateboard.records.source import State
from slateboard.records.trained_on import TrainedOn


class Losing(Drawn):
    """Frames of which some clips cannot be read any more, from a read on."""

    def __init__(self, lost: set[str], *, after: int = 0) -> None:
        super().__init__()
        self._lost, self._after = lost, after

    def planes(self, clip_id: str, indices: Indices, box: Box) -> Bytes:
        if clip_id in self._lost and len(self.read) >= self._after:
            raise Unreadable(f"{clip_id}.avi ends early", State.CORRUPT)
        return super().planes(clip_id, indices, box)


def trained(dataset: Dataset, folder: Path, frames: Drawn, **over: object) -> torch.Tensor:
    stream = tiny_stream(**over)
    train(stream, tiny_data(dataset, frames=frames), seed=0, fabric=fabric("cpu"), folder=folder)
    return torch.cat([value.double().flatten() for value in stream.model.state_dict().values()])


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("after", [0, 15])
def test_training_goes_on_without_a_clip_that_cannot_be_read_and_says_so_once(
    squares: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], after: int, threads: int
) -> None:
    material = tiny_data(squares)
    lost = material.split.train[1]
    stream = tiny_stream()
    material = replace(material, frames=Losing({lost}, after=after), threads=threads)
    train(stream, material, seed=0, fabric=fabric("cpu"), folder=tmp_path)
    assert all(value.isfinite().all() for value in stream.model.state_dict().values())
    told = capsys.readouterr().err
    assert told.count(f"goes on without {lost}: {lost}.avi ends early") == 1
    rows = log.read(tmp_path / "log.csv")
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert all(float(row["train_loss"]) > 0 for row in rows)


def test_a_batch_of_which_nothing_can_be_read_has_no_share_in_the_loss_and_the_figures(
    squares: Dataset, tmp_path: Path
) -> None:
    ids = tiny_data(squares).split.train
    weights = trained(squares, tmp_path, Losing(set(ids[2:])), batch=1, epochs=1, dropout=0.0)
    assert weights.isfinite().all()
    (row,) = log.read(tmp_path / "log.csv")
    # A black picture counted among them would give other shares than those of the views of two clips.
    views = len(views_to_test(tiny_stream(), clips_of(squares, ids[:2], Drawn())))
    assert (float(row["train_accuracy"]) * views) % 1 == pytest.approx(0, abs=1e-4)
    item = views_to_test(tiny_stream(), clips_of(squares, ids[:1], Drawn()))[0]
    blank = Batch([item], torch.zeros(1), torch.zeros(1, dtype=torch.int64), is_blank=True)
    weights = [_loss_weight(batch, Portion([item], 0.5)) for batch in (blank, replace(blank, is_blank=False))]
    assert weights == [0.0, 0.5]


def test_where_no_training_clip_can_be_read_any_more_the_run_ends_with_a_sentence(
    squares: Dataset, tmp_path: Path
) -> None:
    every = set(squares.clips["clip_id"])
    with pytest.raises(SlateboardError, match="no training clip can be read any more"):
        trained(squares, tmp_path, Losing(every))


def test_views_of_lost_clips_are_left_out_of_their_batch_in_order(squares: Dataset) -> None:
    stream, ids = tiny_stream(), tuple(squares.clips["clip_id"][:6])
    frames = Losing({ids[1], ids[4], ids[5]})
    clips = clips_of(squares, ids, frames)
    lost: list[str] = []
    wanted = in_batches([item for item in views_to_test(stream, clips) if item.number == 0], 2)
    batches = list(
        prefetched_batches(
            stream, clips, wanted, device="cpu", threads=1, on_unreadable=lambda item, reason: lost.append(item.clip_id)
        )
    )
    assert [(batch.is_blank, [item.clip_id for item in batch.samples]) for batch in batches] == [
        (False, [ids[0]]), (False, [ids[2], ids[3]]), (True, [ids[4]]),
    ]  # fmt: skip
    assert [len(batch.inputs) for batch in batches] == [1, 2, 1]
    assert lost == [ids[1], ids[4], ids[5]]
    with pytest.raises(Unreadable):
        list(prefetched_batches(stream, clips, wanted, device="cpu", threads=1))


def test_training_clips_that_were_not_learned_from_are_counted_in_the_result(squares: Dataset) -> None:
    split = tiny_data(squares).split
    kept = tuple(sorted(split.train[2:]))
    (sentence,) = training_warnings(TrainedOn(train=kept, validation=()), split)
    assert sentence.startswith(f"2 of {len(split.train)} training clips could not be read")
    assert training_warnings(TrainedOn(train=kept, validation=split.train[:2]), split) == ()
