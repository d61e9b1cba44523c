"""Pictures are upright as a player shows them, in PyAV's frames and in cuts alike."""

import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from odd import run_ffmpeg

from slateboard.media.containers import program_input
from slateboard.media.errors import Unreadable
from slateboard.media.ffmpeg import Cut, program, trim
from slateboard.media.frames import decode
from slateboard.media.luma import luma_by_counting
from slateboard.media.orientation import Orientation, orientation_of_matrix
from slateboard.media.probe import probe
from slateboard.media.seek import survey
from slateboard.records.source import State

ONE = 65536
MATRICES = {
    "upright": (1, 0, 0, 1),
    "right": (0, 1, -1, 0),
    "over": (-1, 0, 0, -1),
    "left": (0, -1, 1, 0),
    "hflip": (-1, 0, 0, 1),
    "vflip": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "transversed": (0, -1, -1, 0),
}


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two equal pictures of which every corner is another."""
    path = tmp_path_factory.mktemp("coded") / "coded.mp4"
    corners = "drawbox=0:0:24:16:white:fill,drawbox=40:0:24:16:gray:fill,drawbox=0:32:24:16:0x606060:fill"
    run_ffmpeg(
        "-f", "lavfi", "-i", f"color=black:size=64x48:rate=10:duration=0.2,{corners}", "-pix_fmt", "yuv420p", path
    )
    return path


def with_matrix(source: Path, target: Path, matrix: tuple[float, ...]) -> Path:
    """Write the file with another display matrix (a, b, c, d) in the header of its only track."""
    content = bytearray(source.read_bytes())
    a, b, c, d = (round(ONE * value) for value in matrix)
    # tkhd, version 0: 4 bytes of its name, 4 of version and flags, 36 of times, id, layer and volume; nine numbers.
    place = content.index(b"tkhd") + 4 + 4 + 36
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    target.write_bytes(content)
    return target


def as_the_program_shows(path: Path, height: int, width: int) -> NDArray[np.uint8]:
    command = [program(), "-nostdin", "-v", "error", *program_input(path), "-frames:v", "1", "-pix_fmt", "gray"]
    output = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    assert len(output) == height * width
    return np.frombuffer(output, np.uint8).reshape(height, width)


@pytest.mark.parametrize("name", MATRICES)
def test_a_frame_a_cut_and_the_program_show_the_same_picture(coded: Path, tmp_path: Path, name: str) -> None:
    """natario1/CameraView#15, HaishinKit/HaishinKit.swift#112: front cameras mirror by the matrix."""
    path = with_matrix(coded, tmp_path / "turned.mp4", MATRICES[name])
    frame = next(decode(path))
    a, b, c, d = MATRICES[name]
    assert frame.y.shape == ((48, 64) if a else (64, 48))
    trim(path, tmp_path / "cut.mp4", Cut(0, 1, Fraction(10), None, frame.matrix, frame.full_range, 4))
    shown = next(decode(tmp_path / "cut.mp4"))
    assert shown.y.shape == frame.y.shape
    assert np.abs(frame.y.astype(int) - shown.y).mean() < 2
    # Gray of the program is of full range.
    full = (as_the_program_shows(path, *frame.y.shape).astype(int) * 219 / 255 + 16).round()
    assert np.abs(full - frame.y).mean() < 2
    assert (luma_by_counting(path, {0})[0] == frame.y).all()
    assert survey(path).turned == (frame.y.shape == (64, 48))
    media = probe(path, media_id="m", relative="m")
    assert media.mirrored == (a * d - b * c < 0)
    assert probe(tmp_path / "cut.mp4", media_id="m", relative="m").rotation == 0


def test_an_orientation_says_where_the_corner_of_the_picture_is_shown() -> None:
    picture = np.arange(6).reshape(2, 3)
    for name, (a, b, c, d) in MATRICES.items():
        raw = struct.pack("=9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
        orientation = orientation_of_matrix(raw, name="x")
        shown = np.rot90(picture[:, ::-1] if orientation.mirrored else picture, orientation.turns)
        # (x, y) is shown at (a x + c y, b x + d y), moved so that nothing is negative.
        places = {(a * x + c * y, b * x + d * y): picture[y, x] for y in range(2) for x in range(3)}
        left, top = min(x for x, _ in places), min(y for _, y in places)
        assert all(shown[y - top, x - left] == value for (x, y), value in places.items()), name


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((0.01, 0.9999, -0.9999, 0.01), Orientation(3)),
        ((2, 0, 0, 2), Orientation()),
        ((0, 0, 0, 0), Orientation()),
    ],
)
def test_scales_and_rounding_do_not_count(matrix: tuple[float, ...], expected: Orientation) -> None:
    a, b, c, d = (round(ONE * value) for value in matrix)
    assert orientation_of_matrix(struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30), name="x") == expected


@pytest.mark.parametrize("matrix", [(0.7071, 0.7071, -0.7071, 0.7071), (1, 0, 0.5, 1), (0.99, 0.1, -0.1, 0.99)])
def test_other_than_quarter_turns_are_refused_in_our_words(
    coded: Path, tmp_path: Path, matrix: tuple[float, ...]
) -> None:
    path = with_matrix(coded, tmp_path / "askew.mp4", matrix)
    with pytest.raises(
        Unreadable, match=r"askew.mp4 is to be shown turned by other than quarters or slanted"
    ) as caught:
        probe(path, media_id="m", relative="m")
    assert caught.value.state == State.UNSUPPORTED
    with pytest.raises(Unreadable, match="other than quarters"):
        next(decode(path))


def test_the_cases_of_mirrored_cameras_are_shown_as_by_a_player(cases: Path) -> None:
    for name in ("m04_hflip_matrix.mp4", "m05_vflip_matrix.mp4", "m07_transpose_matrix.mp4"):
        frame = next(decode(cases / "case-09" / name))
        program_gray = as_the_program_shows(cases / "case-09" / name, *frame.y.shape).astype(int) * 219 / 255 + 16
        assert np.abs(program_gray - frame.y).mean() < 2
