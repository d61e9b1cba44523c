"""Groups: clips that must stay together because source, group, media or footage is the same."""

from collections.abc import Iterable, Mapping

import pandas as pd

from slateboard.canonical import canonical
from slateboard.records.clip import Clip
from slateboard.records.media import Duplicate
from slateboard.records.release import MACHINE_MADE
from slateboard.records.source import Source
from splits.groups import LINKS, group_keys


def group_names(
    clips: Iterable[Clip], sources: Mapping[str, Source], duplicates: Iterable[Duplicate]
) -> dict[str, str]:
    """Return clip id -> name of its group: the connected component over group, address, media and near-duplicates.

    `sources` by source id. The name is the alphabetically first group that a person wrote in the component, else
    the first machine-made one; it does not depend on any order. Footage that passes through media of which no clip
    was taken still links: a compilation joins the uploads that it shows.
    """
    clips = sorted(clips, key=lambda clip: clip.clip_id)
    # Three kinds of rows, so that one table holds all links: clip c1 of media m1, source s1 with its address and m1,
    # and m1 itself where it is in a pair. A compilation m9 without clips, in the pairs (m1, m9) and (m2, m9), makes
    # one group of the clips of m1 and m2.
    pairs = [(f"media {pair.first}", f"media {pair.second}") for pair in duplicates]
    rows = [*_clip_rows(clips, sources), *_source_rows(sources), *_media_rows(pairs)]
    table = pd.DataFrame(rows, columns=["clip_id", *LINKS], dtype=object)
    keys = group_keys(table, pairs).tolist()[: len(clips)]
    names: dict[str, str] = {}
    for key, clip in zip(keys, clips, strict=True):
        names[key] = min(names.get(key, clip.group), clip.group, key=_rank)
    return {clip.clip_id: names[key] for key, clip in zip(keys, clips, strict=True)}


def _clip_rows(clips: Iterable[Clip], sources: Mapping[str, Source]) -> list[dict[str, str]]:
    """Return a row for each clip. Its source id is left out: the address links two sources of one."""
    urls = {source_id: canonical(source.url) for source_id, source in sources.items()}
    return [
        {
            "clip_id": f"clip {clip.clip_id}",
            "source_url": urls.get(clip.source_id, ""),
            "group": clip.group,
            "sha256": clip.media_id,
        }
        for clip in clips
    ]


def _source_rows(sources: Mapping[str, Source]) -> list[dict[str, str | None]]:
    """Return a row for each fetched source, as if it were a clip: it links others even if no clip was cut from it."""
    return [
        {
            "clip_id": f"source {source_id}",
            "source_url": canonical(source.url),
            "group": source.group,
            "sha256": source.media_id,
        }
        for source_id, source in sources.items()
        if source.media_id is not None
    ]


def _media_rows(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return a row for each end of a pair: what ties `media <id>` to the clips and sources of that media."""
    ends = sorted({end for pair in pairs for end in pair})
    return [{"clip_id": end, "sha256": end.removeprefix("media ")} for end in ends]


def _rank(name: str) -> tuple[bool, bool, str]:
    """Order names: what people wrote, then machine-made ones, then none."""
    return not name, name.startswith(MACHINE_MADE), name
