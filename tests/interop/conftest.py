"""One release that all programs read: two classes of three groups."""

from pathlib import Path

import pytest
from releasing import curate, ready

from slateboard.workspace import Workspace


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released version, in the paper's naming."""
    workspace = ready(tmp_path_factory.mktemp("interop") / "w")
    curate(workspace, "release")
    return workspace.releases / "v1"


@pytest.fixture(scope="session")
def numbered(release: Path) -> Path:
    """The same clips in UCF101's naming."""
    workspace = Workspace(release.parents[1])
    curate(workspace, "release --naming ucf101")
    return workspace.releases / "v2"
