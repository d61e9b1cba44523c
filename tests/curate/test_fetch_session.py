"""What a host answers before the video comes: bounded pages, redirects without logins, ways that are not gone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from drawing import moving
from faults.server import FaultServer

from curate.fetching.attempt import AttemptResult
from curate.fetching.web import Session, _refusal
from slateboard.media.encode import write_video
from slateboard.records.source import State
from slateboard.settings import FetchSettings

# yt-dlp leaves the socket of a failed download to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

COOKIES = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tsecret\n"
UNHURRIED = {"sleep_requests_seconds": 0, "timeout_seconds": 5}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "served.mp4"
    write_video(path, moving(20), frame_rate_hz=15)
    return path.read_bytes()


@pytest.fixture
def sites(video: bytes) -> Iterator[list[FaultServer]]:
    """Two hosts."""
    servers = [FaultServer(video, host=host) for host in ("127.0.0.1", "127.0.0.2")]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[..., AttemptResult]]:
    """Ask for an address in this process."""
    sessions = []

    def asked(url: str, *, directly: bool = False, cookies: str | None = None, **settings: object) -> AttemptResult:
        session = Session(
            FetchSettings.model_validate({"allow_private": True, **UNHURRIED, **settings}), cookies=cookies
        )
        sessions.append(session)
        return session.download(url, tmp_path / f"{len(sessions)}", directly=directly)

    yield asked
    for session in sessions:
        session.close()


@pytest.mark.parametrize("name", ["book", "bomb"])
def test_a_page_that_does_not_end_is_too_large_however_it_is_packed(
    sites: list[FaultServer], ask: Callable[..., AttemptResult], name: str
) -> None:
    outcome = ask(f"{sites[0].url}/{name}-1.html")
    assert (outcome.state, outcome.error) == (
        State.TOO_LARGE, "more than 67108864 bytes of a page came before any video",
    )  # fmt: skip


def test_a_redirect_that_does_not_end_is_followed(sites: list[FaultServer], ask: Callable[..., AttemptResult]) -> None:
    assert ask(f"{sites[0].url}/gotoendless-1.mp4?{sites[1].url}/good.mp4", directly=True).state == State.FETCHED


@pytest.mark.parametrize("directly", [True, False])
def test_a_login_and_cookies_go_to_no_other_host(
    sites: list[FaultServer], ask: Callable[..., AttemptResult], directly: bool
) -> None:
    first, other = sites
    login = first.url.replace("//", "//user:word@")
    assert ask(f"{login}/goto-1.mp4?{other.url}/good.mp4", directly=directly, cookies=COOKIES).state == State.FETCHED
    assert {(sent, cookie) for _, sent, cookie in first.logins} == {("Basic dXNlcjp3b3Jk", "session=secret")}
    assert {(sent, cookie) for _, sent, cookie in other.logins} == {(None, None)}


def test_a_login_goes_along_to_another_address_of_its_host(
    sites: list[FaultServer], ask: Callable[..., AttemptResult]
) -> None:
    login = sites[0].url.replace("//", "//user:word@")
    assert ask(f"{login}/goto-1.mp4?{sites[0].url}/good.mp4", directly=True).state == State.FETCHED
    assert [sent for _, sent, _ in sites[0].logins] == ["Basic dXNlcjp3b3Jk"] * 2


def test_a_login_goes_to_no_other_port_of_its_host(video: bytes, ask: Callable[..., AttemptResult]) -> None:
    first, other = FaultServer(video), FaultServer(video)
    try:
        login = first.url.replace("//", "//user:word@")
        assert ask(f"{login}/goto-1.mp4?{other.url}/good.mp4", directly=True).state == State.FETCHED
        assert [sent for _, sent, _ in other.logins] == [None]
    finally:
        first.close()
        other.close()


@pytest.mark.parametrize("name", ["embeds-1.html", "playlist-1.m3u8"])
def test_a_login_is_not_told_to_whom_a_page_or_playlist_names(
    sites: list[FaultServer], ask: Callable[..., AttemptResult], name: str
) -> None:
    login = sites[0].url.replace("//", "//user:word@")
    assert ask(f"{login}/{name}?{sites[1].url}/good.mp4").state == State.FETCHED
    assert {(sent, cookie) for _, sent, cookie in sites[1].logins} == {(None, None)}
    assert not any("word" in (referer or "") for referer in sites[1].referers)


@pytest.mark.parametrize("name", ["goto-1.mp4", "embeds-1.html", "playlist-1.m3u8"])
@pytest.mark.parametrize("private", ["http://127.0.0.2:9/a.mp4", "http://2130706433:9/a.mp4", "http://[::1]:9/a.mp4"])
def test_nothing_leads_into_a_private_network_through_a_proxy(
    sites: list[FaultServer], ask: Callable[..., AttemptResult], name: str, private: str
) -> None:
    # The proxy answers in the name of a host of the internet.
    url = f"http://videos.example.org/{name}?{quote(private, safe='')}"
    outcome = ask(url, allow_private=False, proxy=sites[0].url)
    assert (outcome.state, "allow_private = true" in (outcome.error or "")) == (State.BLOCKED, True)
    assert all(path.startswith("http://videos.example.org/") for path in sites[0].asked)


def test_a_redirect_to_another_scheme_is_not_followed(
    sites: list[FaultServer], ask: Callable[..., AttemptResult]
) -> None:
    outcome = ask(f"{sites[0].url}/goto-1.mp4?ftp://127.0.0.1/a.mp4", directly=True)
    assert (outcome.state, outcome.error) == (State.UNSUPPORTED, "ftp:// is not asked for, only http:// and https://")
    assert ask(f"{sites[0].url}/goto-1.mp4?file:///etc/hostname", directly=True).file is None


def test_a_stream_that_ffmpeg_would_fetch_is_unsupported(
    sites: list[FaultServer], ask: Callable[..., AttemptResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\necho ffmpeg version 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    outcome = ask(f"{sites[0].url}/locked-1.m3u8")
    assert (outcome.state, "ffmpeg" in (outcome.error or "")) == (State.UNSUPPORTED, True)
    assert not (tmp_path / "started").exists()


def test_a_stream_of_another_protocol_is_unsupported(ask: Callable[..., AttemptResult], tmp_path: Path) -> None:
    session = Session(FetchSettings())
    video = {"id": "a", "title": "a", "url": "rtmp://videos.example.org/a", "ext": "flv", "extractor": "generic"}
    _, failure = session._guarded(lambda opened: opened.process_ie_result(video, download=True))
    assert failure is not None
    assert (failure.state, failure.error) == (
        State.UNSUPPORTED, "its stream (rtmp) needs another program, which is not started",
    )  # fmt: skip


def test_a_format_of_two_streams_is_unsupported_and_said_so() -> None:
    refused = _refusal({"requested_formats": [{}, {}]}, FetchSettings(), complete=True)
    assert refused is not None and refused[0] == State.UNSUPPORTED and "format" in refused[1]


def test_words_of_a_full_disk_from_a_host_are_that_sources_error(
    sites: list[FaultServer], ask: Callable[..., AttemptResult]
) -> None:
    assert ask(f"{sites[0].url}/full-1.mp4", directly=True).state == State.NETWORK
