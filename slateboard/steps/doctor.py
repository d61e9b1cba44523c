"""Look at the machine: what is installed, what runs, what is missing and how to get it.

Example: slateboard doctor
"""

import os
import platform
import sqlite3
import sys
from importlib import metadata
from typing import Any

from slateboard.errors import MissingRequirement
from slateboard.media import ffmpeg
from slateboard.progress import show
from slateboard.registry import PACKAGES, folder_of

NEEDED = (
    "av",
    "yt-dlp",
    "scenedetect-headless",
    "ffmpeg-python",
    "pandas",
    "scikit-learn",
    "torch",
    "torchvision",
)


def command() -> dict[str, Any]:
    """Print versions and programs; exit code 3 if something that is needed is missing."""
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: str(folder_of(name)) for name in PACKAGES},
    }
    missing = []
    for name in NEEDED:
        try:
            facts[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    try:
        facts["ffmpeg"] = ffmpeg.program()
    except MissingRequirement as error:
        missing.append(str(error))
    for key, value in facts.items():
        show(f"{key:>22}  {value}")
    if missing:
        raise MissingRequirement(f"Missing: {', '.join(missing)}. Run `{sys.executable} -m pip install slateboard`.")
    show("All that is needed is here.")
    return facts
