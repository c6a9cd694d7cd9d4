"""The colors of the training pictures: backgrounds, and how a thing is tinted."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 215, 60),
    "green": (60, 165, 70),
    "blue": (50, 105, 220),
    "purple": (130, 65, 185),
    "pink": (245, 150, 190),
    "brown": (125, 80, 45),
    "black": (20, 20, 20),
    "gray": (130, 130, 130),
    "white": (255, 255, 255),
}
TINTS = tuple(name for name in COLORS if name not in ("white", "gray"))
"""Colors that a thing can be given."""
Rgb = npt.NDArray[np.float32]


def tinted(pixels: Rgb, color: Sequence[float]) -> Rgb:
    """[..., 3] in 0..255 in shades of one color: dark stays dark, light turns to a light shade of it."""
    light = (pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32) / 255)[..., None]
    base = np.array(color, dtype=np.float32)
    dark = base * (0.25 + 0.75 * np.minimum(light / 0.55, 1))
    lift = 0.6 * np.clip((light - 0.55) / 0.45, 0, 1)
    return (dark + (255 - dark) * lift).astype(np.float32)
