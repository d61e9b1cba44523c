"""Hold what the catalog says of effects to the kinds there are: an older list may have named others."""

from collections.abc import Iterable

from slateboard.errors import BadInput, Problem
from slateboard.records.clip import Effect
from slateboard.records.effect_kinds import NOTHING_SEEN, read_kinds, unknown_kinds
from slateboard.records.source import Source

_READ_ANEW = "Then run `slateboard curate fetch`, which reads the list anew."


def known_effects(sources: Iterable[Source], *, name: str) -> list[Source]:
    """Return sources with every effect under the name of its kind; raises BadInput with each that is none.

    `name` is the list's. A source of an older catalog that says `captions` has text, one that says `no` has none.
    """
    sources_read: list[Source] = []
    problems: list[Problem] = []
    for source in sources:
        if not source.effects:
            sources_read.append(source)
            continue
        kinds, bad_kinds = read_kinds("|".join(source.effects))
        sources_read.append(source.model_copy(update={"effects": kinds}))
        problems += [
            Problem(f"{name} line {source.line}", f"{bad.what} {bad.why}", f"{bad.remedy} {_READ_ANEW}")
            for bad in bad_kinds
        ]
    if problems:
        raise BadInput(problems)
    return sources_read


def check_labelled(effects: Iterable[Effect]) -> None:
    """Raise BadInput where the catalog holds effects that people named and that are no kinds as they are written."""
    unknown = unknown_kinds(effect.kind for effect in effects if effect.decided_by == "person")
    if unknown:
        what = f"holds effects of kinds that there are not: {', '.join(map(repr, unknown))}."
        remedy = f"Run `slateboard curate label` again: it reads them as kinds of effect, or as {NOTHING_SEEN}."
        raise BadInput([Problem("catalog.db", what, remedy)])
