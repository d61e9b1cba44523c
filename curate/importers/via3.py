"""VIA 3 (VGG Image Annotator) video projects and their CSV export: temporal segments in seconds."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from curate.listing.annotations import MEDIA_FOLDER, in_folder, is_name, mapping, sequence, span
from curate.listing.document import Document
from curate.listing.rows import Entry, SourceRow, Unmapped
from slateboard.addresses import identity
from slateboard.errors import did_you_mean
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="VIA 3 project",
    source="VGG Image Annotator 3, project files and CSV (robots.ox.ac.uk/~vgg/software/via; js/_via_import_export.js)",
    parameters={
        "attribute": Parameter("", "-", "attribute that holds the class; needed where a project has several"),
        "media_folder": MEDIA_FOLDER,
    },
)
SEGMENT_ANCHOR = "FILE1_Z2_XY0"
"""What VIA calls an attribute of two times and no region."""
CHECKBOX = 2
TEXT = 1
VIDEO = 4
LOCAL, BY_URL, INLINE = 1, 2, 4
COLUMNS = "metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"
_CSV_HEADER = re.compile(rf'"?(?:#\s*CSV_HEADER\s*=\s*)?{COLUMNS}', re.MULTILINE)
_CSV_ATTRIBUTE = re.compile(r'^"?#\s*ATTRIBUTES?\s*=\s*')


def recognises(document: Document) -> bool:
    """True for JSON with the parts of a VIA 3 project, and for the CSV that VIA 3 makes of it."""
    if document.json_or_none is None:
        return _is_csv(document)
    project = mapping(document.json_or_none)
    return all(
        isinstance(project.get(section), dict) for section in ("project", "attribute", "file", "metadata", "view")
    )


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each temporal segment, in the order of the project."""
    if not recognises(document):
        raise document.refuse("is no VIA 3 project.", "Save the project in VIA 3 as JSON, or export it as CSV.")
    project, damaged = (document.json, []) if document.json_or_none is not None else _of_csv(document)
    yield from damaged
    if not project["metadata"]:
        return
    attribute_id = _attribute(document, project["attribute"], str(parameters["attribute"]))
    for name, entry in project["metadata"].items():
        yield _row(f"metadata {name}", entry, project, attribute_id, parameters)


def _is_csv(document: Document) -> bool:
    """Return whether the lines before the first row of a CSV are those that VIA 3 writes."""
    for line in document.text.splitlines():
        if _CSV_HEADER.match(line):
            return True
        if line.strip() and not line.lstrip('"').startswith("#"):
            return False
    return False


def _of_csv(document: Document) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return (a CSV export in the form of a project, rows that are damaged)."""
    # Comments come first, and hold quotes that are no CSV: # ATTRIBUTE = {"1":{"aname":"act",...}}. Then a row each:
    # "1_j5sJvB9h","[""a.mp4""]",0,"[1.124,5.31493]","[]","{""1"":""Kick""}". A spreadsheet that saves the file anew
    # puts quotes around comments and commas behind them.
    project: dict[str, Any] = {section: {} for section in ("attribute", "file", "metadata", "view")}
    damaged = []
    for number, line in enumerate(document.text.splitlines(), 1):
        where = f"line {number}"
        if _CSV_ATTRIBUTE.match(line):
            attributes = mapping(_json(_CSV_ATTRIBUTE.sub("", _cells(line)[0] if line.startswith('"') else line)))
            project["attribute"] = {
                key: value if isinstance(value, dict) else {"aname": value} for key, value in attributes.items()
            }
        if not line.strip(", \t") or line.lstrip('"').startswith("#") or _CSV_HEADER.match(line):
            continue
        cells = [*_cells(line), *[""] * 6]
        files, times, region, values = (_json(cells[column]) for column in (1, 3, 4, 5))
        if not isinstance(files, list) or not isinstance(times, list) or not isinstance(values, dict):
            damaged.append(Unmapped(where, line[:60], "is a damaged row.", "Export the project anew."))
            continue
        view = json.dumps(files)
        project["view"][view] = {"fid_list": [str(name) for name in files]}
        project["file"] |= {str(name): {"fname": name, "type": VIDEO, "loc": LOCAL} for name in files}
        project["metadata"][cells[0] or where] = {"vid": view, "z": times, "xy": region, "av": values}
        for key in values:
            project["attribute"].setdefault(key, {"aname": key})
    return project, damaged


def _cells(line: str) -> list[str]:
    """Return the cells of one line; the line as it is where it is no CSV."""
    try:
        return next(csv.reader([line]), [line])
    except csv.Error:
        return [line]


def _json(text: str) -> Any:
    """Return the JSON at the beginning of a text; None where there is none."""
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _attribute(document: Document, attributes: Mapping[str, Any], requested: str) -> str:
    """Return the id of the attribute that holds the class: the requested one, or the only one of segments."""
    names = {key: str(mapping(value).get("aname", key)) for key, value in attributes.items()}
    if requested:
        matches = [key for key in attributes if requested in (key, names[key])]
        if len(matches) == 1:
            return matches[0]
        remedy = did_you_mean(requested, names.values())
        raise document.refuse(f"has {len(matches)} attributes named {requested!r}.", remedy, where="attribute")
    of_segments = [key for key, value in attributes.items() if mapping(value).get("anchor_id") == SEGMENT_ANCHOR]
    candidates = of_segments or list(attributes)
    if len(candidates) == 1:
        return candidates[0]
    listing = ", ".join(repr(names[key]) for key in candidates) or "none"
    raise document.refuse(
        f"has {len(candidates)} attributes that may hold the class: {listing}.",
        "Choose one with --set attribute=NAME.",
        where="attribute",
    )


def _row(where: str, entry: Any, project: Mapping[str, Any], attribute_id: str, parameters: Parameters) -> Entry:
    """Return the row of one entry of `metadata`."""
    if not isinstance(entry, dict) or not isinstance(entry.get("z"), list) or not isinstance(entry.get("av"), dict):
        return Unmapped(where, str(entry)[:60], "is damaged: no times or values.", "Save the project anew.")
    label = _label(entry["av"].get(attribute_id), mapping(project["attribute"][attribute_id]))
    if isinstance(label, list):
        return Unmapped(where, ", ".join(label), "has several labels at once.", "Divide it into one for each.")
    # `z` holds the times: [] the whole file, [t] a moment, [start, end] a segment; `vid` names a view, whose `fid_list`
    # names the files that it shows; `av` maps an attribute's id to its value.
    times = entry["z"]
    if len(times) != 2:
        why = {0: "marks a still, not a segment.", 1: "marks one moment, not a segment."}
        return Unmapped(where, f"{label!r} {times}", why.get(len(times), "has more than two times."), "Mark a segment.")
    if not label:
        return Unmapped(where, f"{times[0]} to {times[1]} s", "has no label.", "Label it.")
    segment_span = span(where, label, *times)
    if isinstance(segment_span, Unmapped):
        return segment_span
    video = _video(where, entry, project, parameters)
    if isinstance(video, Unmapped):
        return video
    changed = [segment_span.changed] if segment_span.changed else []
    if entry.get("xy"):
        changed.append("its region in the picture is not kept")
    return SourceRow(
        where, video, label, segment_span.start_s, segment_span.end_s, group=identity(video), changed=", ".join(changed)
    )


def _label(value: object, attribute: Mapping[str, Any]) -> str | list[str]:
    """Return the label that an attribute's value means: an option where it is one's id, else the text itself."""
    text = "" if value is None else str(value)
    options = mapping(attribute.get("options"))
    if attribute.get("type") == TEXT:
        return text.strip()
    # Options are ids: {"options": {"0": "Kick", "1": "Jump"}} with the value "1" -> Jump; a checkbox's "0,1" -> both.
    if attribute.get("type") == CHECKBOX:
        ticked = [str(options.get(key, key)) for key in text.split(",") if key]
        return ticked if len(ticked) > 1 else "".join(ticked)
    return str(options.get(text, text)).strip()


def _video(where: str, entry: Mapping[str, Any], project: Mapping[str, Any], parameters: Parameters) -> str | Unmapped:
    """Return the url of the video that an entry belongs to: entry -> view -> file."""
    view = mapping(project["view"].get(str(entry.get("vid"))))
    files = [project["file"].get(str(fid)) for fid in sequence(view.get("fid_list"))]
    if len(files) != 1 or not isinstance(files[0], dict):
        return Unmapped(where, f"view {entry.get('vid')}", f"shows {len(files)} files, not one.")
    file = files[0]
    if file.get("type") != VIDEO:
        return Unmapped(where, str(file.get("fname")), "is no video.", "Only segments of videos are imported.")
    if file.get("loc") == INLINE:
        return Unmapped(where, str(file.get("fname")), "is kept inside the project.", "Save the video as a file.")
    if file.get("loc") == BY_URL:
        prefixes = mapping(mapping(mapping(project.get("config")).get("file")).get("loc_prefix"))
        if is_name(file.get("src")):
            return f"{prefixes.get(str(BY_URL)) or ''}{file['src']}"
    if not is_name(file.get("fname")):
        return Unmapped(where, f"file {file.get('fid')}", "has no name.", "Name it in the project.")
    return in_folder(str(file["fname"]), parameters)
