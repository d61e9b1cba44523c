"""A source is a video and a window: windows of one video are clips of their own, whichever spelling listed them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from drawing import moving
from faults.server import FaultServer
from releasing import SETTINGS, curate, ready

from curate.duplicates.groups import group_names
from curate.listing.label_overlaps import Window, label_overlaps, overlap_lines, window_of_row
from curate.listing.rows import SourceRow
from curate.release.takedown import sources_named
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.records.clip import Clip, clip_id
from slateboard.records.source import Source, State, source_id
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def site(draw: Callable[..., Path]) -> Iterator[FaultServer]:
    server = FaultServer(draw("served.mp4", moving(60)).read_bytes())
    yield server
    server.close()


def _list(workspace: Workspace, *rows: str) -> Workspace:
    (workspace.root / "slateboard.toml").write_text(SETTINGS + "[clips]\nrule = 'whole'\n")
    workspace.sources.write_text(COLUMNS + "".join(f"{row}\n" for row in rows))
    return workspace


def _sources(workspace: Workspace) -> list[Source]:
    with open_catalog(workspace.catalog) as catalog:
        return catalog.sources()


def _json(workspace: Workspace, step: str, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["curate", *step.split(), "-w", str(workspace.root), "--json", "--debug"]) == 0
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_spellings_of_one_address_are_one_download_and_each_window_a_clip(
    workspace: Workspace, site: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """linuxsino/iMiGUE#2, ytdl-org/youtube-dl#27103; `HTTP://` ended as removed at its host."""
    rows = (
        f"{site.url}/good.mp4,A,0,1,day",
        f"{site.url.replace('http', 'HTTP')}/%67ood.mp4?utm_source=x#t=2,B,1,2,night",
        f"{site.url}/x/../good.mp4?t=15s,C,2,3,",
        f"{site.url}/good.mp4?feature=share,A,3,4,",
    )
    _list(workspace, *rows)
    curate(workspace, "fetch")
    sources = _sources(workspace)
    assert [source.state for source in sources] == [State.FETCHED] * 4
    assert len({source.media_id for source in sources}) == 1
    # `?t=15s` may choose another video at a site that nobody knows: its bytes say that it does not.
    assert sorted(site.asked) == ["/good.mp4?feature=share", "/good.mp4?t=15s"]
    curate(workspace, "analyse --workers 1")
    told = _json(workspace, "propose --workers 1", capsys)
    assert (told["proposed"], told["twice"], told["overlaps"]) == (4, 0, 0)
    with open_catalog(workspace.catalog) as catalog:
        clips = catalog.clips("proposed")
        groups = group_names(clips, {source.source_id: source for source in sources}, [])
    assert sorted((clip.label, clip.first_frame, clip.last_frame) for clip in clips) == [
        ("A", 0, 14), ("A", 45, 59), ("B", 15, 29), ("C", 30, 44),
    ]  # fmt: skip
    assert set(groups.values()) == {"day"}


def test_copies_of_a_file_give_the_same_windows_once_and_a_differing_label_is_told(
    workspace: Workspace, draw: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    draw("base.mp4", moving(20))
    for name in ("copy.mp4", "third.mp4"):
        (workspace.root / name).write_bytes((workspace.root / "base.mp4").read_bytes())
    _list(workspace, "base.mp4,A,0,1,", "copy.mp4,B,1,2,", "third.mp4,C,,1,", "copy.mp4,A,0.5,1.2,")
    assert main(["curate", "fetch", "-w", str(workspace.root), "--debug"]) == 0
    told = capsys.readouterr().err
    states = {source.line: (source.state, source.reason) for source in _sources(workspace)}
    reason = "same file and window as line 2 (base.mp4), labelled 'A' there, not 'C'"
    assert states == {
        2: (State.FETCHED, None),
        3: (State.FETCHED, None),
        4: (State.DUPLICATE, reason),
        5: (State.FETCHED, None),
    }
    assert "line 4 'C' (0 s to 1 s) is the same window as line 2 'A' (0 s to 1 s) of third.mp4" in told
    assert "line 3 'B' (1 s to 2 s) shares time with line 5 'A' (0.5 s to 1.2 s) of copy.mp4" in told
    status = _json(workspace, "status --all", capsys)
    assert status["overlaps"] == 3 and len(status["overlapping"]) == 3  # type: ignore[arg-type]
    assert main(["curate", "status", "-w", str(workspace.root)]) == 0
    assert "share time with one of another label in the same video: 3" in capsys.readouterr().out


def test_duplicates_by_the_old_rule_become_windows_of_their_own_at_the_next_fetch(
    workspace: Workspace, draw: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    draw("a.mp4", moving(20))
    for name in ("b.mp4", "c.mp4", "d.mp4"):
        (workspace.root / name).write_bytes((workspace.root / "a.mp4").read_bytes())
    _list(workspace, "a.mp4,A,0,1,", "b.mp4,B,1,2,", "c.mp4,A,0,1,", "d.mp4,D,1,,")
    curate(workspace, "fetch")
    with open_catalog(workspace.catalog) as catalog:
        old = {"state": State.DUPLICATE, "reason": "same file as line 2 (a.mp4)"}
        catalog.set_states([source.model_copy(update=old) for source in catalog.sources()[1:]])
    # A line that was taken from the list since stays as it is.
    _list(workspace, "a.mp4,A,0,1,", "b.mp4,B,1,2,", "c.mp4,A,0,1,")
    assert main(["curate", "fetch", "-w", str(workspace.root), "--debug"]) == 0
    assert "1 duplicates are other windows of their files" in capsys.readouterr().err
    sources = _sources(workspace)
    assert [(source.state, source.reason) for source in sources] == [
        (State.FETCHED, None),
        (State.FETCHED, None),
        (State.DUPLICATE, "same file and window as line 2 (a.mp4)"),
        (State.DUPLICATE, "same file as line 2 (a.mp4)"),
    ]
    assert len({source.media_id for source in sources}) == 1
    curate(workspace, "fetch")
    assert _sources(workspace) == sources


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("https://youtu.be/dQw4w9WgXcQ?t=5,B,0,2,", "labelled 'B' repeats line 2 (same video as "),
        ("https://www.youtube.com/shorts/dQw4w9WgXcQ,A,,2,", "the row repeats line 2 (same video as "),
        ("HTTPS://www.YouTube.com/watch?v=dQw4w9WgXcQ,B,0,2,", "which is labelled 'A'"),
    ],
)
def test_the_same_window_under_another_spelling_is_refused_with_both_lines_and_labels(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], row: str, told: str
) -> None:
    _list(workspace, "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL1,A,0,2,", row)
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 2
    error = capsys.readouterr().err
    assert "sources.csv line 3" in error and told in error


def test_a_row_that_is_imported_under_another_spelling_is_there_already_or_in_conflict(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _list(workspace, "https://youtu.be/dQw4w9WgXcQ,A,0,2,", "https://youtu.be/dQw4w9WgXcQ,A,5,9,")
    file = tmp_path / "more.csv"
    rows = [
        f"https://www.youtube.com/watch?v=dQw4w9WgXcQ,{rest}" for rest in ("A,0,2,", "B,5,9,", "B,1,3,", "B,20,30,")
    ]
    file.write_text(COLUMNS + "".join(f"{row}\n" for row in rows))
    told = _json(workspace, f"import {file}", capsys)
    assert {name: told[name] for name in ("added", "already", "conflicts", "overlaps")} == {
        "added": 2, "already": 1, "conflicts": 1, "overlaps": 1,
    }  # fmt: skip
    (conflict,) = (entry for entry in told["entries"] if entry["kind"] == "conflict")  # type: ignore[attr-defined]
    assert "'A' in sources.csv line 3 as https://youtu.be/dQw4w9WgXcQ" in conflict["what"]


def _window(label: str, start: float, end: float, *, video: str = "v") -> Window:
    return Window(f"line {label}{start:g}", label, video, start, end, video)


def test_each_window_that_shares_time_with_an_earlier_one_of_another_label_is_told_once() -> None:
    """activitynet/ActivityNet#47: `weaving fabric` at 1 to 11 s and `yarn spinning` at 0 to 10 s of one video."""
    windows = [
        _window("A", 0, 9), _window("A", 2, 3), _window("B", 4, 5), _window("C", 4, 6), _window("A", 9, 10),
        _window("B", 0, 99, video="w"), _window("B", 10, float("inf")), _window("A", 50, 60),
    ]  # fmt: skip
    found = [(overlap.window.where, overlap.earlier.where) for overlap in label_overlaps(windows)]
    assert found == [("line B4", "line A0"), ("line C4", "line A0"), ("line A50", "line B10")]
    # 20,000 windows of one video at once are 200 million pairs, and no more lines than are read.
    many = [_window("AB"[number % 2], 0, number + 1) for number in range(20_000)]
    lines = overlap_lines(label_overlaps(many))
    assert lines[0].endswith("in the same video: 19999") and len(lines) == 12


def test_a_login_is_not_told_with_an_overlap() -> None:
    rows = [SourceRow("", "http://me:word@a.example/v?token=secret", label, 0, 2) for label in "AB"]
    (overlap,) = label_overlaps(window_of_row(row, where="line 1") for row in rows)
    assert "word" not in overlap.sentence and "secret" not in overlap.sentence


def _source(line: int, url: str, *, media_id: str | None = None, group: str | None = None) -> Source:
    return Source(
        source_id=source_id(url, None, None), line=line, url=url, label="A", group=group, media_id=media_id,
        state=State.NEW if media_id is None else State.FETCHED,
    )  # fmt: skip


def test_clips_of_one_video_are_one_group_whatever_their_rows_state_and_however_it_is_spelt() -> None:
    """Two downloads of one video may differ in bytes; their clips must not part all the same."""
    spelt = ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/shorts/dQw4w9WgXcQ?si=x")
    sources = [_source(line, url, media_id=f"m{line}", group=f"g{line}") for line, url in enumerate(spelt)]
    clips = [
        Clip(
            clip_id=f"c{source.line}", source_id=source.source_id, media_id=source.media_id or "", shot_id=None,
            label="A", group=source.group or "", first_frame=0, last_frame=9, start_s=0, end_s=1, state="trimmed",
        )
        for source in sources
    ]  # fmt: skip
    assert set(group_names(clips, {source.source_id: source for source in sources}, []).values()) == {"g0"}


def test_a_takedown_takes_every_window_of_a_video_by_any_chain_of_spellings_and_copies() -> None:
    sources = [
        _source(2, "https://youtu.be/dQw4w9WgXcQ", media_id="m1"),
        _source(3, "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1"),
        _source(4, "in/copy.mp4", media_id="m1"),
        _source(5, "./in/copy.mp4", media_id="m2"),
        _source(6, "other.mp4", media_id="m2"),
        _source(7, "in/another.mp4", media_id="m3"),
    ]
    named = sources_named(sources, "HTTPS://YOUTUBE.COM/shorts/dQw4w9WgXcQ")
    assert [source.line for source in named] == [2, 3, 4, 5, 6]


def test_what_was_taken_down_is_asked_for_under_no_other_spelling(workspace: Workspace, site: FaultServer) -> None:
    _list(workspace, f"{site.url}/good.mp4,A,0,1,")
    curate(workspace, "fetch")
    curate(workspace, f"takedown {site.url}/good.mp4")
    asked = len(site.asked)
    _list(workspace, f"{site.url}/good.mp4,A,0,1,", f"{site.url.replace('http', 'HTTP')}/g%6Fod.mp4?fbclid=3,A,1,2,")
    curate(workspace, "fetch")
    assert [source.state for source in _sources(workspace)] == [State.TAKEN_DOWN] * 2
    assert len(site.asked) == asked


@pytest.mark.slow
def test_a_release_holds_windows_of_one_file_under_two_addresses_in_one_group(tmp_path: Path) -> None:
    """The second address brought a window, a label and a group of its own: all are released, and nothing leaks."""
    workspace = ready(tmp_path / "w")
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources()
        first = sources[0]
        copy = first.model_copy(
            update={
                "source_id": source_id("https://a.example/copy.mp4", 1.0, None), "line": 99, "start_s": 1.0,
                "url": "https://a.example/copy.mp4", "label": sources[1].label, "group": "another",
            }
        )  # fmt: skip
        catalog.list_sources([*sources, copy])
        catalog.tried(copy, [], None)
        clip = next(clip for clip in catalog.clips() if clip.source_id == first.source_id)
        update = {"source_id": copy.source_id, "label": copy.label, "group": "another", "state": "accepted"}
        times = {"first_frame": 15, "last_frame": 23, "start_s": 1.0, "end_s": 1.6, "path": None, "proof": None}
        new_id = clip_id(clip.media_id, 15, 23)
        catalog.write_clips([clip.model_copy(update={**update, **times, "clip_id": new_id})])
    curate(workspace, "trim --workers 1")
    curate(workspace, "release")
    folder = workspace.releases / "v1"
    clips = pd.read_csv(folder / "clips.csv").set_index("clip_id")
    assert clips.loc[new_id, "group"] == clips.loc[clip.clip_id, "group"] == "another"
    assert clips.loc[new_id, "label"] != clips.loc[clip.clip_id, "label"]
    listed = pd.read_csv(folder / "sources.csv").set_index("source_id")
    assert list(listed.loc[[first.source_id, copy.source_id], "state"]) == ["fetched", "fetched"]
    assert listed.loc[first.source_id, "media_id"] == listed.loc[copy.source_id, "media_id"]
    assert main(["split", "audit", str(folder), "-w", str(workspace.root), "--quiet"]) == 0
    # A takedown by either address takes both windows.
    curate(workspace, "takedown HTTPS://A.example:443/copy.mp4")
    states = {source.line: source.state for source in _sources(workspace)}
    assert states[first.line] == states[99] == State.TAKEN_DOWN


def test_a_source_whose_address_is_respelt_in_the_list_stays_the_source_that_it_was(
    workspace: Workspace, site: FaultServer
) -> None:
    """Its id, file and clips are kept, and nothing is asked for; it became a duplicate of a line that was gone."""
    _list(workspace, f"{site.url}/good.mp4,A,0,1,", f"{site.url}/good.mp4,A,1,2,")
    curate(workspace, "fetch")
    before, asked = _sources(workspace), len(site.asked)
    respelt = f"{site.url.replace('http', 'HTTP')}/%67ood.mp4"
    _list(workspace, f"{site.url}/good.mp4,A,1,2,", f"{respelt},Other,0,1,", f"{respelt}?utm_source=x,B,2,3,")
    curate(workspace, "fetch")
    sources = _sources(workspace)
    assert [source.state for source in sources] == [State.FETCHED] * 3
    assert [source.source_id for source in sources[:2]] == [before[1].source_id, before[0].source_id]
    assert (sources[1].url, sources[1].label) == (respelt, "Other")
    assert len(site.asked) == asked
