"""Fetching: each source ends in one state, with the reason kept; nothing is fetched twice."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from drawing import moving

from curate.fetching.fetch import fetch
from curate.fetching.outcome import state_of_status, state_of_words
from slateboard.catalog.catalog import opened
from slateboard.cli import main
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


class Site:
    """A web site on this machine whose addresses answer as told."""

    def __init__(self, video: bytes) -> None:
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, kind, body, length = site.answer(self.path, video)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def answer(self, path: str, video: bytes) -> tuple[int, str, bytes, int]:
        name = path.strip("/").partition(".")[0]
        if name.isdigit():
            return int(name), "text/plain", b"no", 2
        if name == "page":
            page = b"<!doctype html><html><body>nothing to see</body></html>"
            return 200, "text/html", page, len(page)
        if name == "html":
            page = b"<!doctype html><html><body>not a video at all</body></html>"
            return 200, "video/mp4", page, len(page)
        if name == "cut":
            return 200, "video/mp4", video[: len(video) // 2], len(video)
        if name == "flaky" and self.asked.count(path) <= 1:
            return 500, "text/plain", b"no", 2
        return 200, "video/mp4", video, len(video)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site(draw: Callable[..., Path]) -> Iterator[Site]:
    opened_site = Site(draw("served.mp4", moving(20)).read_bytes())
    yield opened_site
    opened_site.close()


def _list(workspace: Workspace, *addresses: str) -> None:
    rows = "".join(f"{address},Squat,,,,,,\n" for address in addresses)
    workspace.sources.write_text(COLUMNS + rows)


def _states(workspace: Workspace) -> dict[str, State]:
    with opened(workspace.catalog) as catalog:
        return {source.url.rpartition("/")[2]: source.state for source in catalog.sources()}


# yt-dlp leaves the socket of a failed download to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_kind_of_failure_ends_in_its_state(workspace: Workspace, site: Site) -> None:
    names = ["404.mp4", "410.mp4", "403.mp4", "429.mp4", "503.mp4", "page.html", "html.mp4", "cut.mp4", "good.mp4"]
    _list(workspace, *(f"{site.url}/{name}" for name in names))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    assert _states(workspace) == {
        "404.mp4": State.GONE,
        "410.mp4": State.GONE,
        "403.mp4": State.BLOCKED,
        "429.mp4": State.RATE_LIMITED,
        "503.mp4": State.NETWORK,
        "page.html": State.NOT_VIDEO,
        "html.mp4": State.NOT_VIDEO,
        "cut.mp4": State.TRUNCATED,
        "good.mp4": State.FETCHED,
    }
    with opened(workspace.catalog) as catalog:
        reasons = {source.url.rpartition("/")[2]: source.reason for source in catalog.sources()}
        tries = {source.url.rpartition("/")[2]: len(catalog.attempts(source.source_id)) for source in catalog.sources()}
    assert "HTTP Error 404" in (reasons["404.mp4"] or "")
    assert reasons["good.mp4"] is None
    assert tries == {**dict.fromkeys(names, 1), "429.mp4": 3, "503.mp4": 3, "cut.mp4": 3}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_done_sources_are_not_fetched_again_and_failed_ones_only_when_asked(workspace: Workspace, site: Site) -> None:
    _list(workspace, f"{site.url}/good.mp4", f"{site.url}/404.mp4")
    command = ["curate", "fetch", "-w", str(workspace.root), "--quiet"]
    assert main(command) == 0
    asked = len(site.asked)
    assert main(command) == 0
    assert len(site.asked) == asked
    assert main([*command, "--retry", "gone"]) == 0
    assert site.asked[asked:] == ["/404.mp4"]
    assert main([*command, "--retry", "lost"]) == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_recovers_is_asked_again_after_a_wait(workspace: Workspace, site: Site) -> None:
    _list(workspace, f"{site.url}/flaky.mp4")
    waits: list[float] = []
    settings = workspace.settings.fetch.model_copy(update={"backoff_seconds": 4.0})
    with opened(workspace.catalog) as catalog:
        from curate.importers.csv import sources

        listed = sources(workspace.sources)
        catalog.list_sources(listed)
        (done,) = fetch(listed, known={}, root=workspace.root, ledger=catalog, settings=settings, sleep=waits.append)
        assert [attempt.state for attempt in catalog.attempts(done.source_id)] == [State.NETWORK, State.FETCHED]
    assert len(waits) == 1 and 4 <= waits[0] <= 6


def test_the_same_bytes_from_elsewhere_are_a_duplicate(workspace: Workspace, draw: Callable[..., Path]) -> None:
    path = draw("a.mp4", moving(20))
    (workspace.root / "b.mp4").write_bytes(path.read_bytes())
    workspace.sources.write_text(COLUMNS + "a.mp4,Squat,,,,,,\nb.mp4,Squat,,,,,,\na.mp4,Squat,0,1,,,,\n")
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 0
    with opened(workspace.catalog) as catalog:
        states = [(source.line, source.state, source.reason) for source in catalog.sources()]
    assert states == [
        (2, State.FETCHED, None),
        (3, State.DUPLICATE, "same file as line 2 (a.mp4)"),
        (4, State.FETCHED, None),
    ]
    assert len(list((workspace.root / "media").glob("*.mp4"))) == 1


def test_odd_files_end_in_a_state_and_the_batch_goes_on(workspace: Workspace, realdata: Path) -> None:
    files = sorted(path for path in (realdata / "odd").iterdir() if path.suffix not in (".csv", ".md"))
    rows = "".join(f"{path},Squat,,,,,,\n" for path in files)
    workspace.sources.write_text(COLUMNS + rows)
    for step in ("fetch", "analyse"):
        assert main(["curate", step, "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    states = _states(workspace)
    assert {name: state for name, state in states.items() if state != State.FETCHED} == {
        "made_truncated_faststart.mp4": State.TRUNCATED,
        "made_truncated_no_moov.mp4": State.CORRUPT,
        "no_video_stream.mp4": State.NOT_VIDEO,
        "zero_byte.mp4": State.CORRUPT,
    }


def test_statuses_and_words_become_states() -> None:
    assert [state_of_status(status) for status in (401, 404, 418, 429, 451, 502)] == [
        State.PRIVATE, State.GONE, State.ERROR, State.RATE_LIMITED, State.BLOCKED, State.NETWORK,
    ]  # fmt: skip
    assert [
        state_of_words(words)
        for words in (
            "Sign in to confirm you're not a bot",
            "Video unavailable. This video has been removed by the uploader",
            "Downloaded 695415 bytes, expected 927221 bytes. Giving up after 1 retries",
            "The read operation timed out",
            "something nobody has seen yet",
        )
    ] == [State.PRIVATE, State.GONE, State.TRUNCATED, State.NETWORK, State.ERROR]
