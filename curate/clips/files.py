"""Find trimmed clips whose files are gone or changed since they were verified: they are cut again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slateboard import engine
from slateboard.catalog.catalog import Catalog
from slateboard.media.errors import Unreadable
from slateboard.media.identity import identify, stamp_of
from slateboard.records.clip import Clip
from slateboard.records.stamp import Stamp


def changed_clips(catalog: Catalog, root: Path) -> list[Clip]:
    """Return trimmed clips whose files are missing or hold other bytes; keep stamps of the others."""
    clips = catalog.clips("trimmed")
    stamp_by_path = catalog.stamps({clip.path for clip in clips if clip.path})

    # `identify` reads a file only if size, times or inode differ from its stamp: usually nothing is hashed.
    def stamp_of(clip: Clip) -> Stamp | None:
        name = clip.path or ""
        try:
            return identify(root / name, name=name, sha256=clip.sha256 or "", recorded=stamp_by_path.get(name))
        except Unreadable:
            return None

    # Threads: hashlib releases the GIL.
    with ThreadPoolExecutor(engine.cores()) as pool:
        stamps = list(pool.map(stamp_of, clips))
    catalog.write_stamps([stamp for stamp in stamps if stamp and stamp_by_path.get(stamp.path) != stamp])
    return [clip for clip, stamp in zip(clips, stamps, strict=True) if stamp is None]


def keep_stamps(catalog: Catalog, root: Path, clips: list[Clip]) -> None:
    """Record size and times of files that were just trimmed and hashed, so that they need not be hashed again."""
    stamps = []
    for clip in clips:
        try:
            stamps.append(stamp_of(root / (clip.path or ""), name=clip.path or "", sha256=clip.sha256 or ""))
        except Unreadable:
            continue
    catalog.write_stamps(stamps)
