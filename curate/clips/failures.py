"""Failed cuts: tried again only when their original, the settings or the code change, or with --retry."""

from collections.abc import Sequence
from pathlib import Path

from curate.clips.trim import VERSION
from slateboard.catalog.catalog import Catalog
from slateboard.files import digest
from slateboard.media import ffmpeg
from slateboard.records.clip import Clip
from slateboard.records.failure import FailureRecord
from slateboard.settings import Settings

STAGE = "trim"


def clips_to_cut(catalog: Catalog, root: Path, settings: Settings, *, retry: bool) -> list[Clip]:
    """Return accepted clips, and failed ones whose original, settings or code changed; with `retry` all failed ones."""
    failed = catalog.clips("failed")
    if not retry and failed:
        key_by_clip = {row.item: row.key for row in catalog.failures(STAGE)}
        keys = _keys(catalog, root, settings, failed)
        failed = [clip for clip in failed if key_by_clip.get(clip.clip_id) != keys[clip.clip_id]]
    return [*catalog.clips("accepted"), *failed]


def write_clips(catalog: Catalog, root: Path, settings: Settings, clips: Sequence[Clip], *, code: str) -> None:
    """Record the state of clips; of failed ones also `code` and the digest of all that their cut depended on."""
    failed = [clip for clip in clips if clip.state == "failed"]
    keys = _keys(catalog, root, settings, failed) if failed else {}
    rows = [
        FailureRecord.now(stage=STAGE, item=clip.clip_id, code=code, reason=clip.reason or "", key=keys[clip.clip_id])
        for clip in failed
    ]
    if rows:
        catalog.record_failures(rows)
    catalog.write_clips(clips)
    catalog.forget_failures(STAGE, [clip.clip_id for clip in clips if clip.state != "failed"])


def _keys(catalog: Catalog, root: Path, settings: Settings, clips: Sequence[Clip]) -> dict[str, str]:
    """Return clip id -> digest of all that a cut depends on."""
    paths = {media_id: root / media.path for media_id, media in catalog.media_of({c.media_id for c in clips}).items()}
    shared = [VERSION, settings.clips.model_dump(), settings.limits.model_dump(), ffmpeg.version()]
    return {clip.clip_id: digest([*shared, _stamp(paths.get(clip.media_id))], length=12) for clip in clips}


def _stamp(path: Path | None) -> list[int] | None:
    """Return size, times and inode of an original, which change when it is replaced; None where it does not exist."""
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return None
    return None if status is None else [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
