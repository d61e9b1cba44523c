"""Draw what is behind the figure: seven kinds of place in the colours of an uploader."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.demo.looks import Colour, Look

Picture = NDArray[np.uint8]

MARGIN = 28
"""Pixels drawn beyond each side of the picture, for the camera to move in."""
_SHIFT = 4
_HAZE, _BLUR = 0.55, 1.6
"""Share of haze in a place, and sigma of its blur in pixels."""


def backdrop(kind: str, *, look: Look, rng: np.random.Generator, size: tuple[int, int], ground: float) -> Picture:
    """Return the place with MARGIN on every side; `size` is width, height; `ground` is the y of the feet."""
    width, height = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN
    wall, floor, decoration = (shade(base, rng.uniform(0.9, 1.08)) for base in look.palette)
    horizon = int(ground + MARGIN - rng.uniform(12, 22))
    picture = np.empty((height, width, 3), np.uint8)
    picture[:horizon] = _gradient(shade(wall, 1.08), shade(wall, 0.88), rows=horizon)
    picture[horizon:] = _gradient(shade(floor, 0.92), shade(floor, 1.06), rows=height - horizon)
    _KINDS[kind](picture, horizon, (wall, floor, decoration), rng)
    # Places are out of focus and in a light haze, so that the athlete stands out even in 64 x 64 pixels.
    soft = cv2.GaussianBlur(picture, (0, 0), _BLUR)
    hazy = (1 - _HAZE) * soft + _HAZE * np.array(mix(wall, (255, 255, 255), 0.75))
    grain = rng.normal(0.0, 2.0, (height, width, 1))
    return np.clip(hazy + grain, 0, 255).astype(np.uint8)


def shade(base: Colour, gain: float) -> Colour:
    """Return a lighter or darker colour."""
    red, green, blue = (int(min(255, round(channel * gain))) for channel in base)
    return red, green, blue


def mix(base: Colour, tint: Colour, share: float) -> Colour:
    """Return `one` with this share of `other`."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(base, tint, strict=True))
    return red, green, blue


def _gradient(top: Colour, bottom: Colour, *, rows: int) -> NDArray[np.float64]:
    share = np.linspace(0.0, 1.0, rows)[:, None, None]
    return np.array(top) * (1 - share) + np.array(bottom) * share


def _fill(picture: Picture, points: NDArray[np.float64], paint: Colour) -> None:
    """Fill a polygon with smooth edges."""
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(picture, [fixed], paint, cv2.LINE_AA, _SHIFT)


def _line(picture: Picture, start: tuple[float, float], end: tuple[float, float], paint: Colour, width: int) -> None:
    fixed = [(round(x * 16), round(y * 16)) for x, y in (start, end)]
    cv2.line(picture, fixed[0], fixed[1], paint, width, cv2.LINE_AA, _SHIFT)


def _disc(picture: Picture, x: float, y: float, radius: float, paint: Colour) -> None:
    cv2.circle(picture, (round(x * 16), round(y * 16)), round(radius * 16), paint, -1, cv2.LINE_AA, _SHIFT)


Paints = tuple[Colour, Colour, Colour]


def _studio(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """A plain wall with panels, a framed picture and a plant, on floor boards."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    for x in np.arange(-1.5 * width, 2.5 * width, 40):
        _line(picture, (0.5 * width + 0.4 * (x - 0.5 * width), horizon), (x, height), shade(floor, 0.84), 2)
    for x in np.arange(rng.uniform(4, 40), width, rng.uniform(38, 52)):
        _line(picture, (x, 0), (x, horizon), shade(wall, 0.84), 2)
    cv2.rectangle(picture, (0, horizon - 6), (width, horizon), shade(wall, 1.2), -1)
    for _ in range(2):
        x, y = int(rng.uniform(20, width - 60)), int(rng.uniform(0.2, 0.5) * horizon)
        cv2.rectangle(picture, (x, y), (x + 30, y + 36), shade(wall, 0.6), -1)
        cv2.rectangle(picture, (x + 3, y + 3), (x + 27, y + 33), decoration, -1)
        _disc(picture, x + 15, y + 16, 7, mix(decoration, floor, 0.6))
    x = rng.uniform(0.1, 0.9) * width
    for angle in np.linspace(-1.0, 1.0, 6):
        tip = (x + 22 * np.sin(angle), horizon - 8 - 34 * np.cos(angle))
        _line(picture, (x, horizon - 4), tip, mix((52, 120, 72), wall, 0.25), 4)
    pot = mix(decoration, (120, 60, 30), 0.5)
    cv2.rectangle(picture, (int(x) - 7, horizon - 8), (int(x) + 7, horizon + 6), pot, -1)


def _stadium(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """A crowd in rows, a barrier with stripes, and the lanes of a track."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    top, barrier = MARGIN // 2, horizon - 16
    picture[top:barrier] = mix(wall, (40, 44, 60), 0.72)
    crowd = (decoration, shade(wall, 1.1), mix(floor, (255, 255, 255), 0.4), (232, 190, 150))
    for row, y in enumerate(range(top + 5, barrier - 2, 7)):
        for x in np.arange(3.5 * (row % 2), width, 7):
            if rng.random() < 0.8:
                paint = crowd[int(rng.integers(len(crowd)))]
                _disc(picture, x, y, 2.3, mix(paint, (40, 44, 60), 0.35))
    for index, x in enumerate(range(0, width, 22)):
        paint = decoration if index % 2 else mix(floor, (255, 255, 255), 0.15)
        cv2.rectangle(picture, (x, barrier), (x + 21, horizon), paint, -1)
    for index in range(9):
        lane = horizon + 3 + 1.6 * index * (index + 2)
        if lane < height:
            _line(
                picture,
                (0, lane + 0.03 * width),
                (width, lane - 0.03 * width),
                mix(floor, (255, 255, 255), 0.65),
                1 + index // 3,
            )


def _park(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """Sky, clouds, two rows of hills, trees and mown grass."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    cloud = mix(wall, (255, 255, 255), 0.7)
    for _ in range(4):
        x, y = rng.uniform(0, width), rng.uniform(0.1, 0.4) * horizon
        for step in range(4):
            _disc(picture, x + 9 * step, y - 3 * (step % 2), rng.uniform(6, 9), cloud)
    across = np.arange(0.0, width + 8, 8)
    for share, raised in ((0.55, 34), (0.28, 18)):
        wave = horizon - raised - 9 * np.sin(across / rng.uniform(22, 34) + rng.uniform(0, 6))
        outline = np.column_stack([across, wave])
        ends = np.array([[width, horizon], [0.0, horizon]])
        _fill(picture, np.vstack([outline, ends]), mix(shade(floor, 0.72), wall, share))
    for x in np.arange(rng.uniform(0, 40), width, rng.uniform(54, 70)):
        _line(picture, (x, horizon), (x, horizon - 20), (104, 78, 60), 4)
        for dx, dy in ((-7, 22), (7, 22), (0, 32)):
            _disc(picture, x + dx, horizon - dy, 10, shade(floor, 0.62 + 0.01 * dy))
    for index, x in enumerate(range(-width, 2 * width, 30)):
        if index % 2:
            points = [(x, horizon), (x + 30, horizon), (x * 1.7 - 0.35 * width + 51, height)]
            points.append((x * 1.7 - 0.35 * width, height))
            _fill(picture, np.array(points, np.float64), shade(floor, 1.1))
    for _ in range(26):
        _disc(picture, rng.uniform(0, width), rng.uniform(horizon + 6, height), 1.4, decoration)


def _gym(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """A wall with windows and bars to climb, on planks that run to a vanishing point."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    glass, sill = mix(wall, (240, 250, 255), 0.7), int(0.5 * horizon)
    for x in range(int(rng.uniform(-20, 20)), width, 74):
        cv2.rectangle(picture, (x, 18), (x + 46, sill), shade(wall, 0.72), -1)
        cv2.rectangle(picture, (x + 3, 21), (x + 43, sill - 3), glass, -1)
        _line(picture, (x + 23, 20), (x + 23, 0.5 * horizon - 2), shade(wall, 0.72), 2)
    x = int(rng.uniform(0.0, 0.7) * width)
    for y in range(int(0.55 * horizon), horizon - 2, 8):
        _line(picture, (x, y), (x + 56, y), shade(floor, 0.68), 3)
    for side in (0, 28, 56):
        _line(picture, (x + side, 0.5 * horizon), (x + side, horizon), shade(floor, 0.58), 3)
    cv2.rectangle(picture, (0, horizon - 5), (width, horizon), decoration, -1)
    middle = rng.uniform(0.3, 0.7) * width
    for foot in np.arange(-1.5 * width, 2.5 * width, 34):
        _line(picture, (middle + (foot - middle) * 0.45, horizon), (foot, height), shade(floor, 0.8), 1)


def _city(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """Houses with lit windows, a kerb and a paved street."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    x = -int(rng.uniform(0, 20))
    while x < width:
        wide, tall = int(rng.uniform(26, 48)), int(rng.uniform(0.35, 0.85) * horizon)
        front = mix(wall, (70, 76, 104), rng.uniform(0.35, 0.7))
        cv2.rectangle(picture, (x, horizon - tall), (x + wide - 1, horizon), front, -1)
        for window_y in range(horizon - tall + 6, horizon - 12, 11):
            for window_x in range(x + 5, x + wide - 7, 9):
                lit = mix(decoration, (255, 244, 200), 0.4) if rng.random() < 0.4 else shade(front, 0.8)
                cv2.rectangle(picture, (window_x, window_y), (window_x + 4, window_y + 6), lit, -1)
        x += wide
    cv2.rectangle(picture, (0, horizon - 3), (width, horizon + 1), shade(floor, 1.3), -1)
    for row, y in enumerate(range(horizon + 8, height, 12)):
        _line(picture, (0, y), (width, y), shade(floor, 0.86), 1)
        for tile in range(-(row % 2) * 16, width, 32):
            _line(picture, (tile, y), (tile, y + 12), shade(floor, 0.86), 1)


def _beach(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """A low sun over the sea, boats, sand with ripples and parasols."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    shore = horizon - 30
    _disc(picture, rng.uniform(0.2, 0.8) * width, shore - 26, 20, mix(decoration, (255, 250, 220), 0.6))
    far, near = mix(wall, (20, 90, 150), 0.62), mix(wall, (60, 170, 190), 0.5)
    picture[shore:horizon] = _gradient(far, near, rows=30)
    for _ in range(34):
        x, y = rng.uniform(0, width), rng.uniform(shore + 3, horizon - 3)
        _line(picture, (x, y), (x + rng.uniform(6, 16), y), mix(wall, (255, 255, 255), 0.5), 1)
    for x in (rng.uniform(0, 0.45) * width, rng.uniform(0.55, 1.0) * width):
        _fill(picture, np.array([(x, shore + 2), (x, shore - 26), (x + 15, shore + 2)]), (250, 248, 240))
        hull = np.array([(x - 9, shore + 4), (x + 17, shore + 4), (x + 11, shore + 10), (x - 4, shore + 10)])
        _fill(picture, hull, mix(decoration, (90, 50, 40), 0.55))
    for _ in range(30):
        x, y = rng.uniform(0, width), rng.uniform(horizon + 4, height)
        _line(picture, (x, y), (x + rng.uniform(5, 18), y + 1), shade(floor, 0.86), 1)


def _stage(picture: Picture, horizon: int, paints: Paints, rng: np.random.Generator) -> None:
    """Blurred lamps on a dark curtain over a floor with a pool of light."""
    wall, floor, decoration = paints
    height, width = picture.shape[:2]
    picture[:horizon] = _gradient(mix(wall, (24, 16, 44), 0.72), mix(wall, (40, 28, 70), 0.5), rows=horizon)
    lamps = picture.copy()
    for _ in range(34):
        paint = mix(decoration, wall, float(rng.choice([0.0, 0.35, 0.7])))
        _disc(lamps, rng.uniform(0, width), rng.uniform(0, 0.9) * horizon, rng.uniform(4, 13), paint)
    picture[:horizon] = cv2.addWeighted(lamps, 0.45, picture, 0.55, 0)[:horizon]
    pool = picture.copy()
    centre = (width // 2, min(height - 10, horizon + 24))
    cv2.ellipse(pool, centre, (width // 3, 20), 0, 0, 360, shade(floor, 1.35), -1, cv2.LINE_AA)
    picture[:] = cv2.addWeighted(pool, 0.7, picture, 0.3, 0)
    for x in np.arange(rng.uniform(0, 30), width, 30):
        _line(picture, (x, horizon), (x + (x - width / 2) * 0.8, height), shade(floor, 0.82), 1)


_KINDS: Mapping[str, Callable[[Picture, int, Paints, np.random.Generator], None]] = {
    "studio": _studio,
    "stadium": _stadium,
    "park": _park,
    "gym": _gym,
    "city": _city,
    "beach": _beach,
    "stage": _stage,
}
