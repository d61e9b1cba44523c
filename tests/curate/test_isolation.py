"""What one item does costs that item: a row with its reason, counted; the rest goes on, and nothing fails twice."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from drawing import moving

from curate.analysis import observations
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.media.encode import write_video
from slateboard.records.failure import FailureRecord
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

SETTINGS = 'name = "tiny"\n[clips]\nrule = "whole"\n'


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace of three analysed videos, and the same with their clips trimmed."""
    folder = tmp_path_factory.mktemp("isolation")
    analysed = folder / "analysed"
    analysed.mkdir()
    for number in range(3):
        write_video(analysed / f"{number}.mp4", moving(30, seed=number), frame_rate_hz=15)
    (analysed / "slateboard.toml").write_text(SETTINGS)
    (analysed / "sources.csv").write_text(COLUMNS + "".join(f"{number}.mp4,Squat,,,,,none,\n" for number in range(3)))
    for step in ("fetch", "analyse"):
        _outcome(Workspace(analysed), step)
    shutil.copytree(analysed, folder / "trimmed")
    for step in ("propose", "review --accept-all", "trim"):
        _outcome(Workspace(folder / "trimmed"), step)
    return analysed, folder / "trimmed"


@pytest.fixture
def analysed(templates: tuple[Path, Path], tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(templates[0], tmp_path / "w")))


@pytest.fixture
def trimmed(templates: tuple[Path, Path], tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(templates[1], tmp_path / "w")))


def _outcome(workspace: Workspace, words: str, capsys: pytest.CaptureFixture[str] | None = None) -> dict[str, Any]:
    if capsys is not None:
        capsys.readouterr()
    quiet = "--json" if capsys is not None else "--quiet"
    assert main(["curate", *words.split(), "-w", str(workspace.root), quiet, "--debug"]) == 0
    return json.loads(capsys.readouterr().out) if capsys is not None else {}


def _failures(workspace: Workspace) -> list[FailureRecord]:
    with open_catalog(workspace.catalog) as catalog:
        return catalog.failures()


def _media(workspace: Workspace, number: int) -> tuple[str, Path]:
    with open_catalog(workspace.catalog) as catalog:
        media_id = {source.url: source.media_id for source in catalog.sources()}[f"{number}.mp4"] or ""
        return media_id, workspace.root / catalog.media_of([media_id])[media_id].path


def test_a_broken_observation_costs_proposing_its_source_alone(
    analysed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = observations.path_of(analysed.observations, _media(analysed, 1)[0], "timeline")
    sound, times = path.read_bytes(), path.stat()
    # Of the same size and time, as a disk that rots: nothing tells before it is read.
    path.write_bytes(sound[:8] + bytes(64) + sound[72:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    outcome = _outcome(analysed, "propose", capsys)
    assert (outcome["added"], outcome["failed"], outcome["outside"]) == (2, 1, [])
    (failed,) = _failures(analysed)
    with open_catalog(analysed.catalog) as catalog:
        assert failed.item == catalog.sources()[1].source_id
    assert (failed.stage, failed.code) == ("propose", "exception")
    assert _outcome(analysed, "status", capsys)["failures"] == {"propose": 1}
    # Not again: nothing has changed.
    assert _outcome(analysed, "propose", capsys)["failed"] == 0
    assert len(_failures(analysed)) == 1
    assert "`slateboard curate analyse` makes it again" in _failures(analysed)[0].reason
    path.unlink()
    outcome = _outcome(analysed, "propose --retry", capsys)
    assert (outcome["failed"], outcome["waiting"]) == (0, 1)
    path.write_bytes(sound)
    assert _outcome(analysed, "propose --retry", capsys)["added"] == 1
    assert _failures(analysed) == []


def test_a_clip_that_cannot_be_cut_is_tried_again_when_its_original_changes_or_when_asked(
    trimmed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    _, original = _media(trimmed, 2)
    sound = original.read_bytes()
    with open_catalog(trimmed.catalog) as catalog:
        for clip in catalog.clips():
            (trimmed.root / (clip.path or "")).unlink()
    original.write_bytes(sound[:200] + bytes(len(sound) - 200))
    outcome = _outcome(trimmed, "trim", capsys)
    assert (outcome["cut"], outcome["trimmed"], len(outcome["failed"])) == (3, 2, 1)
    (failed,) = _failures(trimmed)
    assert (failed.stage, failed.item, failed.reason) == ("trim", *outcome["failed"][0].values())
    again = _outcome(trimmed, "trim", capsys)
    assert (again["cut"], again["failed_before"]) == (0, 1)
    assert _outcome(trimmed, "trim --retry", capsys)["cut"] == 1
    original.write_bytes(sound)
    assert _outcome(trimmed, "trim", capsys)["trimmed"] == 3
    assert _failures(trimmed) == []


def test_settings_that_changed_try_a_failed_clip_again(trimmed: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    with open_catalog(trimmed.catalog) as catalog:
        (trimmed.root / (catalog.clips()[0].path or "")).unlink()
    settings = trimmed.root / "slateboard.toml"
    settings.write_text(SETTINGS + "frame_rate_hz = 200\n[limits]\nmax_frames = 300\n")
    assert _outcome(trimmed, "trim", capsys)["failed"][0]["reason"].endswith("over max_frames = 300.")
    assert _outcome(trimmed, "trim", capsys)["cut"] == 0
    settings.write_text(SETTINGS)
    assert _outcome(trimmed, "trim", capsys)["trimmed"] == 3


def test_a_broken_verdict_costs_labelling_its_clip_alone_and_what_was_known_of_it_stays(
    trimmed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _outcome(trimmed, "label", capsys)["clips"] == {"false": 3}
    path = observations.path_of(trimmed.observations, _media(trimmed, 0)[0], "bars")
    sound = path.read_bytes()
    path.write_bytes(b"PAR1")
    outcome = _outcome(trimmed, "label", capsys)
    assert (outcome["clips"], outcome["failed"]) == ({"false": 2}, 1)
    assert [failed.stage for failed in _failures(trimmed)] == ["label"]
    path.write_bytes(sound)
    assert _outcome(trimmed, "label", capsys)["clips"] == {"false": 3}
    assert _failures(trimmed) == []


def test_a_video_over_a_limit_is_analysed_again_when_the_limit_is_raised(
    analysed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(analysed.observations)
    settings = analysed.root / "slateboard.toml"
    settings.write_text(SETTINGS + "[limits]\nmax_frames = 29\n")
    assert _outcome(analysed, "analyse", capsys)["states"] == {"too_long": 3}
    assert {failed.code for failed in _failures(analysed)} == {"too_long"}
    assert _outcome(analysed, "analyse", capsys)["analysed"] == 0
    assert _outcome(analysed, "analyse --retry", capsys)["analysed"] == 3
    settings.write_text(SETTINGS)
    outcome = _outcome(analysed, "analyse", capsys)
    assert (outcome["analysed"], outcome["states"]) == (3, {"fetched": 3})
    assert _failures(analysed) == []
    with open_catalog(analysed.catalog) as catalog:
        assert all(source.reason is None for source in catalog.sources(State.FETCHED))
