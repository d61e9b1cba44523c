"""Which video stream of a file is meant: chosen, told, named by the list, and changed later."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from odd import several_streams

from curate.steps.analyse import command as analyse
from curate.steps.fetch import command as fetch
from curate.steps.propose import command as propose
from curate.steps.status import command as status
from curate.steps.trim import command as trim
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.migrations import migrate
from slateboard.errors import BadInput
from slateboard.media.frames import decode
from slateboard.records.media import Media
from slateboard.records.source import Source, State
from slateboard.workspace import Workspace

HEADER = "url,label,start,end,stream\n"


@pytest.fixture
def two(workspace: Workspace) -> Workspace:
    """A workspace whose list names a file with two streams that would do."""
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n[clips]\nrule = "whole"\n')
    several_streams(workspace.root / "two.mp4", "64x48", "128x96", default=1)
    workspace.sources.write_text(HEADER + "two.mp4,Squat,,,\n")
    return workspace


def _list(workspace: Workspace, *rows: str) -> None:
    workspace.sources.write_text(HEADER + "".join(f"{row}\n" for row in rows))


def _look(workspace: Workspace) -> tuple[list[Source], list[Media]]:
    with open_catalog(workspace.catalog) as catalog:
        return catalog.sources(), catalog.media()


def test_where_two_streams_would_do_it_is_told(two: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    fetch(two)
    (source,), (media,) = _look(two)
    assert (media.stream, media.width) == (1, 128)
    assert source.state == State.FETCHED
    assert source.reason is not None and "2 video streams would do; stream 1 (128 x 96) was taken" in source.reason
    assert "line 2: 2 video streams would do" in capsys.readouterr().err
    status(two)
    assert "line 2: stream 1 of 2 was taken, two.mp4" in capsys.readouterr().out


def test_the_list_names_the_stream_and_then_nothing_is_told(two: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    _list(two, "two.mp4,Squat,,,0")
    fetch(two)
    status(two)
    (source,), (media,) = _look(two)
    assert (media.stream, media.width, source.stream, source.reason) == (0, 64, 0, None)
    assert "stream" not in capsys.readouterr().out


def _trim_all(workspace: Workspace) -> Path:
    analyse(workspace, workers=1)
    propose(workspace)
    with open_catalog(workspace.catalog) as catalog:
        accept_everything(catalog)
    trim(workspace, workers=1)
    with open_catalog(workspace.catalog) as catalog:
        (clip,) = catalog.clips("trimmed")
    assert clip.path is not None
    return workspace.root / clip.path


def accept_everything(catalog: Catalog) -> None:
    catalog.write_clips([clip.model_copy(update={"state": "accepted"}) for clip in catalog.clips("proposed")])


def test_naming_another_stream_later_gives_other_clips(two: Workspace) -> None:
    fetch(two)
    assert next(decode(_trim_all(two))).y.shape == (96, 128)
    _list(two, "two.mp4,Squat,,,0")
    fetch(two)
    assert next(decode(_trim_all(two))).y.shape == (48, 64)
    _, (media,) = _look(two)
    assert (media.stream, media.frames) == (0, 10)
    _list(two, "two.mp4,Squat,,,")
    fetch(two)
    assert next(decode(_trim_all(two))).y.shape == (96, 128)


def test_clips_are_not_cut_from_a_stream_that_was_not_analysed(
    two: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(two)
    _trim_all(two)
    _list(two, "two.mp4,Squat,,,0")
    fetch(two)
    assert trim(two, workers=1)["cut"] == 0
    assert "1 clips wait until `slateboard curate analyse`" in capsys.readouterr().err


def test_a_stream_that_is_not_there_ends_its_source_and_is_corrected_in_the_list(two: Workspace) -> None:
    _list(two, "two.mp4,Squat,,,5")
    fetch(two)
    (source,), _ = _look(two)
    assert source.state == State.UNSUPPORTED and "no video stream 5" in (source.reason or "")
    _list(two, "two.mp4,Squat,,,0")
    fetch(two)
    analyse(two, workers=1)
    (source,), (media,) = _look(two)
    assert (source.state, source.reason, media.stream, media.frames) == (State.FETCHED, None, 0, 10)
    _list(two, "two.mp4,Squat,,,5")
    fetch(two)
    analyse(two, workers=1)
    (source,), _ = _look(two)
    assert source.state == State.UNSUPPORTED and "no video stream 5" in (source.reason or "")


def test_a_row_that_is_added_later_may_name_the_stream_of_a_file(two: Workspace) -> None:
    fetch(two)
    analyse(two, workers=1)
    _list(two, "two.mp4,Squat,,,", "two.mp4,Squat,0,0.5,0")
    fetch(two)
    analyse(two, workers=1)
    sources, (media,) = _look(two)
    assert [source.state for source in sources] == [State.FETCHED] * 2
    assert (media.stream, media.width, media.frames) == (0, 64, 10)


def test_rows_of_one_file_that_name_two_streams_are_refused_with_their_lines(two: Workspace) -> None:
    _list(two, "two.mp4,Squat,0,0.5,0", "two.mp4,Squat,0.5,1,1", "two.mp4,Squat,x,,a")
    with pytest.raises(BadInput) as caught:
        fetch(two)
    assert "line 3: stream 1 is named where line 2 names stream 0 of the same file" in str(caught.value)
    assert "line 4: stream 'a' is no number of a stream" in str(caught.value)


def test_an_old_catalog_gets_streams_and_analyses_anew_only_what_was_seen_otherwise(
    two: Workspace, cases: Path
) -> None:
    names = ("m23_cover_first_undisposed.mp4", "m04_hflip_matrix.mp4", "m03_video_late_2s.mp4")
    for case, name in zip(("case-16", "case-09", "case-13"), names, strict=True):
        (two.root / name).write_bytes((cases / case / name).read_bytes())
    _list(two, *(f"{name},Squat,,," for name in names))
    fetch(two)
    analyse(two, workers=1)
    _, new = _look(two)
    _make_older(two.catalog)
    _, old = _look(two)
    assert {media.stream for media in old} == {-1}
    assert analyse(two, workers=1)["analysed"] == 2
    _, again = _look(two)
    assert again == new
    assert analyse(two, workers=1)["analysed"] == 0


def _make_older(path: Path) -> None:
    """Give a catalog the schema of the version before streams, and what it saw: the first stream, unmirrored."""
    columns = {"media": ("stream", "video_streams", "start_s", "mirrored", "field_order", "transfer", "primaries")}
    with closing(sqlite3.connect(path)) as connection:
        for table, names in {**columns, "sources": ("stream",)}.items():
            for name in names:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
        connection.execute("UPDATE alembic_version SET version_num = '0005'")
        connection.commit()
    assert migrate.newest() >= "0006"
