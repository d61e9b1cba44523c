"""Begin a workspace: a folder with slateboard.toml and an empty sources.csv.

Example: slateboard init seagames --name seagames
"""

from pathlib import Path
from typing import Annotated

import typer

from slateboard.errors import BadInput, Problem
from slateboard.files import write_text
from slateboard.json_output import JsonOutput
from slateboard.paths import NAME
from slateboard.progress import say
from slateboard.settings import FILE

COLUMNS = "url,label,start,end,group,licence,effects,note\n"


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to make or to use.")],
    name: Annotated[str, typer.Option(help="Short name of the dataset: letters, digits, `_ . -`.")] = "dataset",
) -> JsonOutput:
    """Write the two files of a new workspace; what is there already stays."""
    settings, sources = folder / FILE, folder / "sources.csv"
    if settings.exists():
        raise BadInput([Problem(str(settings), "is there already.", "Edit it, or choose another folder.")])
    if fault := NAME.fault(name):
        raise BadInput([Problem("--name", f"{fault}.", "Give another.")])
    # The list is written last: a folder with slateboard.toml is a workspace, with or without it.
    write_text(settings, f'name = "{name}"\ntitle = ""\nlicence = ""\n')
    if not sources.exists():
        write_text(sources, COLUMNS)
    say(f"{folder}: write your links into sources.csv, then `slateboard curate fetch -w {folder}`.")
    return {"settings": str(settings), "sources": str(sources)}
