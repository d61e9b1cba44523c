"""CVAT for video 1.1: each visible stretch of a track is a segment; frames become seconds by a rate you give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from curate.listing.annotations import MEDIA_FOLDER, VIDEO, frame_rate, in_folder
from curate.listing.document import Document
from curate.listing.rows import Entry, SourceRow, Unmapped, seconds
from slateboard.addresses import identity
from slateboard.registry import Card, Parameter, Parameters

CARD = Card(
    title="CVAT for video 1.1",
    source="CVAT, XML annotation format; a track is not visible in the frame that is `outside`",
    parameters={
        "frame_rate_hz": Parameter(0.0, "frames per second", "of the video; required, for the file has frames only"),
        "attribute": Parameter("", "-", "attribute of the tracks that holds the class; empty: the track's label"),
        "media_folder": MEDIA_FOLDER,
        "video": VIDEO,
    },
)


@dataclass(frozen=True)
class _TaskHeader:
    """What the head of the file says."""

    video: str
    """Name of the video; empty where the file does not say, or names several."""
    frame_step: int
    """Every how many frames of the video one was annotated."""
    frames: int | None
    """Frames of the video up to the last that was annotated; None where the file does not say."""


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
    tracks = list(root.iter("track"))
    if not tracks:
        return
    rate = frame_rate(parameters["frame_rate_hz"], name=document.name)
    task = _task(root, str(parameters["video"]))
    for track in tracks:
        for entry in _stretches(track, task, str(parameters["attribute"])):
            yield entry if isinstance(entry, Unmapped) else _row(entry, task, rate, parameters)


def _task(root: Element, video: str) -> _TaskHeader:
    """Return the header of a file; fields that it lacks are those of a task that takes every frame."""
    names = {(source.text or "").strip() for source in root.findall("./meta//source")} - {""}
    step_filter = re.fullmatch(r"\s*step\s*=\s*(\d+)\s*", root.findtext(".//frame_filter") or "")
    last, size = (_whole(root.findtext(f".//{name}")) for name in ("stop_frame", "size"))
    frame_step = max(int(step_filter[1]), 1) if step_filter else 1
    # `stop_frame` is inclusive: stop_frame 99 -> 100 frames. Old tasks say 0 where there was no limit; a task of every
    # frame then has `size` frames, and of a task of every n-th the number of frames is not known.
    frames = last + 1 if last else size if frame_step == 1 else None
    return _TaskHeader(video or (names.pop() if len(names) == 1 else ""), frame_step, frames)


@dataclass(frozen=True)
class _Stretch:
    """Frames [first_frame, end_frame) of the video, counted from 0, in which a track is visible and of one class."""

    where: str
    label: str
    first_frame: int
    end_frame: int
    open_end: bool
    """True if the track has no end: it stops with its last shape, before the task does."""


def _stretches(track: Element, task: _TaskHeader, attribute: str) -> Iterator[_Stretch | Unmapped]:
    """Yield the visible stretches of a track; `outside` ends one at its frame, a change of class divides it."""
    where = f"track {track.get('id')}"
    shapes = [(_whole(shape.get("frame")), shape) for shape in track if shape.tag != "attribute"]
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


def _row(stretch: _Stretch, task: _TaskHeader, rate: float, parameters: Parameters) -> Entry:
    """Return the row of a stretch."""
    what = f"{stretch.label!r} frames {stretch.first_frame} to {stretch.end_frame - 1}"
    if not stretch.label:
        return Unmapped(stretch.where, what, "has no label.", "Label the track.")
    if not task.video:
        return Unmapped(stretch.where, what, "names no video.", "Give it: --set video=NAME.")
    url = in_folder(task.video, parameters)
    # Frames [first, end), counted from 0: start = first / rate, end = end / rate; [25, 75) at 25 Hz -> 1.0 s to 3.0 s.
    return SourceRow(
        stretch.where,
        url,
        stretch.label,
        seconds(stretch.first_frame / rate),
        seconds(stretch.end_frame / rate),
        group=identity(url),
        changed="has no end: taken to its last shape" if stretch.open_end else "",
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
