"""The shape that all records share: frozen, checked, no unknown field, a schema number."""

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slateboard.errors import BadInput, NewerSchema, Problem
from slateboard.files import write_text
from slateboard.reading import read_json, read_toml, refusal

Share = Annotated[float, Field(ge=-1e-9, le=1 + 1e-9)]
"""0-1, and the last digit of a mean."""
Count = Annotated[int, Field(ge=0, le=2**53)]
"""As far as floats count without gaps."""
Amount = Annotated[float, Field(ge=0, le=1e12)]
"""Of seconds, operations or clips."""

_NAMED = 20
"""Wrong fields of a file that are named one by one."""


class Record(BaseModel):
    """A frozen record; written as JSON or TOML, by the file's ending, with the number of its schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
    SCHEMA: ClassVar[int] = 1

    def row(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return self.model_dump(mode="json")

    def write(self, path: Path) -> None:
        """Write the record whole, its schema number first; TOML leaves out what is None."""
        # The schema number is first in the file, so that a reader of another version can tell before anything else.
        value = {"schema": self.SCHEMA, **self.row()}
        if path.suffix == ".toml":
            write_text(path, tomli_w.dumps(_without_none(value), multiline_strings=False))
        else:
            write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record of this schema or an older one; a newer one is refused with a clear word, as Newer.

        Whatever else is wrong with the file is BadInput.
        """
        what, remedy = f"{cls.__name__} record", "Make it anew."
        value = (read_toml if path.suffix == ".toml" else read_json)(path, what=what, remedy=remedy)
        schema = value.pop("schema", None) if isinstance(value, dict) else None
        if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
            raise refusal(path, what, "it names no schema", remedy=remedy)
        if schema > cls.SCHEMA:
            what = f"has schema {schema!s:.20}, this slateboard reads up to {cls.SCHEMA}."
            # Refused, not guessed: a field that this version does not know may change what the others mean.
            raise NewerSchema([Problem(str(path), what, "Install a newer slateboard.")])
        try:
            value = cls.migrated(value, schema)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise refusal(path, f"{what} of schema {schema}", error, remedy=remedy) from None
        return cls.checked(value, where=str(path))

    @classmethod
    def migrated(cls, value: dict[str, Any], schema: int) -> dict[str, Any]:
        """Return plain values of an older schema as this one has them; a record whose schema rose says how."""
        return value

    @classmethod
    def checked(cls, value: dict[str, Any], *, where: str) -> Self:
        """Make a record of plain values, or name every field that is wrong."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise BadInput(_problems(error, where=where)) from None


def _problems(error: ValidationError, *, where: str) -> list[Problem]:
    issues = error.errors(include_url=False)
    problems = [
        Problem(f"{where}: {'.'.join(map(str, issue['loc'])):.100}", _wrong(issue), "Mend or remake it.")
        for issue in issues[:_NAMED]
    ]
    if len(issues) > _NAMED:
        problems.append(Problem(where, f"has {len(issues) - _NAMED} more wrong fields.", "Remake it."))
    return problems


def _wrong(issue: Any) -> str:
    """Return pydantic's message on a field, with its value."""
    if issue["type"] in ("missing", "extra_forbidden", "value_error"):
        return f"{issue['msg']}."
    return f"{issue['msg']} (got {issue['input']!r:.100})."


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
