"""Why no importer knows a file for certain: what it holds, and what it lacks."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from curate.listing.cells import COLUMNS, REQUIRED
from curate.listing.document import Document
from slateboard.errors import BadInput

_NAMED = 12
"""Columns or keys of a file that a message lists."""
_MEANT = {
    "url": (
        "link",
        "links",
        "address",
        "video",
        "video_url",
        "video url",
        "href",
        "uri",
        "path",
        "file",
        "filename",
        "filepath",
    ),
    "label": ("class", "classname", "class_name", "category", "action", "activity", "tag", "name", "type"),
    "start": ("begin", "from", "start_time", "start time", "t_start", "in", "onset"),
    "end": ("stop", "to", "end_time", "end time", "t_end", "out", "offset"),
    "group": ("person", "uploader", "channel", "subject", "camera", "user"),
    "licence": ("license", "rights", "copyright"),
    "note": ("notes", "comment", "comments", "remark", "remarks", "description"),
}
"""Column -> what people call it; told, never assumed: a `video` may be a number."""
_FIRST_LINE = f"Put a first line {','.join(REQUIRED)} above"


def why_unknown(document: Document, needed: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Return (what a file holds that no importer recognises, what to do about it).

    `needed` has the columns by which importers know a table, by their names. Raises BadInput where the file is damaged.
    """
    text = document.text.lstrip()
    if not text:
        return "is empty.", f"Its first line names columns: {','.join(COLUMNS)}."
    if text[0] in "{[":
        return _json(document)
    if text[0] == "<":
        return f"is XML with <{document.xml.tag}> around all, which no importer knows.", "Export it in another form."
    if addresses := _addresses(text):
        what = f"is a list of {len(addresses)} addresses alone: it says of none which class it shows."
        return what, f"{_FIRST_LINE} them, and write the class of each behind its address."
    document.dialect  # noqa: B018 (raises where two separators give a table)
    return _table(document, needed)


def _json(document: Document) -> tuple[str, str]:
    value = document.json
    entry = value[0] if isinstance(value, list) and value else value
    if not isinstance(entry, dict):
        return f"is JSON that holds {type(entry).__name__}, no objects.", "Export it anew."
    keys = _listed(entry)
    if set(REQUIRED) <= {str(key).casefold() for key in entry} - set(entry):
        return f"is JSON with the keys {keys}.", "Write them in small letters, an object a line."
    return f"is JSON whose {'first entry' if entry is not value else 'object'} has the keys {keys}.", (
        "No importer knows these."
    )


def _addresses(text: str) -> list[str]:
    """Return the lines of a list of addresses alone, as yt-dlp's batch files are; [] where it is none."""
    # # a comment            yt-dlp passes over lines that begin with #, ; or ]
    # https://h/a            an address
    # -"https://h/b"         what people make of it
    lines = [
        line.strip(" \t\"'-•*,;\ufeff") for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#;]"
    ]
    if all("://" in line and not any(sign in line for sign in ' \t"') for line in lines):
        # A comma may be part of an address; one in every line parts it from its class.
        return [] if all("," in line or ";" in line for line in lines) else lines
    return []


def _table(document: Document, needed: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Return what the columns of a table are, and what the nearest importer needs."""
    columns = [name for name in document.columns if name]
    if any("://" in name for name in columns):
        return "names no columns: its first line is a source already.", f"{_FIRST_LINE} it."
    if len(columns) < 2 and not set(columns) & set(COLUMNS):
        return f"is no table: its first line is {document.text.split(chr(10))[0].strip()[:60]!r}.", (
            f"A list of sources begins with {','.join(REQUIRED)}."
        )
    # The importer that lacks the smallest share of its columns; a list of sources where none is nearer.
    name = min(
        needed,
        key=lambda importer: (len(set(needed[importer]) - set(columns)) / len(needed[importer]), importer != "csv"),
    )
    missing = [column for column in needed[name] if column not in columns]
    unknown = [column for column in columns if column not in COLUMNS] if name == "csv" else []
    form = "a list of sources" if name == "csv" else name
    lack = f"{form} needs {' and '.join(map(repr, missing))}" if missing else f"{form} has no {_listed(unknown)}"
    advice = [_advice(column, columns) for column in missing] + [_near(column) for column in unknown if not missing]
    return f"has the columns {_listed(columns)}; {lack}.", " ".join(filter(None, advice))


def _advice(missing: str, columns: Sequence[str]) -> str:
    """Return which column may be the one that is missing."""
    meant = [column for column in columns if column in _MEANT.get(missing, ())]
    near = (meant or get_close_matches(missing, [column for column in columns if column not in COLUMNS], n=1))[:1]
    return f"Is {near[0]!r} the {missing}? Name it so." if near else f"Add a column {missing!r}."


def _near(column: str) -> str:
    """Return which known column an unknown one may be."""
    meant = [name for name, words in _MEANT.items() if column in words]
    near = (meant or get_close_matches(column, COLUMNS, n=1))[:1]
    return f"Name {column!r} {near[0]!r}, or delete it." if near else f"Delete {column!r}, or name it 'note'."


def _listed(names: object) -> str:
    quoted = [repr(str(name)[:40]) for name in names]  # type: ignore[attr-defined]
    return ", ".join(quoted[:_NAMED]) + (f" and {len(quoted) - _NAMED} more" if len(quoted) > _NAMED else "")


def refusal(document: Document, needed: Mapping[str, Sequence[str]], names: Sequence[str]) -> BadInput:
    """Return the error for a file that no importer recognises."""
    what, remedy = why_unknown(document, needed)
    return document.refuse(
        f"is of no form that is known for certain: it {what}",
        f"{remedy} Or name its form with --from: {', '.join(names)}.",
    )
