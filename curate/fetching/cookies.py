"""Read the cookies file that the settings or the environment name."""

import os
from pathlib import Path

from slateboard.errors import BadInput, Problem
from slateboard.paths import Inside
from slateboard.settings import FetchSettings

COOKIES = "SLATEBOARD_FETCH__COOKIES"
"""Variable of the environment: what it names a person of this machine chose."""


def read_cookies(root: Path, settings: FetchSettings) -> str | None:
    """Return the text of the cookies file that the settings name, None if they name none.

    slateboard.toml may be somebody's, and its cookies go to the hosts of a list: it may name a file of the workspace.
    Any other file is named by the environment.
    """
    if not settings.cookies:
        return None
    path = root / settings.cookies
    if settings.cookies != os.environ.get(COOKIES) and (fault := Inside(root).fault(settings.cookies)):
        raise BadInput(
            [
                Problem(
                    f"[fetch] cookies: {settings.cookies}",
                    f"{fault}.",
                    "Put the file into the workspace, or name it by the environment: "
                    f"`export {COOKIES}=/path/to/cookies.txt`.",
                )
            ]
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Problem(f"[fetch] cookies: {path}", f"cannot be read ({error}).", "Correct it.")]) from None
    if "HTTP Cookie File" not in text.partition("\n")[0]:
        what = "its first line is not '# Netscape HTTP Cookie File'."
        raise BadInput([Problem(f"[fetch] cookies: {path}", what, "Export it in the Netscape format.")])
    return text
