"""Label Studio: timelines in frames, segments in seconds, and classes of whole videos, each task with its own rate."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.listing.annotations import (
    MEDIA_FOLDER,
    TAKE,
    VIDEO,
    Span,
    in_folder,
    mapping,
    sequence,
    span,
    takes_predictions,
)
from curate.listing.document import Document
from curate.listing.rates import VIDEO_RATES_HZ, Rates, given_rates, read_rate
from curate.listing.rows import Entry, Note, SourceRow, Unmapped, seconds
from curate.listing.studio import CSV_COLUMNS, Task, read_tasks, upload_name, video_of
from slateboard.addresses import identity
from slateboard.registry import Card, Parameter, Parameters

DEFAULT_RATE_HZ = 24.0
"""Label Studio's own default of frameRate in its <Video> tag (docs of the tag; tags/object/Video/Video.js)."""
DATA_KEYS = ("fps", "framerate", "frame_rate", "frameRate", "video_fps")
"""Fields of a task's data that hold its rate, where the labelling configuration is not in the file."""
CARD = Card(
    title="Label Studio",
    source="HumanSignal/label-studio: JSON, JSON-MIN, CSV, webhook events and predictions; its tags Video and Audio",
    parameters={
        "frame_rate_hz": Parameter(
            0.0,
            "frames per second",
            "frameRate of <Video>; 0: as the file says for each task, else 24, Label Studio's default",
        ),
        "video_rates_hz": VIDEO_RATES_HZ,
        "completed_by": Parameter("", "-", "id of the annotator to take where a task has several annotations"),
        "control": Parameter("", "-", "name of the tag that holds the class (from_name); empty: every one that may"),
        "take": TAKE,
        "media_folder": MEDIA_FOLDER,
        "video": VIDEO,
    },
)
TIMELINE = "timelinelabels"
_DEFAULT = "Label Studio's default, for nothing says it; --set frame_rate_hz=... if it was set"
_NO_SEGMENT = {
    "videorectangle": "marks a region of the picture, not a segment of time.",
    "pairwise": "compares two items and names no class.",
}
_LETTERS = ("text", "startOffset", "globalOffsets")
"""What a value of the type `labels` has beside start and end where they count letters of a text, not seconds."""


@dataclass(frozen=True)
class _Video:
    """The video of a region, and how its frames become seconds."""

    url: str
    rate_hz: float
    source: str
    """Where the rate comes from."""


def recognises(document: Document) -> bool:
    """True for JSON that holds regions of Label Studio, and for CSV with the columns that its exports have."""
    if document.json_or_none is None:
        return set(document.header) >= CSV_COLUMNS
    tasks = read_tasks(document, take="annotations", completed_by="", control="")
    return any(
        {"type", "value"} <= set(mapping(region))
        for task in tasks
        for annotation in task.annotations
        for region in annotation.regions
    )


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each segment or video that has a class, and an Unmapped for each region that is not taken."""
    takes_predictions(parameters, name=document.name)
    choice = {key: str(parameters[key]) for key in ("take", "completed_by", "control")}
    tasks = list(read_tasks(document, **choice))
    fallback = str(parameters["video"])
    if not tasks and CSV_COLUMNS - set(document.header):
        _ = document.json  # says where the file is no JSON
    has_regions = any(annotation.regions for task in tasks for annotation in task.annotations)
    if not has_regions and not any(video_of(task, "", "")[0] for task in tasks):
        raise document.refuse("holds no task of Label Studio.", "Export the project as JSON, JSON-MIN or CSV.")
    names = _names(tasks, fallback)
    rates = given_rates(parameters, videos=set(names.values()), name=document.name)
    counted: dict[tuple[float, str], list[str]] = defaultdict(list)
    entries: list[Entry] = []
    controls: set[str] = set()
    for task in tasks:
        for where, region, refused, remedy in _regions(task):
            if refused:
                entries.append(Unmapped(where, _describe(region, task), refused, remedy))
                continue
            player = _player(region)
            address, candidates = video_of(task, player, fallback)
            video = _Video(names.get(address, ""), *_rate(task, player, rates, names.get(address, "")))
            of_region = list(_region(where, region, video, candidates, parameters))
            entries += of_region
            if any(isinstance(entry, SourceRow) for entry in of_region):
                controls.add(str(mapping(region).get("from_name")))
            if sequence(mapping(mapping(region).get("value")).get("ranges")):
                counted[video.rate_hz, video.source].append(video.url or "a video without name")
    for (rate, source), videos in counted.items():
        yield Note(f"frames of {_listing(videos)} are counted at {rate:g} a second ({source})")
    if any(name != video for video, name in names.items()):
        yield Note("videos are named without the path and hash that an upload puts before their names")
    if len(controls) > 1:
        yield Note(f"classes are named by {', '.join(sorted(controls))}; --set control=NAME takes those of one")
    yield from entries


def _names(tasks: Sequence[Task], fallback: str) -> dict[str, str]:
    """Return address of a video in the file -> its name; two uploads of one name keep their hashes."""
    shown = {(number, _player(region)) for number, task in enumerate(tasks) for _, region, _, _ in _regions(task)}
    addresses = {video_of(tasks[number], player, fallback)[0] for number, player in shown} - {""}
    names = {address: upload_name(address) for address in addresses}
    shared = {name for name, count in Counter(names.values()).items() if count > 1}
    return {address: address.rpartition("/")[2] if name in shared else name for address, name in names.items()}


def _player(region: Any) -> str:
    """Return the name of the tag that a region was marked on."""
    return str(mapping(region).get("to_name") or "")


def _regions(task: Task) -> Iterator[tuple[str, Any, str, str]]:
    """Yield (place, region, why it is refused, remedy) of a task; a task or an annotation without regions gives one."""
    if not task.annotations:
        yield task.where, None, "has no annotation.", ""
    for annotation in task.annotations:
        if not annotation.regions:
            yield annotation.where, None, annotation.refused or "holds no region.", annotation.remedy
        for number, region in enumerate(annotation.regions, 1):
            yield f"{annotation.where} region {number}", region, annotation.refused, annotation.remedy


def _rate(task: Task, player: str, rates: Rates, video: str) -> tuple[float, str]:
    """Return the frames that Label Studio counts in a second of a task's video, and who says so."""
    given_rate = rates.of(video)
    if given_rate is not None:
        return given_rate, "as you say"
    keys: Sequence[str] = DATA_KEYS
    for attributes in task.players:
        written = attributes.get("framerate", "")
        if (player and attributes.get("name") != player) or not written:
            continue
        rate = _studio_rate(written)
        if rate is not None:
            return rate, "as the file's labelling configuration says"
        keys = [written.removeprefix("$")]  # framerate="$fps": the field `fps` of the task's data
    for key in keys:
        rate = _studio_rate(task.data.get(key))
        if rate is not None:
            return rate, f"as `{key}` in the data of its task says"
    return DEFAULT_RATE_HZ, _DEFAULT


def _studio_rate(value: object) -> float | None:
    """Return the rate that Label Studio reads: below 1 it is taken for seconds a frame, 0.04 -> 25 Hz."""
    rate = read_rate(value)
    return 1 / rate if rate is not None and rate < 1 else rate


def _region(
    where: str, region: Any, video: _Video, candidates: Sequence[str], parameters: Parameters
) -> Iterator[Entry]:
    """Yield a row for each segment and label of a region."""
    kind, value = str(mapping(region).get("type")), mapping(mapping(region).get("value"))
    control = str(parameters["control"])
    what = _describe(region, None)
    labels = _labels(kind, value)
    if control and mapping(region).get("from_name") != control:
        yield Unmapped(where, what, "is of another control than the one that holds the class.")
    elif labels is None:
        why = _NO_SEGMENT.get(kind, "gives no class of a segment or a video.")
        if kind == "labels" and any(key in value for key in _LETTERS):
            why = "marks letters of a text, not a segment of time."
        yield Unmapped(where, what, why, f"Only {TIMELINE}, labels in seconds, choices and taxonomy are imported.")
    elif not labels:
        yield Unmapped(where, what, "has no label.", "Label it.")
    elif len(candidates) > 1:
        yield Unmapped(where, what, f"belongs to one of several videos: {', '.join(candidates)}.", "Label each alone.")
    elif not video.url:
        yield Unmapped(where, what, "names no video.", "Give it: --set video=NAME.")
    else:
        url = in_folder(video.url, parameters)
        for place, segment in _segments(where, kind, value, mapping(region), video, ", ".join(labels)):
            if isinstance(segment, Unmapped):
                yield segment
                continue
            times = segment.start_s, segment.end_s
            for label in labels:
                yield SourceRow(place, url, label, *times, group=identity(url), changed=segment.changed)


def _labels(kind: str, value: Mapping[str, Any]) -> list[str] | None:
    """Return the classes that a region names; None where a region of this kind names none."""
    if kind in (TIMELINE, "choices"):
        return [str(label) for label in sequence(value.get(kind)) if str(label).strip()]
    if kind == "taxonomy":
        # A class of a taxonomy is a path from its root: ["Sport", "Kick"] -> Sport / Kick.
        paths = (path if isinstance(path, list) else [path] for path in sequence(value.get("taxonomy")))
        return [" / ".join(map(str, path)) for path in paths if path]
    if kind == "labels" and not any(key in value for key in _LETTERS) and "start" in value:
        return [str(label) for label in sequence(value.get("labels")) if str(label).strip()]
    return None


def _segments(
    where: str, kind: str, value: Mapping[str, Any], region: Mapping[str, Any], video: _Video, label: str
) -> Iterator[tuple[str, Span | Unmapped]]:
    """Yield (place, segment) of a region: of each range of frames, else its seconds, else the whole video."""
    if "ranges" in value or kind == TIMELINE:
        ranges = sequence(value.get("ranges"))
        if not ranges:
            yield where, Unmapped(where, f"{label} without range", "has no label or no range.", "Label it.")
        for number, time_range in enumerate(ranges, 1):
            place = f"{where} range {number}"
            yield place, _frames(place, mapping(time_range), video, label)
    elif "start" in value or "end" in value:
        # `original_length` is the length in seconds of the sound that was shown.
        yield where, span(where, label, value.get("start"), value.get("end"), duration_s=region.get("original_length"))
    else:
        yield where, Span()


def _frames(place: str, time_range: Mapping[str, Any], video: _Video, label: str) -> Span | Unmapped:
    """Return the segment of a range of frames."""
    first_frame, last_frame = time_range.get("start"), time_range.get("end")
    what = f"{label} frames {first_frame} to {last_frame}"
    if not (_is_frame(first_frame) and _is_frame(last_frame)):
        return Unmapped(place, what, "has ends that are no frame numbers from 1.", "Export it anew.")
    if last_frame < first_frame:  # type: ignore[operator]
        return Unmapped(place, what, "ends before it begins.", "Correct it in Label Studio.")
    # Frames count from 1 and both ends belong to the range: start = (first - 1) / rate, end = last / rate.
    # Frames 1 to 25 at 25 Hz -> 0.0 s to 1.0 s; frame 26 alone -> 1.0 s to 1.04 s.
    start, end = seconds((first_frame - 1) / video.rate_hz), seconds(last_frame / video.rate_hz)  # type: ignore[operator]
    changed = f"counted at {video.rate_hz:g} frames a second, since nothing says the rate" if _assumed(video) else ""
    return Span(start, end, changed)


def _assumed(video: _Video) -> bool:
    return video.source == _DEFAULT


def _is_frame(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 10**12


def _listing(videos: Sequence[str]) -> str:
    """Return up to three names of videos, and how many more there are."""
    names = list(dict.fromkeys(videos))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _describe(region: object, task: Task | None) -> str:
    """Return the type and labels of a region, for messages; of a task without one, its video."""
    if region is None:
        return (video_of(task, "", "")[0] if task else "") or "no video"
    value = mapping(mapping(region).get("value"))
    labels = [str(label) for key in (TIMELINE, "labels", "choices") for label in sequence(value.get(key))]
    return " ".join([str(mapping(region).get("type")), *map(repr, labels)])
