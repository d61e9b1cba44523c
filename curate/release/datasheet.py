"""Write DATASHEET.md and LICENSE-NOTES.md: what the tables can answer, and blanks for what they cannot.

The questions follow Datasheets for Datasets; the table follows MEI paper, Table 1.
"""

from collections import Counter

import pandas as pd

from curate.release.datasheet_answers import clips_by_licence, clips_by_quality, datasheet_answers
from curate.release.datasheet_questions import QUESTIONS, check_answers
from curate.release.tables import Tables
from slateboard.escaping import MOST_OF_A_SENTENCE, markdown

_BLANK = "_Not known to the catalog: answer it as `{key}` under [release.answers] in slateboard.toml._"
_KIND = "kind of effect"


def datasheet(tables: Tables, *, audit: str) -> str:
    """Return DATASHEET.md; raises BadInput for answers to no question."""
    record = tables.release
    written_answers = record.settings.get("release", {}).get("answers", {})
    check_answers(written_answers)
    # A person's answer replaces the computed one; a question that neither answers stays a blank and is counted as open.
    answers = {
        **datasheet_answers(tables, audit=audit),
        **{key: _sentence(answer) for key, answer in written_answers.items()},
    }
    open_questions = [key for questions in QUESTIONS.values() for key in questions if not answers.get(key)]
    lines = [
        f"# {markdown(record.title or record.name)} {markdown(record.version)}",
        "",
        "A datasheet after Gebru et al., Datasheets for Datasets. "
        f"{len(open_questions)} of its questions are still open.",
        *_section("Table 1", _table_one(tables)),
        *_section("Classes", _per_class(tables.clips)),
        *_section("Effects", _effects(tables)),
        *_section("Camera and quality", _camera_and_quality(tables)),
        "",
        "Figures: figures/clips_per_class.png, figures/durations.png, figures/contact_sheet.png.",
    ]
    for title, questions in QUESTIONS.items():
        lines += ["", f"## {title}"]
        for key, question in questions.items():
            lines += ["", f"**{question}** {answers.get(key) or _BLANK.format(key=key)}"]
    return "\n".join(lines) + "\n"


def licence_notes(tables: Tables) -> str:
    """Return LICENSE-NOTES.md."""
    record = tables.release
    rows: list[list[object]] = [
        ["licence", "clips"],
        *([name, count] for name, count in clips_by_licence(tables).items()),
    ]
    lines = [
        f"# Licences of {markdown(record.title or record.name)} {markdown(record.version)}",
        "",
        f"The release as a whole: {_sentence(record.licence) or 'not stated'}.",
        "The clips, as stated for each source in sources.csv:",
        "",
        *_markdown(rows),
    ]
    return "\n".join(lines) + "\n"


def _table_one(tables: Tables) -> list[str]:
    clips, seconds = tables.clips, tables.clips["duration_s"]
    states = Counter(clips["has_effects"])
    sound = int(tables.originals["has_audio"].sum()) if len(tables.originals) else 0
    rows = {
        "Actions": len(tables.release.classes),
        "Clips": len(clips),
        "Total duration": f"{seconds.sum() / 60:.1f} min",
        "Mean clip length": f"{seconds.mean():.2f} s",
        "Min clip length": f"{seconds.min():.2f} s",
        "Max clip length": f"{seconds.max():.2f} s",
        "Audio": f"No (of {len(tables.originals)} originals {sound} have it)",
        "Frames": int(clips["frames"].sum()),
        "Groups": clips["group"].nunique(),
        "With effects": states["true"],
        "Without effects": states["false"],
        "Effects unknown": states["unknown"],
    }
    return _markdown([["", ""], *([name, value] for name, value in rows.items())])


def _per_class(clips: pd.DataFrame) -> list[str]:
    rows: list[list[object]] = [
        ["class", "clips", "groups", "total s", "mean s", "min s", "max s", "with", "without", "unknown"]
    ]
    for label, members in clips.groupby("label", sort=False):
        seconds, states = members["duration_s"], Counter(members["has_effects"])
        lengths = [
            f"{seconds.sum():.1f}",
            *(f"{value:.2f}" for value in (seconds.mean(), seconds.min(), seconds.max())),
        ]
        counts = [states[state] for state in ("true", "false", "unknown")]
        rows.append([label, len(members), members["group"].nunique(), *lengths, *counts])
    return _markdown(rows)


def _effects(tables: Tables) -> list[str]:
    """Return a table of confirmed kinds by class and by who decided; a clip counts once for each kind."""
    effects = tables.effects
    if not len(effects):
        return ["No effect is confirmed."]
    label_of = dict(zip(tables.clips["clip_id"], tables.clips["label"], strict=True))
    classes = tables.release.classes
    rows: list[list[object]] = [[_KIND, "clips", "by a person", "by a machine", *classes]]
    # A clip with three captions counts once for `caption`; decided_by is that of the first row of the clip and kind.
    for kind, labelled in effects.groupby("kind"):
        labelled_clips = labelled.drop_duplicates("clip_id")
        by_whom, by_class = (
            Counter(labelled_clips["decided_by"]),
            Counter(label_of[clip] for clip in labelled_clips["clip_id"]),
        )
        rows.append(
            [kind, len(labelled_clips), by_whom["person"], by_whom["machine"], *(by_class[name] for name in classes)]
        )
    return _markdown(rows)


def _camera_and_quality(tables: Tables) -> list[str]:
    camera = Counter(tables.clips["camera"])
    rows: list[list[object]] = [["", "clips"]]
    rows += [[f"camera {state}", camera[state]] for state in ("static", "moving", "unknown")]
    rows += [[f"quality: {flag}", count] for flag, count in clips_by_quality(tables).items()]
    rows.append(["quality: nothing flagged, or not looked at", int((tables.clips["quality"] == "").sum())])
    return _markdown(rows)


def _section(title: str, body: list[str]) -> list[str]:
    return ["", f"## {title}", "", *body]


def _sentence(text: str) -> str:
    return markdown(text, most=MOST_OF_A_SENTENCE)


def _markdown(rows: "list[list[object]]") -> list[str]:
    lines = [f"| {' | '.join(map(markdown, row))} |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]
