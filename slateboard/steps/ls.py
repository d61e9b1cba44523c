"""List the extensions of a kind, or the parameters of one: `ls`, `ls KIND`, `ls KIND NAME`.

`ls effects` lists every kind of effect that a person may name, with those that a detector finds.

Example: slateboard ls baselines
"""

from collections.abc import Mapping
from typing import Annotated

import typer

from slateboard.errors import SlateboardError, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.progress import show
from slateboard.records.effect_kinds import ALIASES, KINDS, kind_of, nearest_kind
from slateboard.registry import Extension, Registry, first_line, folder_of, kinds, modules_in


def command(
    kind: Annotated[str | None, typer.Argument(help="baselines, effects, protocols, ...")] = None,
    name: Annotated[str | None, typer.Argument(help="One of that kind.")] = None,
) -> JsonOutput:
    """Print names and first lines, read from the files without importing them."""
    package_by_kind = kinds()
    if kind is None:
        rows = {
            entry: first_line(folder_of(package) / "__init__.py") for entry, package in sorted(package_by_kind.items())
        }
        _table(rows)
        return rows
    if kind not in package_by_kind:
        raise SlateboardError(f"Unknown kind '{kind}'. {did_you_mean(kind, package_by_kind)}")
    if name is None:
        rows = {entry: first_line(path) for entry, path in modules_in(folder_of(package_by_kind[kind])).items()}
        if kind == "effects":
            rows = _effects(rows)
        _table(rows)
        return rows
    if kind == "effects" and name not in modules_in(folder_of(package_by_kind[kind])):
        return _without_detector(name)
    # Only here a file is imported: names and first lines are read from the source.
    card = Registry(package_by_kind[kind], Extension).load(name).CARD
    show(f"{card.title}\nSource: {card.source}")
    _table({key: f"{value.default!r} ({value.unit}) {value.meaning}" for key, value in card.parameters.items()})
    return {
        "title": card.title,
        "source": card.source,
        "extras": card.extras,
        "parameters": {key: vars(value) for key, value in card.parameters.items()},
    }


def _effects(detectors: Mapping[str, str]) -> dict[str, str]:
    """Return every kind of effect with its definition and whether a detector finds it."""
    named = {
        name: f"{meaning} ({'detector' if name in detectors else 'people alone'})" for name, meaning in KINDS.items()
    }
    return dict(sorted({**detectors, **named}.items()))


def _without_detector(name: str) -> JsonOutput:
    """Show a kind that people alone name, and the other words for it."""
    kind = (kind_of(name) or "").partition(".")[0]
    if not kind:
        raise SlateboardError(f"Unknown kind of effect '{name}'. {nearest_kind(name)}")
    words = [word for word, meant in ALIASES.items() if meant == kind]
    show(f"{kind}: {KINDS[kind]}\nIn sources.csv also: {', '.join(words)}")
    return {"kind": kind, "definition": KINDS[kind], "aliases": words}


def _table(rows: dict[str, str]) -> None:
    width = max(map(len, rows), default=0)
    for key, text in rows.items():
        show(f"  {key:<{width}}  {text}")
