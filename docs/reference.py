"""Write docs/reference/*.md from the code, or check that they are up to date.

python docs/reference.py [--check]
"""

import inspect
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from slateboard.cli import GROUPS
from slateboard.paths import ID, NAME, PATH, VERSION, Text
from slateboard.records.base import Record
from slateboard.records.effect_kinds import ALIASES, KINDS, NOTHING
from slateboard.registry import Extension, Registry, first_line, folder_of, import_module, kinds, load_step, modules_in
from slateboard.settings import Section, Settings

PAGES = Path(__file__).parent / "reference"
HEAD = "<!-- Written by docs/reference.py from the code: `make docs` writes it anew. -->\n"


def commands() -> str:
    """Every command, its docstring and its options."""
    lines = ["# Commands", "", "Every command also takes --json, --quiet and --debug; `--help` explains it."]
    for group, package in [("", "slateboard"), *GROUPS.items()]:
        steps = folder_of(package) / "steps"
        for path in sorted(steps.rglob("*.py")):
            if path.stem == "__init__":
                continue
            relative = path.relative_to(steps).with_suffix("")
            module = load_step(f"{package}.steps.{'.'.join(relative.parts)}")
            parts = [part.rstrip("_").replace("_", "-") for part in relative.parts]
            words = [word for word in ("slateboard", group, *parts) if word]
            lines += ["", f"## {' '.join(words)}", "", (module.__doc__ or "").strip(), ""]
            lines += [_parameter(parameter) for parameter in inspect.signature(module.command).parameters.values()]
    return "\n".join(lines)


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.name == "workspace":
        return "- `--workspace`, `-w`: folder of the workspace (default: here)"
    (_, info) = get_args(parameter.annotation)
    named = type(info).__name__ == "OptionInfo"
    flag = next(iter(info.param_decls or ()), f"--{parameter.name.replace('_', '-')}") if named else parameter.name
    shown = parameter.default not in (None, "", False, inspect.Parameter.empty)
    default = f" (default: {parameter.default})" if shown else ""
    return f"- `{flag}`: {info.help}{default}"


def settings() -> str:
    """Every key of slateboard.toml."""
    lines = [
        "# Settings",
        "",
        "`slateboard.toml` of a workspace; the environment is over it, as `SLATEBOARD_FETCH__TRIES=5`.",
    ]
    lines += ["", "| key | default | meaning |", "| --- | --- | --- |", *_fields(Settings)]
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            lines += ["", f"## [{name}]", "", (type(field.default).__doc__ or "").strip(), ""]
            lines += ["| key | default | meaning |", "| --- | --- | --- |", *_fields(type(field.default))]
    return "\n".join(lines)


def _fields(model: type[BaseModel]) -> list[str]:
    return [
        f"| `{name}` | `{field.default!r}` | {_flat(field.description)} |"
        for name, field in model.model_fields.items()
        if not isinstance(field.default, Section)
    ]


def _flat(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def extensions() -> str:
    """Every extension of every kind."""
    lines = [
        "# Extensions",
        "",
        "One file each; `slateboard ls KIND NAME` shows one. docs/extending.md says how to add one.",
    ]
    for kind, package in sorted(kinds().items()):
        folder = folder_of(package)
        lines += ["", f"## {kind}", "", first_line(folder / "__init__.py"), ""]
        if kind == "effects":
            lines += [*_effect_kinds(set(modules_in(folder))), ""]
        for name, path in modules_in(folder).items():
            card = Registry(package, Extension).load(name).CARD
            lines.append(f"- **{name}**: {first_line(path)} Source: {card.source}.")
            lines += [
                f"  - `{key}` = `{value.default!r}` ({value.unit}): {value.meaning}"
                for key, value in card.parameters.items()
            ]
    return "\n".join(lines)


def _effect_kinds(detectors: set[str]) -> list[str]:
    """The words that a cell `effects` of a list may hold."""
    lines = ["| kind | what it is | detector | other words that are read |", "| --- | --- | --- | --- |"]
    for kind, meaning in KINDS.items():
        words = ", ".join(word for word, meant in ALIASES.items() if meant == kind)
        lines.append(f"| `{kind}` | {meaning} | {'yes' if kind in detectors else 'no'} | {words} |")
    lines += ["", f"Somebody looked and saw none: {', '.join(f'`{word}`' for word in sorted(NOTHING))}."]
    return lines


def records() -> str:
    """Every record and its fields."""
    lines = ["# Records", "", "What lies at each arrow of the way through the house (slateboard/records)."]
    lines += ["", "Texts that name files or folders are of four kinds, and refused where they are none:", ""]
    lines += [f"- `{text.name}`: {text.rule}" for text in (ID, NAME, PATH, VERSION)]
    for path in modules_in(folder_of("slateboard.records")).values():
        module = import_module(f"slateboard.records.{path.stem}")
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, Record) and value.__module__ == module.__name__:
                if value is Record:
                    continue
                lines += [
                    "",
                    f"## {name}",
                    "",
                    (value.__doc__ or "").strip(),
                    "",
                    "| field | type | meaning |",
                    "| --- | --- | --- |",
                ]
                lines += [_record_field(key, field) for key, field in value.model_fields.items()]
    return "\n".join(lines)


def _record_field(name: str, field: Any) -> str:
    text = next((note for note in field.metadata if isinstance(note, Text)), None)
    kind = text.name if text is not None else _kind(field.annotation).replace("|", "\\|")
    return f"| `{name}` | `{kind}` | {_flat(field.description)} |"


def _kind(annotation: Any) -> str:
    """Return a type as people write it: what bounds its values is left out."""
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return next((note.name for note in inner[1:] if isinstance(note, Text)), _kind(inner[0]))
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(map(_kind, inner))
    if annotation is NoneType:
        return "None"
    if not inner:
        return str(getattr(annotation, "__name__", annotation))
    if get_origin(annotation) is Literal:
        return str(annotation).replace("typing.", "")
    return f"{get_origin(annotation).__name__}[{', '.join('...' if one is ... else _kind(one) for one in inner)}]"


def main() -> int:
    """Write the pages, or with --check say which are out of date (exit code 1)."""
    stale = []
    for page in (commands, settings, extensions, records):
        path, text = PAGES / f"{page.__name__}.md", f"{HEAD}{page()}\n"
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if "--check" in sys.argv and stale:
        print(f"Out of date: {', '.join(stale)}. Run `make docs`.")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
