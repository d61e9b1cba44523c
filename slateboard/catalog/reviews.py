"""People's decisions outside the catalog: reviews/<person>.jsonl, appended and flushed before the catalog has them."""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from slateboard.catalog.clips import ClipTables
from slateboard.catalog.person import file_stem
from slateboard.errors import SlateboardError
from slateboard.files import flush_folder, write_text
from slateboard.records.clip import Clip, Effect
from slateboard.records.decision import Decision
from slateboard.records.effect_kinds import kind_of

RULE = "rule"
"""Who decided on clips that were left out by the rules of proposing."""

_BEGIN = '{"schema": '
"""How each line begins."""

_DECIDED: dict[str, Literal["accepted", "rejected"]] = {
    "accepted": "accepted", "trimmed": "accepted", "failed": "accepted", "rejected": "rejected",
}  # fmt: skip


@dataclass(frozen=True)
class Reviews:
    """All that was decided, and how many lines could not be read."""

    decisions: tuple[Decision, ...]
    """In the order of their numbers."""
    torn: int
    """Lines that a kill cut off before the catalog had them."""
    broken: tuple[str, ...]
    """Places of other lines that are no decision, as `anna.jsonl line 3`."""

    def on_clips(self) -> dict[str, Decision]:
        """Return clip id -> the decision to take it or leave it that holds."""
        return {decision.clip_id: decision for decision in self.decisions if decision.decision != "effects"}

    def on_effects(self) -> dict[str, Decision]:
        """Return clip id -> the decision on its effects that holds."""
        return {decision.clip_id: decision for decision in self.decisions if decision.decision == "effects"}


def decide(catalog: ClipTables, folder: Path, clips: Sequence[Clip], *, person: str, command: str) -> None:
    """Record that clips are accepted or rejected, as they are given: in the person's file, then in the catalog."""
    append_decisions(folder, [(clip, _DECIDED[clip.state], ()) for clip in clips], person=person, command=command)
    catalog.write_clips(clips)


def confirm(
    catalog: ClipTables, folder: Path, effects: Sequence[Effect], *, clips: Sequence[Clip], person: str, command: str
) -> None:
    """Replace all effects; where others of those raised in `clips` are confirmed than before, that is a decision."""
    before, after = _confirmed_kinds(catalog.effects()), _confirmed_kinds(effects)
    changed = [clip for clip in clips if before.get(clip.clip_id) != after.get(clip.clip_id)]
    entries: list[DecisionEntry] = [(clip, "effects", tuple(sorted(after.get(clip.clip_id, ())))) for clip in changed]
    append_decisions(folder, entries, person=person, command=command)
    catalog.label_effects(effects)


def decision_on(clip: Clip) -> Literal["accepted", "rejected"]:
    """Return the decision on a clip; one that was trimmed since, or failed to be, was accepted."""
    return _DECIDED[clip.state]


def _confirmed_kinds(effects: Iterable[Effect]) -> dict[str, set[str]]:
    """Return clip id -> kinds that a detector raised and somebody confirmed, of clips that have any."""
    kinds: dict[str, set[str]] = {}
    for effect in effects:
        if effect.confirmed and effect.decided_by == "machine":
            kinds.setdefault(effect.clip_id, set()).add(effect.kind)
    return kinds


def effects_as_confirmed(catalog: ClipTables, reviews: Reviews) -> list[Effect] | None:
    """Return all effects as reviews/ confirms them; None where the catalog agrees."""
    decided = reviews.on_effects()
    stand = catalog.effects()
    effects = [
        effect.model_copy(update={"confirmed": effect.kind in map(_kind, decided[effect.clip_id].effects)})
        if effect.clip_id in decided and effect.decided_by == "machine"
        else effect
        for effect in stand
    ]
    return None if effects == stand else effects


def _kind(word: str) -> str:
    """Return the kind of a decision that somebody may have written by hand; a detector of their own is one too."""
    return kind_of(word) or word


DecisionEntry = tuple[Clip, Literal["accepted", "rejected", "effects"], tuple[str, ...]]
"""A clip, the decision on it, and, for a decision on effects, those confirmed."""


def append_decisions(folder: Path, decided: Iterable[DecisionEntry], *, person: str, command: str) -> None:
    """Append a line for each decision to the person's file; all are on the disk when this returns, or none is."""
    at = datetime.now(UTC).replace(microsecond=0)
    lines = []
    # Numbers count over all persons' files: the later decision on a clip holds, whoever made it.
    first_number = _last_number(folder) + 1
    for number, (clip, decision, effects) in enumerate(decided, start=first_number):
        line = Decision(
            number=number, at=at, clip_id=clip.clip_id, media_id=clip.media_id, first_frame=clip.first_frame,
            last_frame=clip.last_frame, decision=decision, effects=effects, label=clip.label,
            by=person if decision == "effects" else clip.decided_by or person,
            reason=None if decision == "effects" else clip.reason, command=command,
        )  # fmt: skip
        lines.append(json.dumps({"schema": Decision.SCHEMA, **line.row()}, ensure_ascii=False))
    if lines:
        _append(folder / f"{file_stem(person)}.jsonl", "\n".join(lines) + "\n")


def read_reviews(folder: Path) -> Reviews:
    """Return every decision of a workspace."""
    decisions: list[Decision] = []
    torn, broken = 0, []
    for path, number, line in _lines(folder):
        decision = _read_line(line, path)
        if decision is not None:
            decisions.append(decision)
        # A line that begins as ours and does not end is what a kill left of it: the catalog never had that decision.
        elif line.startswith(_BEGIN) and not line.endswith("}"):
            torn += 1
        else:
            broken.append(f"{path.name} line {number}")
    return Reviews(tuple(sorted(decisions, key=lambda entry: entry.number)), torn, tuple(broken))


def forget_decisions(folder: Path, is_meant: Callable[[Decision], bool]) -> None:
    """Delete the decisions for which `is_meant` is true from all files, as after a takedown."""
    for path in sorted(folder.glob("*.jsonl")):
        lines = _text(path).split("\n")
        lines_left = [line for line in lines if (decision := _read_line(line, path)) is None or not is_meant(decision)]
        if len(lines_left) < len(lines):
            write_text(path, "\n".join(lines_left))


def clips_as_decided(catalog: ClipTables, reviews: Reviews) -> list[Clip]:
    """Return the clips on which reviews/ and the catalog differ, as reviews/ decides them."""
    decided = reviews.on_clips()
    clips = []
    for clip in catalog.clips():
        decision = decided.get(clip.clip_id)
        if decision is None or (_DECIDED.get(clip.state) == decision.decision and clip.decided_by != RULE):
            continue
        clips.append(
            clip.model_copy(update={"state": decision.decision, "decided_by": decision.by, "reason": decision.reason})
        )
    return clips


def unrecorded_clips(catalog: ClipTables, reviews: Reviews) -> list[Clip]:
    """Return the clips that a person decided on in the catalog, and on which reviews/ has no decision."""
    decided: Collection[str] = reviews.on_clips()
    return [
        clip for clip in catalog.clips(*_DECIDED) if clip.clip_id not in decided and clip.decided_by not in (None, RULE)
    ]


def _lines(folder: Path) -> Iterator[tuple[Path, int, str]]:
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(_text(path).split("\n"), start=1):
            if line.strip():
                yield path, number, line


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _read_line(line: str, path: Path) -> Decision | None:
    try:
        value = json.loads(line)
        schema = value.pop("schema")
        if isinstance(schema, int) and schema > Decision.SCHEMA:
            raise SlateboardError(f"{path} has schema {schema}, newer than this slateboard. Install a newer one.")
        return Decision.model_validate(value)
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


def _last_number(folder: Path) -> int:
    """Return the highest number in use: that of the last whole line of any file."""
    last = 0
    for path in folder.glob("*.jsonl"):
        for line in reversed(_text(path).split("\n")):
            decision = _read_line(line, path)
            if decision is not None:
                last = max(last, decision.number)
                break
    return last


def _append(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    is_new = not path.exists()
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        # What was torn off before stays a line of its own.
        rest = memoryview(f"{'' if _ends_line(path) else chr(10)}{text}".encode())
        # All or nothing: what was written of a decision before the disk was full is cut off again.
        try:
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise
    if is_new:
        flush_folder(path.parent)


def _ends_line(path: Path) -> bool:
    """Does a file end with a line, or hold nothing?"""
    with path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
        return file.read(1) in (b"", b"\n")
