"""Extensions: one file each in a folder, known by the file's name, imported only when asked for.

A kind is a folder (`splits/protocols`); its promise is the names that every file in it must have.
Nothing but this file imports modules by name.
"""

import ast
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from slateboard.errors import BadInput, MissingRequirement, Problem, SlateboardError, did_you_mean
from slateboard.packages import FOLDER, PACKAGES, check_packages


@dataclass(frozen=True)
class Parameter:
    """One knob of an extension."""

    default: Any
    unit: str
    """seconds, pixels, frames, share, ...; `-` for names and counts without one."""
    meaning: str


@dataclass(frozen=True)
class Card:
    """What an extension says of itself."""

    title: str
    source: str
    """Where it comes from: paper and section, library and version, or `slateboard`."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    """Names of importable modules beyond the core installation."""

    def settle(self, given: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """Return all parameters, the given ones over the defaults; name every unknown or ill-typed one."""
        problems = []
        for name, value in given.items():
            if name not in self.parameters:
                problems.append(Problem(where, f"unknown parameter '{name}'.", did_you_mean(name, self.parameters)))
            elif not _fits(value, self.parameters[name].default):
                kind = type(self.parameters[name].default).__name__
                problems.append(Problem(where, f"'{name}' is {value!r}.", f"Give a value of type {kind}."))
        if problems:
            raise BadInput(problems)
        return {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)


@dataclass(frozen=True)
class Registry:
    """The files of one folder."""

    package: str
    """Dotted: `curate.effects`."""
    promise: tuple[str, ...]
    """Names that each file defines."""

    @property
    def kind(self) -> str:
        """Last part of the package: `effects`."""
        return self.package.rpartition(".")[2]

    def names(self) -> list[str]:
        """Return what there is, in alphabetical order, without importing it."""
        return sorted(modules_in(folder_of(self.package)))

    def load(self, name: str) -> ModuleType:
        """Import one extension and hold it to the promise."""
        if name not in self.names():
            raise SlateboardError(f"Unknown {self.kind} name '{name}'. {did_you_mean(name, self.names())}")
        module = import_module(f"{self.package}.{name}")
        missing = [wanted for wanted in self.promise if not hasattr(module, wanted)]
        if missing:
            raise SlateboardError(f"{self.package}.{name} does not define {', '.join(missing)}: see docs/extending.md.")
        return module


def import_module(name: str) -> ModuleType:
    """Import a module of ours by name; a missing extra becomes a sentence that says what to install."""
    check_packages()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in PACKAGES:
            raise
        raise MissingRequirement(f"{name} needs '{error.name}': run `pip install {error.name}`.") from error


def folder_of(package: str) -> Path:
    """Return the folder of a package without importing its modules."""
    top, _, rest = package.partition(".")
    folder = FOLDER / top
    if not folder.is_dir():
        raise MissingRequirement(f"The package '{top}' does not lie in {FOLDER}: run `pip install slateboard` again.")
    return Path(folder, *rest.split(".") if rest else ())


def modules_in(folder: Path) -> dict[str, Path]:
    """Return module name -> file for a folder; a trailing underscore (`import_.py`) is not part of the name."""
    return {
        path.stem.rstrip("_").replace("_", "-") if folder.name == "steps" else path.stem: path
        for path in sorted(folder.glob("*.py"))
        if path.stem != "__init__"
    }


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring, read without importing it."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0]


def kinds() -> dict[str, str]:
    """Return kind -> package for every folder of extensions: those whose `__init__` says it holds one file each."""
    found = {}
    for package in PACKAGES:
        for folder in sorted(folder_of(package).iterdir()):
            marker = folder / "__init__.py"
            if marker.is_file() and "one file each" in first_line(marker):
                found[folder.name] = f"{package}.{folder.name}"
    return found
