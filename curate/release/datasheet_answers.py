"""Answer the datasheet's questions from the tables of a release, in sentences of Markdown with figures."""

from collections import Counter
from collections.abc import Iterable, Mapping

from curate.release.tables import Tables
from slateboard.escaping import markdown


def datasheet_answers(tables: Tables, *, audit: str) -> dict[str, str]:
    """Return key -> answer for each question that the catalog can answer; `audit` is the frozen split's line."""
    record = tables.release
    return {
        **_composition(tables, audit=audit),
        **_collection(tables),
        "preprocessing": _preprocessing(tables),
        "effects": (
            f"{effect_states(tables)}. `unknown`: nobody has looked. By whom: "
            f"{_listed(Counter(tables.effects['decided_by'])) or 'no effect is confirmed'}; what detectors raised and "
            "nobody confirmed is listed as proposed_effects and counts for nothing."
        ),
        "raw": "The originals stay with the people who release this, by content hash; originals.csv lists the hashes.",
        "software": f"slateboard {markdown(record.tools.get('slateboard', ''))}; the versions of all tools are in "
        "recipe.toml, and `slateboard curate rebuild recipe.toml` makes this version again.",
        "licence": f"As a whole: {markdown(record.licence) or 'not stated'}. Clips, as sources.csv states: "
        f"{_listed(clips_by_licence(tables))}. See LICENSE-NOTES.md.",
        "restrictions": "The rights in the videos stay with their owners; see LICENSE-NOTES.md.",
        "erratum": "What changed between two versions: `slateboard curate diff`.",
        "updates": f"Corrections go into the next version; none is overwritten. This is {markdown(record.version)}.",
        "retention": f"Whoever asks is taken out of all versions: {len(tables.takedowns)} sources so far "
        f"({_clips_down(tables)} clips), see takedowns.csv.",
        "older": "They stay as they are, except those that held something that was taken down: they stop being "
        "releases.",
        "directly": "From third parties: the addresses in sources.csv.",
    }


def _composition(tables: Tables, *, audit: str) -> dict[str, str]:
    record, clips = tables.release, tables.clips
    return {
        "instances": "Short video clips, each of one action.",
        "count": f"{record.clips} clips of {len(record.classes)} actions, {clips['group'].nunique()} groups and "
        f"{clips['source_id'].nunique()} sources; see Table 1.",
        "sample": f"Left out, counted: {_listed(record.left_out) or 'nothing'}.",
        "data": "A video of "
        f"{_range(clips['frames'])} frames at {_listed(Counter(f'{rate:.5g} fps' for rate in clips['fps']))}, "
        f"{_range(clips['width'])} by {_range(clips['height'])} pixels, "
        "without sound, and a row of clips.csv.",
        "labels": f"One of {len(record.classes)} actions; confirmed effects as kinds with boxes and times "
        "(effects.csv).",
        "missing": "Camera, effects and quality are `unknown` or empty where nothing was found out: camera "
        f"{_listed(Counter(clips['camera']))}.",
        "relations": "`group` joins what must not be on both sides of a split (uploader, person, camera, same "
        f"footage); duplicates.csv names {len(tables.duplicates)} pairs of originals that show the same footage.",
        "splits": f"{markdown(record.protocol)}, frozen in splits/ and in the lists: {markdown(audit)}."
        + (
            f" It extends that of {markdown(record.extends)}: what had a side there keeps it." if record.extends else ""
        ),
        "errors": f"Quality flags: {_listed(clips_by_quality(tables)) or 'none on any clip, or nobody looked'}. "
        f"Pairs of the same footage: {len(tables.duplicates)}.",
        "outside": f"Not for the clips. The list-only release beside it needs {len(tables.sources)} addresses, which "
        "may go.",
    }


def _collection(tables: Tables) -> dict[str, str]:
    states = Counter(tables.sources["state"])
    return {
        "acquired": f"From the {len(tables.sources)} addresses and files of sources.csv, each in one state: "
        f"{_listed(states)}.",
        "mechanisms": "yt-dlp fetched whole files, every one was decoded to its end, clips were cut exact to the frame "
        "and each cut verified by decoding it; versions in recipe.toml.",
        "sampling": "By the people who wrote sources.csv; within each video by the rules in recipe.toml.",
        "revoke": "On request: `slateboard curate takedown`.",
    }


def _preprocessing(tables: Tables) -> str:
    clips = tables.release.settings.get("clips", {})
    rules = ", ".join(f"{markdown(name)} = {markdown(value)}" for name, value in clips.items())
    return f"Clips were cut by these rules: {rules}. Upright, square pixels, constant frame rate, no sound."


def clips_by_licence(tables: Tables) -> dict[str, int]:
    """Return licence -> number of clips, sorted by name."""
    return dict(sorted(Counter(name or "not stated" for name in tables.clips["licence"]).items()))


def clips_by_quality(tables: Tables) -> dict[str, int]:
    """Return quality flag -> number of clips that have it."""
    return dict(sorted(Counter(flag for text in tables.clips["quality"] for flag in text.split("|") if flag).items()))


def effect_states(tables: Tables) -> str:
    """Return a phrase: how many clips have effects, have none, and are unknown."""
    # Three-valued: `false` only where a person looked and saw none; a clip that nobody labelled is `unknown`.
    states = Counter(tables.clips["has_effects"])
    return f"{states['true']} clips with, {states['false']} without, {states['unknown']} unknown"


def _clips_down(tables: Tables) -> int:
    return sum(int(number) for number in tables.takedowns["clips"])


def _range(column: Iterable[int]) -> str:
    lowest, highest = min(column), max(column)
    return f"{lowest}" if lowest == highest else f"{lowest} to {highest}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{markdown(name)} ({number})" for name, number in sorted(counts.items()))
