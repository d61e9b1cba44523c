"""Small videos drawn for tests: a square that moves, a card that does not."""

import cv2
import numpy as np
from numpy.typing import NDArray


def moving(frames: int, *, seed: int = 0, size: tuple[int, int] = (96, 64)) -> list[NDArray[np.uint8]]:
    """Return RGB pictures of a bright square that crosses a textured background of its own per seed."""
    width, height = size
    random = np.random.default_rng(seed)
    ground = cv2.resize(random.integers(0, 200, (6, 8, 3), dtype=np.uint8), size, interpolation=cv2.INTER_CUBIC)
    pictures = []
    for index in range(frames):
        picture = ground.copy()
        left = (7 + 3 * index) % (width - 16)
        picture[height // 3 : height // 3 + 16, left : left + 16] = (250, 240, 60)
        pictures.append(picture)
    return pictures


def card(frames: int, *, size: tuple[int, int] = (96, 64)) -> list[NDArray[np.uint8]]:
    """Return a still title card."""
    picture = np.full((size[1], size[0], 3), (30, 60, 160), np.uint8)
    cv2.putText(picture, "TITLE", (12, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    return [picture] * frames
