"""A video that yt-dlp names by a site's id is one download, whatever its addresses look like; and so are its copies."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from drawing import moving
from releasing import curate
from served import File, Served
from yt_dlp.globals import extractors

from curate.fetching import provenance
from curate.fetching.attempt import AttemptResult
from curate.fetching.crawl import AttemptEvent
from curate.fetching.fetch import _StateRecorder
from curate.fetching.pacing import FetchRequest
from curate.fetching.sites import Sites
from curate.fetching.web import Session
from curate.release.originals import find_originals
from slateboard.canonical import SiteVideo
from slateboard.catalog.catalog import open_catalog
from slateboard.files import sha256_of
from slateboard.media.probe import probe
from slateboard.records.release import Takedown
from slateboard.records.source import Source, State, source_id
from slateboard.settings import FetchSettings
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SETTINGS = FetchSettings(allow_private=True, sleep_requests_seconds=0, timeout_seconds=5)
TABLE = (
    'name = "tiny"\n[fetch]\nallow_private = true\nsleep_interval_seconds = 0\nmax_sleep_interval_seconds = 0\n'
    "sleep_requests_seconds = 0\nbackoff_seconds = 0\n"
)


@pytest.fixture
def site(draw: Callable[..., Path]) -> Iterator[Served]:
    served = Served()
    served.files["/file.mp4"] = File(draw("served.mp4", moving(20)).read_bytes())
    yield served
    served.close()


def _short_links(site: Served) -> Any:
    """An extractor of a site whose short links, `/s/ANY-ID`, hide the id of the video."""
    from yt_dlp.extractor.common import InfoExtractor

    class ShortIE(InfoExtractor):  # type: ignore[misc]
        _VALID_URL = r"http://127\.0\.0\.1:\d+/s/\w+-(?P<id>\d+)"
        IE_NAME = "short"

        def _real_extract(self, url: str) -> dict[str, Any]:
            return {"id": self._match_id(url), "title": "a", "url": f"{site.url}/file.mp4", "ext": "mp4"}

    return ShortIE


def test_a_video_that_lies_here_is_not_downloaded_from_an_address_that_hides_its_id(
    site: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vm.tiktok.com, fb.watch and t.co tell the id when they are asked for, not before."""
    known = frozenset({SiteVideo("Short", "7")})
    session = Session(SETTINGS, videos=known)
    extractor = _short_links(site)
    session._sites = Sites(lambda: [extractor])
    monkeypatch.setitem(extractors.value, "ShortIE", extractor)
    try:
        assert session.download(f"{site.url}/s/ab-7", tmp_path / "one") == AttemptResult(
            State.FETCHED, fetched_video=SiteVideo("Short", "7")
        )
        assert site.asked == []
        other = session.download(f"{site.url}/s/ab-8", tmp_path / "two")
        assert (other.state, other.fetched_video) == (State.FETCHED, None) and other.file is not None
        # A check of links asks whether the address is still there.
        assert session.look(f"{site.url}/s/ab-7") == AttemptResult(State.FETCHED)
    finally:
        session.close()


@pytest.fixture
def recorder(workspace: Workspace) -> Iterator[Callable[[], _StateRecorder]]:
    with open_catalog(workspace.catalog) as catalog:
        yield lambda: _StateRecorder((), workspace.root, catalog, SETTINGS)


def _source(line: int, url: str, *, label: str = "A", end_s: float | None = None) -> Source:
    return Source(source_id=source_id(url, None, end_s), line=line, url=url, label=label, end_s=end_s)


def _event(source: Source, root: Path, draw: Callable[..., Path], *, seed: int, **info: str) -> AttemptEvent:
    """Return the event of a download whose file lies in media/."""
    (root / "media").mkdir(exist_ok=True)
    drawn = draw("d.mp4", moving(10, seed=seed))
    media_id = sha256_of(drawn)
    media = probe(drawn, media_id=media_id, relative=f"media/{media_id}.mp4")
    drawn.rename(root / media.path)
    origin = provenance.of_web(info, bytes_=1, tool="yt-dlp", at=datetime.now(UTC), keep_personal=False)
    result = AttemptResult(State.FETCHED, file=root / media.path, media=media, provenance=origin)
    return AttemptEvent(FetchRequest(source.url, "a.example", "stem"), result, attempted=True, settled=True)


@pytest.mark.parametrize(("key", "files"), [("TikTok", 1), ("Generic", 2)])
def test_two_downloads_of_one_id_are_one_file_though_their_bytes_differ(
    workspace: Workspace, recorder: Callable[[], _StateRecorder], draw: Callable[..., Path], key: str, files: int
) -> None:
    """A site packs a video anew each time; the generic extractor's id is a file's name, which others may bear."""
    sources = [_source(2, "https://vm.tiktok.com/ZMa/"), _source(3, "https://vm.tiktok.com/ZMb/", end_s=1)]
    state = recorder()
    state._ledger.list_sources(sources)  # type: ignore[attr-defined]
    assert state.learn_videos() == frozenset()
    settled = []
    for seed, source in enumerate(sources):
        event = _event(source, workspace.root, draw, seed=seed, id="7", extractor_key=key)
        settled += list(state.record([source], event))
    assert [source.state for source in settled] == [State.FETCHED] * 2
    assert len({source.media_id for source in settled}) == files == len(list(workspace.media.glob("*.mp4")))
    assert recorder().learn_videos() == ({SiteVideo("TikTok", "7")} if files == 1 else frozenset())


def test_a_file_that_was_not_asked_for_is_given_from_the_video_that_lies_here(
    workspace: Workspace, recorder: Callable[[], _StateRecorder], draw: Callable[..., Path]
) -> None:
    first, again, same = (
        _source(2, "https://vm.tiktok.com/ZMa/"),
        _source(3, "https://vm.tiktok.com/ZMb/", end_s=1),
        _source(4, "https://vm.tiktok.com/ZMc/", label="B"),
    )
    state = recorder()
    state._ledger.list_sources([first, again, same])  # type: ignore[attr-defined]
    list(state.record([first], _event(first, workspace.root, draw, seed=0, id="7", extractor_key="TikTok")))
    state = recorder()
    assert state.learn_videos() == {SiteVideo("TikTok", "7")}
    result = AttemptResult(State.FETCHED, fetched_video=SiteVideo("TikTok", "7"))
    states = []
    for source in (again, same):
        event = AttemptEvent(FetchRequest(source.url, "tiktok.com", "stem"), result, attempted=True, settled=True)
        states += [(settled.state, settled.reason) for settled in state.record([source], event)]
    told = "same file and window as line 2 (https://vm.tiktok.com/ZMa/), labelled 'A' there, not 'B'"
    assert states == [(State.FETCHED, None), (State.DUPLICATE, told)]


@pytest.mark.parametrize("written", ["HTTP://127.0.0.1:{port}/file.mp4", "Http://127.0.0.1:{port}/FILE.MP4?id=1#a"])
def test_an_address_in_capitals_is_fetched_from_its_host(workspace: Workspace, site: Served, written: str) -> None:
    """It ended as `gone`, "file.mp4 is not there", and was counted among local files."""
    site.files["/FILE.MP4"] = site.files["/file.mp4"]
    url = written.format(port=site.url.rpartition(":")[2])
    (workspace.root / "slateboard.toml").write_text(TABLE)
    workspace.sources.write_text(f"{COLUMNS}{url},A,,,,,,\n")
    curate(workspace, "fetch")
    with open_catalog(workspace.catalog) as catalog:
        (source,) = catalog.sources()
    assert (source.state, source.host, source.url) == (State.FETCHED, "127.0.0.1", url)
    assert source.provenance is not None and source.provenance["extractor"] == "Generic"
    curate(workspace, "check-links")
    assert "alive" in (workspace.root / "link_rot.csv").read_text()


def _tables(media_id: str, *urls: str) -> Any:
    rows = [{"source_id": f"s{n}", "url": url, "label": "A", "media_id": media_id} for n, url in enumerate(urls)]
    originals = pd.DataFrame([{"media_id": media_id, "frames_sha256": ""}])
    return SimpleNamespace(sources=pd.DataFrame(rows), originals=originals)


def test_a_rebuild_asks_for_the_next_address_of_a_file_where_one_is_gone(
    workspace: Workspace, site: Served, tmp_path: Path
) -> None:
    (workspace.root / "slateboard.toml").write_text(TABLE)
    media_id = sha256_of(tmp_path / "served.mp4")
    tables = _tables(
        media_id, f"{site.url}/404.mp4", f"{site.url.upper()}/404.mp4?utm_source=x", f"{site.url}/file.mp4"
    )
    found = find_originals(tables, workspace=workspace, scratch=tmp_path / "s", media_ids=frozenset({media_id}))
    assert found.lost == {} and sha256_of(found.paths[media_id]) == media_id
    # The second is the first, spelt otherwise.
    assert [path for path, *_ in site.asked] == ["/404.mp4", "/file.mp4"]


def test_a_rebuild_looks_for_no_file_that_was_taken_down_here_under_another_address(
    workspace: Workspace, site: Served, tmp_path: Path
) -> None:
    (workspace.root / "slateboard.toml").write_text(TABLE)
    media_id = sha256_of(tmp_path / "served.mp4")
    record = Takedown(
        takedown_id="t", at=datetime.now(UTC), reason="asked", sources={"x": 0}, media={media_id: "media/a.mp4"},
        clips={}, versions=(), alike=(), done=True,
    )  # fmt: skip
    record.write(workspace.takedowns / "t.json")
    tables = _tables(media_id, f"{site.url}/file.mp4")
    found = find_originals(tables, workspace=workspace, scratch=tmp_path / "s", media_ids=frozenset({media_id}))
    assert found.lost[media_id].state == State.TAKEN_DOWN and site.asked == []
