"""A warm parent, a released workspace, and the command that a test is about with what it leaves uninterrupted."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.cases import CASES, Bench
from faults.same import state_of
from faults.warm import Warm, warmed
from releasing import curate, ready

from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warmed() as parent:
        yield parent


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of six clips in two classes and three groups that was never released."""
    return ready(tmp_path_factory.mktemp("trimmed") / "w").root


@pytest.fixture(scope="module")
def released(trimmed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a release."""
    folder = tmp_path_factory.mktemp("released") / "w"
    shutil.copytree(trimmed, folder)
    curate(Workspace(folder), "release")
    return folder


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    case, home = CASES[request.param], tmp_path_factory.mktemp(request.param)
    shutil.copytree(request.getfixturevalue(case.workspace), home / "template")
    case.begin(home / "template")
    return Bench(case, warm, home / "template", home / "w")


@pytest.fixture(scope="module")
def uninterrupted(bench: Bench) -> tuple[dict[str, str], int]:
    """What a command that nobody kills leaves, and how many operations of files it takes."""
    bench.fresh()
    ended = bench.run()
    assert ended.code == 0, ended.text
    return state_of(bench.folder), ended.operations
