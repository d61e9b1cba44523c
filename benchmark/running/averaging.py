"""Average the predictions of finished runs by weight, stream by stream; nothing is trained again."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.baseline import FUSED
from benchmark.running.learning import Tested
from leaderboards.late_fusion import fuse_predictions
from leaderboards.predictions import PREDICTIONS, read_predictions
from slateboard.files import sha256_of, write_json
from slateboard.records.result import Result, StreamFacts
from slateboard.records.trained_on import TRAINED_ON, TrainedOn

MEMBERS = "members.json"


def averaged(folder: Path, members: Sequence[tuple[Path, Result]], shares: Sequence[float], *, first: bool) -> Tested:
    """Return the mean of finished runs on the same data by weight; the first process writes members.json.

    Streams that all members have are averaged by name (normal with normal, fused with fused). Where there are none,
    it is the one stream of each that counts, and the mean is called `fused`.
    """
    tables = [read_predictions(home) for home, _ in members]
    common = set.intersection(*(set(table["stream"]) for table in tables))
    chosen = {name: [name] * len(tables) for name in sorted(common)} or {
        FUSED: [result.main.stream for _, result in members]
    }
    means = [_mean(tables, name, own, shares) for name, own in chosen.items()]
    if first:
        write_json(folder / MEMBERS, [_named(home, share) for (home, _), share in zip(members, shares, strict=True)])
    trained_on = TrainedOn(train=(), validation=())
    for home, _ in members:
        trained_on |= TrainedOn.read(home / TRAINED_ON)
    results = [result for _, result in members]
    return Tested(
        predictions=pd.concat(means, ignore_index=True),
        trained_on=trained_on,
        streams=_costs(results),
        epochs={},
        selection="mean of members",
        geometry=_shared_geometry(results),
        frames=", ".join(sorted({result.frames for result in results})),
    )


def _mean(tables: Sequence[pd.DataFrame], name: str, own: Sequence[str], shares: Sequence[float]) -> pd.DataFrame:
    chosen = [table[table["stream"] == stream] for table, stream in zip(tables, own, strict=True)]
    return fuse_predictions(chosen, stream=name, weights=shares)


def _named(home: Path, share: float) -> dict[str, object]:
    """Return what members.json says of one: its folder below runs/, its hash and its weight."""
    folder = "/".join(home.parts[-4:])
    return {"run": folder, "predictions_sha256": sha256_of(home / PREDICTIONS), "share": share}


def _costs(results: Sequence[Result]) -> dict[str, StreamFacts]:
    """Return the costs of every stream of every member, by `<number>.<baseline>.<stream>`."""
    return {
        f"{number}.{result.run.baseline}.{name}": facts
        for number, result in enumerate(results, start=1)
        for name, facts in result.streams.items()
    }


def _shared_geometry(results: Sequence[Result]) -> dict[str, object]:
    """Return what all members saw alike."""
    first = results[0].geometry
    return {key: value for key, value in first.items() if all(one.geometry.get(key) == value for one in results)}
