"""Draw one shot: the place, the figure in it, and the camera that looks at both."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.demo.athlete import draw_athlete, draw_shadow
from examples.demo.backdrop import MARGIN, Picture, backdrop
from examples.demo.figure import TRAVEL, Joints, Vector, extent, jitter, joints
from examples.demo.looks import Look, change_clothes
from examples.demo.plan import FRAME_RATE_HZ, Shot, stable_seed

_CAMERA_ROOM = {"still": (0.0, 0.0), "pan": (13.0, 2.5), "zoom": (4.0, 3.0), "handheld": (6.0, 3.0)}
"""Most pixels that a camera moves the picture, along x and y."""
_EDGE = 9.0
"""Pixels of the central square that stay free, so that bars do not cover the motion."""


@dataclass(frozen=True)
class Take:
    """What is fixed for one shot, in pixels of the picture."""

    height: float
    """Standing height of the figure."""
    x: float
    y: float
    """The ground under the figure."""
    facing: int
    """1 as the poses are, -1 mirrored."""
    phase: float
    step: float
    """Phase per frame."""
    travel: float
    """Pixels per frame along x; 0 stays in place."""
    spacing: float
    """Distance between the figures of a train that travels."""
    change: Vector


def draw_shot(shot: Shot, *, label: str, look: Look, size: tuple[int, int]) -> Iterator[Picture]:
    """Give the pictures of one shot; `size` is width, height."""
    rng = np.random.default_rng(shot.seed)
    look = change_clothes(look, rng)
    take = _take(rng, label=label, look=look, size=size, camera=shot.camera)
    # An uploader's place looks the same in every video, whatever the class: it must not tell the class.
    place_rng = np.random.default_rng(stable_seed(look.handle, shot.backdrop))
    place = backdrop(shot.backdrop, look=look, rng=place_rng, size=size, ground=take.y)
    cameras = _cameras(rng, kind=shot.camera, frames=shot.frames, size=size)
    for frame, camera in enumerate(cameras):
        picture = _view(place, camera, size)
        points = joints(label, (take.phase + frame * take.step) % 1.0, change=take.change)
        for x in _places(take, frame, width=size[0]):
            _draw_figure(picture, points, label=label, look=look, take=take, x=x, camera=camera)
        yield picture


def _take(rng: np.random.Generator, *, label: str, look: Look, size: tuple[int, int], camera: str) -> Take:
    """Choose size, place, speed and phase so that the whole motion stays in the central square."""
    square = float(min(size))
    height = square * float(np.clip(look.size + rng.uniform(-0.05, 0.03), 0.5, 0.63))
    least_x, most_x, _, top = (height * reach for reach in extent(label))
    room_x, room_y = (pixels + _EDGE for pixels in _CAMERA_ROOM[camera])
    facing = int(rng.choice([-1, 1]))
    least_x, most_x = (least_x, most_x) if facing > 0 else (-most_x, -least_x)
    slack_x = max(0.0, square - 2 * room_x - (most_x - least_x)) / 2
    slack_y = max(0.0, square - 2 * room_y - top) / 2
    crossing_seconds, cycle_seconds = rng.uniform(1.6, 2.4), rng.uniform(0.8, 1.4)
    place, phase = rng.uniform(-1, 1, 2), float(rng.random())
    travels = label in TRAVEL
    x = place[0] * square / 2 if travels else place[0] * min(slack_x, 16) - (least_x + most_x) / 2
    return Take(
        height=height,
        x=float(size[0] / 2 + x),
        y=float(size[1] / 2 + top / 2 + place[1] * min(slack_y, 8)),
        facing=facing,
        phase=phase,
        step=1 / (cycle_seconds * FRAME_RATE_HZ),
        travel=TRAVEL.get(label, 0) * square / (crossing_seconds * FRAME_RATE_HZ),
        spacing=square,
        change=jitter(rng, degrees=4.0),
    )


def _places(take: Take, frame: int, *, width: int) -> list[float]:
    """Return the x of every figure in sight: one that stays, or a train whose next one enters in time."""
    if not take.travel:
        return [take.x]
    # A train of figures one square apart, which is no more than the width: whenever one has left at one side another
    # has come in at the other, so that every frame shows the motion.
    leftmost = (take.x + take.travel * frame) % take.spacing - take.spacing
    return [leftmost + take.spacing * index for index in range(int(width / take.spacing) + 4)]


def _cameras(rng: np.random.Generator, *, kind: str, frames: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return one 2x3 matrix per frame from the still picture to the seen one."""
    seconds = np.arange(frames) / FRAME_RATE_HZ
    room_x, room_y = _CAMERA_ROOM[kind]
    start, turn = rng.uniform(0, 2 * np.pi, 6), 2 * np.pi * seconds
    period = rng.uniform(3.6, 5.0)
    x = room_x * np.sin(turn / period + start[0])
    y = room_y * np.sin(turn / (1.6 * period) + start[1])
    zoom, roll = np.ones(frames), np.zeros(frames)
    if kind == "zoom":
        zoom += 0.07 * np.sin(turn / period + start[2])
    if kind == "handheld":
        x = room_x * (0.7 * np.sin(0.45 * turn + start[0]) + 0.3 * np.sin(1.3 * turn + start[3]))
        y = room_y * (0.6 * np.sin(0.6 * turn + start[1]) + 0.4 * np.sin(1.7 * turn + start[4]))
        roll = np.radians(0.7) * np.sin(0.5 * turn + start[5])
    # p -> A (p - m) + m + (x, y) with A = zoom * rotation by roll, about the middle m of the picture: as 2 x 3 matrices
    # [A | m + (x, y) - A m].
    cos, sin = zoom * np.cos(roll), zoom * np.sin(roll)
    middle_x, middle_y = size[0] / 2, size[1] / 2
    rows = [cos, -sin, middle_x + x - cos * middle_x + sin * middle_y]
    rows += [sin, cos, middle_y + y - sin * middle_x - cos * middle_y]
    return np.stack(rows, axis=1).reshape(frames, 2, 3)


def _view(place: Picture, camera: NDArray[np.float64], size: tuple[int, int]) -> Picture:
    """Return the place through the camera."""
    matrix = camera.copy()
    matrix[:, 2] -= camera[:, :2].sum(axis=1) * MARGIN
    view = cv2.warpAffine(place, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(view, np.uint8)


def _draw_figure(
    picture: Picture,
    points: Joints,
    *,
    label: str,
    look: Look,
    take: Take,
    x: float,
    camera: NDArray[np.float64],
) -> None:
    """Draw one figure and its shadow through the camera."""
    flip = np.array([take.facing, -1.0]) * take.height
    ground = np.array([x, take.y])
    placed = {name: camera[:, :2] @ (ground + point * flip) + camera[:, 2] for name, point in points.items()}
    height = take.height * float(np.hypot(camera[0, 0], camera[1, 0]))
    below = ground + np.array([flip[0] * points["hip"][0], 0.0])
    draw_shadow(picture, camera[:, :2] @ below + camera[:, 2], radius=0.24 * height)
    draw_athlete(picture, placed, label=label, look=look, facing=take.facing, height=height)
