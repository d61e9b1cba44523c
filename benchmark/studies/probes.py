"""Temporal probes: a trained run on one frame, on shuffled and on reversed frames of each view; does it need motion?"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from benchmark.devices import device_kind
from benchmark.evaluation import fuse, predict
from benchmark.frames.open_frames import open_frames
from benchmark.inputs.clips import clips_of
from benchmark.inputs.samples import Sample
from benchmark.reports.probed import Probes
from benchmark.running.costs import frames_of_view
from benchmark.running.load import LoadedRun
from leaderboards.comparison import Comparison, compare
from leaderboards.predictions import read_predictions
from slateboard.errors import SlateboardError
from slateboard.workspace import Workspace

NORMAL = "normal"
SAME = 1e-3
"""Change of any probability up to which predictions count as the same: sums of floats in another order."""

Arrangement = Callable[[Sample], Sample]
"""View -> the view with its frames rearranged."""


def repeat_middle(view: Sample) -> Sample:
    """Return a view in which its middle frame is repeated: nothing moves."""
    # 16 frames 40 ... 55 -> 48, sixteen times: the shape stays, so the same network takes it.
    return replace(view, indices=np.full_like(view.indices, view.indices[len(view.indices) // 2]))


def shuffle(view: Sample, *, seed: int) -> Sample:
    """Return a view with its frames in random order, the same for the same clip, view and seed."""
    # crc32 rather than hash(), which Python salts anew in each process.
    generator = np.random.default_rng((seed, zlib.crc32(view.clip_id.encode()), view.number))
    return replace(view, indices=generator.permutation(view.indices))


def reverse(view: Sample) -> Sample:
    """Return a view with its last frame first."""
    return replace(view, indices=view.indices[::-1].copy())


def arrangements(*, seed: int) -> dict[str, Arrangement]:
    """Return the probes by name."""
    return {"single": repeat_middle, "shuffled": partial(shuffle, seed=seed), "reversed": reverse}


def probe(workspace: Workspace, loaded: LoadedRun, *, seed: int) -> tuple[Probes, pd.DataFrame]:
    """Return the probes of a finished run and their predictions, with a column `probe`: normal, single, ...

    Raises SlateboardError where its normal views no longer give the classes of its predictions.parquet.
    """
    torch.set_num_threads(loaded.record.threads)
    with threadpool_limits(loaded.record.threads):
        predictions = _predict_probes(workspace, loaded, seed=seed)
    clips, split, pairs = loaded.dataset.clips, loaded.split, loaded.dataset.motion_pairs
    by_probe = {str(name): rows for name, rows in predictions.groupby("probe", sort=False)}
    normal = by_probe.pop(NORMAL)
    stored = read_predictions(loaded.folder)
    # A control before any probe: where the same frames already give other classes than when the run was tested, a
    # difference would not be that of the arrangement.
    repeated = compare(stored, normal, clips, split)
    changed = max(of_stream.n_changed for of_stream in repeated)
    if changed:
        raise SlateboardError(
            f"{loaded.folder}: {changed} of {len(split.test)} clips are predicted otherwise than when the run was "
            "tested: versions, decoder or weights differ from those of its environment.json. Run it again."
        )
    frames = {stream.name: frames_of_view(stream) for stream in loaded.streams}
    comparisons = {name: compare(normal, rows, clips, split, motion_pairs=pairs) for name, rows in by_probe.items()}
    return Probes(
        seed=seed,
        reproduced=max(of_stream.largest_change for of_stream in repeated),
        frames=frames,
        probes=comparisons,
        findings=findings(comparisons, frames),
    ), predictions


def _predict_probes(workspace: Workspace, loaded: LoadedRun, *, seed: int) -> pd.DataFrame:
    device = device_kind(workspace.settings.train.device)
    by_probe = []
    clips = {}
    for stream in loaded.streams:
        frames = open_frames(workspace, loaded.dataset, stream.geometry, device=device)
        clips[stream.name] = clips_of(loaded.dataset, loaded.split.test, frames)
        for module in (stream.model, stream.preprocess):
            if isinstance(module, nn.Module):
                module.to(device)
    probes: dict[str, Arrangement | None] = {NORMAL: None, **arrangements(seed=seed)}
    for name, arranged in probes.items():
        tables = [
            predict(stream, clips[stream.name], device=device, title=f"{name} {stream.name}", alter=arranged)
            for stream in loaded.streams
        ]
        predictions = pd.concat(tables, ignore_index=True)
        if len(tables) > 1:
            predictions = pd.concat([predictions, fuse(predictions)], ignore_index=True)
        by_probe.append(predictions.assign(probe=name))
    return pd.concat(by_probe, ignore_index=True)


def findings(probes: Mapping[str, Sequence[Comparison]], frames: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence for each stream: the accuracy that it loses, or why it cannot lose any."""
    streams = [comparison.stream for comparison in next(iter(probes.values()))]
    return tuple(_finding(name, probes, frames.get(name)) for name in streams)


def _finding(stream: str, probes: Mapping[str, Sequence[Comparison]], frames: int | None) -> str:
    by_probe = {
        probe: next(comparison for comparison in comparisons if comparison.stream == stream)
        for probe, comparisons in probes.items()
    }
    who = "" if stream == "all" else f"Stream {stream}: "
    if frames == 1:
        return f"{who}Each view is one frame, so no order of frames makes a difference, by construction."
    clauses = [_loss(probe, comparison) for probe, comparison in by_probe.items()]
    # Shuffled and reversed frames give the same probabilities: the network takes a mean over frames, or sees one.
    if all(by_probe[probe].largest_change <= SAME for probe in ("shuffled", "reversed")):
        clauses.append("it does not see the order of frames at all")
    reversed_ = by_probe["reversed"]
    if reversed_.of_pairs is not None and reversed_.n_flipped:
        clauses.append(
            f"reversed, {reversed_.n_flipped} of {reversed_.of_pairs.n} clips of motion pairs turn from their class "
            "into its partner"
        )
    sentence = "; ".join(clauses)
    return f"{who}{sentence[0].upper()}{sentence[1:]}."


def _loss(probe: str, comparison: Comparison) -> str:
    """Return `single frames 96.2 to 48.1 %, -48.1 points [-60.3, -35.0]`."""
    overall = comparison.overall
    caveat = ", which may be chance" if overall.difference and overall.low <= 0 <= overall.high else ""
    # A loss of 0.48 [0.35, 0.60] is a change of -48 [-60, -35] points: the ends change place with the sign.
    change, low, high = (points(loss) for loss in (overall.difference, overall.high, overall.low))
    return (
        f"{probe} frames {100 * overall.accuracy:.1f} to {100 * overall.other:.1f} %, "
        f"{change:+.1f} points [{low:+.1f}, {high:+.1f}]{caveat}"
    )


def points(loss: float) -> float:
    """Return a loss of accuracy, 0-1, as a change in percentage points; never minus zero."""
    return -100 * loss + 0.0
