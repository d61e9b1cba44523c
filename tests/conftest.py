"""Fixtures that all tests share: real data where it is, and small videos drawn for the purpose."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from slateboard.media.encode import write_video
from slateboard.packages import PACKAGES
from slateboard.progress import be_quiet
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

ROOT = Path(__file__).parent.parent

# No clock fails a test: two cores may be shared by eight. The same examples everywhere, so that a red test is the
# change's; the blob that is printed repeats the one that failed.
settings.register_profile(
    "slateboard",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    print_blob=True,
)
settings.load_profile("slateboard")

# A shell that starts tests in the background lets them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Keep one test's quiet and OpenCV's threads from reaching the next."""
    cv2.setNumThreads(1)
    be_quiet(False)
    yield
    be_quiet(False)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real clips; CI has it."""
    folder = Path(os.environ.get("SLATEBOARD_REALDATA", ROOT.parent / "shared" / "realdata"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set SLATEBOARD_REALDATA)")
    return folder


@pytest.fixture(scope="session")
def poison() -> Path:
    """An AVI whose header claims a frame every three years."""
    path = ROOT.parent / "shared" / "cases" / "faults" / "poison.avi"
    if not path.is_file():
        pytest.skip(f"no file at {path}")
    return path


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of inputs that were built from public reports."""
    folder = ROOT.parent / "shared" / "cases" / "curation"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project built as a wheel, from a copy, since the build leaves folders beside the source."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(copy)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """Write pictures as a video into the test's folder and return its path."""

    def drawn(name: str, pictures: Sequence[NDArray[np.uint8]], *, frame_rate_hz: int = 15) -> Path:
        path = tmp_path / name
        write_video(path, pictures, frame_rate_hz=frame_rate_hz)
        return path

    return drawn


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace in the test's folder."""
    (tmp_path / "slateboard.toml").write_text('name = "tiny"\n[fetch]\nbackoff_seconds = 0\ntimeout_seconds = 5\n')
    (tmp_path / "sources.csv").write_text(COLUMNS)
    return Workspace(tmp_path)
