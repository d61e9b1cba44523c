"""Trimmed clips whose files are gone, or are no longer what was proved: they are cut again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slateboard import engine
from slateboard.catalog.catalog import Catalog
from slateboard.media.errors import Unreadable
from slateboard.media.identity import identify, look
from slateboard.records.clip import Clip
from slateboard.records.stamp import Stamp


def changed_clips(catalog: Catalog, root: Path) -> list[Clip]:
    """Return trimmed clips whose files are not there or hold other bytes; the others are not hashed again next time."""
    clips = catalog.clips("trimmed")
    known = catalog.stamps({clip.path for clip in clips if clip.path})

    def stamp_of(clip: Clip) -> Stamp | None:
        name = clip.path or ""
        try:
            return identify(root / name, name=name, sha256=clip.sha256 or "", known=known.get(name))
        except Unreadable:
            return None

    # Threads: hashing lets go of the interpreter's lock.
    with ThreadPoolExecutor(engine.cores()) as pool:
        stamps = list(pool.map(stamp_of, clips))
    catalog.write_stamps([stamp for stamp in stamps if stamp and known.get(stamp.path) != stamp])
    return [clip for clip, stamp in zip(clips, stamps, strict=True) if stamp is None]


def keep_stamps(catalog: Catalog, root: Path, clips: list[Clip]) -> None:
    """Keep what the files of clips that were just trimmed and hashed look like."""
    stamps = []
    for clip in clips:
        try:
            stamps.append(look(root / (clip.path or ""), name=clip.path or "", sha256=clip.sha256 or ""))
        except Unreadable:
            continue
    catalog.write_stamps(stamps)
