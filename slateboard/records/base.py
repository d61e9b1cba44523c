"""The shape that all records share: frozen, checked, no unknown field, a schema number."""

import json
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError

from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.files import write_text


class Record(BaseModel):
    """A frozen record; written as JSON or TOML, by the file's ending, with the number of its schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    SCHEMA: ClassVar[int] = 1

    def row(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return self.model_dump(mode="json")

    def write(self, path: Path) -> None:
        """Write the record whole, its schema number first; TOML leaves out what is None."""
        value = {"schema": self.SCHEMA, **self.row()}
        if path.suffix == ".toml":
            write_text(path, tomli_w.dumps(_without_none(value), multiline_strings=False))
        else:
            write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record of this schema or an older one; a newer one is refused with a clear word."""
        try:
            text = path.read_text("utf-8")
            value = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
            schema = value.pop("schema")
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise BadInput([Problem(str(path), f"is no {cls.__name__} record ({error}).", "Make it anew.")]) from None
        if schema > cls.SCHEMA:
            raise SlateboardError(
                f"{path} has schema {schema}, this slateboard reads up to {cls.SCHEMA}. Install a newer slateboard."
            )
        return cls.checked(cls.migrated(value, schema), where=str(path))

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
            raise BadInput(
                [
                    Problem(
                        f"{where}: {'.'.join(map(str, issue['loc']))}",
                        f"{issue['msg']}.",
                        "Mend or remake it.",
                    )
                    for issue in error.errors()
                ]
            ) from None


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
