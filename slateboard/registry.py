"""Extensions: one file each in a folder, known by the file's name, imported only when asked for.

A kind is a folder (`splits/protocols`); its promise is a Protocol with the members that every file in it must have.
Nothing but this file imports modules by name.
"""

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from slateboard.errors import BadInput, MissingRequirement, Problem, SlateboardError, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.packages import FOLDER, PACKAGES, check_packages, distribution_of
from slateboard.promises import check_promise, keeps_promise

Parameters = Mapping[str, Any]
"""Parameters of one extension: name -> value, as its CARD names them; all of them once `Card.settle` gave them.

A value has the type of its default, which `Card.settle` checks: bool, int, float (an int will do), str, a list or
table of them. Which of these, the extension knows that reads it: `parameters["size"]` is Any to mypy.
"""


@dataclass(frozen=True)
class Parameter:
    """One knob of an extension."""

    default: Any
    unit: str
    """seconds, pixels, frames, share, ...; `-` for names and counts without one."""
    meaning: str


@dataclass(frozen=True)
class Card:
    """Title, source and parameters of an extension."""

    title: str
    source: str
    """Where it comes from: paper and section, library and version, or `slateboard`."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    """Modules that it needs beyond the core installation, by the name that is imported."""

    def settle(self, overrides: Parameters, *, where: str) -> Parameters:
        """Return all parameters, `overrides` over the defaults; raises BadInput with every unknown or ill-typed one."""
        problems = []
        for name, value in overrides.items():
            if name not in self.parameters:
                problems.append(Problem(where, f"unknown parameter '{name}'.", did_you_mean(name, self.parameters)))
            elif not _fits(value, self.parameters[name].default):
                kind = type(self.parameters[name].default).__name__
                problems.append(Problem(where, f"'{name}' is {value!r}.", f"Give a value of type {kind}."))
        if problems:
            raise BadInput(problems)
        return {name: overrides.get(name, parameter.default) for name, parameter in self.parameters.items()}


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    # True is an int in Python: for a default of 3 it is refused, as 1 is for a default of False.
    return isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)


class Extension(Protocol):
    """What every extension file defines; the Protocol of each kind adds what files of that kind do."""

    @property
    def CARD(self) -> Card:
        """Title, source and parameters."""


class StepModule(Protocol):
    """What every file of a steps/ folder defines: its function is the command, its parameters are the options."""

    @property
    def command(self) -> Callable[..., JsonOutput]:
        """Do the work; the result is printed where --json is given."""


Promise_co = TypeVar("Promise_co", bound=Extension, covariant=True)
"""Protocol of the files of one kind. Covariant, since a registry only gives modules and takes none."""


@dataclass(frozen=True)
class Registry(Generic[Promise_co]):
    """The files of one folder, each a module that keeps the promise of its kind."""

    package: str
    """Dotted: `curate.effects`."""
    promise: type[Promise_co]
    """What each file defines; mypy knows what is loaded by it, and `load` checks that it is so."""

    @property
    def kind(self) -> str:
        """Last part of the package: `effects`."""
        return self.package.rpartition(".")[2]

    def names(self) -> list[str]:
        """Return the names of the files, in alphabetical order, without importing them."""
        return sorted(modules_in(folder_of(self.package)))

    def load(self, name: str) -> Promise_co:
        """Import one extension; raises BrokenPromise that names each member which it lacks or has otherwise."""
        module: Any = self._import(name)
        check_promise(module, self.promise)
        extension: Promise_co = module
        return extension

    def offers(self, name: str) -> bool:
        """Return whether an extension has all that this registry's promise asks for, as where only some have it."""
        return keeps_promise(self._import(name), self.promise)

    def _import(self, name: str) -> ModuleType:
        if name not in self.names():
            raise SlateboardError(f"Unknown {self.kind} name '{name}'. {did_you_mean(name, self.names())}")
        return import_module(f"{self.package}.{name}")


def load_step(name: str) -> StepModule:
    """Import the module of a command by its dotted name."""
    module: Any = import_module(name)
    check_promise(module, StepModule, guide="CONTRIBUTING.md")
    step: StepModule = module
    return step


def import_module(name: str) -> ModuleType:
    """Import a module of ours by name; a missing extra becomes a sentence that says what to install."""
    check_packages()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in PACKAGES:
            raise
        install = f"pip install {distribution_of(error.name)}"
        raise MissingRequirement(f"{name} needs '{error.name}': run `{install}`.") from error


def folder_of(package: str) -> Path:
    """Return the folder of a package without importing its modules."""
    top, _, below = package.partition(".")
    folder = FOLDER / top
    if not folder.is_dir():
        raise MissingRequirement(f"The package '{top}' does not lie in {FOLDER}: run `pip install slateboard` again.")
    return Path(folder, *below.split(".") if below else ())


def modules_in(folder: Path) -> dict[str, Path]:
    """Return module name -> file for a folder; a trailing underscore (`import_.py`) is not part of the name."""
    return {
        # `import_.py` is `slateboard curate import`, `check_links.py` is `check-links`.
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
    package_by_kind = {}
    for package in PACKAGES:
        for folder in sorted(folder_of(package).iterdir()):
            marker = folder / "__init__.py"
            if marker.is_file() and "one file each" in first_line(marker):
                package_by_kind[folder.name] = f"{package}.{folder.name}"
    return package_by_kind
