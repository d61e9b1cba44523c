"""Exports of Label Studio as tasks: JSON, JSON-MIN, CSV and TSV, events of a webhook and answers of a model server."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from curate.listing.annotations import mapping, sequence
from curate.listing.document import Document

CSV_COLUMNS = frozenset(("annotation_id", "annotator", "created_at", "lead_time", "updated_at"))
"""Columns that Label Studio writes in each CSV, beside those of the data and of the controls."""
_OF_EXPORT = CSV_COLUMNS | {"id", "agreement"}
_TAG = re.compile(r"<(?:Video|Audio|AudioPlus)\b([^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_UPLOAD_HASH = re.compile(r"[0-9a-f]{8}-")
_VIDEO_NAME = re.compile(
    r".*\.(?:3gp|avi|flv|gif|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)|https?://(?:www\.|m\.)?youtu\.?be\S*",
    re.IGNORECASE | re.DOTALL,
)
# What a region's value holds, and the type that it has then: JSON-MIN and CSV leave the type out.
_KINDS = (
    ({"ranges", "timelinelabels"}, "timelinelabels"),
    ({"sequence"}, "videorectangle"),
    ({"choices"}, "choices"),
    ({"taxonomy"}, "taxonomy"),
    ({"labels", "start", "end"}, "labels"),
)


@dataclass(frozen=True)
class Annotation:
    """One annotation or prediction of a task."""

    where: str
    regions: Sequence[Any]
    refused: str = ""
    """Why it is not imported; empty: it is."""
    remedy: str = ""


@dataclass(frozen=True)
class Task:
    """One task: the data that it shows, and what people or models said of it."""

    where: str
    data: Mapping[str, Any]
    players: Sequence[Mapping[str, str]] = ()
    """Attributes of the <Video> and <Audio> tags, in lower case, where the file has the labelling configuration."""
    annotations: Sequence[Annotation] = field(default=())


def read_tasks(document: Document, *, take: str, completed_by: str, control: str) -> Iterator[Task]:
    """Yield the tasks of an export; nothing where the file is none."""
    content = document.json_or_none
    if content is None and set(document.header) >= CSV_COLUMNS:
        content = list(_of_csv(document))
    content_map = mapping(content)
    items = content if isinstance(content, list) else content_map.get("tasks", [content])
    flat: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for number, item in enumerate(sequence(items), 1):
        if isinstance(item, list):  # the answer of a model server: a list of predictions, without their tasks
            yield _task(f"item {number}", {"predictions": item}, content_map, take, completed_by)
        elif not isinstance(item, dict):
            refused = Annotation(f"item {number}", (), "is no task.", "Export the project anew.")
            yield Task(f"item {number}", {}, annotations=[refused])
        elif isinstance(item.get("annotation"), dict):
            task = mapping(item.get("task"))
            exported = {**task, "annotations": [item["annotation"]], "predictions": []}
            yield _task(_place(task, number), exported, {**content_map, **item}, take, completed_by)
        elif {"data", "annotations", "predictions", "completions"} & set(item):
            yield _task(_place(item, number), item, {**content_map, **item}, take, completed_by)
        else:
            flat[_place(item, number)].append(item)
    # JSON-MIN and CSV write a task as often as it was annotated.
    for where, copies in flat.items():
        annotations = [
            {"result": _flat_regions(copy, control), "completed_by": copy.get("annotator")} for copy in copies
        ]
        exported = {"data": copies[0], "annotations": annotations if any(a["result"] for a in annotations) else []}
        yield _task(where, exported, content_map, take, completed_by)


def video_of(task: Task, player: str, fallback: str) -> tuple[str, Sequence[str]]:
    """Return (address of the video that a player of the task shows or "", those between which nothing decides)."""
    for attributes in task.players:
        key = attributes.get("value", "").removeprefix("$")
        if (not player or attributes.get("name") == player) and isinstance(task.data.get(key), str):
            return task.data[key], ()
    texts = {key: value for key, value in task.data.items() if isinstance(value, str) and value}
    named = texts.get(player, "")
    if _VIDEO_NAME.fullmatch(_without_query(named)) or (named and player == "video"):
        return named, ()
    if "video" in texts:
        return texts["video"], ()
    candidates = sorted({value for value in texts.values() if _VIDEO_NAME.fullmatch(_without_query(value))})
    if len(candidates) == 1:
        return candidates[0], ()
    return fallback, candidates if not fallback else ()


def _without_query(address: str) -> str:
    """Return an address or path without its query; as it is where it is no address, or local storage's."""
    return address if "?d=" in address or "youtu" in address else address.partition("?")[0]


def upload_name(video: str) -> str:
    """Return the name of a video without what an upload or local storage puts before it; an address as it is."""
    try:
        address = urlsplit(video)
    except ValueError:  # a bracket that is not closed: https://[x
        return video
    if address.scheme:
        return video
    # /data/local-files/?d=videos/a.mp4 -> videos/a.mp4; /data/upload/3/1f2e3d4c-a.mp4 -> a.mp4.
    if address.path.startswith("/data/local-files"):
        return (parse_qs(address.query).get("d") or [""])[0].lstrip("/")
    if address.path.startswith("/data/upload/"):
        return _UPLOAD_HASH.sub("", video.rpartition("/")[2], count=1)
    return video


def _of_csv(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a CSV export as JSON-MIN has them: cells that hold JSON are read."""
    header = document.header
    for _, cells in document.records():
        yield {name: _cell(cell) for name, cell in zip(header, cells, strict=False)}


def _cell(cell: str) -> Any:
    if cell[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def _place(task: Mapping[str, Any], number: int) -> str:
    return f"task {task['id']}" if task.get("id") not in (None, "") else f"item {number}"


def _task(where: str, task: Mapping[str, Any], around: Mapping[str, Any], take: str, completed_by: str) -> Task:
    """Return a task with its annotations, each taken or refused."""
    config = around.get("label_config", mapping(around.get("project")).get("label_config"))
    players = [
        {name.lower(): value[1:-1] for name, value in _ATTRIBUTE.findall(tag)}
        for tag in _TAG.findall(config if isinstance(config, str) else "")
    ]
    people = list(map(mapping, sequence(task.get("annotations", task.get("completions")))))
    models = list(map(mapping, sequence(task.get("predictions"))))
    annotations = []
    for number, annotation in enumerate(people, 1):
        refused, remedy = _refusal(annotation, people, completed_by)
        if take == "predictions":
            refused, remedy = "is an annotation, not a prediction.", "--set take=annotations takes it."
        regions = sequence(annotation.get("result"))
        annotations.append(Annotation(f"{where} annotation {number}", regions, refused, remedy))
    for number, annotation in enumerate(models, 1):
        refused, remedy = "is a model's prediction.", "--set take=predictions takes it."
        if take == "predictions":
            refused, remedy = "", ""
        regions = sequence(annotation.get("result"))
        annotations.append(Annotation(f"{where} prediction {number}", regions, refused, remedy))
    return Task(where, mapping(task.get("data")), players, annotations)


def _flat_regions(item: Mapping[str, Any], control: str) -> list[Mapping[str, Any]]:
    """Return the regions of one row of JSON-MIN or CSV, as JSON has them."""
    regions: list[Mapping[str, Any]] = []
    for name, value in item.items():
        if name in _OF_EXPORT or (control and name != control):
            continue
        for entry in value if isinstance(value, list) else [value]:
            kind = next((kind for keys, kind in _KINDS if isinstance(entry, dict) and keys <= set(entry)), "")
            # A single choice is written as its text alone, as a field of the data is: only its name tells them apart.
            if control and isinstance(entry, str) and entry:
                regions.append({"type": "choices", "value": {"choices": [entry]}, "from_name": name})
            elif kind:
                regions.append({"type": kind, "value": entry, "from_name": name})
    return regions


def _refusal(annotation: Mapping[str, Any], annotations: list[Any], annotator: str) -> tuple[str, str]:
    """Return (why an annotation is not the one to import of its task, what to do); empty texts if it is."""
    # Of several annotations of a task one is taken: the requested annotator's; else the only one that was not skipped;
    # else the only ground truth. Anything else would be a choice that nobody made.
    if annotation.get("was_cancelled"):
        return "was skipped by its annotator.", ""
    finished = [candidate for candidate in annotations if not candidate.get("was_cancelled")]
    people = ", ".join(sorted({_person(candidate) for candidate in finished}))
    if annotator:
        return ("", "") if _person(annotation) == annotator else ("is another annotator's.", f"There is: {people}.")
    ground_truths = [candidate for candidate in finished if candidate.get("ground_truth")]
    if len(finished) == 1 or ground_truths == [annotation]:
        return "", ""
    if len(ground_truths) == 1:
        return "is not the task's ground truth.", ""
    return "is one of several of its task.", f"Choose whose to take with --set completed_by=ID: {people}."


def _person(annotation: Mapping[str, Any]) -> str:
    annotator = annotation.get("completed_by")
    return str(annotator.get("id") if isinstance(annotator, dict) else annotator)
