"""The uploaders: what each one wears, where each one films, and how each one presents a video."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[int, int, int]
"""Red, green, blue, 0-255."""


def colour(text: str) -> Colour:
    """Return the colour of six hex digits."""
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


@dataclass(frozen=True)
class Look:
    """One uploader."""

    handle: str
    """Name on the platform; also the group of all videos of this person."""
    shirt: Colour
    shorts: Colour
    accent: Colour
    """Stripe on the shirt, shoes, gloves, board."""
    skin: Colour
    hair: Colour
    hair_style: str
    """short, bun, band or cap."""
    size: float
    """Standing height over the short side of the picture."""
    backdrops: tuple[str, str, str]
    """Where this person films: kinds of `examples.demo.backdrop`."""
    palette: tuple[Colour, Colour, Colour]
    """Wall or sky, floor, decoration."""
    portrait: float
    """Share of the videos filmed upright."""
    moving: float
    """Share of the shots with a moving camera."""
    card: tuple[Colour, Colour, Colour]
    """Ground, letters and rule of the title and end cards."""
    font: str
    """File of the letters of cards and captions, of those that matplotlib brings."""
    licence: str


_SANS, _SERIF, _MONO = "DejaVuSans-Bold.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSansMono-Bold.ttf"
_BY, _ZERO, _SHARE = "CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0"

_ROWS = (
    # handle, shirt to hair, style, size, backdrops, palette, portrait, moving, card, font, licence
    ("mira.moves", "e4572e 2b2d42 ffd166 f1c6a0 4a2c2a", "bun", 0.59, "studio park stage",
     "a9d6e5 89a6b8 f4f1de", 0.9, 0.2, "e4572e fff3e0 2b2d42", _SANS, _BY),
    ("coach_deng", "1d3557 14213d f4a261 e0ac7e 1b1b1e", "short", 0.61, "gym stadium studio",
     "e9d8a6 c98f56 94d2bd", 0.1, 0.3, "14213d fca311 ffffff", _SANS, _BY),
    ("luz.active", "f72585 3a0ca3 4cc9f0 c68642 2d1b12", "bun", 0.57, "stage city studio",
     "2b1a5e 3f2b80 ff9ebb", 0.9, 0.7, "3a0ca3 ffffff f72585", _SANS, _ZERO),
    ("tarik_trains", "2a9d8f 264653 e9c46a b97a4b 17120f", "cap", 0.60, "stadium gym stage",
     "bcd4de b5523b f0efeb", 0.2, 0.4, "264653 e9c46a 2a9d8f", _MONO, _BY),
    ("anouk.fit", "ffffff 6d6875 e5383b f3d3bd b56b45", "band", 0.56, "park beach studio",
     "8ecae6 74a57f fefae0", 0.8, 0.6, "fefae0 386641 bc4749", _SERIF, _SHARE),
    ("bo_and_go", "ffb703 023047 fb8500 d9a066 3b2416", "cap", 0.62, "beach city gym",
     "7bdff2 edc98f ff8fa3", 0.3, 0.8, "ffb703 023047 fb8500", _SANS, _BY),
    ("samira.sports", "6a4c93 1982c4 8ac926 a5694f 120d0c", "bun", 0.58, "gym stage park",
     "f5cac3 b08968 84a59d", 0.7, 0.4, "6a4c93 ffffff 8ac926", _SERIF, _BY),
    ("jonas_jumps", "d90429 edf2f4 2b2d42 f5d0b5 d8b26e", "short", 0.60, "city stadium beach",
     "b8cfd6 9c8f7c e9b872", 0.2, 0.5, "edf2f4 2b2d42 d90429", _SANS, _ZERO),
    ("priya.plays", "ff9f1c 2ec4b6 e71d36 bf8a5e 1c1210", "band", 0.57, "studio stage stadium",
     "cbf3f0 8f9fb5 ffbf69", 0.8, 0.5, "2ec4b6 ffffff e71d36", _SANS, _BY),
    ("kofi.kicks", "80ed99 22577a ffffff 6f4a35 0f0a08", "short", 0.62, "stadium beach city",
     "ffd6a5 c8553d 588b8b", 0.1, 0.6, "22577a 80ed99 ffffff", _MONO, _SHARE),
    ("yuki_outdoors", "f4f1de 81b29a e07a5f f0cfa8 1f1a17", "cap", 0.56, "park beach city",
     "bde0fe 90a955 ffc8dd", 0.6, 0.7, "81b29a 3d405b f4f1de", _SERIF, _BY),
    ("elena.extra", "212529 5a189a c77dff eac0a2 7f2b1d", "bun", 0.59, "stage studio gym",
     "c8b6ff 9a8bb5 fff3b0", 0.7, 0.3, "212529 c77dff ffffff", _SANS, _ZERO),
    ("minh.runs", "118ab2 073b4c ffd166 e3b387 15110f", "short", 0.60, "city park gym",
     "f1e3d3 99c1b9 d88c9a", 0.8, 0.4, "073b4c ffd166 ffffff", _SANS, _BY),
    ("putri.moves", "ef476f 26547c 06d6a0 c98d5f 1a1411", "band", 0.57, "beach studio city",
     "c1e1c1 e6c79c f28482", 0.5, 0.5, "ef476f ffffff 26547c", _SERIF, _ZERO),
    ("omar_lifts", "3d405b 81b29a f2cc8f 8d5a3b 0e0a08", "cap", 0.62, "stage gym stadium",
     "e0e1dd 8d99ae e07a5f", 0.3, 0.6, "3d405b f2cc8f ffffff", _MONO, _BY),
    ("sofia.fit", "9d0208 03071e ffba08 f2c9ac c08552", "bun", 0.58, "stadium beach park",
     "caf0f8 a3b18a ffafcc", 0.6, 0.5, "9d0208 ffffff ffba08", _SANS, _SHARE),
)  # fmt: skip


_CLOTHES = "e4572e 1d3557 f72585 2a9d8f 6d6875 ffb703 6a4c93 d90429 22577a 212529 81b29a 3a0ca3"
_WARDROBE = tuple(map(colour, _CLOTHES.split()))


def change_clothes(look: Look, rng: np.random.Generator) -> Look:
    """Return the same person in other clothes: nobody wears one shirt in every video."""
    shirt, shorts, accent = (_WARDROBE[index] for index in rng.choice(len(_WARDROBE), 3, replace=False))
    return replace(look, shirt=shirt, shorts=shorts, accent=accent)


def _three(names: str) -> tuple[str, str, str]:
    a, b, c = names.split()
    return a, b, c


def _colours(names: str) -> tuple[Colour, Colour, Colour]:
    a, b, c = map(colour, names.split())
    return a, b, c


def _looks() -> dict[str, Look]:
    """Return the table above as looks by handle."""
    looks = {}
    for handle, body, hair_style, size, places, palette, portrait, moving, card, font, licence in _ROWS:
        shirt, shorts, accent, skin, hair = map(colour, body.split())
        looks[handle] = Look(
            handle=handle,
            shirt=shirt,
            shorts=shorts,
            accent=accent,
            skin=skin,
            hair=hair,
            hair_style=hair_style,
            size=size,
            backdrops=_three(places),
            palette=_colours(palette),
            portrait=portrait,
            moving=moving,
            card=_colours(card),
            font=font,
            licence=licence,
        )
    return looks


LOOKS: Mapping[str, Look] = _looks()
"""The sixteen uploaders by handle."""
