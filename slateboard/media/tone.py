"""Tone map: HDR pictures (PQ, HLG) as an SDR player shows them, in BT.709; one table for PyAV and the ffmpeg program.

Three steps, made once for each code of a grid and then looked up by FFmpeg's filter `lut3d`, which every build has:

1. To light of the display in cd/m2, as ITU-R BT.2100-2 defines it: PQ's EOTF (SMPTE ST 2084); HLG's inverse OETF and
   the OOTF of a display of 1000 cd/m2, whose system gamma is 1.2.
2. The greatest of red, green and blue is brought from 1000 to 203 cd/m2, the reference white of ITU-R BT.2408, by the
   EETF of ITU-R BT.2390-8 (5.4.1), and the others in proportion, which keeps the hue. What is brighter than 1000 cd/m2,
   the peak that most HDR is made for, is white.
3. BT.2020 to BT.709 primaries (ITU-R BT.2087-0), what lies outside cut off, and the inverse of BT.1886's gamma of 2.4.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

PEAK, WHITE = 1000.0, 203.0
"""cd/m2, of the source and of the result."""
_GRID = 33
"""Codes along each side: BT.709 values off by at most 0.6 of 255 at the middle of cells, 36,000 lines."""

# SMPTE ST 2084.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# BT.2100, table 5 (HLG), and the luminance of BT.2020.
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])
_SYSTEM_GAMMA = 1.2
# BT.2087-0, 2020 to 709 in linear light.
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


def pq_light(code: Values) -> Values:
    """Return cd/m2 of PQ codes 0..1."""
    # 0.58 -> 203 cd/m2, 0.75 -> 983 cd/m2, 1 -> 10,000 cd/m2.
    root = np.power(np.clip(code, 0, 1), 1 / _M2)
    return np.asarray(10_000 * np.power(np.maximum(root - _C1, 0) / (_C2 - _C3 * root), 1 / _M1))


def pq_code(light: Values) -> Values:
    """Return PQ codes 0..1 of cd/m2."""
    power = np.power(np.clip(light, 0, None) / 10_000, _M1)
    return np.asarray(np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2))


def hlg_light(code: Values) -> Values:
    """Return cd/m2 of HLG codes [..., 3] on a display of 1000 cd/m2."""
    # 0.75 in all three: scene light 0.265, display light 1000 * 0.265 ** 1.2 = 203 cd/m2.
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - _C) / _A) + _B) / 12)
    luminance = (scene @ _LUMINANCE)[..., None]
    return np.asarray(PEAK * np.power(np.maximum(luminance, 1e-12), _SYSTEM_GAMMA - 1) * scene)


def compressed(light: Values) -> Values:
    """Return cd/m2 up to WHITE of cd/m2 up to PEAK: the EETF of BT.2390, straight below its knee, then a spline."""
    peak = pq_code(np.array(PEAK))
    code = np.clip(pq_code(light) / peak, 0, 1)
    most = float(pq_code(np.array(WHITE)) / peak)
    # most = 0.772: the knee lies at 0.658 of the scale, 91 cd/m2, and all below it stays as it is.
    knee = 1.5 * most - 0.5
    t = (code - knee) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return pq_light(np.where(code < knee, code, spline) * peak)


def sdr(code: Values, transfer: str) -> Values:
    """Return BT.709 codes 0..1 of HDR codes [..., 3], RGB with BT.2020 primaries."""
    light = hlg_light(code) if transfer == "arib-std-b67" else pq_light(code)
    greatest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    bt709 = light * (compressed(greatest) / greatest) @ _TO_BT709.T
    return np.asarray(np.power(np.clip(bt709 / WHITE, 0, 1), 1 / 2.4))


@cache
def _cube(transfer: str) -> str:
    """Return the table as a .cube file (Adobe): red changes fastest."""
    steps = np.linspace(0, 1, _GRID)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    rows = sdr(np.stack([red, green, blue], axis=-1), transfer).reshape(-1, 3)
    return f"LUT_3D_SIZE {_GRID}\n" + "".join(f"{r:.5f} {g:.5f} {b:.5f}\n" for r, g, b in rows)


@contextmanager
def tone_filters(transfer: str, *, full_range: bool, is_rgb: bool) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """Yield the filters (name, options) that make BT.709 pictures of HDR ones, while their table lies on the disk."""
    with TemporaryDirectory(prefix="slateboard-") as folder:
        path = Path(folder) / "tone.cube"
        path.write_text(_cube(transfer))
        # 16 bits a channel between: a step of 8 bits is 257 of them.
        source = {} if is_rgb else {"in_color_matrix": "bt2020", "in_range": "pc" if full_range else "tv"}
        yield [
            ("scale", {**source, "out_range": "pc", "flags": "bilinear+accurate_rnd"}),
            ("format", {"pix_fmts": "gbrp16le"}),
            ("lut3d", {"file": path.as_posix(), "interp": "tetrahedral"}),
            ("scale", {"out_color_matrix": "bt709", "out_range": "tv", "flags": "area+accurate_rnd"}),
            ("format", {"pix_fmts": "yuv420p"}),
        ]
