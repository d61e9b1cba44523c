"""Released clips are decoded in processes that can be ended, within the limits of the workspace, by every command."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from releasing import curate, ready

from benchmark.reports.mistakes import Mistake, draw_mistakes
from slateboard import engine
from slateboard.cli import main
from slateboard.limits import current_limits, limited
from slateboard.media.errors import Unreadable
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.media.seek import survey
from slateboard.settings import Limits
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready(tmp_path_factory.mktemp("isolated") / "w", clips=6).root


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Workspace:
    return Workspace(shutil.copytree(template, tmp_path / "w"))


@pytest.fixture
def _no_decoding_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a video was opened in the command's own process")

    monkeypatch.setattr("slateboard.media.probe.av.open", refuse)


@pytest.mark.usefixtures("_no_decoding_here")
def test_no_command_that_reads_released_clips_decodes_one_in_its_own_process(workspace: Workspace) -> None:
    curate(workspace, "release")
    assert (workspace.releases / "v1" / "figures" / "contact_sheet.png").is_file()
    main(["split", "audit", "v1", "-w", str(workspace.root)])
    dataset = workspace.dataset()
    path = dataset.clips["path"][0]
    one = Mistake(clip_id="x", path=path, truth="a", predicted="b", confidence=1.0)
    draw_mistakes(workspace.root / "mistakes.png", [one], dataset)
    assert (workspace.root / "mistakes.png").is_file()


def test_an_audit_and_a_store_hold_clips_to_the_limits_of_the_workspace(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    curate(workspace, "release")
    settings = workspace.root / "slateboard.toml"
    settings.write_text(settings.read_text() + "[limits]\nmax_frames = 3\n")
    capsys.readouterr()
    assert main(["split", "audit", "v1", "-w", str(workspace.root)]) == 1
    assert "has more than max_frames = 3 frames" in "".join(capsys.readouterr())
    main(["bench", "store", "build", "--size", "32", "-w", str(workspace.root)])
    assert "has more than max_frames = 3 frames" in "".join(capsys.readouterr())
    assert main(["curate", "release", "-w", str(workspace.root)]) == 0
    assert current_limits() == Limits()


def first_frames(path: Path) -> int:
    return sum(1 for _ in decode(path))


def test_limits_that_hold_in_a_process_hold_for_every_reader_and_in_its_workers(workspace: Workspace) -> None:
    path = next(workspace.clips.glob("*.mp4"))
    with limited(Limits(max_frames=3)):
        for read in (first_frames, survey):
            with pytest.raises(Unreadable, match="max_frames = 3"):
                read(path)
        ((_, outcome),) = engine.run(first_frames, [path], workers=1)
        assert isinstance(outcome, engine.Failure) and "max_frames = 3" in outcome.reason
    with limited(Limits(max_duration_seconds=0.1)), pytest.raises(Unreadable, match="max_duration_seconds"):
        probe(path, media_id="m", relative="m")
    assert first_frames(path) == 20
