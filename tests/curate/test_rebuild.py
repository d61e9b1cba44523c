"""A release is made again from its recipe: byte for byte where the originals are, every difference named where not."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from releasing import contents, ready
from releasing import curate as run

import curate.release.checked_release
from curate.release.rebuild import REPORT, Difference, rebuild
from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.lock import lock_workspace
from slateboard.errors import SlateboardError, WorkspaceLocked
from slateboard.media.ffmpeg import program
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = ready(tmp_path_factory.mktemp("rebuild") / "w", clips=4)
    run(workspace, "release")
    return workspace.root


@pytest.fixture
def released(template: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(template, tmp_path / "w")
    return Workspace(tmp_path / "w")


def _remux(file: Path, target: Path) -> None:
    """Put a stream into another file, with another clock."""
    words = ["-i", str(file), "-c", "copy", "-video_track_timescale", "90000", "-metadata", "title=again", str(target)]
    subprocess.run([program(), "-v", "error", *words], check=True)
    assert target.read_bytes() != file.read_bytes()


@pytest.mark.parametrize("form", ["v1", "v1-list"])
def test_with_the_originals_here_every_byte_comes_out_the_same(released: Workspace, form: str) -> None:
    shutil.rmtree(released.clips)
    run(released, f"rebuild {released.releases / form / 'recipe.toml'} --workers 1")
    assert contents(released.root / "rebuilt" / "tiny-v1") == contents(released.releases / "v1")


def test_a_source_that_is_gone_is_named_with_what_it_takes_along(released: Workspace, tmp_path: Path) -> None:
    lost = sorted(released.media.glob("*.mp4"))[0]
    lost.unlink()
    recipe = released.releases / "v1-list" / "recipe.toml"
    done = rebuild(released, recipe, into=tmp_path / "again", workers=1)
    clips = pd.read_csv(released.releases / "v1" / "clips.csv").set_index("source_id")
    sources = pd.read_csv(released.releases / "v1" / "sources.csv").set_index("media_id")
    source = sources.loc[lost.stem]
    path = clips.loc[source["source_id"], "path"]
    assert done.differences == (
        Difference("source", source["source_id"], "missing", f"{source['url']} is not there, or is another file"),
        Difference("clip", path, "missing", "its original: missing"),
        Difference("file", "figures/contact_sheet.png", "missing", ""),
        Difference("file", "fingerprints.parquet", "missing", ""),
    )
    assert not (tmp_path / "again").exists()
    building = tmp_path / ".again.part"
    assert not (building / "SHA256SUMS").exists()
    assert len((building / REPORT).read_text().splitlines()) == 5
    run(released, f"rebuild {recipe} --into {tmp_path / 'again'} --workers 1", expected=1)


def test_what_comes_back_later_completes_the_same_folder(released: Workspace, tmp_path: Path) -> None:
    lost = sorted(released.media.glob("*.mp4"))[0]
    lost.rename(tmp_path / lost.name)
    recipe = released.releases / "v1" / "recipe.toml"
    rebuild(released, recipe, into=tmp_path / "again", workers=1)
    (tmp_path / lost.name).rename(lost)
    assert rebuild(released, recipe, into=tmp_path / "again", workers=1).differences == ()
    assert contents(tmp_path / "again") == contents(released.releases / "v1")
    assert rebuild(released, recipe, into=tmp_path / "again", workers=1).differences == ()


def test_another_encoding_of_the_same_frames_is_called_that(
    released: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = curate.release.checked_release._settings
    monkeypatch.setattr(
        curate.release.checked_release, "_settings", lambda tables: honest(tables).model_copy(update={"crf": 30})
    )
    done = rebuild(released, released.releases / "v1" / "recipe.toml", into=tmp_path / "again", workers=1)
    clips = [one for one in done.differences if one.what == "clip"]
    assert [one.state for one in clips] == ["other_pictures"] * 4
    assert "cut from the same frames and verified" in clips[0].reason


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served on loopback, and its address."""
    folder = tmp_path / "site"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_with_other_bytes_is_known_by_its_pictures(tmp_path: Path, site: tuple[Path, str]) -> None:
    """The site has put the same streams into other files since; one address is gone, one shows something else."""
    folder, url = site
    urls = [f"{url}/{number}.mp4" for number in range(4)]
    workspace = ready(tmp_path / "w", clips=4, urls=urls)
    run(workspace, "release")
    with open_catalog(workspace.catalog) as catalog:
        media = {one.url: workspace.root / f"media/{one.media_id}.mp4" for one in catalog.sources()}
    for number, address in enumerate(urls):
        _remux(media[address], folder / f"{number}.mp4")
    shutil.rmtree(workspace.media)
    recipe = workspace.releases / "v1-list" / "recipe.toml"
    kept = tmp_path / "kept.mp4"
    (folder / "0.mp4").rename(kept)
    one_back = shutil.copyfile(folder / "1.mp4", tmp_path / "back.mp4")
    shutil.copyfile(folder / "2.mp4", folder / "1.mp4")
    done = rebuild(workspace, recipe, into=tmp_path / "again", workers=1)
    assert sorted((one.what, one.state) for one in done.differences) == [
        ("clip", "missing"), ("clip", "missing"), ("file", "missing"), ("file", "missing"), ("source", "changed"),
        ("source", "gone"),
    ]  # fmt: skip
    whole = tmp_path / "whole"
    kept.rename(folder / "0.mp4")
    shutil.copyfile(one_back, folder / "1.mp4")
    done = rebuild(workspace, recipe, into=whole, workers=1)
    assert (done.differences, done.other_originals) == ((), 4)
    assert contents(whole) == contents(workspace.releases / "v1")


def test_a_source_that_was_taken_down_here_is_not_fetched_for_a_rebuild(released: Workspace, tmp_path: Path) -> None:
    shutil.copytree(released.releases / "v1-list", tmp_path / "kept")
    run(released, "takedown 2")
    done = rebuild(released, tmp_path / "kept" / "recipe.toml", into=tmp_path / "again", workers=1)
    assert [(one.what, one.state) for one in done.differences] == [
        ("source", "taken_down"), ("clip", "missing"), ("file", "missing"), ("file", "missing"),
    ]  # fmt: skip


def test_tables_that_were_changed_are_refused(released: Workspace, tmp_path: Path) -> None:
    with (released.releases / "v1" / "effects.csv").open("a") as file:
        file.write("x\n")
    with pytest.raises(SlateboardError, match=r"effects\.csv: is not the released one"):
        rebuild(released, released.releases / "v1" / "recipe.toml", into=tmp_path / "again")


def test_a_folder_that_is_another_release_is_left_alone(released: Workspace) -> None:
    before = contents(released.releases / "v1-list")
    with pytest.raises(SlateboardError, match="is another release"):
        rebuild(released, released.releases / "v1" / "recipe.toml", into=released.releases / "v1-list")
    assert contents(released.releases / "v1-list") == before


def test_a_second_process_is_told_who_makes_the_folder(released: Workspace, tmp_path: Path) -> None:
    into, recipe = tmp_path / "again", released.releases / "v1" / "recipe.toml"
    scratch = tmp_path / ".again.originals"
    scratch.mkdir()
    with lock_workspace(scratch / "rebuild.lock"), pytest.raises(WorkspaceLocked, match="in use by"):
        rebuild(released, recipe, into=into, workers=1)
    assert rebuild(released, recipe, into=into, workers=1).differences == ()


def test_what_a_kill_at_the_very_end_left_goes_with_the_next_start(released: Workspace, tmp_path: Path) -> None:
    into, recipe = tmp_path / "again", released.releases / "v1" / "recipe.toml"
    rebuild(released, recipe, into=into, workers=1)
    (tmp_path / ".again.originals" / "clips").mkdir(parents=True)
    rebuild(released, recipe, into=into, workers=1)
    assert sorted(path.name for path in tmp_path.iterdir() if "again" in path.name) == ["again"]
