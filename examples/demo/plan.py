"""Plan the raw videos of the demo: who posts what, for how long, with which edits. Draws nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from examples.demo.figure import LABELS
from examples.demo.looks import LOOKS, Look

VERSION = 2
"""Raise it when the same plan would give other pictures: everything is then drawn again."""
FRAME_RATE_HZ = 15
CUT_SHORT = "mira-moves-encore"
"""Name of one more video, which the server never sends to its end."""
LANDSCAPE, PORTRAIT = (256, 144), (144, 256)
"""Width and height in pixels."""

SINGLES = (("text",), ("sticker",), ("bars",), ("bw",), ("duotone",))
PAIRS = (
    ("text", "sticker"),
    ("text", "bars"),
    ("text", "bw"),
    ("sticker", "duotone"),
    ("bars", "duotone"),
    ("sticker", "bars"),
    ("text", "duotone"),
    ("bars", "bw"),
)
HINTED = ("text", "sticker", "duotone")
"""Kinds that a person notes; bars and bw are left to the detectors."""
CAMERAS = ("pan", "zoom", "handheld")
TITLES = (
    ("TRY", "THIS"), ("DAY 12",), ("WATCH", "ME GO"), ("NEW", "MOVE"), ("LET'S", "TRAIN"),
    ("MORNING", "SESSION"), ("ONE MORE", "ROUND"), ("MY", "ROUTINE"), ("NO", "EXCUSES"), ("WARM UP",),
)  # fmt: skip
ENDS = (
    ("FOLLOW", "FOR MORE"), ("THANKS", "FOR", "WATCHING"), ("SEE YOU", "SOON"),
    ("LIKE &", "SHARE"), ("BYE!",),
)  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A still picture of one colour with words on it."""

    frames: int
    words: tuple[str, ...]
    """One entry per line."""


@dataclass(frozen=True)
class Shot:
    """One take of the motion."""

    frames: int
    seed: int
    """Fixes place, size, speed and phase of the figure, and the camera's way."""
    backdrop: str
    camera: str
    """still, or one of CAMERAS."""


@dataclass(frozen=True)
class Video:
    """One upload, from its first frame to its last."""

    name: str
    """File name without its ending; says nothing of the class."""
    uploader: str
    label: str
    shots: tuple[Shot, ...]
    effects: tuple[str, ...]
    """Kinds of edit that are in the pictures of the shots."""
    hint: str
    """What a person wrote about the effects: kinds joined by |, none, or nothing."""
    title: Card | None
    end: Card | None
    width: int
    height: int
    seed: int
    """Fixes the details of the effects."""

    @property
    def frames(self) -> int:
        """All frames, cards included."""
        return sum(section.frames for section in (self.title, *self.shots, self.end) if section)

    def shot_seconds(self, index: int) -> tuple[float, float]:
        """Return start and end of one shot in the video."""
        start = (self.title.frames if self.title else 0) + sum(shot.frames for shot in self.shots[:index])
        return start / FRAME_RATE_HZ, (start + self.shots[index].frames) / FRAME_RATE_HZ


def stable_seed(*key: object) -> int:
    """Return a 64-bit seed for a key, the same in every process."""
    return int.from_bytes(hashlib.sha256(repr(key).encode("utf-8")).digest()[:8], "big")


def plan(seed: int) -> list[Video]:
    """Return the 144 videos: a short one per uploader and class, and a long one per uploader."""
    rng = np.random.default_rng(stable_seed(seed, "plan"))
    effects = _deal_effects(rng)
    long_labels = [str(label) for label in rng.permutation([*LABELS, *LABELS])]
    videos = []
    for row, look in enumerate(LOOKS.values()):
        numbers = rng.permutation(len(LABELS)) + 1
        for column, label in enumerate(LABELS):
            name = f"{_slug(look)}-{numbers[column]:02d}"
            videos.append(_video(seed, name, look=look, label=label, effects=effects[row][column], shots=1))
        name, label = f"{_slug(look)}-long", long_labels[row]
        videos.append(_video(seed, name, look=look, label=label, effects=effects[row][-1], shots=3))
    return videos


def cut_short(seed: int) -> Video:
    """Return the video named CUT_SHORT."""
    look = next(iter(LOOKS.values()))
    return _video(seed, CUT_SHORT, look=look, label=LABELS[1], effects=(), shots=1)


def _slug(look: Look) -> str:
    return look.handle.replace(".", "-").replace("_", "-")


def _deal_effects(rng: np.random.Generator) -> list[list[tuple[str, ...]]]:
    """Return the effects by uploader and class (the long video last).

    Half of every row and of every column carries effects, like the squares of a chess board whose rows and
    columns were shuffled, and the kinds are dealt column by column: so no effect can tell a class.
    """
    rows, columns = rng.permutation(len(LOOKS)), rng.permutation(len(LABELS) + 1)
    deck: list[tuple[str, ...]] = []
    dealt: list[list[tuple[str, ...]]] = [[()] * len(columns) for _ in rows]
    for column in range(len(columns)):
        for row in rng.permutation(len(rows)):
            # White squares of the shuffled board: of 16 uploaders 8 in each class, of 9 videos 4 or 5 of an uploader.
            if (rows[row] + columns[column]) % 2:
                deck = deck or _deck(rng)
                dealt[row][column] = deck.pop()
    return dealt


def _deck(rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Return each kind once and two pairs of kinds, shuffled."""
    pairs = [PAIRS[index] for index in rng.choice(len(PAIRS), 2, replace=False)]
    cards = [*SINGLES, *pairs]
    return [cards[index] for index in rng.permutation(len(cards))]


def _video(seed: int, name: str, *, look: Look, label: str, effects: tuple[str, ...], shots: int) -> Video:
    """Return one video; all that is random in it hangs on the seed and its name."""
    rng = np.random.default_rng(stable_seed(seed, name))
    width, height = PORTRAIT if rng.random() < look.portrait else LANDSCAPE
    return Video(
        name=name,
        uploader=look.handle,
        label=label,
        shots=_shots(rng, look=look, count=shots),
        effects=effects,
        hint=_hint(rng, effects=effects),
        title=_card(rng, share=0.7, texts=TITLES),
        end=_card(rng, share=0.6, texts=ENDS),
        width=width,
        height=height,
        seed=stable_seed(seed, name, "effects"),
    )


def _shots(rng: np.random.Generator, *, look: Look, count: int) -> tuple[Shot, ...]:
    """Return one short shot at the uploader's usual place, or several long ones at different places."""
    least, most = (45, 68) if count == 1 else (105, 135)
    places = look.backdrops[:count]
    return tuple(
        Shot(
            frames=int(rng.integers(least, most)),
            seed=int(rng.integers(2**62)),
            backdrop=str(place),
            camera=str(rng.choice(CAMERAS)) if rng.random() < look.moving else "still",
        )
        for place in places
    )


def _card(rng: np.random.Generator, *, share: float, texts: Sequence[tuple[str, ...]]) -> Card | None:
    """Return a card of 0.8 to 1.2 s for this share of the videos."""
    frames, text = int(rng.integers(12, 19)), texts[int(rng.integers(len(texts)))]
    return Card(frames, text) if rng.random() < share else None


def _hint(rng: np.random.Generator, *, effects: tuple[str, ...]) -> str:
    """Return what a person noted: most seen effects, and for most clean videos that there is none."""
    visible = [kind for kind in effects if kind in HINTED]
    noted = rng.random()
    if not effects:
        return "none" if noted < 0.75 else ""
    return "|".join(visible) if noted < 0.7 else ""
