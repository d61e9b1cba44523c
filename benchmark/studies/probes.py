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
from benchmark.frames.choose import frames_of
from benchmark.inputs.clips import clips_of
from benchmark.inputs.items import Item
from benchmark.reports.probed import Probes
from benchmark.running.facts import frames_of_view
from benchmark.running.rerun import Loaded
from leaderboards.comparison import Comparison, compare
from leaderboards.predictions import read_predictions
from slateboard.errors import SlateboardError
from slateboard.workspace import Workspace

NORMAL = "normal"
SAME = 1e-3
"""Change of any probability up to which predictions count as the same: sums of floats in another order."""

Arrangement = Callable[[Item], Item]


def single(item: Item) -> Item:
    """Return a view in which its middle frame is repeated: nothing moves."""
    return replace(item, indices=np.full_like(item.indices, item.indices[len(item.indices) // 2]))


def shuffled(item: Item, *, seed: int) -> Item:
    """Return a view with its frames in an order of chance, the same for the same clip, view and seed."""
    chance = np.random.default_rng((seed, zlib.crc32(item.clip_id.encode()), item.number))
    return replace(item, indices=chance.permutation(item.indices))


def backwards(item: Item) -> Item:
    """Return a view with its last frame first."""
    return replace(item, indices=item.indices[::-1].copy())


def arrangements(*, seed: int) -> dict[str, Arrangement]:
    """Return the probes by name."""
    return {"single": single, "shuffled": partial(shuffled, seed=seed), "reversed": backwards}


def probe(workspace: Workspace, loaded: Loaded, *, seed: int) -> tuple[Probes, pd.DataFrame]:
    """Return the probes of a finished run and their predictions, with a column `probe`: normal, single, ...

    Raises SlateboardError where its normal views no longer give what its predictions.parquet says.
    """
    torch.set_num_threads(loaded.record.threads)
    with threadpool_limits(loaded.record.threads):
        predictions = _predicted(workspace, loaded, seed=seed)
    clips, split, pairs = loaded.dataset.clips, loaded.split, loaded.dataset.motion_pairs
    by_probe = {str(name): rows for name, rows in predictions.groupby("probe", sort=False)}
    normal = by_probe.pop(NORMAL)
    stored = read_predictions(loaded.folder)
    again = compare(stored, normal, clips, split)
    if any(one.n_changed for one in again):
        changed = max(one.n_changed for one in again)
        raise SlateboardError(
            f"{loaded.folder}: {changed} of {len(split.test)} clips are predicted otherwise than when the run was "
            "tested: versions, decoder or weights differ from those of its environment.json. Run it again."
        )
    frames = {stream.name: frames_of_view(stream) for stream in loaded.streams}
    found = {name: compare(normal, rows, clips, split, motion_pairs=pairs) for name, rows in by_probe.items()}
    return Probes(
        seed=seed,
        reproduced=max(one.largest_change for one in again),
        frames=frames,
        probes=found,
        findings=findings(found, frames),
    ), predictions


def _predicted(workspace: Workspace, loaded: Loaded, *, seed: int) -> pd.DataFrame:
    device = device_kind(workspace.settings.train.device)
    found = []
    clips = {}
    for stream in loaded.streams:
        frames = frames_of(workspace, loaded.dataset, stream.geometry, device=device)
        clips[stream.name] = clips_of(loaded.dataset, loaded.split.test, frames)
        for part in (stream.model, stream.prepare):
            if isinstance(part, nn.Module):
                part.to(device)
    wanted: dict[str, Arrangement | None] = {NORMAL: None, **arrangements(seed=seed)}
    for name, arranged in wanted.items():
        tables = [
            predict(stream, clips[stream.name], device=device, title=f"{name} {stream.name}", arranged=arranged)
            for stream in loaded.streams
        ]
        together = pd.concat(tables, ignore_index=True)
        if len(tables) > 1:
            together = pd.concat([together, fuse(together)], ignore_index=True)
        found.append(together.assign(probe=name))
    return pd.concat(found, ignore_index=True)


def findings(probes: Mapping[str, Sequence[Comparison]], frames: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence a stream: what it loses, or why it cannot lose anything."""
    streams = [one.stream for one in next(iter(probes.values()))]
    return tuple(_finding(name, probes, frames.get(name)) for name in streams)


def _finding(stream: str, probes: Mapping[str, Sequence[Comparison]], frames: int | None) -> str:
    own = {probe: next(one for one in found if one.stream == stream) for probe, found in probes.items()}
    who = "" if stream == "all" else f"Stream {stream}: "
    if frames == 1:
        return f"{who}Each view is one frame, so no order of frames makes a difference, by construction."
    parts = [_loss(probe, one) for probe, one in own.items()]
    blind = [probe for probe in ("shuffled", "reversed") if own[probe].largest_change <= SAME]
    if len(blind) == 2:
        parts.append("it does not see the order of frames at all")
    pairs = own["reversed"].of_pairs
    if pairs is not None and own["reversed"].n_flipped:
        parts.append(
            f"reversed, {own['reversed'].n_flipped} of {pairs.n} clips of motion pairs turn from their class into its "
            "partner"
        )
    told = "; ".join(parts)
    return f"{who}{told[0].upper()}{told[1:]}."


def _loss(probe: str, one: Comparison) -> str:
    """Return `single frame 96.2 to 48.1 %, -48.1 points [-60.3, -35.0]`."""
    found = one.overall
    sure = ", which may be chance" if found.difference and found.low <= 0 <= found.high else ""
    lost, low, high = (points(value) for value in (found.difference, found.high, found.low))
    return (
        f"{probe} frames {100 * found.accuracy:.1f} to {100 * found.other:.1f} %, "
        f"{lost:+.1f} points [{low:+.1f}, {high:+.1f}]{sure}"
    )


def points(loss: float) -> float:
    """Return a loss 0-1 as the change in points that it is, never minus zero."""
    return -100 * loss + 0.0
