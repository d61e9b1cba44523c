"""Late fusion by hand: which finished runs may be averaged, and the record of their mean."""

from collections.abc import Sequence
from pathlib import Path

from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.records.result import Result
from slateboard.records.run import Model, Run

FUSE = "fuse"
"""Name in place of a baseline's in the records of such runs."""
_SHARED = ("dataset", "dataset_sha256", "protocol", "split", "split_sha256", "failed")
"""Fields that runs must have alike; dataset_sha256 is of the order of classes too."""


def find_runs(runs: Path, names: Sequence[str]) -> list[tuple[Path, Result]]:
    """Return finished runs by folder, be it as a path or below runs/; name every one that is none."""
    found, problems = [], []
    for name in names:
        folder = next((path for path in (Path(name), runs / name) if (path / "result.json").is_file()), None)
        if folder is None:
            remedy = f"Name a folder below {runs} that has a result.json, as `slateboard bench train` prints it."
            problems.append(Problem(name, "is no finished run.", remedy))
            continue
        try:
            found.append((folder.resolve(), Result.read(folder / "result.json")))
        except BadInput as error:
            problems += error.problems
    if len(names) < 2 and not problems:
        problems.append(Problem("runs", f"{len(names)} given.", "Give two or more."))
    if problems:
        raise BadInput(problems)
    return found


def fused_record(members: Sequence[tuple[Path, Result]], weights: Sequence[float] | None) -> Run:
    """Return the record of a weighted mean of finished runs, equal weights unless given.

    Weights can be given but not fitted here: what a run keeps are predictions of test clips, which must not decide
    them. Raises BadInput that names every run of another dataset, split or order of classes than the first.
    """
    given = list(weights) if weights is not None else [1.0] * len(members)
    first = members[0][1].run
    problems = [
        Problem(str(folder), f"has {name} {own!r}, the first run {wanted!r}.", "Fuse runs on the same data.")
        for folder, result in members[1:]
        for name in _SHARED
        if (own := getattr(result.run, name)) != (wanted := getattr(first, name))
    ]
    if len({folder for folder, _ in members}) != len(members):
        problems.append(Problem("runs", "one is named twice.", "Give it a higher weight instead."))
    if len(given) != len(members) or any(not weight > 0 for weight in given):
        what = f"{len(given)} given for {len(members)} runs: {', '.join(map(str, given))}."
        problems.append(Problem("weights", what, "Give one above 0 for each, as 0.6,0.4."))
    if problems:
        raise BadInput(problems)
    models = [Model(**{name: getattr(result.run, name) for name in Model.model_fields}) for _, result in members]
    total = sum(given)
    own = Model(
        baseline=FUSE,
        parameters={},
        weights=", ".join(sorted({model.weights for model in models})),
        seed=models[0].seed,
        threads=max(model.threads for model in models),
        members=tuple(models),
        shares=tuple(weight / total for weight in given),
    )
    return first.of(own)


def numbers(text: str) -> list[float]:
    """Return `0.6,0.4` as numbers."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise SlateboardError(f"--weights is '{text}'. Give a number for each run, as 0.6,0.4.") from None
