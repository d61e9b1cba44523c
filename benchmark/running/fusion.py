"""Late fusion by hand: which finished runs may be averaged, the record of their mean, and its predictions."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.baseline import FUSED
from benchmark.running.train_and_predict import RunOutput
from leaderboards.late_fusion import fuse_predictions
from leaderboards.predictions import read_predictions
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import sha256_of, write_json
from slateboard.records.result import Result, StreamCosts
from slateboard.records.run import Model, Run
from slateboard.records.run_folder import MEMBERS, PREDICTIONS, RESULT, TRAINED_ON
from slateboard.records.trained_on import TrainedOn

FUSE = "fuse"
"""Name in place of a baseline's in the records of such runs."""
_SHARED = ("dataset", "dataset_sha256", "protocol", "split", "split_sha256", "failed")
"""Fields that runs must have alike; dataset_sha256 is of the order of classes too."""


def find_runs(runs: Path, names: Sequence[str]) -> list[tuple[Path, Result]]:
    """Return finished runs by folder, given as a path or below runs/; BadInput names every one that is none."""
    members, problems = [], []
    for name in names:
        folder = next((path for path in (Path(name), runs / name) if (path / RESULT).is_file()), None)
        if folder is None:
            remedy = f"Name a folder below {runs} that has a {RESULT}, as `slateboard bench train` prints it."
            problems.append(Problem(name, "is no finished run.", remedy))
            continue
        try:
            members.append((folder.resolve(), Result.read(folder / RESULT)))
        except BadInput as error:
            problems += error.problems
    if len(names) < 2 and not problems:
        problems.append(Problem("runs", f"{len(names)} given.", "Give two or more."))
    if problems:
        raise BadInput(problems)
    return members


def plan_fusion(members: Sequence[tuple[Path, Result]], weights: Sequence[float] | None) -> Run:
    """Return the record of a weighted mean of finished runs; `weights` are relative, equal unless given.

    They can be given but not fitted here: a run keeps predictions of test clips only, which must not decide them.
    Raises BadInput that names every run of another dataset, split or order of classes than the first.
    """
    relative = list(weights) if weights is not None else [1.0] * len(members)
    first = members[0][1].run
    problems = [
        Problem(str(folder), f"has {name} {value!r}, the first run {expected!r}.", "Fuse runs on the same data.")
        for folder, result in members[1:]
        for name in _SHARED
        if (value := getattr(result.run, name)) != (expected := getattr(first, name))
    ]
    if len({folder for folder, _ in members}) != len(members):
        problems.append(Problem("runs", "one is named twice.", "Give it a higher weight instead."))
    if len(relative) != len(members) or any(not weight > 0 for weight in relative):
        what = f"{len(relative)} given for {len(members)} runs: {', '.join(map(str, relative))}."
        problems.append(Problem("weights", what, "Give one above 0 for each, as 0.6,0.4."))
    if problems:
        raise BadInput(problems)
    # Weights 3, 1 -> shares 0.75, 0.25: the fused probability of class c is 0.75 p1(c) + 0.25 p2(c).
    models = [Model(**{name: getattr(result.run, name) for name in Model.model_fields}) for _, result in members]
    total = sum(relative)
    mean = Model(
        baseline=FUSE,
        parameters={},
        weights=", ".join(sorted({model.weights for model in models})),
        seed=models[0].seed,
        threads=max(model.threads for model in models),
        members=tuple(models),
        shares=tuple(weight / total for weight in relative),
    )
    return first.of(mean)


def parse_weights(text: str) -> list[float]:
    """Return `0.6,0.4` as numbers."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise SlateboardError(f"--weights is '{text}'. Give a number for each run, as 0.6,0.4.") from None


def average_runs(
    folder: Path, members: Sequence[tuple[Path, Result]], shares: Sequence[float], *, writes: bool
) -> RunOutput:
    """Return the weighted mean of the predictions of finished runs on the same data; with `writes`, write members.json.

    Streams that all members have are averaged by name (normal with normal, fused with fused). Where there are none,
    the main stream of each run is used, and the mean is called `fused`.
    """
    tables = [read_predictions(home) for home, _ in members]
    common = set.intersection(*(set(table["stream"]) for table in tables))
    # Stream of the mean -> the stream of each member that goes into it.
    sources = {name: [name] * len(tables) for name in sorted(common)} or {
        FUSED: [result.main.stream for _, result in members]
    }
    means = [_mean(tables, name, streams, shares) for name, streams in sources.items()]
    if writes:
        rows = [_member_row(home, share) for (home, _), share in zip(members, shares, strict=True)]
        write_json(folder / MEMBERS, rows)
    # The union: what influenced one member has influenced the mean, so it may not be in the test list either.
    trained_on = TrainedOn(train=(), validation=())
    for home, _ in members:
        trained_on |= TrainedOn.read(home / TRAINED_ON)
    results = [result for _, result in members]
    return RunOutput(
        predictions=pd.concat(means, ignore_index=True),
        trained_on=trained_on,
        streams=_costs(results),
        epochs={},
        selection="mean of members",
        geometry=_shared_geometry(results),
        frames=", ".join(sorted({result.frames for result in results})),
    )


def _mean(tables: Sequence[pd.DataFrame], name: str, streams: Sequence[str], shares: Sequence[float]) -> pd.DataFrame:
    """Return the mean, called `name`, of one stream of each table."""
    of_streams = [table[table["stream"] == stream] for table, stream in zip(tables, streams, strict=True)]
    return fuse_predictions(of_streams, stream=name, weights=shares)


def _member_row(home: Path, share: float) -> dict[str, object]:
    """Return what members.json states of one member: its folder below runs/, its hash and its weight."""
    folder = "/".join(home.parts[-4:])
    return {"run": folder, "predictions_sha256": sha256_of(home / PREDICTIONS), "share": share}


def _costs(results: Sequence[Result]) -> dict[str, StreamCosts]:
    """Return the costs of every stream of every member, by `<number>.<baseline>.<stream>`."""
    return {
        f"{number}.{result.run.baseline}.{name}": facts
        for number, result in enumerate(results, start=1)
        for name, facts in result.streams.items()
    }


def _shared_geometry(results: Sequence[Result]) -> dict[str, object]:
    """Return the fields of Result.geometry in which all members agree."""
    first = results[0].geometry
    return {key: value for key, value in first.items() if all(result.geometry.get(key) == value for result in results)}
