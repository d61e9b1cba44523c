"""Read the release or list that a rebuild starts from, which may come from strangers: check all before writing a byte.

Names of files come from its tables: each must stay inside the folders that the rebuild writes into.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from curate.release.datasheet_questions import check_answers
from curate.release.list_only import RELEASE_SUMS
from curate.release.split_assignment import check_protocol, split_settings
from curate.release.tables import CLIPS, FILES, ORIGINALS, RECIPE, Tables, read_tables
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import sha256_of
from slateboard.paths import REMEDY, inside, leading_out
from slateboard.records.media import Media
from slateboard.settings import ClipSettings
from slateboard.sums import SUMS, read_sums

_SCRATCH = ("clips", "media", "observations", "catalog.db")


@dataclass(frozen=True)
class CheckedRelease:
    """A release as its own tables describe it."""

    folder: Path
    tables: Tables
    sums: dict[str, str]
    """Path -> SHA-256 of every file of the full release."""
    media: dict[str, Media]
    """Media id -> the original, without a path."""
    settings: ClipSettings
    """Settings with which its clips were cut."""

    @property
    def key(self) -> str:
        """<name>-<version>: the default folder of its rebuild."""
        return f"{self.tables.release.name}-{self.tables.release.version}"


def read_checked_release(recipe: Path) -> CheckedRelease:
    """Read a release or list by its recipe; raises BadInput with every problem that prevents a rebuild."""
    folder = recipe.parent
    if recipe.name != RECIPE or not recipe.is_file():
        raise SlateboardError(f"{recipe} is no {RECIPE} of a release: give one, with the tables beside it.")
    sums_file = next((folder / name for name in (RELEASE_SUMS, SUMS) if (folder / name).is_file()), None)
    if sums_file is None:
        raise SlateboardError(f"{folder} has no {SUMS}: it is no whole release. Take a newer version.")
    sums = read_sums(sums_file)
    problems = [
        Problem(str(folder / name), "is not the released one.", "Restore it.")
        for name in FILES
        if name in sums and not _is_released(folder, name, sums[name])
    ]
    if problems:
        raise BadInput(problems)
    # In this order: the tables are the released bytes, then each parses, then they agree with each other. Names of
    # files are checked by `check_target`, once it is known where the rebuild writes.
    tables = read_tables(folder)
    check_protocol(tables.release.protocol, where=f"{recipe}: protocol")
    split_settings(tables.release)
    check_answers(tables.release.settings.get("release", {}).get("answers", {}))
    problems = [*_repeated(folder, tables), *_unlisted(folder, tables), *_strange(folder, tables)]
    if problems:
        raise BadInput(problems)
    return CheckedRelease(folder, tables, sums, _media(folder, tables), _settings(tables))


def check_target(released: CheckedRelease, *, into: Path, scratch: Path) -> None:
    """Raise BadInput where the path of a file leads out of the folder that it is written into."""
    # `videos/../../.ssh/authorized_keys` in a stranger's clips.csv must not be written, nor a path through a symbolic
    # link in the target folder that leads elsewhere.
    names = [*released.sums, *map(str, released.tables.clips["path"])]
    problems = leading_out(into, names, where=str(released.folder))
    problems += leading_out(scratch, _SCRATCH, where=str(scratch))
    if problems:
        raise BadInput(problems)


def _is_released(folder: Path, name: str, sha256: str) -> bool:
    return (folder / name).is_file() and sha256_of(inside(folder, name)) == sha256


def _repeated(folder: Path, tables: Tables) -> list[Problem]:
    """Return a problem for each clip id and each path that occurs twice: the second would overwrite the first."""
    return [
        Problem(f"{folder / CLIPS}: {name}", f"has {value!r} in {count} rows.", REMEDY)
        for name in ("clip_id", "path")
        for value, count in tables.clips[name].value_counts().items()
        if count > 1
    ]


def _unlisted(folder: Path, tables: Tables) -> list[Problem]:
    """Return a problem for each clip whose path is not videos/<label>/<name>."""
    return [
        Problem(f"{folder / CLIPS}: path", f"is {path!r}, which is not videos/{label}/<name>.", REMEDY)
        for path, label in zip(tables.clips["path"], tables.clips["label"], strict=True)
        if not path.startswith(f"videos/{label}/") or path.count("/") != 2
    ]


def _strange(folder: Path, tables: Tables) -> list[Problem]:
    """Return a problem for each effect of a clip that the release does not hold."""
    unknown = sorted(set(tables.effects["clip_id"]) - set(tables.clips["clip_id"]))
    return [
        Problem(f"{folder / 'effects.csv'}: clip_id", f"is {clip!r}, which is no clip here.", REMEDY)
        for clip in unknown
    ]


def _media(folder: Path, tables: Tables) -> dict[str, Media]:
    """Return media id -> original; its path is the one that it would have in a workspace."""
    media: dict[str, Media] = {}
    problems: list[Problem] = []
    for row in tables.originals.to_dict("records"):
        values = {str(name): None if pd.isna(value) else value for name, value in row.items()}
        media_id = str(row["media_id"])
        where = f"{folder / ORIGINALS}: {media_id}"
        try:
            media[media_id] = Media.checked({**values, "path": f"media/{media_id}"}, where=where)
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return media


def _settings(tables: Tables) -> ClipSettings:
    try:
        return ClipSettings.model_validate(tables.release.settings.get("clips", {}))
    except ValidationError as error:
        problem = Problem(
            "recipe.toml: settings.clips", f"{error}.", "It was made by another slateboard: install that."
        )
        raise BadInput([problem]) from None
