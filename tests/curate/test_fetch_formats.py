"""Which format is taken, by yt-dlp's own selector, and what is kept of where it came from."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yt_dlp

from curate.fetching import provenance, ytdlp
from curate.fetching.formats import format_expression
from curate.fetching.web import Session
from slateboard.records.source import host_of
from slateboard.settings import FetchSettings


def _format(name: str, height: int | None, note: str | None = None, *, audio: bool = False) -> dict[str, Any]:
    codecs = {"vcodec": "none" if audio else "h264", "acodec": "aac" if audio else "none"}
    return {"format_id": name, "url": f"http://a/{name}", "ext": "mp4", "height": height, "format_note": note, **codecs}


def _chosen(formats: list[dict[str, Any]], **settings: Any) -> str | None:
    """Return the id that yt-dlp selects among formats, worst first."""
    with yt_dlp.YoutubeDL({"quiet": True, "format": format_expression(FetchSettings(**settings))}) as session:
        selector = session.build_format_selector(session.params["format"])
        found = list(selector({"formats": formats, "has_merged_format": False, "incomplete_formats": False}))
    return found[0]["format_id"] if found else None


def test_the_best_video_up_to_the_height_is_taken() -> None:
    formats = [_format("sound", None, audio=True), *(_format(str(p), p) for p in (360, 720, 1080))]
    assert _chosen(formats) == "720"
    assert _chosen(formats, height=480) == "360"


def test_above_the_height_the_smallest_is_taken() -> None:
    assert _chosen([_format("1080", 1080), _format("2160", 2160)]) == "1080"


def test_a_format_of_unknown_height_will_do() -> None:
    assert _chosen([_format("?", None)]) == "?"


def test_sound_alone_is_no_format() -> None:
    assert _chosen([_format("sound", None, audio=True)]) is None


@pytest.mark.parametrize("note", ["no watermark", "Without Watermark", "watermark-free", "unwatermarked"])
def test_a_format_that_says_it_has_no_watermark_comes_first(note: str) -> None:
    formats = [_format("free", 360, note), _format("unsaid", 540), _format("marked", 720, "watermarked")]
    assert _chosen(formats) == "free"


def test_a_format_with_a_watermark_comes_last() -> None:
    marked = _format("marked", 720, "Download video, watermarked")
    assert _chosen([_format("unsaid", 360), marked]) == "unsaid"
    assert _chosen([_format("said", 360, "Playback video"), marked]) == "said"
    assert _chosen([marked]) == "marked"


def test_a_persons_own_expression_is_taken_as_it_is() -> None:
    assert _chosen([_format("360", 360), _format("720", 720)], format="wv*") == "360"


def test_missing_fragments_are_failures_and_nothing_is_retried_behind_our_back() -> None:
    options = ytdlp.options(
        FetchSettings(), cookies=None, refuse=lambda info: None, watch=lambda status: None, logger=None
    )
    told = ("skip_unavailable_fragments", "retries", "extractor_retries")
    assert {name: options[name] for name in told} == {
        "skip_unavailable_fragments": False, "retries": 0, "extractor_retries": 0,
    }  # fmt: skip


INFO = {
    "extractor_key": "TikTok",
    "id": "7",
    "webpage_url": "https://www.tiktok.com/@someone/video/7",
    "format_id": "h264_540p",
    "upload_date": "20250102",
    "license": None,
    "duration": 12.5,
    "uploader": "someone",
    "title": "words of someone",
}


def test_no_name_is_kept_unless_asked_not_even_in_the_address() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    kept = provenance.of_web(INFO, bytes_=5, tool="yt-dlp 1", at=at, keep_personal=False)
    assert kept["url"] == "https://www.tiktok.com/@_/video/7"
    assert (kept["duration_s"], kept["upload_date"], kept["bytes"]) == (12.5, "20250102", 5)
    assert "someone" not in str(kept)
    kept = provenance.of_web(INFO, bytes_=5, tool="yt-dlp 1", at=at, keep_personal=True)
    assert (kept["uploader"], kept["title"], kept["url"]) == ("someone", INFO["title"], INFO["webpage_url"])


def test_what_a_site_says_is_kept_so_that_tables_and_files_can_hold_it() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    odd = {
        "id": "\ud800\0" + "a" * 1_000_000,
        "duration": float("nan"),
        "license": ["CC", "\udc00"],
        "upload_date": None,
    }
    odd |= {"filetime": 1e18}
    kept = provenance.of_web({**INFO, **odd}, bytes_=5, tool="yt-dlp 1", at=at, keep_personal=False)
    assert (kept["id"][:3], len(kept["id"]), kept["duration_s"]) == ("??a", 4000, None)
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode("utf-8")


def test_all_doors_of_a_site_are_one_host() -> None:
    addresses = ("https://youtu.be/a", "https://www.youtube.com/watch?v=a", "https://m.youtube.com/shorts/a")
    assert {host_of(address) for address in addresses} == {"youtube.com"}
    assert host_of("https://vm.tiktok.com/a") == host_of("https://www.tiktok.com/@a/video/1") == "tiktok.com"
    assert [host_of(path) for path in ("a.mp4", "http://127.0.0.1:80/a", "http://[broken")] == ["", "127.0.0.1", "?"]


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://127.0.0.1/a.mp4", True),
        ("http://127.0.0.1/a.webm?x=1", True),
        ("http://127.0.0.1/a", False),
        ("http://127.0.0.1/a.m3u8", False),
        # Sites that yt-dlp knows claim these, whatever their ending.
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&x=.mp4", False),
        ("https://www.youtube.com/shorts/dQw4w9WgXcQ.mp4", False),
    ],
)
def test_only_a_file_that_no_site_claims_is_asked_for_directly(url: str, plain: bool) -> None:
    session = Session(FetchSettings())
    assert session.is_file(url) == plain
    with yt_dlp.YoutubeDL({"quiet": True}) as asked:
        claimed = next(name for name, one in asked._ies.items() if one.suitable(url)) != "Generic"
    assert not (plain and claimed)
    session.close()
