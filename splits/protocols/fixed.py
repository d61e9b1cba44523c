"""The official lists of a data set, matched to clips by the names of their source files."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.files import digest, sha256_of
from slateboard.records.split import Split
from slateboard.registry import Card, Parameter, Parameters
from splits.listing.entries import LISTS, BadLists, Entry, ListFormModule, Listing, Subset, stem
from splits.listing.names import SPELLINGS, Matching, match_names, video_name, youtube_id
from splits.parts import few, split_of

CARD = Card(
    title="Official lists",
    source="the lists in the folder `lists`: UCF101, HMDB51, JHMDB and Kinetics publish theirs",
    parameters={
        "lists": Parameter("", "path", "folder with the list files"),
        "form": Parameter("ucf101", "-", "form of the lists: a name from `slateboard ls lists`"),
        "files": Parameter(
            "source",
            "-",
            "whose file names the lists bear: `source` (the originals'), `release` (as `split export` writes them)",
        ),
        "names": Parameter("", "-", "`jhmdb`: `@` stands for `#` or `&`, as JHMDB respells HMDB51; empty: as written"),
        "set": Parameter("", "-", "name of this set of lists: its splits are fixed-NAME, beside those of other sets"),
    },
)
_FILES = ("source", "release")
_SET = re.compile(r"[a-z0-9_]*")


@dataclass(frozen=True)
class _Clip:
    """A clip, with the name that it has in lists."""

    clip_id: str
    name: str
    origin: str
    """The address, video or file that the name is of."""
    label: str


def divide(dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
    """Return a split per number that the lists have.

    Released clips are renamed, so a file name in a list means the clips whose source_url has it (extension
    aside), a video all clips of it, and a clip_id that clip. The report of each split (split.json) names and counts
    listed names without a clip, clips without a line (they go to `unused`), clips whose name could be several listed
    ones (so do they), names that are spelt differently or listed twice, and clips whose class differs. Raises
    BadInput that names every fault of the lists, every name in two subsets or of several sources, and each split
    without any clip in a subset. `list_files_sha256` among the parameters is the hash of the files, names and bytes.
    """
    _check(parameters)
    form = LISTS.load(parameters["form"])
    files = "clip_id" if form.NAMES == "clip_id" else parameters["files"]
    clips = list(_clips(dataset, files))
    entries, list_files, problems = _read(form, Path(parameters["lists"]))
    listed = _by_number(entries, files)
    names = {clip.name for clip in clips}
    matchings = {
        number: match_names(names, rows.keys(), spelling=parameters["names"]) for number, rows in sorted(listed.items())
    }
    problems += [problem for rows in listed.values() for problem in _contradictions(rows.values())]
    problems += _shared_names(dataset, clips, {name for matching in matchings.values() for name in matching.listed_as})
    subsets = {number: _subsets(clips, matching, listed[number]) for number, matching in matchings.items()}
    problems = problems or list(_without_clips(parameters, subsets))
    if problems:
        raise BadInput(problems)
    used = {**parameters, "list_files_sha256": _files_sha256(Path(parameters["lists"]), list_files)}
    return [
        split_of(
            dataset,
            protocol=f"fixed-{parameters['set']}" if parameters["set"] else "fixed",
            number=number,
            parameters=used,
            seed=seed,
            test={clip for clip, subset in subset_of.items() if subset == "test"},
            unused={clip for clip, subset in subset_of.items() if subset == "unused"},
            report=_report(dataset, clips, matchings[number], listed[number]),
        )
        for number, subset_of in subsets.items()
    ]


def _check(parameters: Parameters) -> None:
    problems = []
    if not parameters["lists"]:
        problems.append(Problem("lists", "is not given.", "Name the folder of the lists: --param lists=PATH."))
    for key, allowed in (("files", _FILES), ("names", tuple(SPELLINGS))):
        if parameters[key] not in allowed:
            remedy = did_you_mean(parameters[key], filter(None, allowed))
            problems.append(Problem(key, f"is '{parameters[key]}'.", remedy))
    if not _SET.fullmatch(parameters["set"]):
        problems.append(Problem("set", f"is '{parameters['set']}'.", "Use a to z, digits and _: it names a folder."))
    if problems:
        raise BadInput(problems)


def _read(form: ListFormModule, folder: Path) -> tuple[Sequence[Entry], list[str], list[Problem]]:
    """Return the entries of the lists, the names of their files, and their problems, to be reported with others."""
    try:
        listing: Listing = form.read(folder)
    except BadLists as error:
        return error.entries, [], list(error.problems)
    files = {*listing.styles, *(entry.file for entry in listing.entries if entry.file)}
    return listing.entries, sorted(files), []


def _files_sha256(folder: Path, names: Iterable[str]) -> str:
    return digest([[name, sha256_of(folder / name)] for name in names])


def _clips(dataset: Dataset, files: str) -> Iterator[_Clip]:
    # The list says Archery/v_Archery_g01_c01.avi; the release calls that clip videos/Archery/v_Archery_17.mp4, and its
    # source_url ends in v_Archery_g01_c01.avi: they are matched by that stem. If several clips were cut from the file,
    # all of them are meant, as they show what the list's video shows.
    for clip, url, path, label in dataset.clips[["clip_id", "source_url", "path", "label"]].itertuples(index=False):
        # Of a YouTube address the video's id is the name: Kinetics lists ids, and `watch?v=` has no file name.
        if files == "source":
            video = youtube_id(url)
            yield _Clip(clip, video or stem(url), video or url, label)
        else:
            yield _Clip(clip, clip if files == "clip_id" else stem(path), path, label)


def _by_number(entries: Iterable[Entry], files: str) -> dict[int, dict[str, list[Entry]]]:
    """Return the entries of each split by the name that clips are matched to."""
    by_number: dict[int, dict[str, list[Entry]]] = {}
    for entry in entries:
        name = {"source": video_name, "release": stem}.get(files, str)(entry.path)
        by_number.setdefault(entry.number, {}).setdefault(name, []).append(entry)
    return by_number


def _subsets(clips: Iterable[_Clip], matching: Matching, rows: Mapping[str, Sequence[Entry]]) -> dict[str, Subset]:
    """Return clip id -> subset; unused where no line means the clip."""
    subset_of = {name: rows[listed][0].subset for name, listed in matching.listed_as.items()}
    return {clip.clip_id: subset_of.get(clip.name, "unused") for clip in clips}


def _contradictions(rows: Iterable[Sequence[Entry]]) -> list[Problem]:
    return [
        Problem(
            entry.where,
            f"'{entry.path}' is for {entry.subset}, but for {earlier.subset} in {earlier.where}.",
            "Keep one of the two lines.",
        )
        for earlier, *repeats in rows
        for entry in repeats
        if entry.subset != earlier.subset
    ]


def _shared_names(dataset: Dataset, clips: Iterable[_Clip], listed: Collection[str]) -> list[Problem]:
    # a/clip1.mp4 and b/clip1.mp4 have one stem, and a list's `clip1` could mean either: only names that are listed
    # matter.
    origins: dict[str, list[str]] = {}
    for clip in clips:
        if clip.name in listed and clip.origin not in origins.setdefault(clip.name, []):
            origins[clip.name].append(clip.origin)
    return [
        Problem(dataset.key, f"{len(sources)} sources bear the listed name '{name}': {few(sources)}.", "Rename them.")
        for name, sources in sorted(origins.items())
        if len(sources) > 1
    ]


def _without_clips(parameters: Parameters, subsets: Mapping[int, Mapping[str, Subset]]) -> Iterator[Problem]:
    where = parameters["lists"]
    if not subsets:
        yield Problem(where, "lists nothing.", "Check `lists` and `form`.")
    for number, subset_of in subsets.items():
        counts = Counter(subset_of.values())
        if not counts["train"] or not counts["test"]:
            what = f"split {number} would have {counts['train']} clips in train and {counts['test']} in test."
            remedy = "Lines are matched by the file name in `source_url`: check `lists`, `form`, `files` and `names`."
            yield Problem(where, what, remedy)


def _report(
    dataset: Dataset, clips: Sequence[_Clip], matching: Matching, rows: Mapping[str, Sequence[Entry]]
) -> list[str]:
    """Return a sentence for each kind of mismatch of names and clips, with every name, as this is the record."""
    written = dict(zip(dataset.classes, dataset.labels, strict=True))
    absent = set(matching.absent)
    lines = [entry for name, entries in rows.items() if name in absent for entry in entries]
    unlisted, respelt, ambiguous, relabelled = [], [], [], []
    for clip in clips:
        name = clip.name
        label = rows[matching.listed_as[name]][0].label if name in matching.listed_as else ""
        if name in matching.ambiguous:
            ambiguous.append(f"{name} ({' or '.join(matching.ambiguous[name])})")
        elif name not in matching.listed_as:
            unlisted.append(clip.clip_id if clip.clip_id == name else f"{clip.clip_id} ({name})")
        elif label not in ("", clip.label, written.get(clip.label)):
            relabelled.append(f"{name} is '{clip.label}', in the lists '{label}'")
        if name in matching.respelt:
            respelt.append(f"{name} is {matching.respelt[name]}")
    twice = [f"{name} ({len(entries)} lines)" for name, entries in rows.items() if len(entries) > 1]
    of_clips = f"of {len(clips)} clips"
    sentences = [
        (
            [entry.path for entry in lines],
            f"of {sum(map(len, rows.values()))} names in the lists are not in the dataset",
        ),
        (unlisted, f"{of_clips} are in no list and unused"),
        (respelt, f"{of_clips} are listed under another spelling"),
        (ambiguous, f"{of_clips} could be several listed names, or share one, and are unused"),
        (relabelled, f"{of_clips} have another class in the lists"),
        (twice, f"of {len(rows)} names are listed more than once"),
    ]
    return [f"{len(names)} {sentence}: {', '.join(names)}." for names, sentence in sentences if names]
