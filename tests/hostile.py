"""Files as strangers send them: headers whose fields lie, and real files damaged in nine ways, by a seed."""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20
COUNT = 330
_EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_AVI_FIELDS = {
    # Four characters that begin a chunk -> (offset behind them, in bytes) of sizes, rates and durations.
    b"avih": (8, 12, 24, 28, 40, 44),
    b"strh": (24, 28, 32, 36, 40, 44),
    b"strf": (4, 8, 12, 16, 24),
    b"idx1": (4, 16, 20),
}
_MOV_FIELDS = {
    b"mvhd": (16, 20),
    b"mdhd": (16, 20),
    b"tkhd": (24, 80, 84),
    b"elst": (8, 12, 16),
    b"stts": (8, 12, 16),
    b"stsz": (8, 12, 16),
    b"stsc": (8, 12, 16),
    b"stco": (8, 12),
    b"avc1": (28,),
    b"pasp": (4, 8),
}
_MKV_FIELDS = {
    # EBML id -> offset of its value: one byte of length, as every writer does for these.
    b"\x44\x89": (3,),  # Duration
    b"\x2a\xd7\xb1": (4,),  # TimestampScale
    b"\x23\xe3\x83": (4,),  # DefaultDuration
    b"\xb0": (2,),  # PixelWidth
    b"\xba": (2,),  # PixelHeight
}

Random = np.random.Generator
Mutation = Callable[[bytes, bytes, Random], bytes]


def _block(data: bytes, random: Random, *, most: int = 4096) -> tuple[int, int]:
    start = int(random.integers(len(data)))
    return start, min(len(data), start + int(random.integers(1, most)))


def truncated(data: bytes, other: bytes, random: Random) -> bytes:
    return data[: int(random.integers(1, len(data)))]


def bits_flipped(data: bytes, other: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for place in random.integers(0, 8 * len(data), int(random.integers(1, 65))).tolist():
        changed[place // 8] ^= 1 << (place % 8)
    return bytes(changed)


def block_zeroed(data: bytes, other: bytes, random: Random) -> bytes:
    start, end = _block(data, random)
    return data[:start] + bytes(end - start) + data[end:]


def header_rewritten(data: bytes, other: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for place in random.integers(0, min(len(data), 1024), int(random.integers(1, 9))).tolist():
        changed[place] = int(random.integers(256))
    return bytes(changed)


def block_doubled(data: bytes, other: bytes, random: Random) -> bytes:
    start, end = _block(data, random)
    return data[:end] + data[start:end] + data[end:]


def blocks_swapped(data: bytes, other: bytes, random: Random) -> bytes:
    size = int(random.integers(1, max(2, min(4096, len(data) // 3))))
    first, second = sorted(random.integers(0, len(data) - size, 2).tolist())
    if second < first + size:
        second = min(first + size, len(data) - size)
    if second < first + size:
        return data[::-1]
    between = data[first + size : second]
    return data[:first] + data[second : second + size] + between + data[first : first + size] + data[second + size :]


def garbage_inserted(data: bytes, other: bytes, random: Random) -> bytes:
    place = int(random.integers(len(data)))
    return data[:place] + random.bytes(int(random.integers(1, 4096))) + data[place:]


def field_extreme(data: bytes, other: bytes, random: Random) -> bytes:
    """Set one to three fields of sizes, rates and durations to what no video has."""
    places = list(_fields(data)) or [(int(place), ">I") for place in random.integers(0, min(len(data), 512), 8)]
    changed = bytearray(data)
    for index in random.integers(0, len(places), int(random.integers(1, 4))).tolist():
        place, form = places[index]
        if place + 4 <= len(changed):
            struct.pack_into(form, changed, place, int(random.choice(_EXTREMES)))
    return bytes(changed)


def concatenated(data: bytes, other: bytes, random: Random) -> bytes:
    return data + other[int(random.integers(len(other))) // 2 :]


MUTATIONS: tuple[Mutation, ...] = (
    truncated,
    bits_flipped,
    block_zeroed,
    header_rewritten,
    block_doubled,
    blocks_swapped,
    garbage_inserted,
    field_extreme,
    concatenated,
)


def _fields(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield (place, form) of the fields of this container's header, each 4 bytes."""
    avi, mkv = data[:4] == b"RIFF", data[:4] == b"\x1a\x45\xdf\xa3"
    for name, offsets in (_AVI_FIELDS if avi else _MKV_FIELDS if mkv else _MOV_FIELDS).items():
        place = data.find(name, 0, 4096 if mkv else len(data))
        if place >= 0:
            yield from ((place + offset, "<I" if avi else ">I") for offset in offsets)


@dataclass(frozen=True)
class Damaged:
    """One file of the fuzz test."""

    name: str
    """<number>-<mutation>-<base name>."""
    data: bytes


def bases(realdata: Path) -> list[Path]:
    """Return the small real files that are damaged: all of odd that hold anything, and some of each real set."""
    odd = sorted(path for path in (realdata / "odd").iterdir() if path.suffix not in (".csv", ".md"))
    small = [path for path in odd if 0 < path.stat().st_size < 200_000]
    for name in ("weizmann", "jhmdb8", "ucf101"):
        small += [path for path in sorted((realdata / name).rglob("*.avi")) if path.stat().st_size < 120_000][:3]
    return small


def damaged(files: Sequence[Path], *, count: int = COUNT, seed: int = SEED) -> Iterator[Damaged]:
    """Yield `count` files, the next kind of damage to the next file each; the same for the same seed.

    There are 9 kinds and 37 files, which have no common divisor: 333 would hold each kind on each file once.
    """
    contents = [path.read_bytes() for path in files]
    for number in range(count):
        random = np.random.default_rng((seed, number))
        mutation = MUTATIONS[number % len(MUTATIONS)]
        index = number % len(files)
        other = contents[int(random.integers(len(contents)))]
        name = f"{number:03}-{mutation.__name__}-{files[index].name}"
        yield Damaged(name, mutation(contents[index], other, random))


def avi_with_rate(data: bytes, *, scale: int, rate: int) -> bytes:
    """Return an AVI whose first stream has `rate` / `scale` frames a second."""
    changed = bytearray(data)
    struct.pack_into("<II", changed, data.index(b"strh") + 28, scale, rate)
    return bytes(changed)


def avi_with_size(data: bytes, *, width: int, height: int) -> bytes:
    """Return an AVI whose headers, and those of its JPEG pictures, claim this size."""
    changed = bytearray(data)
    struct.pack_into("<II", changed, data.index(b"avih") + 40, width, height)
    struct.pack_into("<II", changed, data.index(b"strf") + 12, width, height)
    place = -1
    while (place := data.find(b"\xff\xc0", place + 1)) >= 0:
        struct.pack_into(">HH", changed, place + 5, height, width)
    return bytes(changed)


def gif_with_size(data: bytes, *, width: int, height: int) -> bytes:
    """Return a GIF with a screen of this size."""
    changed = bytearray(data)
    struct.pack_into("<HH", changed, 6, width, height)
    return bytes(changed)


def mov_with_duration(data: bytes, *, ticks: int) -> bytes:
    """Return an mp4 of which film, track and media claim this duration in their own clocks."""
    changed = bytearray(data)
    for name, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        struct.pack_into(">I", changed, data.index(name) + offset, ticks)
    return bytes(changed)


def _element(identity: str, content: bytes) -> bytes:
    return bytes.fromhex(identity) + struct.pack(">Q", len(content) | 1 << 56) + content


def matroska(
    tracks: int,
    *,
    attachments: int = 0,
    jpeg: bytes = b"",
    apart_ms: int = 100,
    duration_ms: float = 0,
) -> bytes:
    """Return a Matroska file of MJPEG tracks with fonts attached, three frames `apart_ms` apart; 0: of no duration."""
    entries = b"".join(
        _element(
            "AE",
            _element("D7", struct.pack(">H", number + 1))
            + _element("73C5", struct.pack(">H", number + 1))
            + _element("83", b"\x01")
            + _element("86", b"V_MJPEG")
            + _element("E0", _element("B0", b"\x20") + _element("BA", b"\x20")),
        )
        for number in range(tracks)
    )
    files = b"".join(
        _element(
            "61A7",
            _element("466E", f"{number}.ttf".encode())
            + _element("4660", b"font/ttf")
            + _element("465C", b"font" * 64)
            + _element("46AE", struct.pack(">H", number + 1)),
        )
        for number in range(attachments)
    )
    pictures = _element("A3", b"\x81\0\0\x80" + jpeg)
    clusters = b"".join(
        _element("1F43B675", _element("E7", struct.pack(">Q", number * apart_ms)) + pictures) for number in range(3)
    )
    length = _element("4489", struct.pack(">d", duration_ms)) if duration_ms else b""
    segment = _element("1549A966", _element("2AD7B1", struct.pack(">I", 1_000_000)) + length)
    segment += _element("1654AE6B", entries) + (_element("1941A469", files) if files else b"") + clusters
    return _element("1A45DFA3", _element("4282", b"matroska")) + _element("18538067", segment)
