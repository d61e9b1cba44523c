"""What commands return and `--json` prints."""

from collections.abc import Mapping, Sequence

JsonObject = Mapping[str, object]
"""One JSON object: key -> text, number, bool, None, or objects and lists of them.

Numbers are finite, keys are snake_case with their unit where they have one (`duration_s`, `bytes`). What JSON lacks,
such as paths and times, is printed as its text by `str`, and a tuple as a list. A TypedDict is one too.
"""

JsonOutput = JsonObject | Sequence[JsonObject]
"""What the `command` of a step returns, and what a Finding carries in its place: one object, or a list of rows."""
