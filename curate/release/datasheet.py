"""DATASHEET.md and LICENSE-NOTES.md: what the catalog can answer, and blanks for what it cannot.

The questions follow Datasheets for Datasets (Gebru et al. 2021); the table follows MEI paper, Table 1.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from slateboard.records.release import Release

_BLANK = "_Not known to the catalog; to be written by the people who release this._"


def datasheet(release: Release, clips: pd.DataFrame, *, audit: str) -> str:
    """Return DATASHEET.md."""
    seconds = clips["duration_s"]
    states = Counter(clips["has_effects"])
    licences = ", ".join(f"{name} ({count})" for name, count in _licences(clips).items())
    sections: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
        (
            "Motivation",
            (
                ("For what purpose was the dataset created?", _BLANK),
                ("Who created it, and who paid?", _BLANK),
            ),
        ),
        (
            "Composition",
            (
                ("What are the instances?", "Short video clips, each with one action label."),
                (
                    "How many are there?",
                    f"{release.clips} clips of {clips['group'].nunique()} groups; see Table 1.",
                ),
                ("Is it a sample?", f"Left out, counted: {_counts(release.left_out)}."),
                (
                    "Are there labels?",
                    f"One of {len(release.classes)} classes; effects as kinds with boxes and times.",
                ),
                ("Are there recommended splits?", f"`{release.protocol}`: {audit}"),
                ("Does it name or show people?", _BLANK),
            ),
        ),
        (
            "Collection",
            (
                (
                    "How was it acquired?",
                    "From the addresses in sources.csv; every one has a state and a reason.",
                ),
                ("Who was involved, and were people asked?", _BLANK),
            ),
        ),
        (
            "Preprocessing and labelling",
            (
                (
                    "How were clips cut?",
                    "Exact to the frame by the rules in recipe.toml, proved by decoding.",
                ),
                ("How were effects labelled?", f"{_effects(states)}. `unknown`: nobody has looked."),
                (
                    "Was the raw data kept?",
                    "Originals stay with the people who release this, by content hash.",
                ),
            ),
        ),
        ("Uses", (("What should it not be used for?", _BLANK),)),
        ("Distribution", (("Under which licences?", f"{licences}. See LICENSE-NOTES.md."),)),
        (
            "Maintenance",
            (
                (
                    "How are errors corrected, and clips withdrawn?",
                    "In the next version; none is overwritten.",
                ),
            ),
        ),
    )
    table = {
        "Actions": len(release.classes),
        "Clips": release.clips,
        "Total duration": f"{seconds.sum() / 60:.1f} min",
        "Mean clip length": f"{seconds.mean():.2f} s",
        "Min clip length": f"{seconds.min():.2f} s",
        "Max clip length": f"{seconds.max():.2f} s",
        "Groups": clips["group"].nunique(),
        "With effects": states["true"],
        "Without effects": states["false"],
        "Effects unknown": states["unknown"],
        "Audio": "No",
    }
    lines = [
        f"# {release.title or release.name} {release.version}",
        "",
        "## Table 1",
        "",
        "| | |",
        "| --- | --- |",
    ]
    lines += [f"| {name} | {value} |" for name, value in table.items()]
    lines += ["", *_per_class(clips)]
    for title, questions in sections:
        lines += ["", f"## {title}"]
        for question, answer in questions:
            lines += ["", f"**{question}** {answer}"]
    return "\n".join(lines) + "\n"


def licence_notes(release: Release, clips: pd.DataFrame) -> str:
    """Return LICENSE-NOTES.md."""
    lines = [
        f"# Licences of {release.title or release.name} {release.version}",
        "",
        f"The release as a whole: {release.licence or 'not stated'}.",
        "The clips, as stated for each source in sources.csv:",
        "",
        "| licence | clips |",
        "| --- | --- |",
        *(f"| {name} | {count} |" for name, count in _licences(clips).items()),
    ]
    return "\n".join(lines) + "\n"


def _per_class(clips: pd.DataFrame) -> list[str]:
    lines = [
        "| class | clips | groups | total s | mean s | with effects |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for label, found in clips.groupby("label", sort=False):
        seconds = found["duration_s"]
        with_effects = (found["has_effects"] == "true").sum()
        lines.append(
            f"| {label} | {len(found)} | {found['group'].nunique()} | {seconds.sum():.1f} | {seconds.mean():.2f} "
            f"| {with_effects} |"
        )
    return lines


def _licences(clips: pd.DataFrame) -> dict[str, int]:
    counts = Counter(name or "not stated" for name in clips["licence"])
    return dict(sorted(counts.items()))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing"


def _effects(states: Mapping[str, int]) -> str:
    return f"{states['true']} clips with, {states['false']} without, {states['unknown']} unknown"
