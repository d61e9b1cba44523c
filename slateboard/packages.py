"""Find our five packages beside `slateboard`, whatever is first on the path, and raise where they are not ours.

Four of the names are generic: a workspace has a folder `splits/`, and `benchmark` and `curate` are distributions of
other people on the package index. So the place decides, not the path.
"""

import hashlib
import sys
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

from slateboard.errors import MissingRequirement

PACKAGES = ("slateboard", "curate", "splits", "benchmark", "leaderboards")

FOLDER = Path(__file__).resolve().parents[1]
"""Where all five lie: site-packages, or a clone."""

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "ffmpeg": "ffmpeg-python",
    "scenedetect": "scenedetect-headless",
    "sklearn": "scikit-learn",
}
"""Module -> the distribution that brings it, where the names are not the same: as deptry's table in pyproject.toml."""

_REMEDY = (
    "Install slateboard into an environment of its own: `uv tool install slateboard` or `pipx install slateboard`."
)


class _Beside:
    """A finder of `sys.meta_path` that answers for our names alone."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the package beside `slateboard`; None for every other name, whose turn is the usual finders'."""
        # Before the path is asked: a workspace that is first on it has a folder splits/, which is never looked at.
        return PathFinder.find_spec(name, [str(FOLDER)]) if name in PACKAGES[1:] else None


def install_finder() -> None:
    """Let Python find our packages beside this one, before it looks along the path."""
    if _Beside not in sys.meta_path:
        sys.meta_path.insert(0, _Beside)


def check_packages() -> None:
    """Raise MissingRequirement where one of our names is loaded from elsewhere, or its files were replaced."""
    for name in PACKAGES[1:]:
        module = sys.modules.get(name)
        place = _folder_of_module(module) if module is not None else FOLDER / name
        if place != FOLDER / name:
            raise MissingRequirement(
                f"The package '{name}' that is loaded lies in {place} and is not slateboard's, which lies in "
                f"{FOLDER / name}. Import slateboard before it, or run `slateboard` by itself. {_REMEDY}"
            )
    for name in _overwritten_packages():
        owners = ", ".join(_owners(name)) or "unknown"
        raise MissingRequirement(f"{FOLDER / name} was overwritten by another distribution ({owners}). {_REMEDY}")


def distribution_of(module: str) -> str:
    """Return what `pip install` must be given for a module: `opencv-python-headless` for `cv2.typing`."""
    top = module.partition(".")[0]
    return _DISTRIBUTIONS.get(top, top.replace("_", "-"))


def shared_names() -> dict[str, list[str]]:
    """Return name of a package of ours -> other distributions of this environment that bring one of that name."""
    return {name: owners for name in PACKAGES if (owners := _owners(name))}


def _folder_of_module(module: ModuleType) -> Path | None:
    """Return the folder of a loaded package; None for a module without one."""
    places = list(getattr(module, "__path__", ()))
    return Path(places[0]).resolve() if places else None


def _owners(name: str) -> list[str]:
    """Return the other distributions that bring a package of this name."""
    return sorted({owner for owner in packages_distributions().get(name, ()) if owner != "slateboard"})


@cache
def _overwritten_packages() -> list[str]:
    """Return the packages whose `__init__.py` is not the one that was installed; none in a clone."""
    # A clone and an editable install have no RECORD beside the packages: there is nothing that could be overwritten.
    record = next(FOLDER.glob("slateboard-*.dist-info/RECORD"), None)
    if record is None:
        return []
    # A line of RECORD: path,sha256=<base64 without padding>,size (PyPA: recording installed projects).
    installed = {path: digest for path, digest, _ in (line.rsplit(",", 2) for line in record.read_text().splitlines())}
    return [
        name
        for name in PACKAGES
        if (recorded := installed.get(f"{name}/__init__.py"))
        and recorded != f"sha256={_recorded_digest(FOLDER / name / '__init__.py')}"
    ]


def _recorded_digest(path: Path) -> str:
    data = path.read_bytes() if path.is_file() else b""
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
