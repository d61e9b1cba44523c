"""The analyse step: the same files from any engine, only what lacks is run, every failure is a state."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from deadly_analysis import deadly_analysis
from drawing import moving

from curate.analysis import observations
from curate.steps.analyse import command as analyse
from curate.steps.fetch import command as fetch
from slateboard.catalog.catalog import open_catalog
from slateboard.engine import Engine
from slateboard.records.observation import Observation
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

VIDEOS = ("0.mp4", "1.mp4", "2.mp4")


def _fetched(folder: Path, draw: Callable[..., Path]) -> Workspace:
    """Return a workspace with three uploads that are fetched."""
    folder.mkdir()
    for number, name in enumerate(VIDEOS):
        draw(name, [*moving(20, seed=number), *moving(20, seed=number + 5)]).rename(folder / name)
    (folder / "slateboard.toml").write_text('name = "tiny"\n')
    (folder / "sources.csv").write_text(COLUMNS + "".join(f"{name},Squat,,,,,,\n" for name in VIDEOS))
    workspace = Workspace(folder)
    fetch(workspace)
    return workspace


def _files(workspace: Workspace) -> dict[str, bytes]:
    folder = workspace.observations
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def _rows(workspace: Workspace) -> dict[str, list[str]]:
    """Return the rows of the catalog that analysing writes, but for when it was done."""
    tables = dict.fromkeys(("media", "compared", "duplicates", "failures", "proposals"), "*")
    tables["observations"] = "media_id, analyser, version, parameters, key"
    with sqlite3.connect(f"file:{workspace.catalog}?mode=ro", uri=True) as catalog:
        found = {table: catalog.execute(f"SELECT {columns} FROM {table}") for table, columns in tables.items()}
        return {table: sorted(map(repr, rows)) for table, rows in found.items()}


@pytest.mark.parametrize(("engine", "workers"), [(Engine.LOCAL, 2), (Engine.RAY, 2)])
def test_the_same_files_come_from_one_process_from_several_and_from_a_cluster(
    tmp_path: Path, draw: Callable[..., Path], engine: Engine, workers: int
) -> None:
    here = _fetched(tmp_path / "here", draw)
    there = _fetched(tmp_path / "there", draw)
    assert analyse(here, workers=1) == analyse(there, workers=workers, engine=engine)
    assert _files(here) == _files(there)
    assert _rows(here) == _rows(there)
    assert len(_files(here)) >= 3 * 8


def test_workers_write_observations_and_this_process_the_catalog(
    tmp_path: Path, draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = _fetched(tmp_path / "w", draw)

    def refuse(folder: Path, observation: Observation) -> object:
        raise AssertionError("written by the process that waits for the others")

    monkeypatch.setattr(observations, "write", refuse)
    assert analyse(workspace, workers=2)["states"] == {"fetched": 3}
    assert len(_files(workspace)) >= 3 * 8


def test_only_what_lacks_is_run_and_its_rows_fit_the_shots_that_stand(
    tmp_path: Path, draw: Callable[..., Path]
) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    assert analyse(workspace, workers=1)["analysed"] == 3
    assert analyse(workspace, workers=1)["analysed"] == 0
    before = {path: path.stat().st_mtime_ns for path in workspace.observations.rglob("*.parquet")}
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n[analysers.quality]\nleast_short_side = 16\n')
    changed = Workspace(workspace.root)
    assert analyse(changed, workers=1)["analysed"] == 3
    written = {path.name for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert written == {"quality.parquet"}
    for folder in workspace.observations.iterdir():
        shots, rows = (observations.read(workspace.observations, folder.name, name) for name in ("shots", "quality"))
        assert [row["shot_id"] for row in rows] == [shot["shot_id"] for shot in shots]
        assert [row["low_resolution"] for row in rows] == [False] * len(shots)


def test_shots_whose_file_is_lost_are_found_again_with_all_that_speaks_of_them(
    tmp_path: Path, draw: Callable[..., Path]
) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    analyse(workspace, workers=1)
    before = _files(workspace)
    for path in workspace.observations.rglob("shots.parquet"):
        path.unlink()
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n[analysers.camera]\nleast_points = 13\n')
    assert analyse(Workspace(workspace.root), workers=1)["analysed"] == 3
    after = _files(workspace)
    assert {name for name in before if before[name] != after[name]} == {
        name for name in before if name.endswith("camera.parquet")
    }


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(200) + b"PAR1"])
def test_shots_that_cannot_be_read_are_found_again_and_end_no_run(
    tmp_path: Path, draw: Callable[..., Path], content: bytes
) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    analyse(workspace, workers=1)
    before = _files(workspace)
    with open_catalog(workspace.catalog) as catalog:
        media_id = catalog.media()[1].media_id
    observations.path_of(workspace.observations, media_id, "shots").write_bytes(content)
    with (workspace.root / "slateboard.toml").open("a") as settings:
        settings.write("[analysers.quality]\nblack_share = 0.6\n")
    assert analyse(Workspace(workspace.root), workers=1)["analysed"] == 3
    path = f"{media_id}/shots.parquet"
    assert _files(workspace)[path] == before[path]


def test_a_file_shorter_than_its_host_announced_is_truncated(tmp_path: Path, draw: Callable[..., Path]) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    with open_catalog(workspace.catalog) as catalog:
        catalog.set_states(
            [
                source.model_copy(update={"provenance": {"duration_s": seconds}})
                for source, seconds in zip(catalog.sources(), (40 / 15, 4.0, None), strict=True)
            ]
        )
    analyse(workspace, workers=1)
    with open_catalog(workspace.catalog) as catalog:
        states = [source.state for source in catalog.sources()]
    assert states == [State.FETCHED, State.TRUNCATED, State.FETCHED]


def test_a_file_that_is_missing_is_a_state_and_leaves_nothing_observed(
    tmp_path: Path, draw: Callable[..., Path]
) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    with open_catalog(workspace.catalog) as catalog:
        lost = catalog.sources()[0]
        (media,) = catalog.media_of([lost.media_id or ""]).values()
    (workspace.root / media.path).unlink()
    analyse(workspace, workers=1)
    with open_catalog(workspace.catalog) as catalog:
        assert [source.state for source in catalog.sources()] == [State.MISSING, State.FETCHED, State.FETCHED]
    assert not (workspace.observations / media.media_id).exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_kills_its_worker_is_the_state_of_its_source_alone(
    tmp_path: Path, draw: Callable[..., Path], realdata: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    shutil.copy(realdata / "odd" / "tiny_4x4.avi", workspace.root / "tiny_4x4.avi")
    with workspace.sources.open("a") as rows:
        rows.write("tiny_4x4.avi,Squat,,,,,,\n")
    fetch(workspace)
    monkeypatch.setattr("curate.steps.analyse.analyse_and_write", deadly_analysis)
    analyse(workspace, workers=workers)
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources()
    assert [source.state for source in sources] == [State.FETCHED] * 3 + [State.ERROR]
    assert "SIGFPE" in (sources[3].reason or "")
    assert analyse(workspace, workers=workers)["analysed"] == 0


def test_a_video_of_four_pixels_is_analysed(tmp_path: Path, realdata: Path) -> None:
    shutil.copy(realdata / "odd" / "tiny_4x4.avi", tmp_path / "tiny_4x4.avi")
    (tmp_path / "sources.csv").write_text(COLUMNS + "tiny_4x4.avi,Squat,,,,,,\n")
    fetch(Workspace(tmp_path))
    assert analyse(Workspace(tmp_path), workers=1)["states"] == {"fetched": 1}


def test_observations_that_were_deleted_are_made_again(tmp_path: Path, draw: Callable[..., Path]) -> None:
    workspace = _fetched(tmp_path / "w", draw)
    analyse(workspace, workers=1)
    before = _files(workspace)
    shutil.rmtree(next(workspace.observations.iterdir()))
    assert analyse(workspace, workers=1)["analysed"] == 1
    assert _files(workspace) == before


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    seen = Observation(media_id="m", analyser="camera", version=1, parameters={}, rows=({"camera": "static"},))
    left = observations.path_of(tmp_path, "m", "camera").with_name(".camera.parquet.x1.part")
    left.parent.mkdir()
    left.write_bytes(b"half")
    observations.write(tmp_path, seen)
    assert [path.name for path in left.parent.iterdir()] == ["camera.parquet"]
