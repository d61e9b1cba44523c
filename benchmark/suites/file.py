"""Find a suite by path or by name, read it, and name everything that is wrong with it."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from slateboard.errors import BadInput, Problem, SlateboardError, did_you_mean
from slateboard.records.suite import Suite, SuiteRun

SHIPPED = Path(__file__).parent
"""Where the suites lie that come with the package."""


def find_suite(name: str) -> Path:
    """Return the file of a suite: a path, or the name of one that comes with the package."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = {file.stem: file for file in SHIPPED.glob("*.toml")}
    if name not in shipped:
        raise SlateboardError(f"There is no file '{name}' and no suite of that name. {did_you_mean(name, shipped)}")
    return shipped[name]


def read_suite(path: Path) -> Suite:
    """Read a suite; raises BadInput with every fault at once."""
    try:
        value = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput([Problem(str(path), f"is not valid TOML: {error}.", "Mend that line.")]) from None
    try:
        return Suite.model_validate(value)
    except ValidationError as error:
        raise BadInput([_problem(path, issue) for issue in error.errors()]) from None


def _problem(path: Path, issue: Any) -> Problem:
    place = ".".join(str(key + 1) if isinstance(key, int) else str(key) for key in issue["loc"])
    if issue["type"] != "extra_forbidden":
        return Problem(f"{path}: {place}", f"{issue['msg']} (got {issue['input']!r:.100}).", "Correct it.")
    model: type[BaseModel] = SuiteRun if issue["loc"][0] == "run" and len(issue["loc"]) > 1 else Suite
    return Problem(f"{path}: {place}", "unknown key.", did_you_mean(str(issue["loc"][-1]), model.model_fields))
