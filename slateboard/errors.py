"""What can go wrong, as a person reads it.

SlateboardError         2  usage or bad input; every other error is one of these
├── BadInput            2  a file or setting with problems, all of them named at once
│   └── NewerSchema     2  a file that a newer slateboard wrote
├── WorkspaceLocked     2  another process works on this workspace
├── Finding             1  the command worked and found something wrong: a leak, a contradiction
└── MissingRequirement  3  the environment lacks something; says what to install
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from slateboard.json_output import JsonOutput


class SlateboardError(Exception):
    """One sentence: what is wrong, where, and what to do."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input."""

    where: str
    """File, and line or key where there is one."""
    what: str
    """What is wrong, with the value that was found."""
    remedy: str
    """What to do about it."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.remedy}"


class BadInput(SlateboardError):
    """An input with one or more problems. The command line adds what was written before the error."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.told(""))

    def told(self, remark: str) -> str:
        """Return a line with the number of problems and a remark, and all problems below it, a line each."""
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        return "\n".join([f"{count}{remark}:", *map(str, self.problems)])


class NewerSchema(BadInput):
    """A file of a schema that this version does not know."""


class WorkspaceLocked(SlateboardError):
    """The workspace is in use by another process."""


class Finding(SlateboardError):
    """The command did its work and found something that must not be."""

    exit_code = 1

    def __init__(self, message: str, *, outcome: JsonOutput | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        """What the command would have returned: `--json` prints it before the error."""


class MissingRequirement(SlateboardError):
    """Something is not installed or not reachable."""

    exit_code = 3


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for a near miss, else the list of all choices."""
    names = sorted(choices)
    close = get_close_matches(name, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"There is: {', '.join(names) or 'nothing'}."
