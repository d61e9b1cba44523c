"""A file that was replaced under its name is noticed before it is used: originals, trimmed clips, at every stage."""

import os
import shutil
from pathlib import Path

import pytest
from drawing import moving
from releasing import curate

from curate.fetching.presence import check_absence
from curate.release import originals
from curate.release.rebuild import rebuild
from curate.steps.analyse import command as analyse
from curate.steps.fetch import command as fetch
from curate.steps.trim import command as trim
from slateboard.catalog.catalog import open_catalog
from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.files import sha256_of
from slateboard.media import identity
from slateboard.media.encode import write_video
from slateboard.media.errors import Unreadable
from slateboard.media.identity import identify, is_settled, stamp_of, unchanged
from slateboard.progress import be_quiet
from slateboard.records.media import Media
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


@pytest.fixture(scope="session")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sources of two classes with accepted clips, made once."""
    workspace = Workspace(tmp_path_factory.mktemp("replaced"))
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n')
    rows = []
    for number in range(4):
        write_video(workspace.root / f"{number}.mp4", moving(30, seed=number), frame_rate_hz=15)
        rows.append(f"{number}.mp4,Class {number % 2},,,group{number},,,\n")
    workspace.sources.write_text(COLUMNS + "".join(rows))
    for step in ("fetch", "analyse --workers 1", "propose", "review --accept-all"):
        curate(workspace, step)
    return workspace.root


@pytest.fixture
def accepted(brought: Path, tmp_path: Path) -> Workspace:
    return Workspace(shutil.copytree(brought, tmp_path / "w"))


def _media(workspace: Workspace) -> list[Media]:
    """Return the originals in the order of the list."""
    with open_catalog(workspace.catalog) as catalog:
        media = catalog.media_of([source.media_id or "" for source in catalog.sources()])
        return [media[source.media_id or ""] for source in catalog.sources()]


def _states(workspace: Workspace) -> list[State]:
    with open_catalog(workspace.catalog) as catalog:
        return [source.state for source in catalog.sources()]


def _replace(workspace: Workspace, first: int, second: int, *, padded: bool = True) -> Path:
    """Put one video under another's name; with the same size, as an attacker or a bad sync would have it."""
    original, other = (workspace.root / _media(workspace)[number].path for number in (first, second))
    data = other.read_bytes()
    size = original.stat().st_size
    data = (data + bytes(size))[:size] if padded and len(data) < size else data
    original.write_bytes(data if not padded else data[:size])
    return original


def test_no_other_video_is_trimmed_under_the_name_of_one(accepted: Workspace) -> None:
    _replace(accepted, 0, 1)
    done = trim(accepted, workers=1)
    assert done["trimmed"] == 3
    (failed,) = done["failed"]
    assert "holds other bytes than it did" in failed["reason"]
    assert "`slateboard curate fetch` gets the original again" in failed["reason"]
    assert not (accepted.clips / f"{failed['clip_id']}.mp4").exists()
    assert _states(accepted) == [State.MISSING, *[State.FETCHED] * 3]
    fetch(accepted)
    assert trim(accepted, workers=1) == {"cut": 1, "trimmed": 4, "failed": [], "failed_before": 0}
    assert _states(accepted) == [State.FETCHED] * 4


def test_a_replacement_of_another_size_is_noticed_too(accepted: Workspace) -> None:
    original = accepted.root / _media(accepted)[0].path
    shutil.copyfile(accepted.root / _media(accepted)[1].path, original)
    with original.open("ab") as file:
        file.write(b"more")
    (failed,) = trim(accepted, workers=1)["failed"]
    assert "holds other bytes" in failed["reason"]
    assert _states(accepted)[0] == State.MISSING


def test_an_original_that_is_gone_fails_its_clips_alone_and_comes_back_by_itself(accepted: Workspace) -> None:
    original = accepted.root / _media(accepted)[0].path
    away = original.rename(accepted.root / "away")
    done = trim(accepted, workers=1)
    assert done["trimmed"] == 3
    assert "is not there: bring it back" in done["failed"][0]["reason"]
    assert _states(accepted)[0] == State.MISSING
    away.rename(original)
    assert trim(accepted, workers=1) == {"cut": 1, "trimmed": 4, "failed": [], "failed_before": 0}
    assert _states(accepted)[0] == State.FETCHED


def test_a_folder_that_is_gone_stops_trim_and_fails_no_clip(accepted: Workspace) -> None:
    accepted.media.rename(accepted.root / "elsewhere")
    with pytest.raises(SlateboardError, match="holds none of the 4 originals"):
        trim(accepted, workers=1)
    with open_catalog(accepted.catalog) as catalog:
        assert {clip.state for clip in catalog.clips()} == {"accepted"}
    (accepted.root / "elsewhere").rename(accepted.media)
    assert trim(accepted, workers=1)["failed"] == []


def test_a_replaced_original_is_not_analysed_as_the_one_that_was_fetched(accepted: Workspace) -> None:
    shutil.rmtree(accepted.observations)
    _replace(accepted, 0, 1)
    analyse(accepted, workers=1)
    with open_catalog(accepted.catalog) as catalog:
        source = catalog.sources()[0]
    assert source.state == State.MISSING
    assert source.reason is not None and "holds other bytes" in source.reason
    assert not (accepted.observations / str(source.media_id)).exists()
    analyse(accepted, workers=1)
    assert _states(accepted)[0] == State.MISSING
    fetch(accepted)
    assert analyse(accepted, workers=1)["analysed"] == 1
    assert _states(accepted) == [State.FETCHED] * 4


def test_a_worker_that_does_not_see_what_is_there_ends_the_run(
    accepted: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:

    media = _media(accepted)[0]
    with pytest.raises(MissingRequirement, match=r"A worker does not see media/.* that all machines share"):
        check_absence(accepted.root, media, stamp=None)
    shutil.rmtree(accepted.media)
    with pytest.raises(SlateboardError, match="holds nothing any more: is its disk still mounted"):
        check_absence(accepted.root, media, stamp=None)


def test_rebuild_cuts_no_original_that_was_replaced_meanwhile(
    accepted: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in ("trim --workers 1", "label", "release"):
        curate(accepted, step)
    names = [media.path for media in _media(accepted)]
    honest = originals.sha256_of

    def trusting(path: Path) -> str:
        return path.stem if path.parent.name == "media" else honest(path)

    monkeypatch.setattr(originals, "sha256_of", trusting)
    shutil.copyfile(accepted.root / names[1], accepted.root / names[0])
    done = rebuild(accepted, accepted.releases / "v1" / "recipe.toml", into=tmp_path / "again", workers=1)
    failed = [one for one in done.differences if one.state == "failed"]
    assert len(failed) == 1 and "holds other bytes" in failed[0].reason


def test_a_trimmed_clip_that_was_changed_is_named_by_release_and_cut_again_by_trim(
    accepted: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    curate(accepted, "trim --workers 1")
    first, second, *_ = sorted(accepted.clips.iterdir())
    kept = {path.name: path.read_bytes() for path in accepted.clips.iterdir()}
    shutil.copyfile(second, first)
    curate(accepted, "label")
    curate(accepted, "release", expected=2)
    assert not (accepted.releases / "v1").exists()
    be_quiet(False)
    trim(accepted, workers=1)
    assert f"1 clips were gone or changed and are cut again: clips/{first.name}" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in accepted.clips.iterdir()} == kept
    curate(accepted, "release")


def test_what_did_not_change_is_hashed_once(accepted: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    curate(accepted, "trim --workers 1")
    hashed: list[Path] = []

    def counted(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr(identity, "sha256_of", counted)
    trim(accepted, workers=1)
    assert hashed == []
    clip = next(accepted.clips.iterdir())
    os.utime(clip, ns=(1, 1))
    trim(accepted, workers=1)
    trim(accepted, workers=1)
    assert hashed == [clip]


def test_a_change_that_hides_its_size_and_time_shows_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    seen = identify(path, name="a", sha256=sha256_of(path))
    status = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(Unreadable, match="holds other bytes"):
        identify(path, name="a", sha256=seen.sha256, recorded=seen)
    path.unlink()
    with pytest.raises(Unreadable, match="is not there"):
        identify(path, name="a", sha256=seen.sha256, recorded=seen)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    for sha256 in (sha256_of(path), None):
        path.write_bytes(b"one")
        with pytest.raises(Unreadable, match="changed while it was read"):
            with unchanged(path, name="a", sha256=sha256):
                path.write_bytes(b"another")


def test_a_file_that_was_just_written_is_hashed_again_next_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    assert not is_settled(stamp_of(path, name="a", sha256=""))
    os.utime(path, ns=(1, 1))
    assert is_settled(stamp_of(path, name="a", sha256=""))
