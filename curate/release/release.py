"""Put a version together in a hidden folder and give it its name when it is whole."""

import re
import shutil
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

from curate.clips.single_group import single_group_classes
from curate.release import tables
from curate.release.clip_files import STAGE, Fault, UnusableClips, copy_hashed, for_each_clip
from curate.release.contents import Contents, gather
from curate.release.documents import write_documents
from curate.release.list_only import write_missing_lists
from curate.release.naming import Naming, too_wide
from curate.release.split_assignment import SplitAssignment, assign_splits, check_protocol
from slateboard.catalog.catalog import Catalog
from slateboard.dataset import dataset_of
from slateboard.engine import HERE, Place
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import flush_folder, write_text
from slateboard.records.source import State
from slateboard.sums import write_sums
from slateboard.workspace import Workspace

_VERSION = re.compile(r"v[1-9][0-9]*")


@dataclass(frozen=True)
class Made:
    """What `release` found or made."""

    version: str
    clips: int
    classes: int
    audit: str
    """Audit line of the frozen split."""
    notes: tuple[str, ...] = ()
    """Sentences on what a person might not expect."""


def release(
    workspace: Workspace,
    catalog: Catalog,
    *,
    version: str | None = None,
    naming: Naming | None = None,
    place: Place = HERE,
) -> Made | None:
    """Freeze all trimmed clips as the next version, with its list; None if the newest one is the same already."""
    unfinished = [one for one in workspace.taken_down() if not one.done and not _carried(catalog, one.sources)]
    if unfinished:
        raise SlateboardError(
            f"A takedown was interrupted. Run `slateboard curate takedown {next(iter(unfinished[0].sources))}` first."
        )
    check_protocol(workspace.settings.release.protocol)
    before = [failure.item for failure in catalog.failures(STAGE)]
    try:
        made = _released(workspace, catalog, version=version, naming=naming, place=place)
    except UnusableClips as error:
        catalog.forget_failures(STAGE, before)
        catalog.record_failures(error.failures)
        raise
    catalog.forget_failures(STAGE, before)
    return made


def _released(
    workspace: Workspace, catalog: Catalog, *, version: str | None, naming: Naming | None, place: Place
) -> Made | None:
    style: Naming = naming or workspace.settings.release.naming
    wanted = _checked(workspace, version)
    _check_files(workspace, catalog)
    contents = gather(workspace, catalog, version=wanted, style=style, place=place)
    versions = workspace.versions()
    if versions and contents.same_as(workspace.releases / versions[-1]):
        write_missing_lists(workspace)
        return None
    folder = workspace.releases / wanted
    if folder.exists():
        raise BadInput([Problem(str(folder), "is there; a version is never overwritten.", "Leave --version out.")])
    building = workspace.releases / f".{wanted}.part"
    found = _divided(workspace, catalog, contents)
    contents = replace(contents, release=contents.release.model_copy(update={"extends": found.extends}))
    line = _build(building, contents, found, place=place)
    building.replace(folder)
    flush_folder(workspace.releases)
    write_missing_lists(workspace)
    wide = too_wide([Path(path).name for path in contents.files]) if style == "ucf101" else []
    notes = [f"{len(wide)} names are wider than UCF101's two digits, as {wide[0]}"] if wide else []
    if contents.shortened:
        notes.append(
            f"{contents.shortened} addresses are given without their login, signature or folder, which stay here: "
            f"`{tables.WITHHELD}` in sources.csv"
        )
    return Made(wanted, contents.release.clips, len(contents.release.classes), line, (*found.notes, *notes))


def _divided(workspace: Workspace, catalog: Catalog, contents: Contents) -> SplitAssignment:
    """Divide the clips before any is copied; what a class of one group needs is told by the command that helps."""
    dataset = dataset_of(contents.release, contents.clips, root=workspace.releases / contents.release.version)
    try:
        return assign_splits(workspace, contents.release, dataset)
    except BadInput as error:
        told = {problem.where: problem for problem in single_group_classes(catalog, "trimmed")}
        raise BadInput([told.get(problem.where, problem) for problem in error.problems]) from None


def _carried(catalog: Catalog, source_ids: dict[str, int]) -> bool:
    """Has the catalog forgotten these sources? Then only the next version is missing, which is what is made here."""
    down = {source.source_id for source in catalog.sources(State.TAKEN_DOWN)}
    return set(source_ids) <= down


def _checked(workspace: Workspace, version: str | None) -> str:
    if version is None:
        return workspace.next_version()
    if not _VERSION.fullmatch(version):
        raise BadInput([Problem("--version", f"is {version!r}.", "Give v1, v2, ...")])
    return version


def _check_files(workspace: Workspace, catalog: Catalog) -> None:
    """Name every trimmed clip whose file is not there, before anything is numbered or written."""
    lost = [
        Fault(clip.clip_id, clip.path or clip.clip_id, "is not there", State.MISSING)
        for clip in catalog.clips("trimmed")
        if not (workspace.root / (clip.path or "")).is_file()
    ]
    if lost:
        raise UnusableClips(lost)


def _copy_clips(folder: Path, contents: Contents, *, place: Place) -> dict[str, str]:
    """Copy the clips to their names in a version; name every one that is not what was trimmed and proved.

    Returns path -> SHA-256.
    """
    rows = list(contents.clips[["clip_id", "path", "sha256"]].itertuples(index=False, name=None))
    files = {clip_id: (contents.files[path], folder / path) for clip_id, path, _ in rows}
    copied = for_each_clip(copy_hashed, files, place=place, title="release", file_of=itemgetter(0))
    changed = [
        Fault(clip_id, str(files[clip_id][0]), "is not the file that was trimmed and proved", "changed")
        for clip_id, _, sha256 in rows
        if copied[clip_id] != sha256
    ]
    if changed:
        raise UnusableClips(changed)
    return {path: copied[clip_id] for clip_id, path, _ in rows}


def _build(folder: Path, contents: Contents, found: SplitAssignment, *, place: Place) -> str:
    """Write a version whole into an empty folder; return the audit line."""
    shutil.rmtree(folder, ignore_errors=True)
    # Before they are decoded: what is damaged here is named as such, whatever a decoder would make of it.
    sums = _copy_clips(folder, contents, place=place)
    contents.release.write(folder / tables.RECIPE)
    tables.write_clips(folder, contents.clips)
    tables.write_originals(folder, contents.originals)
    if found.previous_split is not None:
        tables.write_previous_split(folder, found.previous_split)
    for name, text in contents.texts.items():
        write_text(folder / name, text)
    line = write_documents(folder, splits=found.splits, place=place)
    write_sums(folder, hash_by_path=sums)
    return line
