"""Make the next version of a dataset: write it into a hidden folder, and rename the folder when it is complete."""

import re
import shutil
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

from curate.clips.single_group import single_group_classes
from curate.release import tables
from curate.release.clip_files import STAGE, ClipFault, UnusableClips, copy_hashed, for_each_clip
from curate.release.contents import ReleaseContents, gather_contents
from curate.release.documents import write_documents
from curate.release.list_only import write_missing_lists
from curate.release.naming import Naming, describe_classes, names_too_wide
from curate.release.split_assignment import SplitAssignment, assign_splits, check_protocol
from slateboard.catalog.catalog import Catalog
from slateboard.dataset import dataset_of
from slateboard.engine import HERE, Place
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import flush_folder, write_text
from slateboard.records.release import Release
from slateboard.records.source import State
from slateboard.sums import write_sums
from slateboard.workspace import Workspace

_VERSION = re.compile(r"v[1-9][0-9]*")


@dataclass(frozen=True)
class ReleaseReport:
    """The version that `release` made."""

    version: str
    clips: int
    classes: int
    audit: str
    """Audit line of the frozen split."""
    notes: tuple[str, ...] = ()
    """Sentences on what users might not expect."""


def release(
    workspace: Workspace,
    catalog: Catalog,
    *,
    version: str | None = None,
    naming: Naming | None = None,
    place: Place = HERE,
) -> ReleaseReport | None:
    """Freeze all trimmed clips as the next version, with its list; return None if the newest version is the same."""
    takedowns = workspace.taken_down()
    unfinished = [
        takedown for takedown in takedowns if not takedown.done and not _is_forgotten(catalog, takedown.sources)
    ]
    if unfinished:
        raise SlateboardError(
            f"A takedown was interrupted. Run `slateboard curate takedown {next(iter(unfinished[0].sources))}` first."
        )
    check_protocol(workspace.settings.release.protocol)
    earlier_failures = [failure.item for failure in catalog.failures(STAGE)]
    try:
        report = _make_version(workspace, catalog, version=version, naming=naming, place=place)
    except UnusableClips as error:
        catalog.forget_failures(STAGE, earlier_failures)
        catalog.record_failures(error.failures)
        raise
    catalog.forget_failures(STAGE, earlier_failures)
    return report


def _make_version(
    workspace: Workspace, catalog: Catalog, *, version: str | None, naming: Naming | None, place: Place
) -> ReleaseReport | None:
    style: Naming = naming or workspace.settings.release.naming
    version_name = _version_name(workspace, version)
    _check_files(workspace, catalog)
    contents = gather_contents(workspace, catalog, version=version_name, style=style, place=place)
    versions = workspace.versions()
    if versions and contents.same_as(workspace.releases / versions[-1]):
        write_missing_lists(workspace)
        return None
    folder = workspace.releases / version_name
    if folder.exists():
        raise BadInput([Problem(str(folder), "is there; a version is never overwritten.", "Leave --version out.")])
    building = workspace.releases / f".{version_name}.part"
    assignment = _assign_splits(workspace, catalog, contents)
    contents = replace(contents, release=contents.release.model_copy(update={"extends": assignment.extends}))
    line = _build(building, contents, assignment, place=place)
    # The rename is the moment at which the version exists: before it a kill leaves a hidden .part folder, after it a
    # complete version whose list `write_missing_lists` can make again.
    building.replace(folder)
    flush_folder(workspace.releases)
    write_missing_lists(workspace)
    wide_names = names_too_wide([Path(path).name for path in contents.files]) if style == "ucf101" else []
    notes = [f"{len(wide_names)} names are wider than UCF101's two digits, as {wide_names[0]}"] if wide_names else []
    if contents.shortened:
        notes.append(
            f"{contents.shortened} addresses are given without their login, signature or folder, which stay here: "
            f"`{tables.WITHHELD}` in sources.csv"
        )
    previous = Release.read(workspace.releases / versions[-1] / tables.RECIPE) if versions else None
    notes += describe_classes(contents.release, previous)
    return ReleaseReport(
        version_name, contents.release.clips, len(contents.release.classes), line, (*assignment.notes, *notes)
    )


def _assign_splits(workspace: Workspace, catalog: Catalog, contents: ReleaseContents) -> SplitAssignment:
    """Divide the clips before any is copied; a class with a single group is reported with the command that helps."""
    dataset = dataset_of(contents.release, contents.clips, root=workspace.releases / contents.release.version)
    try:
        return assign_splits(workspace, contents.release, dataset)
    except BadInput as error:
        problem_by_class = {problem.where: problem for problem in single_group_classes(catalog, "trimmed")}
        raise BadInput([problem_by_class.get(problem.where, problem) for problem in error.problems]) from None


def _is_forgotten(catalog: Catalog, source_ids: dict[str, int]) -> bool:
    """Return whether the catalog has forgotten these sources: then only the next version is missing, made here."""
    taken_down = {source.source_id for source in catalog.sources(State.TAKEN_DOWN)}
    return set(source_ids) <= taken_down


def _version_name(workspace: Workspace, version: str | None) -> str:
    if version is None:
        return workspace.next_version()
    if not _VERSION.fullmatch(version):
        raise BadInput([Problem("--version", f"is {version!r}.", "Give v1, v2, ...")])
    return version


def _check_files(workspace: Workspace, catalog: Catalog) -> None:
    """Raise UnusableClips with every trimmed clip whose file is missing, before anything is numbered or written."""
    lost = [
        ClipFault(clip.clip_id, clip.path or clip.clip_id, "is not there", State.MISSING)
        for clip in catalog.clips("trimmed")
        if not (workspace.root / (clip.path or "")).is_file()
    ]
    if lost:
        raise UnusableClips(lost)


def _copy_clips(folder: Path, contents: ReleaseContents, *, place: Place) -> dict[str, str]:
    """Copy the clips to their names in a version; return path -> SHA-256.

    Raises UnusableClips with every clip whose file is not the one that was trimmed and verified.
    """
    rows = list(contents.clips[["clip_id", "path", "sha256"]].itertuples(index=False, name=None))
    files = {clip_id: (contents.files[path], folder / path) for clip_id, path, _ in rows}
    copied = for_each_clip(copy_hashed, files, place=place, title="release", file_of=itemgetter(0))
    changed = [
        ClipFault(clip_id, str(files[clip_id][0]), "is not the file that was trimmed and verified", "changed")
        for clip_id, _, sha256 in rows
        if copied[clip_id] != sha256
    ]
    if changed:
        raise UnusableClips(changed)
    return {path: copied[clip_id] for clip_id, path, _ in rows}


def _build(folder: Path, contents: ReleaseContents, assignment: SplitAssignment, *, place: Place) -> str:
    """Write a complete version into an empty folder; return the audit line."""
    shutil.rmtree(folder, ignore_errors=True)
    # Hashed before they are decoded: a damaged file is reported as changed, whatever a decoder would say of it.
    sums = _copy_clips(folder, contents, place=place)
    contents.release.write(folder / tables.RECIPE)
    tables.write_clips(folder, contents.clips)
    tables.write_originals(folder, contents.originals)
    if assignment.previous_split is not None:
        tables.write_previous_split(folder, assignment.previous_split)
    for name, text in contents.texts.items():
        write_text(folder / name, text)
    line = write_documents(folder, splits=assignment.splits, place=place)
    write_sums(folder, hash_by_path=sums)
    return line
