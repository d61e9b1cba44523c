"""A resumed download is the same file, or begins anew.

thin-edge/thin-edge.io#3941 (a file changed between two tries), BitMiracle-AI/Dormice#86 (a host that ignores If-Range),
yt-dlp/yt-dlp#12994 (416 for a part that outlived its file).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from served import OLD, File, Served

from curate.fetching.attempt import AttemptResult
from curate.fetching.resuming import Validators
from curate.fetching.web import Session
from slateboard.records.source import State
from slateboard.settings import FetchSettings

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

BEFORE, AFTER = b"a" * 300_000, b"b" * 300_000
HALF = 200_000
NEW = "Tue, 02 Jan 2024 00:00:00 GMT"


@pytest.fixture
def site() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


@pytest.fixture
def ask(site: Served, tmp_path: Path) -> Iterator[Callable[[str], AttemptResult]]:
    """Ask for a path with a session of its own, as another process would; the part files stay."""
    sessions: list[Session] = []

    def asked(path: str, *, directly: bool = True) -> AttemptResult:
        settings = FetchSettings(allow_private=True, sleep_requests_seconds=0, timeout_seconds=5)
        sessions.append(Session(settings))
        return sessions[-1].download(f"{site.url}{path}", tmp_path / "stem", directly=directly)

    yield asked
    for session in sessions:
        session.close()


def _break_off_then(site: Served, ask: Callable[[str], AttemptResult], first: File, second: File) -> bytes:
    """Break the first file off in the middle, serve the second, and return what was downloaded."""
    first.ends_after = HALF
    site.files["/v.mp4"] = first
    assert ask("/v.mp4").state == State.TRUNCATED
    site.asked.clear()
    site.files["/v.mp4"] = second
    outcome = ask("/v.mp4")
    assert outcome.state == State.FETCHED and outcome.file is not None
    return outcome.file.read_bytes()


STRONG, WEAK, DATED = {"ETag": '"1"'}, {"ETag": 'W/"1"'}, {"Last-Modified": OLD}


@pytest.mark.parametrize(("headers", "condition"), [(STRONG, '"1"'), (DATED, OLD), ({**WEAK, **DATED}, OLD)])
def test_an_unchanged_file_is_resumed_with_its_own_bytes(
    site: Served, ask: Callable[[str], AttemptResult], headers: dict[str, str], condition: str
) -> None:
    assert _break_off_then(site, ask, File(BEFORE, headers), File(BEFORE, headers)) == BEFORE
    ((_, range_asked, if_range, sent),) = site.asked
    assert range_asked is not None and if_range == condition
    assert 0 < sent == len(BEFORE) - int(range_asked[6:-1]) < len(BEFORE)


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize(
    ("then", "now"),
    [(STRONG, {"ETag": '"2"'}), (DATED, {"Last-Modified": NEW}), ({**WEAK, **DATED}, {"ETag": 'W/"2"', **DATED})],
)
def test_a_file_that_changed_meanwhile_begins_anew(
    site: Served, ask: Callable[[str], AttemptResult], then: dict[str, str], now: dict[str, str], heeds_if_range: bool
) -> None:
    second = File(AFTER, now, heeds_if_range=heeds_if_range)
    assert _break_off_then(site, ask, File(BEFORE, then), second) == AFTER


@pytest.mark.parametrize(
    "headers",
    [{}, WEAK, {"Last-Modified": "Fri, 31 Dec 2100 00:00:00 GMT"}, {"Last-Modified": "yesterday"}],
)
def test_a_file_that_nothing_names_begins_anew_though_it_may_be_the_same(
    site: Served, ask: Callable[[str], AttemptResult], headers: dict[str, str]
) -> None:
    assert _break_off_then(site, ask, File(BEFORE, headers), File(AFTER, headers)) == AFTER
    assert [(asked, condition) for _, asked, condition, _ in site.asked] == [(None, None)]


@pytest.mark.parametrize("length", [HALF - 50, HALF, HALF + 50, HALF - 5000])
def test_a_shorter_file_is_not_taken_for_what_lies_here(
    site: Served, ask: Callable[[str], AttemptResult], length: int
) -> None:
    """yt-dlp takes a part for the whole where the file is within 100 bytes of it (ytdl-org/youtube-dl#175)."""
    second = File(AFTER[:length], STRONG, heeds_if_range=False)
    assert _break_off_then(site, ask, File(BEFORE, STRONG), second) == AFTER[:length]


def test_a_server_without_ranges_gives_the_whole_again(site: Served, ask: Callable[[str], AttemptResult]) -> None:
    assert _break_off_then(site, ask, File(BEFORE, STRONG), File(BEFORE, STRONG, takes_range=False)) == BEFORE


def test_an_answer_that_begins_elsewhere_is_not_taken_for_the_rest(
    site: Served, ask: Callable[[str], AttemptResult]
) -> None:
    """xroche/httrack#428: caches answer from the beginning of a block; yt-dlp would keep the tail alone."""
    second = File(BEFORE, STRONG, block=64 * 1024)
    assert _break_off_then(site, ask, File(BEFORE, STRONG), second) == BEFORE


@pytest.mark.parametrize("headers", [{}, {"ETag": '"1"'}])
def test_a_file_that_is_asked_for_in_pieces_is_whole(site: Served, tmp_path: Path, headers: dict[str, str]) -> None:
    """Some sites slow down all but requests for a piece: later pieces are no resumed downloads of another run."""
    site.files["/v.mp4"] = File(BEFORE, headers)
    session = Session(FetchSettings(allow_private=True, sleep_requests_seconds=0))
    session._open().params["http_chunk_size"] = 64 * 1024
    try:
        outcome = session.download(f"{site.url}/v.mp4", tmp_path / "stem", directly=True)
        assert outcome.file is not None and outcome.file.read_bytes() == BEFORE
        assert len(site.asked) > 4 and sum(sent for *_, sent in site.asked) == len(BEFORE)
    finally:
        session.close()


def test_a_packed_answer_is_unpacked_and_never_resumed(site: Served, ask: Callable[[str], AttemptResult]) -> None:
    """A range of packed bytes is none of the unpacked ones (yt-dlp/yt-dlp#6176)."""
    site.files["/v.mp4"] = File(BEFORE, STRONG, packed=True)
    outcome = ask("/v.mp4")
    assert outcome.file is not None and outcome.file.read_bytes() == BEFORE
    assert not Validators.of(_Answer({**STRONG, "Content-Encoding": "gzip"})).condition


class _Answer:
    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers


def test_a_time_within_a_second_of_the_answer_names_no_version() -> None:
    answered = {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}
    assert Validators.of(_Answer({"Last-Modified": OLD, **answered})).condition == ""
    assert Validators.of(_Answer({"Last-Modified": "Sun, 31 Dec 2023 23:59:59 GMT", **answered})).condition != ""
    assert Validators.of(_Answer({"Last-Modified": OLD})).condition == ""


@pytest.mark.parametrize("note", ["", "{", "[]", '["\\"1\\"", "", false]', "null"])
def test_a_part_whose_note_a_power_cut_tore_begins_anew(
    site: Served, ask: Callable[[str], AttemptResult], tmp_path: Path, note: str
) -> None:
    site.files["/v.mp4"] = File(BEFORE, STRONG, ends_after=HALF)
    assert ask("/v.mp4").state == State.TRUNCATED
    (note_path,) = tmp_path.glob("stem.*.validators")
    note_path.write_text(note)
    site.files["/v.mp4"] = File(AFTER, STRONG)
    outcome = ask("/v.mp4")
    assert outcome.file is not None and outcome.file.read_bytes() == AFTER


@pytest.mark.parametrize("form", ["hls", "dash"])
def test_a_stream_in_fragments_is_not_joined_with_what_an_earlier_playlist_gave(
    site: Served, ask: Callable[..., AttemptResult], form: str, tmp_path: Path
) -> None:
    """ytdl-org/youtube-dl#13329, yt-dlp/yt-dlp#2001: the .ytdl holds the number of the next fragment alone.

    Two fragments would be of the old list, the third of the new one.
    """
    name = {"hls": "/v.m3u8", "dash": "/v.mpd"}[form]
    for version, letter in (("old", b"a"), ("new", b"b")):
        for number in range(3):
            site.files[f"/{version}{number}.ts"] = File(letter * 1000 + str(number).encode())
    site.files[name] = _playlist(form, "old")
    del site.files["/old2.ts"]
    assert ask(name, directly=False).state != State.FETCHED
    assert list(tmp_path.glob("stem.*.part"))
    site.files[name] = _playlist(form, "new")
    outcome = ask(name, directly=False)
    assert outcome.state == State.FETCHED and outcome.file is not None
    assert outcome.file.read_bytes() == b"".join(site.files[f"/new{number}.ts"].body for number in range(3))


def _playlist(form: str, version: str) -> File:
    names = [f"{version}{number}.ts" for number in range(3)]
    if form == "hls":
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:9"]
        for name in names:
            lines += ["#EXTINF:9,", name]
        return File("\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode(), kind="application/vnd.apple.mpegurl")
    segments = "".join(f'<SegmentURL media="{name}"/>' for name in names)
    text = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT27S"><Period><AdaptationSet mimeType="video/mp4">'
        '<Representation id="1" bandwidth="1000" width="64" height="48" codecs="avc1.42E01E">'
        f'<SegmentList duration="9">{segments}</SegmentList></Representation></AdaptationSet></Period></MPD>'
    )
    return File(text.encode(), kind="application/dash+xml")
