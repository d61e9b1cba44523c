"""An observation that was deleted, emptied, cut or swapped is named and made again; no clip is dropped meanwhile."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from drawing import moving
from releasing import curate

from curate.analysis import observations
from curate.steps.analyse import command as analyse
from curate.steps.label import command as label
from curate.steps.propose import command as propose
from curate.steps.trim import command as trim
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.media.encode import write_video
from slateboard.observation_files import BrokenObservation
from slateboard.progress import be_quiet
from slateboard.records.failure import FailureRecord
from slateboard.records.observation import Observation
from slateboard.repair import observations as repair
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


@pytest.fixture(scope="session")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two analysed sources, made once."""
    workspace = Workspace(tmp_path_factory.mktemp("observed"))
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n')
    for number in range(2):
        write_video(workspace.root / f"{number}.mp4", moving(30, seed=number), frame_rate_hz=15)
    rows = [f"{number}.mp4,Class {number},,,group{number},,,\n" for number in range(2)]
    workspace.sources.write_text(COLUMNS + "".join(rows))
    for step in ("fetch", "analyse --workers 1"):
        curate(workspace, step)
    return workspace.root


@pytest.fixture
def analysed(brought: Path, tmp_path: Path) -> Workspace:
    be_quiet(False)
    return Workspace(shutil.copytree(brought, tmp_path / "w"))


def _path(workspace: Workspace, name: str, *, line: int = 0) -> Path:
    with open_catalog(workspace.catalog) as catalog:
        media_id = catalog.sources()[line].media_id or ""
    return workspace.observations / media_id / f"{name}.parquet"


def _files(workspace: Workspace) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(workspace.observations.rglob("*.parquet"))}


def _swap(path: Path) -> None:
    (other,) = (folder for folder in path.parent.parent.iterdir() if folder != path.parent)
    path.write_bytes((other / path.name).read_bytes())


def _garbage_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[10:40] = bytes(byte ^ 255 for byte in data[10:40])
    path.write_bytes(data)


def _older(path: Path) -> None:
    rows = tuple(pq.read_table(path).to_pylist())
    seen = Observation(media_id=path.parent.name, analyser=path.stem, version=0, parameters={}, rows=rows)
    observations.write(path.parent.parent, seen)


HURT: dict[str, tuple[Callable[[Path], object], str]] = {
    "deleted": (lambda path: path.unlink(), "is not there"),
    "emptied": (lambda path: path.write_bytes(b""), "is empty (0 bytes)"),
    "truncated": (lambda path: os.truncate(path, path.stat().st_size // 2), "cannot be read"),
    "garbage inside": (_garbage_inside, "cannot be read"),
    "another media's": (_swap, "of media "),
    "another version's": (_older, "was made by another version"),
}


@pytest.mark.parametrize(("hurt", "name"), [*((hurt, "camera") for hurt in HURT), ("emptied", "timeline")])
def test_analyse_names_it_and_makes_it_again(
    analysed: Workspace, capsys: pytest.CaptureFixture[str], hurt: str, name: str
) -> None:
    before = _files(analysed)
    harm, words = HURT[hurt]
    path = _path(analysed, name)
    harm(path)
    assert analyse(analysed, workers=1)["analysed"] == 1
    told = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("made again: "))
    assert f"{path.parent.name[:12]}.../{name}.parquet" in told and words in told
    assert _files(analysed) == before
    assert analyse(analysed, workers=1)["analysed"] == 0


@pytest.mark.parametrize(
    ("hurt", "name"),
    [("deleted", "camera"), ("emptied", "timeline"), ("deleted", "shots"), ("another media's", "shots")],
)
def test_propose_drops_no_clip_and_gives_no_false_reason(
    analysed: Workspace, capsys: pytest.CaptureFixture[str], hurt: str, name: str
) -> None:
    HURT[hurt][0](_path(analysed, name))
    done = propose(analysed)
    assert (done["proposed"], done["waiting"], done["outside"], done["failed"]) == (1, 1, [], 0)
    told = capsys.readouterr().err
    assert "no frame lies between" not in told
    assert f"{name}.parquet" in told and "1 sources wait for these: run `slateboard curate analyse`" in told
    analyse(analysed, workers=1)
    assert (propose(analysed)["proposed"], propose(analysed)["waiting"]) == (2, 0)


def test_what_was_proposed_before_stays_while_its_observations_are_away(analysed: Workspace) -> None:
    assert propose(analysed)["proposed"] == 2
    _path(analysed, "shots").write_bytes(b"")
    (analysed.root / "slateboard.toml").write_text('name = "tiny"\n[clips]\nmin_seconds = 0.5\n')
    again = propose(Workspace(analysed.root))
    assert (again["proposed"], again["withdrawn"], again["waiting"]) == (2, 0, 1)


@pytest.mark.parametrize("hurt", ["emptied", "another media's"])
def test_trim_fails_the_clips_of_that_media_alone_until_it_is_made_again(analysed: Workspace, hurt: str) -> None:
    for step in ("propose", "review --accept-all"):
        curate(analysed, step)
    HURT[hurt][0](_path(analysed, "timeline"))
    done = trim(analysed, workers=1)
    assert done["trimmed"] == 1
    (failed,) = done["failed"]
    assert "timeline.parquet" in failed["reason"]
    assert "`slateboard curate analyse` makes it again" in failed["reason"]
    analyse(analysed, workers=1)
    done = trim(analysed, workers=1)
    assert (done["trimmed"], done["failed"], done["failed_before"]) == (2, [], 0)


def test_label_keeps_what_it_knew_of_a_clip_whose_observations_are_broken(analysed: Workspace) -> None:
    for step in ("propose", "review --accept-all", "trim --workers 1", "label --accept-all"):
        curate(analysed, step)
    with open_catalog(analysed.catalog) as catalog:
        before = catalog.effects()
    _path(analysed, "bars").write_bytes(b"")
    assert label(analysed, accept_all=True)["failed"] == 1
    with open_catalog(analysed.catalog) as catalog:
        assert catalog.effects() == before
        (failure,) = catalog.failures("label")
    assert "bars.parquet is empty (0 bytes)" in failure.reason


def test_a_broken_fingerprint_is_made_again_before_it_is_compared(analysed: Workspace) -> None:
    _path(analysed, "fingerprints").write_bytes(b"")
    assert analyse(analysed, workers=1)["duplicates"]["failed"] == 0
    with open_catalog(analysed.catalog) as catalog:
        assert catalog.failures() == []


def test_what_later_stages_could_not_do_is_done_again(analysed: Workspace) -> None:
    curate(analysed, "propose")
    with open_catalog(analysed.catalog) as catalog:
        source, clip = catalog.sources()[0], catalog.clips()[0]
        items = {
            "propose": source.source_id, "trim": clip.clip_id, "join": f"{clip.media_id} {'f' * 64}",
            "label": clip.clip_id,
        }  # fmt: skip
        catalog.record_failures(
            [FailureRecord.now(stage=stage, item=item, code="exception", reason="x") for stage, item in items.items()]
        )
        (media,) = catalog.media_of([clip.media_id]).values()
        catalog.analysed(media, {"timeline": (1, {})})
        assert [one.stage for one in catalog.failures()] == ["label"]


def test_files_that_did_not_change_are_not_read_again(analysed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str]] = []
    honest = repair.read_rows

    def counted(folder: Path, media_id: str, analyser: str) -> Any:
        read.append((media_id, analyser))
        return honest(folder, media_id, analyser)

    monkeypatch.setattr(repair, "read_rows", counted)
    analyse(analysed, workers=1)
    # A copied workspace has other times: each file is read once.
    read.clear()
    analyse(analysed, workers=1)
    assert read == []
    path = _path(analysed, "camera")
    os.utime(path, ns=(1, 1))
    analyse(analysed, workers=1)
    analyse(analysed, workers=1)
    assert read == [(path.parent.name, "camera")]


def test_many_that_are_gone_are_counted(analysed: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(analysed.observations)
    assert analyse(analysed, workers=1)["analysed"] == 2
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("made again: ")]
    assert len(told) == 11 and told[-1].startswith("made again: and ")


def test_doctor_names_them_and_has_them_made_again(analysed: Workspace) -> None:
    path = _path(analysed, "camera")
    before = path.read_bytes()
    path.write_bytes(b"")
    assert main(["doctor", "-w", str(analysed.root), "--quiet"]) == 1
    assert main(["doctor", "-w", str(analysed.root), "--quiet", "--repair"]) == 0
    analyse(analysed, workers=1)
    assert path.read_bytes() == before
    assert main(["doctor", "-w", str(analysed.root), "--quiet"]) == 0


def test_an_observation_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    with pytest.raises(BrokenObservation, match=r"m\.\.\./camera\.parquet is not there.*curate analyse"):
        observations.read(tmp_path, "m", "camera")
