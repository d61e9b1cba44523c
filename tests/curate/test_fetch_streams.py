"""Streams, hops, packing and odd names: what was right stays right, byte for byte."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from drawing import moving
from releasing import SETTINGS, curate
from served import File, Served

from curate.fetching.attempt import AttemptResult
from curate.fetching.web import Session
from slateboard.catalog.catalog import open_catalog
from slateboard.records.source import State
from slateboard.settings import FetchSettings
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

PARTS = [bytes([65 + number]) * (70_000 + number) for number in range(3)]
HLS, DASH = "application/vnd.apple.mpegurl", "application/dash+xml"
KEY, IV = bytes(range(16)), bytes(16)


@pytest.fixture
def site() -> Iterator[Served]:
    served = Served()
    served.files = {f"/{number}.ts": File(part) for number, part in enumerate(PARTS)}
    yield served
    served.close()


@pytest.fixture
def ask(site: Served, tmp_path: Path) -> Iterator[Callable[..., AttemptResult]]:
    session = Session(FetchSettings(allow_private=True, sleep_requests_seconds=0, timeout_seconds=5))
    yield lambda path, directly=False: session.download(f"{site.url}{path}", tmp_path / "stem", directly=directly)
    session.close()


def _bytes(outcome: AttemptResult) -> bytes:
    assert outcome.state == State.FETCHED and outcome.file is not None, outcome
    return outcome.file.read_bytes()


def _hls(*lines: str, ends: bool = True) -> File:
    text = ["#EXTM3U", "#EXT-X-VERSION:4", "#EXT-X-TARGETDURATION:9", *lines, *(["#EXT-X-ENDLIST"] if ends else [])]
    return File("\n".join([*text, ""]).encode(), kind=HLS)


def test_segments_of_a_playlist_are_joined_in_order(site: Served, ask: Callable[..., AttemptResult]) -> None:
    site.files["/a.m3u8"] = _hls("#EXTINF:9,", "0.ts", "#EXTINF:9,", "1.ts", "#EXTINF:9,", "2.ts")
    assert _bytes(ask("/a.m3u8")) == b"".join(PARTS)


def test_the_better_playlist_up_to_the_height_is_taken(site: Served, ask: Callable[..., AttemptResult]) -> None:
    site.files["/low.m3u8"] = _hls("#EXTINF:9,", "0.ts")
    site.files["/high.m3u8"] = _hls("#EXTINF:9,", "1.ts")
    lines = ("#EXTM3U", "#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=320x240", "low.m3u8",
             "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x480", "high.m3u8", "")  # fmt: skip
    site.files["/all.m3u8"] = File("\n".join(lines).encode(), kind=HLS)
    assert _bytes(ask("/all.m3u8")) == PARTS[1]


def test_segments_that_are_ranges_of_one_file_are_asked_for_as_such(
    site: Served, ask: Callable[..., AttemptResult]
) -> None:
    """The request for a range is no resumed download: nothing of it is left out or asked for whole."""
    whole = b"".join(PARTS)
    site.files["/whole.ts"] = File(whole, {"ETag": '"1"'})
    edges = [0, len(PARTS[0]), len(PARTS[0]) + len(PARTS[1]), len(whole)]
    lines = [
        line
        for start, end in pairwise(edges)
        for line in ("#EXTINF:9,", f"#EXT-X-BYTERANGE:{end - start}@{start}", "whole.ts")
    ]
    site.files["/a.m3u8"] = _hls(*lines)
    assert _bytes(ask("/a.m3u8")) == whole
    assert [asked for path, asked, *_ in site.asked if path == "/whole.ts"] == [
        f"bytes={start}-{end - 1}" for start, end in pairwise(edges)
    ]


def test_encrypted_segments_are_decrypted(site: Served, ask: Callable[..., AttemptResult]) -> None:
    from yt_dlp.aes import aes_cbc_encrypt_bytes

    site.files["/key"] = File(KEY, kind="application/octet-stream")
    for number, part in enumerate(PARTS[:2]):
        site.files[f"/{number}.enc"] = File(bytes(aes_cbc_encrypt_bytes(part[:4096] + bytes([16]) * 16, KEY, IV)))
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x{IV.hex()}'
    site.files["/a.m3u8"] = _hls(key, "#EXTINF:9,", "0.enc", "#EXTINF:9,", "1.enc")
    assert _bytes(ask("/a.m3u8")) == PARTS[0][:4096] + PARTS[1][:4096]


def test_segments_of_a_dash_manifest_are_joined_in_order(site: Served, ask: Callable[..., AttemptResult]) -> None:
    urls = "".join(f'<SegmentURL media="{number}.ts"/>' for number in range(3))
    text = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT27S"><Period><AdaptationSet mimeType="video/mp4">'
        '<Representation id="1" bandwidth="1000" width="64" height="48" codecs="avc1.42E01E">'
        f'<SegmentList duration="9">{urls}</SegmentList></Representation></AdaptationSet></Period></MPD>'
    )
    site.files["/a.mpd"] = File(text.encode(), kind=DASH)
    assert _bytes(ask("/a.mpd")) == b"".join(PARTS)


def test_a_playlist_without_an_end_is_live(site: Served, ask: Callable[..., AttemptResult]) -> None:
    site.files["/a.m3u8"] = _hls("#EXTINF:9,", "0.ts", ends=False)
    assert ask("/a.m3u8").state == State.LIVE


@pytest.mark.parametrize("directly", [True, False])
def test_a_file_behind_several_hops_packed_by_a_host_without_ranges_is_whole(
    site: Served, ask: Callable[..., AttemptResult], directly: bool
) -> None:
    for number, status in enumerate((301, 302, 303, 307, 308)):
        site.files[f"/hop{number}.mp4"] = File(b"", {"Location": f"hop{number + 1}.mp4?n={number}"}, status=status)
    site.files["/hop5.mp4"] = File(PARTS[0], packed=True, takes_range=False)
    assert _bytes(ask("/hop0.mp4", directly=directly)) == PARTS[0]


ODD = ("a & b # 100% {id} $(x) 'q' [1].mp4", "Vidéo nhảy cao ភាសា 🏃.MP4", "-rf %(id)s.mp4", "x" * 250 + ".mp4")


def test_files_with_odd_names_are_fetched_from_here_and_from_the_web(
    workspace: Workspace, site: Served, draw: Callable[..., Path]
) -> None:
    """yt-dlp/yt-dlp#8789: signs of the shell, of output templates and of other scripts, and the longest names."""
    from urllib.parse import quote

    from slateboard.files import csv_text

    folder = workspace.root / "in"
    folder.mkdir()
    rows = []
    for seed, name in enumerate(ODD):
        drawn = draw("d.mp4", moving(10, seed=seed)).rename(folder / name)
        served = draw("d.mp4", moving(10, seed=seed + 10))
        site.files[f"/{quote(name)}"] = File(served.read_bytes())
        rows += [{"url": f"in/{drawn.name}", "label": "A"}, {"url": f"{site.url}/{quote(name)}", "label": "B"}]
    (workspace.root / "slateboard.toml").write_text(SETTINGS)
    workspace.sources.write_text(csv_text(rows, COLUMNS.strip().split(",")))
    curate(workspace, "fetch")
    with open_catalog(workspace.catalog) as catalog:
        assert [(source.state, source.reason) for source in catalog.sources()] == [(State.FETCHED, None)] * 8
        assert len(catalog.media()) == 8
