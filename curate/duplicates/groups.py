"""Groups: clips that must stay together because source, group, media or footage is the same."""

from collections.abc import Iterable, Mapping

from slateboard.addresses import identity
from slateboard.records.clip import Clip
from slateboard.records.media import Duplicate
from slateboard.records.release import MACHINE_MADE
from slateboard.records.source import Source


def group_names(
    clips: Iterable[Clip], sources: Mapping[str, Source], duplicates: Iterable[Duplicate]
) -> dict[str, str]:
    """Return clip id -> name of its group: the connected component over group, address, media and near-duplicates.

    `sources` by source id. The name is the alphabetically first group that a person wrote in the component, else
    the first machine-made one; it does not depend on any order. Footage that passes through media of which no clip
    was taken still links: a compilation joins the uploads that it shows.
    """
    parents: dict[str, str] = {}
    listed = sorted(clips, key=lambda clip: clip.clip_id)
    for clip in listed:
        source = sources.get(clip.source_id)
        own = f"clip {clip.clip_id}"
        _join(parents, own, f"media {clip.media_id}")
        if clip.group:
            _join(parents, own, f"group {clip.group}")
        if source is not None:
            _join(parents, own, f"address {identity(source.url)}")
    for source in sources.values():
        if source.media_id is not None:
            _join(parents, f"address {identity(source.url)}", f"media {source.media_id}")
            if source.group:
                _join(parents, f"address {identity(source.url)}", f"group {source.group}")
    for pair in duplicates:
        _join(parents, f"media {pair.first}", f"media {pair.second}")
    names: dict[str, str] = {}
    for clip in listed:
        root = _root(parents, f"clip {clip.clip_id}")
        names[root] = min(names.get(root, clip.group), clip.group, key=_rank)
    return {clip.clip_id: names[_root(parents, f"clip {clip.clip_id}")] for clip in listed}


def _rank(name: str) -> tuple[bool, bool, str]:
    """Order names: what people wrote, then machine-made ones, then none."""
    return not name, name.startswith(MACHINE_MADE), name


def _root(parents: dict[str, str], node: str) -> str:
    while (parent := parents.setdefault(node, node)) != node:
        parents[node] = parents[parent]
        node = parents[parent]
    return node


def _join(parents: dict[str, str], one: str, other: str) -> None:
    parents[_root(parents, one)] = _root(parents, other)
