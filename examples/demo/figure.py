"""The articulated figure: a skeleton in the plane and one cyclic motion per class."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Joints = dict[str, Vector]
"""Points by name; the unit is the standing height, y points up, (0, 0) is the ground under the hips."""

HEAD_RADIUS = 0.082
_NECK, _TORSO = 0.045, 0.29
_SHOULDER, _HIP = 0.105, 0.058
_ARM = (0.165, 0.155)
_LEG = (0.245, 0.245)
_SOLE = 0.025


class Limb(NamedTuple):
    """Two segments; an angle is in degrees away from straight down, outwards on either side."""

    upper: float
    """Angle of the upper arm or thigh."""
    lower: float
    """Angle of the forearm or shin."""
    upper_scale: float = 1.0
    """Seen length of the upper segment over its true length: below 1 it points at the camera."""
    lower_scale: float = 1.0
    """The same for the lower segment."""


def _pose(
    arm: Limb,
    leg: Limb,
    *,
    left_arm: Limb | None = None,
    left_leg: Limb | None = None,
    lean: float = 0.0,
    lift: float = 0.0,
    sway: float = 0.0,
) -> Vector:
    """Return a pose as numbers that can be mixed; the left side mirrors the right unless it is given.

    `lean` is in degrees, `lift` is the height of the lower foot over the ground, `sway` moves the hips.
    """
    limbs = (*arm, *(left_arm or arm), *leg, *(left_leg or leg))
    return np.array([lean, lift, sway, *limbs], dtype=np.float64)


def _cycle(keys: Sequence[Vector], phase: float) -> Vector:
    """Return the pose at `phase` of a smooth closed round through evenly spaced poses."""
    place = (phase % 1.0) * len(keys)
    index = int(place) % len(keys)
    share = place - int(place)
    # Smoothstep 3 t^2 - 2 t^3: from 0 to 1 with slope 0 at both, so that a motion does not jerk at its key poses.
    eased = share * share * (3.0 - 2.0 * share)
    return keys[index] * (1.0 - eased) + keys[(index + 1) % len(keys)] * eased


_GLIDE = (
    _pose(Limb(16, 8), Limb(6, 4)),
    _pose(Limb(30, 24), Limb(14, -2)),
)
_SLIDE = (
    _pose(Limb(58, 96), Limb(84, -16, 0.60, 0.95)),
    _pose(Limb(72, 118), Limb(94, -14, 0.48, 0.90)),
)
_SQUAT = (
    _pose(Limb(48, 160, 0.95, 0.86), Limb(12, 4)),
    _pose(Limb(48, 160, 0.95, 0.86), Limb(80, -16, 0.62, 1.0)),
)
_JACK = (
    _pose(Limb(12, 6), Limb(3, 2)),
    _pose(Limb(88, 92), Limb(14, 13), lift=0.07),
    _pose(Limb(158, 170), Limb(25, 23)),
    _pose(Limb(88, 92), Limb(14, 13), lift=0.07),
)
_GUARD = Limb(22, 142, 0.9, 0.9)
_LEFT_GUARD = Limb(4, -142, 0.9, 0.85)
_STANCE, _LEFT_STANCE = Limb(30, 4), Limb(8, 30)
_BOXING = (
    _pose(_GUARD, _STANCE, left_arm=_LEFT_GUARD, left_leg=_LEFT_STANCE, lean=4),
    _pose(Limb(88, 90), Limb(36, 6), left_arm=_LEFT_GUARD, left_leg=Limb(2, 34), lean=9, sway=0.03),
    _pose(_GUARD, _STANCE, left_arm=_LEFT_GUARD, left_leg=_LEFT_STANCE, lean=3),
    _pose(_GUARD, Limb(40, 2), left_arm=Limb(-92, -90, 1.25, 1.2), left_leg=Limb(-4, 36), lean=13, sway=0.06),
)
_KICK_ARM, _KICK_LEFT_ARM = Limb(26, 132, 0.9, 0.9), Limb(30, -120, 0.9, 0.9)
_KICK = (
    _pose(_KICK_ARM, Limb(20, -4), left_arm=_KICK_LEFT_ARM, left_leg=Limb(12, 8)),
    _pose(_KICK_ARM, Limb(88, -10), left_arm=_KICK_LEFT_ARM, left_leg=Limb(2, 2), lean=-10),
    _pose(Limb(52, 62), Limb(136, 138), left_arm=Limb(62, 40), left_leg=Limb(-6, 4), lean=-26),
    _pose(_KICK_ARM, Limb(92, 4), left_arm=_KICK_LEFT_ARM, left_leg=Limb(2, 2), lean=-12),
)


def _glide(phase: float) -> Vector:
    """A mirror-symmetric stand on a board; the way it travels is not in the pose."""
    return _cycle(_GLIDE, phase)


def _slide(phase: float) -> Vector:
    """The same in a deep crouch."""
    return _cycle(_SLIDE, phase)


MOTIONS: Mapping[str, Callable[[float], Vector]] = {
    "Glide Left": _glide,
    "Glide Right": _glide,
    "Slide Left": _slide,
    "Slide Right": _slide,
    "Squat": lambda phase: _cycle(_SQUAT, phase),
    "Jumping Jack": lambda phase: _cycle(_JACK, phase),
    "Boxing": lambda phase: _cycle(_BOXING, phase),
    "High Kick": lambda phase: _cycle(_KICK, phase),
}
"""Pose as a function of the phase, by label."""

LABELS = tuple(MOTIONS)
TRAVEL: Mapping[str, int] = {"Glide Left": -1, "Glide Right": 1, "Slide Left": -1, "Slide Right": 1}
"""Direction along x of the classes that travel: the only thing that parts each pair."""
PROFILES = ("Boxing", "High Kick")
"""Classes seen from the side: narrower shoulders, the left limbs behind."""


def jitter(rng: np.random.Generator, *, degrees: float) -> Vector:
    """Return a small change of all limb angles for one shot, the same on both sides."""
    arm, arm_lower = rng.normal(0.0, degrees, 2)
    leg, leg_lower = rng.normal(0.0, degrees / 3, 2)
    return _pose(Limb(arm, arm_lower, 0, 0), Limb(leg, leg_lower, 0, 0))


def joints(label: str, phase: float, *, change: Vector | None = None) -> Joints:
    """Return where the joints are at `phase` in [0, 1) of one cycle of the class."""
    pose = MOTIONS[label](phase)
    numbers = pose if change is None else pose + change
    lean, lift, sway = numbers[:3]
    width = 0.62 if label in PROFILES else 1.0
    along = np.array([np.sin(np.radians(lean)), np.cos(np.radians(lean))])
    across = np.array([along[1], -along[0]])
    points = {"hip": np.zeros(2), "chest": _TORSO * along}
    points["head"] = points["chest"] + (_NECK + HEAD_RADIUS) * along
    for index, side in enumerate(("right", "left")):
        sign = 1.0 - 2.0 * index
        shoulder = points["chest"] + sign * width * _SHOULDER * across - 0.03 * along
        hip = sign * width * _HIP * across
        arm, leg = Limb(*numbers[3 + 4 * index :][:4]), Limb(*numbers[11 + 4 * index :][:4])
        points |= _limb(side, ("shoulder", "elbow", "hand"), shoulder, arm, _ARM, sign)
        points |= _limb(side, ("hip", "knee", "foot"), hip, leg, _LEG, sign)
    lowest = min(points["right foot"][1], points["left foot"][1])
    place = np.array([sway, lift + _SOLE - lowest])
    return {name: point + place for name, point in points.items()}


def _limb(
    side: str,
    names: tuple[str, str, str],
    root: Vector,
    limb: Limb,
    lengths: tuple[float, float],
    sign: float,
) -> Joints:
    """Return the three joints of an arm or a leg that hangs from `root`."""
    upper, lower = np.radians(limb.upper), np.radians(limb.lower)
    middle = root + lengths[0] * limb.upper_scale * np.array([sign * np.sin(upper), -np.cos(upper)])
    end = middle + lengths[1] * limb.lower_scale * np.array([sign * np.sin(lower), -np.cos(lower)])
    return {f"{side} {name}": point for name, point in zip(names, (root, middle, end), strict=True)}


def extent(label: str) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of everything the class ever reaches, figure and gear."""
    points = np.array([list(joints(label, step / 24).values()) for step in range(24)]).reshape(-1, 2)
    room = 0.07
    gear = 0.42 if label == "Squat" else 0.0
    least_x, most_x = min(points[:, 0].min() - room, -gear), max(points[:, 0].max() + room, gear)
    return float(least_x), float(most_x), 0.0, float(points[:, 1].max() + room)
