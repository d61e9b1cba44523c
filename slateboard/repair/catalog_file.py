"""The file of the catalog and its backups: a damaged one is put aside, the newest sound backup takes its place."""

from collections.abc import Iterator
from pathlib import Path

from slateboard.catalog.backup import Backup, backups, put_aside, restore
from slateboard.catalog.health import fault, has_had_catalog
from slateboard.catalog.lock import lock_workspace
from slateboard.catalog.migrations.migrate import create
from slateboard.repair.damage import Damage
from slateboard.workspace import Workspace

DAMAGED = ".damaged"
"""Ending of a backup that is not sound: it is kept, and counts no more."""


def catalog_damages(workspace: Workspace) -> Iterator[Damage]:
    """Yield the damages of the catalog's file and its backups."""
    path = workspace.catalog
    with lock_workspace(path.with_suffix(".lock")):
        sound = []
        for backup in backups(path):
            reason = fault(backup.path, every_page=True)
            if reason is None:
                sound.append(backup)
            else:
                yield _of_backup(backup, reason)
        reason = fault(path, every_page=True)
        if reason is not None and (has_had_catalog(workspace.root) or _holds_anything(path)):
            yield _of_catalog(path, reason, sound)


def _holds_anything(path: Path) -> bool:
    return path.exists() and (path.is_dir() or path.stat().st_size > 0)


def _of_backup(backup: Backup, reason: str) -> Damage:
    target = backup.path.with_name(f"{backup.path.name}{DAMAGED}")
    return Damage(
        f"backups/{backup.path.name}", reason, f"It is renamed to end in {DAMAGED} and passed over.",
        lambda: backup.path.rename(target),
    )  # fmt: skip


def _of_catalog(path: Path, reason: str, sound: list[Backup]) -> Damage:
    def begin_anew() -> None:
        put_aside(path)
        create(path)

    def put_back() -> None:
        put_aside(path)
        restore(path, sound[0])

    aside = f"What is left of it is kept as {path.name}.damaged-N. " if path.exists() else ""
    if sound:
        remedy = (
            f"{aside}The backup of {sound[0].when} ({len(sound)} sound ones) takes its place; what was fetched, "
            "analysed and trimmed since is done again by the same commands, what people decided is taken from reviews/."
        )
        return Damage(path.name, reason, remedy, put_back)
    remedy = (
        f"{aside}There is no sound backup: a new one is begun. Run `slateboard curate fetch`, `analyse` and `propose`, "
        "then this again: what people decided is taken from reviews/."
    )
    return Damage(path.name, reason, remedy, begin_anew)
