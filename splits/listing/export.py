"""Splits as the lists of a form, for tools that read that form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from slateboard.dataset import Dataset
from slateboard.records.split import Split
from splits.listing.entries import LISTS, Entry, Listing, Subset
from splits.listing.names import video_name, youtube_id

_SUBSETS: tuple[Subset, ...] = ("train", "test", "unused")
_COLUMNS = ("clip_id", "path", "label", "class_index", "source_url", "start_s", "end_s")


@dataclass(frozen=True)
class Export:
    """Lists in memory, with counts of the clips that they hold and those that the form has no place for."""

    contents: dict[str, bytes]
    """File name -> bytes."""
    counts: dict[str, dict[Subset, int]]
    """Key of each split -> clips that are written, by subset."""
    left_out: dict[str, tuple[str, ...]]
    """Key of each split -> ids of unused clips, where the form lists only training and testing."""
    without_video: tuple[str, ...]
    """Ids of clips that are not of a YouTube video, where the form names one: their file name stands for it."""


def export(dataset: Dataset, splits: Sequence[Split], *, form: str) -> Export:
    """Return splits as the lists of a form, clips in the dataset's order.

    Paths are relative to videos/, as in the lists of a release; the numbers of the splits are kept. Labels stand
    where the form's makers put them: UCF101's test lists have none. Raises BadInput for several splits where the
    form holds one.
    """
    module = LISTS.load(form)
    written = dict(zip(dataset.classes, dataset.labels, strict=True))
    rows = dataset.clips[list(_COLUMNS)].to_dict("records")
    entries: list[Entry] = []
    counts: dict[str, dict[Subset, int]] = {}
    left_out: dict[str, tuple[str, ...]] = {}
    without_video: set[str] = set()
    for split in splits:
        subset_of: dict[str, Subset] = {clip: subset for subset in _SUBSETS for clip in getattr(split, subset)}
        listed = [clip for clip in rows if subset_of.get(clip["clip_id"]) in module.PARTS]
        for clip in listed:
            subset = subset_of[clip["clip_id"]]
            # videos/Squat/v_Squat_7.mp4 is called Squat/v_Squat_7.mp4 (path), v_Squat_7.mp4 (file), by its id
            # (clip_id), or by the id of its YouTube video with start and end (video).
            entry = Entry(_name(clip, module.NAMES), subset, split.number, clip["label"])
            if module.NAMES == "video":
                times = (("time_start", f"{clip['start_s']:.10g}"), ("time_end", f"{clip['end_s']:.10g}"))
                entry = replace(entry, label=written.get(entry.label, entry.label), columns=times)
                without_video |= set() if youtube_id(clip["source_url"]) else {clip["clip_id"]}
            elif subset == "train":
                entry = replace(entry, class_index=int(clip["class_index"]))
            entries.append(entry)
        subsets = [subset_of[clip["clip_id"]] for clip in listed]
        counts[split.key] = {subset: subsets.count(subset) for subset in module.PARTS}
        left_out[split.key] = () if "unused" in module.PARTS else split.unused
    texts = module.write(Listing(tuple(entries), classes=dataset.classes, name=dataset.name))
    return Export(
        contents={name: text.encode("utf-8") if isinstance(text, str) else text for name, text in texts.items()},
        counts=counts,
        left_out=left_out,
        without_video=tuple(sorted(without_video)),
    )


def _name(clip: Mapping[Any, Any], kind: str) -> str:
    """Return what a form calls a clip."""
    if kind == "clip_id":
        return str(clip["clip_id"])
    if kind == "video":
        return video_name(clip["source_url"])
    path = PurePosixPath(clip["path"])
    return path.name if kind == "file" else path.as_posix().removeprefix("videos/")
