"""CVAT for video 1.1: each visible stretch of a track is a segment; frames become seconds by the rates you give."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from curate.listing.annotations import MEDIA_FOLDER, VIDEO, frame_rate, in_folder
from curate.listing.document import Document
from curate.listing.rates import VIDEO_RATES_HZ, Rates, given_rates
from curate.listing.rows import Entry, Note, SourceRow, Unmapped, seconds
from slateboard.addresses import identity
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="CVAT for video 1.1",
    source="CVAT, XML annotation format (tasks, jobs, projects; dataset_manager/bindings.py for their frame numbers)",
    parameters={
        "frame_rate_hz": Parameter(0.0, "frames per second", "of all videos; the file has frames only"),
        "video_rates_hz": VIDEO_RATES_HZ,
        "attribute": Parameter("", "-", "attribute of the tracks that holds the class; empty: the track's label"),
        "media_folder": MEDIA_FOLDER,
        "video": VIDEO,
    },
)
_FILE_NAME = re.compile(r".+\.(?:3gp|avi|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)", re.IGNORECASE)


@dataclass(frozen=True)
class _Task:
    """What the head of the file says of one task, or of the job that was exported of it."""

    video: str
    """Name of the video; empty where the file does not say."""
    renamed: str
    """How the video got its name, where the file does not say it outright."""
    first_frame: int
    frame_step: int
    """Every how many frames of the video one was annotated."""
    frames: int | None
    """Frames of the video up to the last that was annotated; None where the file does not say."""
    offset: int = 0
    """What the file adds to the frame numbers of this task: in a project, the frames of the tasks before it."""


def recognises(document: Document) -> bool:
    """True for XML whose root is `annotations` and which has tracks or images."""
    root = document.xml_or_none
    return root is not None and root.tag == "annotations" and any(child.tag in ("track", "image") for child in root)


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each stretch of frames in which a track is visible and of one class."""
    root = document.xml
    if root.tag != "annotations":
        raise document.refuse(f"is no CVAT file: its root is <{root.tag}>.", "Export it as CVAT for video 1.1.")
    for image in root.iter("image"):
        where = f"image {image.get('id')}"
        yield Unmapped(where, str(image.get("name")), "is the annotation of an image.", "Export as CVAT for video 1.1.")
    tracks: dict[str, list[Element]] = {}
    for track in root.iter("track"):
        tracks.setdefault(track.get("task_id", ""), []).append(track)
    if not tracks:
        return
    tasks = _tasks(root, str(parameters["video"]))
    if parameters["video"] and len(tasks) > 1:
        remedy = "Export each task alone where the project does not name its videos."
        raise document.refuse(f"has {len(tasks)} tasks, each with a video of its own.", remedy, where="project")
    rates = given_rates(parameters, videos={task.video for task in tasks.values()}, name=document.name)
    if rates.for_all is None and not rates.by_video:
        frame_rate(0.0, name=document.name)
    shapes = sum(child.tag != "attribute" for track in root.iter("track") for child in track)
    yield Note(f"a track gives its times and its class; where its {shapes} shapes lie in the picture is not kept")
    yield Note(
        "CVAT counts frames: they are taken for evenly spaced, so that times are off where a video's rate varies"
    )
    for task_id, tracks_of_task in tracks.items():
        # A task or a job is alone in its file, whatever its tracks say.
        task = tasks.get(task_id) or tasks.get("")
        place = f"task {task_id} " if task_id else ""
        offset = _offset(task, tracks_of_task) if task else None
        for track in tracks_of_task:
            if task is None or offset is None:
                why = "has frames outside its task." if task else "names no task of the file."
                where = f"{place}track {track.get('id')}"
                yield Unmapped(where, str(track.get("label")), why, "Export the project anew.")
                continue
            for entry in _stretches(track, task, str(parameters["attribute"]), place, offset):
                yield entry if isinstance(entry, Unmapped) else _row(entry, track, task, rates, parameters)


def _tasks(root: Element, video: str) -> dict[str, _Task]:
    """Return task id -> what the head says of it; a file of one task or job has "" alone."""
    of_project = root.findall("./meta/project/tasks/task")
    if not of_project:
        heads = (root.find(path) for path in ("./meta/task", "./meta/job", "./meta"))
        head = next((head for head in heads if head is not None), root)
        return {"": _task(head, root.findall("./meta//source"), video, 0)}
    tasks, offset, subset = {}, 0, None
    for element in of_project:
        # A project numbers the frames of its tasks one after another, anew in each subset, in the order of its head:
        # frame of the file = offset + frame of the video, offset = sum over the tasks before of start + step * size.
        # Two videos of 10 frames: frame 3 of the second is frame 13 of the file.
        if element.findtext("subset") != subset:
            offset, subset = 0, element.findtext("subset")
        task = _task(element, element.findall("source"), video, offset)
        tasks[(element.findtext("id") or "").strip()] = task
        offset += task.first_frame + task.frame_step * (_whole(element.findtext("size")) or 0)
    return tasks


def _task(head: Element, named: Sequence[Element], video: str, offset: int) -> _Task:
    """Return what the head of one task or job says; fields that it lacks are those of a task that takes every frame."""
    sources = {(source.text or "").strip() for source in named} - {""}
    step_filter = re.fullmatch(r"\s*step\s*=\s*(\d{1,9})\s*", head.findtext(".//frame_filter") or "")
    start_frame, stop_frame, size = (
        _whole(head.findtext(f".//{name}")) for name in ("start_frame", "stop_frame", "size")
    )
    frame_step = max(int(step_filter[1]), 1) if step_filter else 1
    # `stop_frame` is inclusive: stop_frame 99 -> 100 frames. Old tasks say 0 where there was no limit; a task of every
    # frame then has `size` frames, and of a task of every n-th the number of frames is not known.
    frames = stop_frame + 1 if stop_frame else size if frame_step == 1 else None
    name, renamed = sources.pop() if len(sources) == 1 else "", ""
    # Projects of old versions name no video; people call the task as its file (cvat-ai/cvat#4502).
    task_name = (head.findtext("name") or "").strip()
    if not name and not video and _FILE_NAME.fullmatch(task_name):
        name, renamed = task_name, "its video is taken to be named as its task"
    return _Task(video or name, "" if video else renamed, start_frame or 0, frame_step, frames, offset)


def _offset(task: _Task, tracks: Sequence[Element]) -> int | None:
    """Return what to take off the frame numbers of a task: its offset, or 0 where they lack it; None: neither fits."""
    if not task.offset:
        return 0
    frames = [_whole(shape.get("frame")) for track in tracks for shape in track if shape.tag != "attribute"]
    numbers = [frame for frame in frames if frame is not None] or [task.offset + task.first_frame]
    # A track may end one step after the last frame of its task, where it is `outside`.
    stop_frame = max(numbers) if task.frames is None else task.frames - 1 + task.frame_step
    for offset in (task.offset, 0):
        if min(numbers) >= offset + task.first_frame and max(numbers) <= offset + stop_frame:
            return offset
    return None


@dataclass(frozen=True)
class _Stretch:
    """Frames [first_frame, end_frame) of the video, counted from 0, in which a track is visible and of one class."""

    where: str
    label: str
    first_frame: int
    end_frame: int
    open_end: bool
    """True if the track has no end: it stops with its last shape, before the task does."""


def _stretches(track: Element, task: _Task, attribute: str, place: str, offset: int) -> Iterator[_Stretch | Unmapped]:
    """Yield the visible stretches of a track; `outside` ends one at its frame, a change of class divides it."""
    where = f"{place}track {track.get('id')}"
    numbered = [(_whole(shape.get("frame")), shape) for shape in track if shape.tag != "attribute"]
    shapes = [(frame if frame is None else frame - offset, shape) for frame, shape in numbered]
    if any(frame is None for frame, _ in shapes):
        yield Unmapped(where, str(track.get("label")), "has a frame that is no number.", "Export it anew.")
        return
    first_frame: int | None = None
    label, stretches = "", 0
    last_frame = 0
    constant = {element.get("name"): (element.text or "").strip() for element in track.findall("attribute")}
    for frame, shape in sorted(((frame or 0, shape) for frame, shape in shapes), key=lambda pair: pair[0]):
        visible = _is_visible(shape)
        shape_label = _label(track, shape, attribute, constant) if visible else ""
        if first_frame is not None and (not visible or shape_label != label):
            yield _Stretch(f"{where} frame {first_frame}", label, first_frame, frame, False)
            stretches += 1
            first_frame = None
        if visible and first_frame is None:
            first_frame, label = frame, shape_label
        last_frame = frame
    # A track that is still visible at its last shape stays so up to the next frame that would be annotated, but not
    # beyond the task: last shape 40, step 5 -> [.., 45); with a task of 43 frames -> [.., 43).
    if first_frame is not None:
        end = (
            last_frame + task.frame_step
            if task.frames is None
            else max(last_frame + 1, min(last_frame + task.frame_step, task.frames))
        )
        yield _Stretch(
            f"{where} frame {first_frame}", label, first_frame, end, task.frames is None or end < task.frames
        )
    elif not stretches:
        yield Unmapped(where, str(track.get("label")), "is never visible.")


def _row(stretch: _Stretch, track: Element, task: _Task, rates: Rates, parameters: Parameters) -> Entry:
    """Return the row of a stretch."""
    what = f"{stretch.label!r} frames {stretch.first_frame} to {stretch.end_frame - 1}"
    if not stretch.label:
        return Unmapped(stretch.where, what, "has no label.", "Label the track.")
    if not task.video:
        remedy = "Give it: --set video=NAME; a project's videos by exporting each task."
        return Unmapped(stretch.where, what, "names no video.", remedy)
    rate = rates.of(task.video)
    if rate is None:
        remedy = f"Give it: --set video_rates_hz={task.video}=25."
        return Unmapped(stretch.where, what, f"counts frames of {task.video}, whose rate nobody gave.", remedy)
    url = in_folder(task.video, parameters)
    changed = ["has no end: taken to its last shape"] if stretch.open_end else []
    changed += [task.renamed] if task.renamed else []
    source = track.get("source", "manual")
    # Frames [first, end), counted from 0: start = first / rate, end = end / rate; [25, 75) at 25 Hz -> 1.0 s to 3.0 s.
    return SourceRow(
        stretch.where,
        url,
        stretch.label,
        seconds(stretch.first_frame / rate),
        seconds(stretch.end_frame / rate),
        group=identity(url),
        note=None if source == "manual" else f"track made by {source}",
        changed=", ".join(changed),
    )


def _label(track: Element, shape: Element, attribute: str, constant: Mapping[str | None, str]) -> str:
    """Return the class of a shape: the track's label, or the attribute's value, per frame where it changes."""
    if not attribute:
        return str(track.get("label", "")).strip()
    shape_attributes = {element.get("name"): (element.text or "").strip() for element in shape.findall("attribute")}
    return shape_attributes.get(attribute, constant.get(attribute, ""))


def _is_visible(shape: Element) -> bool:
    """Return whether a shape is in the picture; a skeleton is while one of its points is."""
    outside = shape.get("outside")
    points = [point.get("outside") for point in shape if point.get("outside") is not None]
    if outside is None and points:
        return any(point != "1" for point in points)
    return outside != "1"


def _whole(text: str | None) -> int | None:
    """Return the non-negative integer that a text holds, or None."""
    return int(text) if text is not None and re.fullmatch(r"\s*\d{1,12}\s*", text) else None
