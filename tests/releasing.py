"""A small workspace that is ready to be released: drawn videos, fetched, decoded, trimmed and labelled."""

from collections.abc import Sequence
from pathlib import Path

from drawing import moving

from curate.analysis import observations
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.files import sha256_of
from slateboard.media.encode import write_video
from slateboard.media.frames import decode
from slateboard.media.frames_hash import frames_sha256
from slateboard.media.probe import probe
from slateboard.records.clip import Clip, Effect, clip_id
from slateboard.records.observation import Observation
from slateboard.records.source import Source, State, source_id
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

FRAMES = 24
SETTINGS = """name = "tiny"
[fetch]
backoff_seconds = 0
timeout_seconds = 5
per_hour = 0
sleep_interval_seconds = 0
max_sleep_interval_seconds = 0
sleep_requests_seconds = 0
allow_private = true
"""
LABELS = ("High Kick", "Đá cầu")


def add_clips(workspace: Workspace, numbers: Sequence[int], *, urls: Sequence[str] = ()) -> None:
    """Draw videos, one source and one clip of each, and trim them; group and label follow from the number."""
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources()
        for number, url in zip(numbers, urls or [f"{number}.mp4" for number in numbers], strict=True):
            drawn = workspace.root / f"{number}.mp4"
            write_video(drawn, moving(FRAMES, seed=number), frame_rate_hz=15)
            media_id = sha256_of(drawn)
            media = probe(drawn, media_id=media_id, relative=f"media/{media_id}.mp4")
            media = media.model_copy(
                update={"frames": FRAMES, "duration_s": 1.6, "frames_sha256": frames_sha256(drawn), "decode_errors": 0}
            )
            rows = tuple({"frame": frame.index, "pts": frame.pts, "seconds": frame.seconds} for frame in decode(drawn))
            seen = Observation(media_id=media_id, analyser="timeline", version=1, parameters={}, rows=rows)
            observations.write(workspace.observations, seen)
            workspace.media.mkdir(exist_ok=True)
            drawn.rename(workspace.root / media.path)
            source = Source(
                source_id=source_id(url, None, None), line=number + 2, url=url, label=LABELS[number % 2],
                group=f"group{number // 2}", licence="CC0-1.0", effects=("text",) if number % 3 else (),
            )  # fmt: skip
            sources.append(source)
            catalog.list_sources(sources)
            source = source.model_copy(update={"state": State.FETCHED, "media_id": media_id})
            catalog.tried(source, [], media)
            clip = Clip(
                clip_id=clip_id(media_id, 2, 21), source_id=source.source_id, media_id=media_id, shot_id=None,
                label=source.label, group=source.group or "", first_frame=2, last_frame=21, start_s=2 / 15,
                end_s=22 / 15, state="accepted", camera="static" if number % 2 else "unknown",
                quality=("blurred",) if number == 1 else (),
            )  # fmt: skip
            catalog.write_clips([clip])
    curate(workspace, "trim --workers 1")
    with open_catalog(workspace.catalog) as catalog:
        known = {source.source_id: source for source in catalog.sources()}
        effects = [
            Effect(clip_id=clip.clip_id, kind="text", decided_by="person", confirmed=True, parameters={})
            for clip in catalog.clips()
            if known[clip.source_id].effects
        ]
        catalog.label_effects(effects)


def curate(workspace: Workspace, step: str, *, expected: int = 0) -> None:
    """Run one step of curate and hold it to its exit code."""
    words = ["curate", *step.split(), "-w", str(workspace.root), "--quiet", "--debug"]
    assert main(words) == expected, step


def ready(folder: Path, *, clips: int = 6, urls: Sequence[str] = ()) -> Workspace:
    """Return a workspace of two classes of `clips` / 2 groups, trimmed and labelled, not released."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "slateboard.toml").write_text(SETTINGS)
    (folder / "sources.csv").write_text(COLUMNS)
    workspace = Workspace(folder)
    add_clips(workspace, range(clips), urls=urls)
    return workspace


def contents(folder: Path) -> dict[str, str]:
    """Return path -> hash of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
