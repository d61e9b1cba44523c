"""CVAT for video 1.1: each visible stretch of a track is a segment; frames become seconds by a rate you give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from curate.listing.annotations import MEDIA_FOLDER, VIDEO, frame_rate, in_folder
from curate.listing.document import Document
from curate.listing.rows import Entry, Row, Unmapped, seconds
from slateboard.addresses import identity
from slateboard.registry import Card, Parameter

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
class _Task:
    """What the head of the file says."""

    video: str
    """Name of the video; empty where the file does not say, or names several."""
    step: int
    """Every how many frames of the video one was annotated."""
    frames: int | None
    """Frames of the video up to the last that was annotated; None where the file does not say."""


def recognises(document: Document) -> bool:
    """True for XML whose root is `annotations` and which has tracks or images."""
    root = document.xml_or_none
    return root is not None and root.tag == "annotations" and any(child.tag in ("track", "image") for child in root)


def rows(document: Document, parameters: Mapping[str, Any]) -> Iterator[Entry]:
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


def _task(root: Element, video: str) -> _Task:
    """Return the facts of the head; missing ones are those of a task that takes every frame."""
    names = {(found.text or "").strip() for found in root.findall("./meta//source")} - {""}
    step = re.fullmatch(r"\s*step\s*=\s*(\d+)\s*", root.findtext(".//frame_filter") or "")
    last, size = (_whole(root.findtext(f".//{name}")) for name in ("stop_frame", "size"))
    every = max(int(step[1]), 1) if step else 1
    # Old tasks say stop_frame 0 where there was no limit; a task of every frame then has `size` frames.
    frames = last + 1 if last else size if every == 1 else None
    return _Task(video or (names.pop() if len(names) == 1 else ""), every, frames)


@dataclass(frozen=True)
class _Stretch:
    """Frames [first, end) of the video in which a track is visible and of one class."""

    where: str
    label: str
    first: int
    end: int
    open_end: bool
    """True if the track has no end: it stops with its last shape, before the task does."""


def _stretches(track: Element, task: _Task, attribute: str) -> Iterator[_Stretch | Unmapped]:
    """Yield the visible stretches of a track; `outside` ends one at its frame, a change of class divides it."""
    where = f"track {track.get('id')}"
    shapes = [(_whole(shape.get("frame")), shape) for shape in track if shape.tag != "attribute"]
    if any(frame is None for frame, _ in shapes):
        yield Unmapped(where, str(track.get("label")), "has a frame that is no number.", "Export it anew.")
        return
    first: int | None = None
    label, found = "", 0
    last = 0
    constant = {one.get("name"): (one.text or "").strip() for one in track.findall("attribute")}
    for frame, shape in sorted(((frame or 0, shape) for frame, shape in shapes), key=lambda pair: pair[0]):
        visible = _is_visible(shape)
        now = _label(track, shape, attribute, constant) if visible else ""
        if first is not None and (not visible or now != label):
            yield _Stretch(f"{where} frame {first}", label, first, frame, False)
            found += 1
            first = None
        if visible and first is None:
            first, label = frame, now
        last = frame
    if first is not None:
        end = last + task.step if task.frames is None else max(last + 1, min(last + task.step, task.frames))
        yield _Stretch(f"{where} frame {first}", label, first, end, task.frames is None or end < task.frames)
    elif not found:
        yield Unmapped(where, str(track.get("label")), "is never visible.")


def _row(stretch: _Stretch, task: _Task, rate: float, parameters: Mapping[str, Any]) -> Entry:
    """Return the row of a stretch."""
    what = f"{stretch.label!r} frames {stretch.first} to {stretch.end - 1}"
    if not stretch.label:
        return Unmapped(stretch.where, what, "has no label.", "Label the track.")
    if not task.video:
        return Unmapped(stretch.where, what, "names no video.", "Give it: --set video=NAME.")
    url = in_folder(task.video, parameters)
    return Row(
        stretch.where,
        url,
        stretch.label,
        seconds(stretch.first / rate),
        seconds(stretch.end / rate),
        group=identity(url),
        changed="has no end: taken to its last shape" if stretch.open_end else "",
    )


def _label(track: Element, shape: Element, attribute: str, constant: Mapping[str | None, str]) -> str:
    """Return the class of a shape: the track's label, or the attribute's value, per frame where it changes."""
    if not attribute:
        return str(track.get("label", "")).strip()
    own = {one.get("name"): (one.text or "").strip() for one in shape.findall("attribute")}
    return own.get(attribute, constant.get(attribute, ""))


def _is_visible(shape: Element) -> bool:
    """Is the shape in the picture? A skeleton is while one of its points is."""
    outside = shape.get("outside")
    points = [point.get("outside") for point in shape if point.get("outside") is not None]
    if outside is None and points:
        return any(point != "1" for point in points)
    return outside != "1"


def _whole(text: str | None) -> int | None:
    """Return a whole number, or None."""
    return int(text) if text is not None and re.fullmatch(r"\s*\d{1,12}\s*", text) else None
