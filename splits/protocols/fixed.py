"""The official lists of a data set, matched to clips by the names of their source files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter
from splits.entries import LISTS, Entry, stem
from splits.parts import few, split_of

CARD = Card(
    title="Official lists",
    source="the lists in the folder `lists`: UCF101, HMDB51 and JHMDB publish theirs",
    parameters={
        "lists": Parameter("", "path", "folder with the list files"),
        "form": Parameter("ucf101", "-", "form of the lists: a name from `slateboard ls lists`"),
    },
)


def divide(dataset: Dataset, parameters: Mapping[str, Any], *, seed: int) -> list[Split]:
    """Return a split per number that the lists have.

    Released clips are renamed, so a list entry means the clips whose source_url has its file name (extension
    aside). Entries without a clip, clips without an entry (they go to `unused`) and clips whose class differs
    are counted in the report. Raises BadInput for a name that is in two parts or that several sources bear,
    and for a split without any clip in a part.
    """
    if not parameters["lists"]:
        raise BadInput([Problem("lists", "is not given.", "Name the folder of the lists: --param lists=PATH.")])
    listing = LISTS.load(parameters["form"]).read(Path(parameters["lists"]))
    clips_of = _clips_by_stem(dataset)
    numbers = sorted({entry.number for entry in listing.entries})
    chosen = {number: [entry for entry in listing.entries if entry.number == number] for number in numbers}
    problems = [problem for entries in chosen.values() for problem in _contradictions(entries)]
    problems += _ambiguous(dataset, {entry.stem for entry in listing.entries})
    if problems:
        raise BadInput(problems)
    return [_split(dataset, parameters, seed, number, entries, clips_of) for number, entries in chosen.items()]


def _clips_by_stem(dataset: Dataset) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for clip, url in dataset.clips[["clip_id", "source_url"]].itertuples(index=False):
        found.setdefault(stem(url), []).append(clip)
    return found


def _split(
    dataset: Dataset,
    parameters: Mapping[str, Any],
    seed: int,
    number: int,
    entries: Sequence[Entry],
    clips_of: Mapping[str, list[str]],
) -> Split:
    part_of = {clip: entry.part for entry in entries for clip in clips_of.get(entry.stem, ())}
    counts = {part: list(part_of.values()).count(part) for part in ("train", "test")}
    if not all(counts.values()):
        what = f"split {number} would have {counts['train']} clips in train and {counts['test']} in test."
        remedy = "Entries are matched by the file name in `source_url`: check `lists` and `form`."
        raise BadInput([Problem(parameters["lists"], what, remedy)])
    ids = dataset.clips["clip_id"]
    return split_of(
        dataset,
        protocol="fixed",
        number=number,
        parameters=parameters,
        seed=seed,
        test={clip for clip, part in part_of.items() if part == "test"},
        unused={clip for clip in ids if part_of.get(clip, "unused") == "unused"},
        report=_report(dataset, entries, clips_of),
    )


def _report(dataset: Dataset, entries: Sequence[Entry], clips_of: Mapping[str, list[str]]) -> list[str]:
    """Say which names and which clips found no partner, and where the classes differ."""
    listed = {entry.stem: entry.label for entry in entries}
    written = dict(zip(dataset.classes, dataset.labels, strict=True))
    absent = [entry.path for entry in entries if entry.stem not in clips_of]
    unlisted, other = [], []
    for clip, url, label in dataset.clips[["clip_id", "source_url", "label"]].itertuples(index=False):
        name = stem(url)
        if name not in listed:
            unlisted.append(f"{clip} ({name})")
        elif listed[name] not in ("", label, written.get(label)):
            other.append(f"{name} is '{label}', in the lists '{listed[name]}'")
    sentences = [
        (absent, f"{len(absent)} of {len(entries)} names in the lists are not in the dataset"),
        (unlisted, f"{len(unlisted)} of {len(dataset.clips)} clips are in no list and unused"),
        (other, f"{len(other)} of {len(dataset.clips)} clips have another class in the lists"),
    ]
    return [f"{sentence}: {few(names)}." for names, sentence in sentences if names]


def _contradictions(entries: Sequence[Entry]) -> list[Problem]:
    seen: dict[str, Entry] = {}
    problems = []
    for entry in entries:
        first = seen.setdefault(entry.stem, entry)
        if first.part != entry.part:
            what = f"'{entry.path}' is for {entry.part}, but for {first.part} in {first.where}."
            problems.append(Problem(entry.where, what, "Keep one of the two lines."))
    return problems


def _ambiguous(dataset: Dataset, listed: set[str]) -> list[Problem]:
    urls = dataset.clips["source_url"].drop_duplicates()
    bearers = urls.groupby(urls.map(stem)).agg(list)
    return [
        Problem(dataset.key, f"{len(names)} sources bear the listed name '{name}': {few(names)}.", "Rename them.")
        for name, names in bearers.items()
        if len(names) > 1 and name in listed
    ]
