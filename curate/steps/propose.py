"""Propose clips: shots without title and end cards, long videos in 2-4 segments (MEI paper 4.1.2).

Only sources that are new, changed or analysed anew are looked at; clips that somebody decided on stay as they are.

Example: slateboard curate propose
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from curate.analysis import observations
from curate.clips.lone import MAY_COME, lone_classes
from curate.clips.propose import VERSION, described, propose
from slateboard.catalog.catalog import Catalog, opened
from slateboard.catalog.reviews import lacking, read_reviews
from slateboard.files import digest
from slateboard.progress import progress, say
from slateboard.records.clip import Clip
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.workspace import Workspace

_AT_ONCE = 5000
"""Sources in one transaction: each costs a look at all clips of the catalog, and holds its own in memory."""


def command(workspace: Workspace) -> dict[str, Any]:
    """Propose clips of every analysed source; decided ones stay as they are."""
    key = digest([VERSION, workspace.settings.clips.model_dump()], length=12)
    added = withdrawn = 0
    owners: dict[str, str] = {}
    outside, twice = [], 0
    with opened(workspace.catalog) as catalog:
        sources = catalog.unproposed(key)
        with progress("propose", len(sources), unit="sources") as bar:
            for batch in _batches(sources):
                clips: dict[str, Clip] = {}
                for source, media, found in _proposed(workspace, catalog, batch):
                    if not found:
                        outside.append((source.line, media.duration_s or 0.0))
                    for clip in found:
                        twice += owners.setdefault(clip.clip_id, source.source_id) != source.source_id
                        clips.setdefault(clip.clip_id, clip)
                    bar.step()
                new, gone = catalog.propose(batch, list(clips.values()), key=key)
                added, withdrawn = added + new, withdrawn + gone
        counts = _counts(catalog)
        # Looked for where something was looked at: it takes reading every clip.
        lone = lone_classes(catalog, *MAY_COME) if sources else []
        decided = lacking(catalog, read_reviews(workspace.reviews)) if added else []
    _tell(counts, added=added, withdrawn=withdrawn, looked_at=len(sources), outside=outside, twice=twice)
    if decided:
        say(f"{len(decided)} of them were decided on before: `slateboard doctor --repair` takes that from reviews/.")
    for problem in lone:
        say(str(problem))
    return {
        **counts, "added": added, "withdrawn": withdrawn, "outside": [line for line, _ in outside], "twice": twice,
        "lone_classes": [problem.where for problem in lone],
    }  # fmt: skip


def _batches(sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
    """Yield the sources by thousands; one empty batch if there are none, which withdraws what has lost its source."""
    for start in range(0, max(len(sources), 1), _AT_ONCE):
        yield sources[start : start + _AT_ONCE]


def _proposed(
    workspace: Workspace, catalog: Catalog, sources: Sequence[Source]
) -> Iterator[tuple[Source, Media, list[Clip]]]:
    folder, settings = workspace.observations, workspace.settings.clips
    ids = sorted({source.media_id for source in sources if source.media_id})
    media = catalog.media_of(ids)
    for source in sources:
        item = media[source.media_id or ""]
        seen = {
            name: observations.read(folder, item.media_id, name)
            for name in ("shots", "timeline", "camera", "quality")
            if observations.path_of(folder, item.media_id, name).is_file()
        }
        shots = [Shot.model_validate(row) for row in seen.get("shots", [])]
        times = [row["seconds"] for row in seen.get("timeline", [])]
        clips = propose(source, item, shots, times, settings)
        camera, quality = seen.get("camera", []), seen.get("quality", [])
        yield source, item, [described(clip, camera=camera, quality=quality) for clip in clips]


def _counts(catalog: Catalog) -> dict[str, Any]:
    """Count what the whole catalog holds, whenever it was proposed."""
    states = catalog.clip_counts()
    ruled = Counter(_kind(clip) for clip in catalog.clips("rejected") if clip.decided_by == "rule")
    return {
        "proposed": states.get("proposed", 0),
        "decided": sum(states.get(state, 0) for state in ("accepted", "trimmed", "failed")),
        "left_out": dict(sorted(ruled.items())),
    }


def _kind(clip: Clip) -> str:
    return "too short" if clip.reason and "<" in clip.reason else clip.reason or ""


def _tell(
    counts: dict[str, Any],
    *,
    added: int,
    withdrawn: int,
    looked_at: int,
    outside: Iterable[tuple[int, float]],
    twice: int,
) -> None:
    say(f"{looked_at} sources looked at: {added} pieces are new, {withdrawn} withdrawn")
    say(f"{counts['proposed']} clips wait for a decision, {counts['decided']} are accepted")
    for reason, number in counts["left_out"].items():
        say(f"{number:>7}  left out: {reason}")
    for line, seconds in outside:
        say(f"line {line}: no frame lies between start and end; the video has {seconds:.2f} s.")
    if twice:
        say(f"{twice} pieces lie in two sources of one video and are proposed once.")
