"""Draw the figure on a picture: body, clothes and gear as lines with round ends, dark outline first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.demo.backdrop import Picture, shade
from examples.demo.figure import HEAD_RADIUS, PROFILES, TRAVEL, Joints, Vector
from examples.demo.looks import Colour, Look

_SHIFT = 4
_ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 7)
_COS, _SIN = np.cos(_ANGLES)[:, None], np.sin(_ANGLES)[:, None]
_OUTLINE_PX = 1.1
_INK = (34, 30, 42)
_BEHIND = 0.78
"""Gain of the limbs behind the body."""


@dataclass(frozen=True)
class Piece:
    """A line with round ends that may taper; points are in pixels, radii in figure heights."""

    start: Vector
    end: Vector
    start_radius: float
    end_radius: float
    paint: Colour


@dataclass(frozen=True)
class Stand:
    """How the figure stands in the picture."""

    height: float
    """Standing height in pixels."""
    up: Vector
    """One height along the spine, in pixels."""
    side: Vector
    """One height to where a figure in profile looks."""
    profile: bool


def draw_athlete(picture: Picture, at: Joints, *, label: str, look: Look, facing: int, height: float) -> None:
    """Draw the figure with its joints `at` pixels of the picture."""
    spine = at["chest"] - at["hip"]
    # `up` is one standing height along the spine, whichever way the body leans; `side` is `up` turned by a quarter, to
    # the left or the right. So 0.1 * up + 0.02 * side is a place of the body in every pose.
    up = spine / np.hypot(*spine) * height
    side = np.array([-up[1], up[0]]) * facing
    pieces = list(_pieces(at, label, look, Stand(height, up, side, label in PROFILES)))
    for outline in _outlines(pieces, height, grow_px=_OUTLINE_PX):
        cv2.fillPoly(picture, [outline], _INK, cv2.LINE_AA, _SHIFT)
    for piece, outline in zip(pieces, _outlines(pieces, height, grow_px=0.0), strict=True):
        cv2.fillPoly(picture, [outline], piece.paint, cv2.LINE_AA, _SHIFT)


def draw_shadow(picture: Picture, centre: Vector, *, radius: float) -> None:
    """Darken the ground under the figure."""
    x, y, reach = round(float(centre[0])), round(float(centre[1])), round(radius)
    edge_y, edge_x = max(0, y - reach), max(0, x - reach)
    patch = picture[edge_y : max(edge_y, y + reach), edge_x : max(edge_x, x + reach)]
    if patch.size:
        dark = patch.copy()
        cv2.ellipse(dark, (x - edge_x, y - edge_y), (reach, reach // 4), 0, 0, 360, (20, 18, 30), -1, cv2.LINE_AA)
        # 0.35 of the dark ellipse over 0.65 of the ground; outside of the ellipse the two are the same.
        cv2.addWeighted(dark, 0.35, patch, 0.65, 0, dst=patch)


def _outlines(pieces: Sequence[Piece], height: float, *, grow_px: float) -> NDArray[np.int32]:
    """Return one closed outline per part, in fixed point: all in one go, for speed."""
    starts, ends = np.array([piece.start for piece in pieces]), np.array([piece.end for piece in pieces])
    radii = np.array([(piece.start_radius, piece.end_radius) for piece in pieces]) * height + grow_px
    along = ends - starts
    lengths = np.hypot(along[:, 0], along[:, 1])[:, None]
    # A dot has no direction: any will do, here (1, 0).
    along = np.where(lengths > 1e-6, along / np.maximum(lengths, 1e-6), [1.0, 0.0])
    across = np.column_stack([-along[:, 1], along[:, 0]])
    # Half a circle about either end, seven points each, joined to a closed outline: a capsule, which tapers where the
    # two radii differ.
    arc = _COS * along[:, None] + _SIN * across[:, None]
    rims = [ends[:, None] + radii[:, 1, None, None] * arc, starts[:, None] - radii[:, 0, None, None] * arc]
    return np.round(np.concatenate(rims, axis=1) * (1 << _SHIFT)).astype(np.int32)


def _dot(centre: Vector, radius: float, paint: Colour) -> Piece:
    return Piece(centre, centre, radius, radius, paint)


def _pieces(at: Joints, label: str, look: Look, stand: Stand) -> Iterator[Piece]:
    """Yield the pieces of figure and gear from back to front."""
    gloves = look.accent if label == "Boxing" else None
    if label in TRAVEL:
        yield from _board(at, look, stand)
    if label == "Squat":
        yield from _barbell(at, look, stand)
    if stand.profile:
        yield from _arm(at, "left", look, gloves, gain=_BEHIND)
    # A knee above the hip is in front of the body.
    raised = [name for name in ("left", "right") if at[f"{name} knee"][1] < at[f"{name} hip"][1]]
    for name in ("left", "right"):
        if name not in raised:
            yield from _leg(at, name, look, stand)
    yield from _torso(at, look, stand)
    for name in raised:
        yield from _leg(at, name, look, stand)
    yield from _head(at["head"], look, stand)
    for name in ("right",) if stand.profile else ("left", "right"):
        yield from _arm(at, name, look, gloves, gain=1.0)


def _torso(at: Joints, look: Look, stand: Stand) -> Iterator[Piece]:
    up, wide = stand.up, 0.8 if stand.profile else 1.0
    yield Piece(at["hip"] - 0.01 * up, at["hip"] + 0.03 * up, 0.078 * wide, 0.074 * wide, look.shorts)
    yield Piece(at["chest"] - 0.07 * up, at["hip"] + 0.07 * up, 0.104 * wide, 0.072 * wide, look.shirt)
    yield Piece(at["chest"] - 0.05 * up, at["hip"] + 0.06 * up, 0.019, 0.019, look.accent)
    yield Piece(at["chest"] - 0.01 * up, at["chest"] + 0.06 * up, 0.032, 0.03, shade(look.skin, 0.88))


def _head(head: Vector, look: Look, stand: Stand) -> Iterator[Piece]:
    """Give hair, face, eyes and what is worn on the head."""
    up, side, ahead = stand.up, stand.side, 0.03 if stand.profile else 0.0
    hat = look.accent if look.hair_style == "cap" else look.hair
    if look.hair_style == "bun":
        yield _dot(head + 0.1 * up - ahead * side, 0.038, look.hair)
    yield _dot(head + 0.008 * up - 0.4 * ahead * side, HEAD_RADIUS, hat)
    face = head - 0.016 * up + 0.5 * ahead * side
    yield _dot(face, 0.066, look.skin)
    for eye in (-0.026, 0.026):
        yield _dot(face + (eye + ahead) * side + 0.008 * up, 0.009, _INK)
    if look.hair_style == "cap":
        peak = head + 0.034 * up
        yield Piece(peak - 0.06 * side, peak + (0.06 + 1.6 * ahead) * side, 0.017, 0.017, shade(hat, 0.8))
    if look.hair_style == "band":
        band = head + 0.034 * up
        yield Piece(band - 0.062 * side, band + 0.062 * side, 0.014, 0.014, look.accent)


def _arm(at: Joints, name: str, look: Look, gloves: Colour | None, *, gain: float) -> Iterator[Piece]:
    shoulder, elbow, hand = (at[f"{name} {joint}"] for joint in ("shoulder", "elbow", "hand"))
    skin, sleeve = shade(look.skin, gain), shade(look.shirt, gain * 0.94)
    yield Piece(shoulder, elbow, 0.038, 0.031, skin)
    yield Piece(elbow, hand, 0.031, 0.024, skin)
    yield Piece(shoulder, shoulder + 0.5 * (elbow - shoulder), 0.043, 0.041, sleeve)
    yield _dot(hand, 0.052 if gloves else 0.031, shade(gloves or look.skin, gain))


def _leg(at: Joints, name: str, look: Look, stand: Stand) -> Iterator[Piece]:
    hip, knee, foot = (at[f"{name} {joint}"] for joint in ("hip", "knee", "foot"))
    gain = _BEHIND if stand.profile and name == "left" else 1.0
    yield Piece(hip, knee, 0.058, 0.044, shade(look.skin, gain))
    yield Piece(knee, foot, 0.043, 0.029, shade(look.skin, gain))
    yield Piece(hip, hip + 0.6 * (knee - hip), 0.064, 0.056, shade(look.shorts, gain))
    shin = (foot - knee) / max(float(np.hypot(*(foot - knee))), 1e-6) * stand.height
    # The foot is at right angles to the shin: (x, y) turned by a quarter is (y, -x).
    turned = np.array([shin[1], -shin[0]])
    if stand.profile:
        toe = foot + 0.06 * turned * np.sign(stand.side[0])
    else:
        toe = foot + 0.02 * turned * (1 if name == "right" else -1) * np.sign(stand.side[0])
    yield Piece(foot - 0.02 * shin, foot, 0.031, 0.031, (245, 245, 245))
    yield Piece(foot, toe, 0.031, 0.027, shade(look.accent, gain))


def _board(at: Joints, look: Look, stand: Stand) -> Iterator[Piece]:
    """Yield a long board under both feet, symmetric about its middle."""
    middle = (at["left foot"] + at["right foot"]) / 2 + np.array([0.0, 0.045 * stand.height])
    reach = np.array([0.27 * stand.height, 0.0])
    for wheel in (-0.7, 0.7):
        yield _dot(middle + wheel * reach + np.array([0.0, 0.035 * stand.height]), 0.032, (60, 58, 70))
    yield Piece(middle - reach, middle + reach, 0.024, 0.024, look.accent)


def _barbell(at: Joints, look: Look, stand: Stand) -> Iterator[Piece]:
    """Give a bar on the shoulders with two plates at each end."""
    middle = at["chest"] + 0.01 * stand.up
    yield Piece(middle - 0.42 * stand.side, middle + 0.42 * stand.side, 0.012, 0.012, (200, 204, 212))
    for place, reach in ((0.33, 0.105), (0.38, 0.075)):
        for end in (-place, place):
            plate = middle + end * stand.side
            yield Piece(plate - reach * stand.up, plate + reach * stand.up, 0.02, 0.02, look.accent)
