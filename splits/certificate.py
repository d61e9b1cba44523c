"""certificate.json of an audit: written with its pairs, read again, and never replaced by a weaker one."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import csv_text, json_text, whole
from slateboard.paths import ID, NAME, PATH, Text, lies_in
from slateboard.reading import read_json, refusal
from splits.audit.audit import SCHEMA, lists_sha256
from splits.audit.examination import Depth, Examination, Options
from splits.audit.sheet import NOTHING, SHEET, Shown, draw_pairs, shown
from splits.folder import CERTIFICATE
from splits.subject import Subject

PAIRS = "pairs.csv"
"""All near-duplicates across train and test, undecided ones too; the sheet shows the first."""
_WANTED = ("dataset", "dataset_sha256", "split", "lists_sha256", "options", "audit", "versions")
_SPLIT = Text("split", f"{NAME.pattern}-[1-9][0-9]{{0,8}}", "<protocol>-<number>", 120)
_DEPTHS: tuple[Depth, ...] = get_args(Depth)


def write_examination(folder: Path, subject: Subject, examination: Examination) -> Shown:
    """Write the pairs, the sheet of those to look at and the certificate, over those of an earlier audit.

    All are whole before the first takes its place, and the certificate takes it last; what the earlier audit had and
    this one has not goes after that. So a certificate never lacks the pairs that it counts. One that says the same as
    the earlier one is left alone. Returns what is drawn.
    """
    pictures = NOTHING if subject.of_lists else shown(subject.dataset, subject.split, examination.pairs)
    text, path = json_text(examination.certificate), folder / CERTIFICATE
    content = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == content and (folder / SHEET).is_file() == bool(pictures.pairs):
        return pictures
    with ExitStack() as files:
        # Left in reverse order: what is opened first is renamed last.
        files.enter_context(whole(path)).write_bytes(content)
        if examination.pairs:
            text = csv_text([asdict(pair) for pair in examination.pairs], ("train", "test", "why"))
            files.enter_context(whole(folder / PAIRS)).write_bytes(text.encode("utf-8"))
        if pictures.pairs:
            draw_pairs(files.enter_context(whole(folder / SHEET)), subject.dataset, pictures)
    for name, there in ((PAIRS, examination.pairs), (SHEET, pictures.pairs)):
        if not there:
            (folder / name).unlink(missing_ok=True)
    return pictures


def refuse_weaker(path: Path, subject: Subject, *, depth: Depth) -> None:
    """Raise SlateboardError where a certificate of this very split lies that was made by a deeper look."""
    try:
        said = read_certificate(path)
    except BadInput:
        # None there, or none that proves anything.
        return
    of_this = (said["dataset_sha256"], said["lists_sha256"]) == (subject.dataset.sha256, lists_sha256(subject.split))
    earlier = Options.read(said["options"]).depth
    if of_this and earlier in _DEPTHS[_DEPTHS.index(depth) + 1 :]:
        raise SlateboardError(
            f"{path} was made with {earlier}, and would be replaced by one that looked at {depth} only. "
            "Leave out --no-media, or move that file elsewhere first."
        )


def place_of(path: Path, root: Path) -> str:
    """Return a file as a certificate names it: relative to the workspace, or by its name alone where it lies elsewhere.

    A certificate is shown to others, whom folders of this machine do not concern.
    """
    real = path.resolve()
    return real.relative_to(root.resolve()).as_posix() if lies_in(real, [root]) else real.name


def _faults(said: Mapping[str, Any], options: Options) -> list[str]:
    """Return what in a certificate names no dataset, no split, no depth or no file beside it or in the workspace."""
    told = [
        ("dataset", ID.fault(said["dataset"])),
        ("split", _SPLIT.fault(said["split"])),
        ("options.depth", "" if options.depth in _DEPTHS else f"is {options.depth!r:.100}"),
        ("options.trained_on", "" if options.trained_on is None else PATH.fault(options.trained_on)),
    ]
    return [f"{name} {fault}" for name, fault in told if fault]


def read_certificate(path: Path) -> dict[str, Any]:
    """Read certificate.json; raises BadInput for another form or schema."""
    remedy = "Make it anew with `slateboard split audit`."
    said = read_json(path, what="certificate", remedy=remedy)
    try:
        schema = said["schema"]
        if not isinstance(schema, int):
            raise ValueError("its schema is no number")
        if schema == SCHEMA:
            _check(said)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refusal(path, "certificate", error, remedy=remedy) from None
    if schema != SCHEMA:
        remedy = "Install a newer slateboard." if schema > SCHEMA else "Make it anew with `slateboard split audit`."
        raise BadInput([Problem(str(path), f"has schema {schema}, this slateboard reads {SCHEMA}.", remedy)])
    found: dict[str, Any] = said
    return found


def _check(said: dict[str, Any]) -> None:
    """Raise ValueError or TypeError for what is not as an audit writes it; what it says of data is another matter."""
    missing = [name for name in _WANTED if name not in said]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    texts = [name for name in ("dataset", "dataset_sha256", "split", "lists_sha256") if not isinstance(said[name], str)]
    maps = [name for name in ("options", "audit", "versions") if not isinstance(said[name], dict)]
    if texts or maps:
        raise ValueError(f"{', '.join(texts + maps)} are of another kind")
    options = Options.read(said["options"])
    if not isinstance(options.bound, int | float) or not isinstance(options.trained_on_sha256, str | None):
        raise ValueError("its options are none that an audit has")
    if faults := _faults(said, options):
        raise ValueError("; ".join(faults))
