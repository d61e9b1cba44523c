"""Propose clips: shots without title and end cards, long videos in 2-4 segments (MEI paper 4.1.2).

Example: slateboard curate propose
"""

from collections import Counter
from typing import Any

from curate import observations
from curate.propose import VERSION, propose
from slateboard.catalog.catalog import opened
from slateboard.files import digest
from slateboard.progress import say
from slateboard.records.clip import Clip
from slateboard.records.media import Shot
from slateboard.workspace import Workspace


def command(workspace: Workspace) -> dict[str, Any]:
    """Propose clips of every analysed source; decided ones stay as they are."""
    with opened(workspace.catalog) as catalog:
        media = {item.media_id: item for item in catalog.media() if item.frames is not None}
        clips: dict[str, Clip] = {}
        outside, twice = [], []
        key = digest([VERSION, workspace.settings.clips.model_dump()], length=12)
        sources = catalog.unproposed(key)
        for source in sources:
            if source.media_id not in media:
                continue
            folder, item = workspace.observations, media[source.media_id]
            shots = [Shot.model_validate(row) for row in observations.read(folder, item.media_id, "shots")]
            times = [row["seconds"] for row in observations.read(folder, item.media_id, "timeline")]
            found = propose(source, item, shots, times, workspace.settings.clips)
            if not found:
                outside.append(source)
            for clip in found:
                if clips.setdefault(clip.clip_id, clip).source_id != source.source_id:
                    twice.append(clip)
        added, withdrawn = catalog.propose(sources, list(clips.values()), key=key)
    rejected = Counter(_kind(clip) for clip in clips.values() if clip.state == "rejected")
    proposed = sum(clip.state == "proposed" for clip in clips.values())
    say(f"{proposed} clips proposed ({added} new with the rejected, {withdrawn} withdrawn)")
    for reason, number in sorted(rejected.items()):
        say(f"{number:>7}  left out: {reason}")
    for source in outside:
        say(
            f"line {source.line}: no frame lies between start and end; the video has "
            f"{media[source.media_id or ''].duration_s:.2f} s."
        )
    if twice:
        say(f"{len(twice)} pieces lie in two sources of one video and are proposed once.")
    return {
        "proposed": proposed,
        "left_out": dict(rejected),
        "outside": [source.line for source in outside],
        "twice": len(twice),
    }


def _kind(clip: Clip) -> str:
    return "too short" if clip.reason and "<" in clip.reason else clip.reason or ""
