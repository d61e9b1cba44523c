"""Limits of what a file may claim: over them it ends in a state, before memory or time is spent on the claim."""

import io
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import moving
from hostile import avi_with_rate, avi_with_size, gif_with_size, matroska, mov_with_duration
from PIL import Image

from slateboard.media.errors import Unreadable
from slateboard.media.fingerprints import fingerprint_of
from slateboard.media.frames import decode
from slateboard.media.motion import find_corners
from slateboard.media.probe import probe
from slateboard.records.media import Media
from slateboard.records.source import State
from slateboard.settings import Limits

YEAR_S = 365 * 24 * 3600


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    text = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 90, 30)).save(text, "JPEG")
    return text.getvalue()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def written(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return written


def _probe(path: Path, **limits: float) -> Media:
    return probe(path, media_id="m", relative="m", limits=Limits.model_validate(limits))


def _state(path: Path, **limits: float) -> State:
    with pytest.raises(Unreadable) as caught:
        _probe(path, **limits)
    return caught.value.state


def test_pictures_over_max_pixels_are_too_large_by_their_header(draw: Callable[..., Path]) -> None:
    path = draw("wide.mp4", moving(3, size=(1920, 1080)))
    assert _state(path, max_pixels=2_000_000) == State.TOO_LARGE
    assert _probe(path, max_pixels=1920 * 1080).width == 1920
    with pytest.raises(Unreadable, match=r"1920 x 1080 are over max_pixels = 2000000"):
        next(decode(path, limits=Limits(max_pixels=2_000_000)))


@pytest.mark.parametrize("side", [15_000, 30_000])
def test_a_size_that_shows_in_decoding_alone_is_an_error_before_memory_is_taken(
    realdata: Path, write: Callable[[str, bytes], Path], side: int
) -> None:
    screen = gif_with_size((realdata / "odd" / "anim_odd_height.gif").read_bytes(), width=side, height=side)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unreadable, match="over max_pixels"):
        _probe(write("screen.gif", screen))
    # Kilobytes: a picture of 15000 x 15000 takes 900 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    photos = avi_with_size((realdata / "odd" / "tiny_32x32_mjpeg.avi").read_bytes(), width=side, height=side)
    assert _state(write("photos.avi", photos)) in (State.CORRUPT, State.TOO_LARGE)


@pytest.mark.parametrize(("scale", "rate", "kept"), [(10**9, 10, 25.0), (1, 10**9, 25.0), (1001, 30_000, 29.97003)])
def test_a_rate_that_no_video_has_counts_as_unknown(
    realdata: Path, write: Callable[[str, bytes], Path], scale: int, rate: int, kept: float
) -> None:
    file = next(iter(sorted((realdata / "weizmann").rglob("*.avi"))))
    path = write("rate.avi", avi_with_rate(file.read_bytes(), scale=scale, rate=rate))
    if scale > 10**6:
        assert _state(path) == State.TOO_LONG
        assert _state(path, max_duration_seconds=100 * YEAR_S) == State.TOO_LONG
        assert _probe(path, max_duration_seconds=10_000 * YEAR_S).fps == pytest.approx(kept, abs=1e-5)
    else:
        assert _probe(path).fps == pytest.approx(kept, abs=1e-5)


def test_a_duration_of_years_is_too_long_and_so_is_a_frame_that_comes_after_them(
    draw: Callable[..., Path], write: Callable[[str, bytes], Path], jpeg: bytes
) -> None:
    film = draw("film.mp4", moving(20)).read_bytes()
    for ticks in (0xFFFFFFFE, 0x7FFFFFFF):
        # FFmpeg goes by the samples of an mp4: the claim costs nothing.
        seconds = _probe(write("years.mp4", mov_with_duration(film, ticks=ticks))).header_duration_s
        assert seconds is not None and seconds < 2
    assert _state(write("years.mkv", matroska(1, jpeg=jpeg, duration_ms=3e3 * YEAR_S))) == State.TOO_LONG
    # Matroska without a duration: only its frames tell, and the first is where it should be.
    path = write("apart.mkv", matroska(1, jpeg=jpeg, apart_ms=3 * YEAR_S * 1000))
    with pytest.raises(Unreadable, match=r"over max_duration_seconds = 14400") as caught:
        list(decode(path))
    assert caught.value.state == State.TOO_LONG
    with pytest.raises(Unreadable):
        fingerprint_of(path)
    assert len(list(decode(write("near.mkv", matroska(1, jpeg=jpeg))))) == 3


def test_decoding_stops_at_max_frames(draw: Callable[..., Path]) -> None:
    path = draw("film.mp4", moving(20))
    assert len(list(decode(path, limits=Limits(max_frames=20)))) == 20
    with pytest.raises(Unreadable, match="more than max_frames = 19") as caught:
        list(decode(path, limits=Limits(max_frames=19)))
    assert caught.value.state == State.TOO_LONG


@pytest.mark.parametrize(("tracks", "attachments"), [(2000, 0), (1, 2000), (60, 60)])
def test_more_streams_than_max_streams_are_refused_whatever_they_are(
    write: Callable[[str, bytes], Path], jpeg: bytes, tracks: int, attachments: int
) -> None:
    path = write("many.mkv", matroska(tracks, attachments=attachments, jpeg=jpeg))
    assert _state(path) == State.TOO_LARGE
    few = write("few.mkv", matroska(3, attachments=20, jpeg=jpeg))
    assert _probe(few).codec == "mjpeg"
    assert _state(few, max_streams=20) == State.TOO_LARGE


def test_streams_of_an_mp4_over_the_limit_are_refused_as_such(realdata: Path) -> None:
    assert _state(realdata / "odd" / "two_video_streams.mp4", max_streams=1) == State.TOO_LARGE


def test_pictures_smaller_than_the_grid_of_points_have_points_and_kill_nobody() -> None:
    random = np.random.default_rng(0)
    for height, width in ((4, 4), (1, 1), (4, 200), (200, 4)):
        assert find_corners(random.integers(0, 255, (height, width), np.uint8)).shape[1:] == (1, 2)


def test_the_poisoned_file_is_too_long(poison: Path) -> None:
    assert _state(poison) == State.TOO_LONG
