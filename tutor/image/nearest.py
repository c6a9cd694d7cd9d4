"""Copied or created? The training picture that is nearest to a painted one.

Every training picture is one of the things in `things.webp`, or a few, set somewhere on a plain background, in its own colors or tinted. So
what is drawn is cut out of its background, brought to the size of that sheet, and held against each thing in each color. Not covered: a
thing that is turned or cut off, which no training picture shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.errors import StorageError
from tutor.image.tints import COLORS, TINTS, tinted

SHEET = "things.webp"
"""In the painter's folder: every thing, in the order of things.json, `COLUMNS` a row."""
SIDE = 32
"""Pixels of a thing in the sheet."""
COLUMNS = 40
_DIFFERS = 40
"""Of 255, in one color: what is further from the background than this belongs to the thing."""
_SMALLEST = 12
"""Pixels a side of 64; a smaller part is no thing of its own."""
_GIVEN = (None, *TINTS)
_LOOKED_AT = 60
"""Things and colors that are compared pixel by pixel, of those that are most alike at a quarter of the size."""
Rgb = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The thing of the sheet that is most like the picture. `distance` is the root mean square over the pixels of both, 0..255 a color
    value; `tint` is the color it was given; `seen` is the part of the picture that was compared, [32, 32]."""

    name: str
    tint: str | None
    distance: float
    thing: Image.Image
    seen: Image.Image


class Sheet:
    """All things that the painter's training pictures showed."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """Raises StorageError when the sheet is missing or does not hold as many things as there are names."""
        path = folder / SHEET
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGBA")).astype(np.float32)
            rows = pixels.shape[0] // SIDE
            cells = pixels.reshape(rows, SIDE, COLUMNS, SIDE, 4).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 4)
        except (OSError, ValueError) as error:
            raise StorageError(f"{path} cannot be read ({error}); run `git checkout models`.") from error
        if not 0 <= len(cells) - len(names) < COLUMNS:
            raise StorageError(f"{path} is not the sheet of these {len(names):,} things; run `git checkout models`.")
        self._names = tuple(names)
        self._colors: Rgb = cells[: len(names), ..., :3]
        self._alpha: Rgb = cells[: len(names), ..., 3:] / np.float32(255)
        self._rough: tuple[Rgb, Rgb]
        """Colors [things, tints, 8, 8, 3] and alpha [things, 1, 8, 8, 1], to look through quickly."""
        alpha = _coarse(self._alpha)
        colors: Rgb = (_coarse(self._alpha * self._colors) / np.maximum(alpha, 1e-6)).astype(np.float32)
        given = [colors if tint is None else tinted(colors, COLORS[tint]) for tint in _GIVEN]
        self._rough = np.stack(given, 1), alpha[:, None]

    def __len__(self) -> int:
        return len(self._names)

    def picture(self, number: int, tint: str | None = None, ground: Sequence[float] = (255, 255, 255)) -> Image.Image:
        """One thing of the sheet on a plain background."""
        alpha = self._alpha[number]
        pixels = alpha * self._in(number, tint) + (1 - alpha) * np.array(ground, dtype=np.float32)
        return Image.fromarray(pixels.round().astype(np.uint8))

    def nearest(self, picture: Image.Image) -> Nearest | None:
        """The nearest of all things to what the picture shows, or to one of the things side by side in it; None where it shows only
        background."""
        pixels = np.asarray(picture.convert("RGB").resize((64, 64), Image.Resampling.BOX), dtype=np.float32)
        ground = background(pixels)
        found = [self._nearest(part, ground) for part in _parts(pixels, ground)]
        return min(found, key=lambda one: one.distance, default=None)

    def _nearest(self, part: Rgb, ground: Rgb) -> Nearest:
        """`part` [32, 32, 3]."""
        near = _distances(*self._rough, _coarse(part[None])[0], ground)
        best: tuple[float, int, str | None] = (np.inf, 0, None)
        for place in np.argsort(near, axis=None)[:_LOOKED_AT].tolist():
            number, tint = place // len(_GIVEN), _GIVEN[place % len(_GIVEN)]
            distance = self._distance(number, tint, part, ground)
            if distance < best[0]:
                best = distance, number, tint
        distance, number, tint = best
        thing = self.picture(number, tint, ground.tolist())
        return Nearest(self._names[number], tint, distance, thing, Image.fromarray(part.round().astype(np.uint8)))

    def _distance(self, number: int, tint: str | None, part: Rgb, ground: Rgb) -> float:
        """As the sheet has the thing, or cut out as the part was: on white, the box around a thing with white edges is smaller."""
        distance = float(_distances(self._in(number, tint), self._alpha[number], part, ground))
        there = np.asarray(self.picture(number, tint, ground.tolist()), dtype=np.float32)
        shown = np.abs(there - ground).max(-1) > _DIFFERS
        if not shown.any():
            return distance
        cut = _cut(there, _box(shown), ground)
        weight = np.maximum(_mask(cut, ground), _mask(part, ground))
        return min(distance, float(np.sqrt((np.square(cut - part) * weight).sum() / (3 * weight.sum()))))

    def _in(self, number: int, tint: str | None) -> Rgb:
        """The colors of a thing, [32, 32, 3]."""
        colors: Rgb = self._colors[number]
        return colors if tint is None else tinted(colors, COLORS[tint])


def _distances(colors: Rgb, alpha: Rgb, part: Rgb, ground: Rgb) -> Rgb:
    """Root mean squares [...] of things [..., side, side, 3] with alpha [..., side, side, 1] against part [side, side, 3], all on the same
    background [3]; only pixels where there is one of both count."""
    weight = np.maximum(alpha, _mask(part, ground))
    squares = np.square(alpha * (colors - ground) + (ground - part)) * weight
    found: Rgb = np.sqrt(squares.sum((-3, -2, -1)) / (3 * weight.sum((-3, -2, -1))))
    return found


def _mask(part: Rgb, ground: Rgb) -> Rgb:
    """[side, side, 1]: 0 where there is only background, 1 where surely not."""
    mask: Rgb = np.clip(np.abs(part - ground).max(-1, keepdims=True) / np.float32(_DIFFERS), 0, 1)
    return mask


def _coarse(pixels: Rgb) -> Rgb:
    """[many, 32, 32, any] -> [many, 8, 8, any]."""
    mean: Rgb = pixels.reshape(len(pixels), 8, SIDE // 8, 8, SIDE // 8, -1).mean((2, 4))
    return mean


def background(pixels: Rgb) -> Rgb:
    """[3]: the median color along the edge of a picture [height, width, 3]."""
    edge = np.concatenate([pixels[:2].reshape(-1, 3), pixels[-2:].reshape(-1, 3), pixels[:, :2].reshape(-1, 3)])
    middle: Rgb = np.median(edge, axis=0).astype(np.float32)
    return middle


def _parts(pixels: Rgb, ground: Rgb) -> Iterator[Rgb]:
    """What is not background, as [32, 32, 3]: the whole, and where empty lines divide it into several things, each of them."""
    shown = np.abs(pixels - ground).max(-1) > _DIFFERS
    if not shown.any():
        return
    whole = _box(shown)
    yield from _cuts(pixels, whole, ground)
    pieces = [box for row in _split(shown, whole, 0) for box in _split(shown, row, 1)]
    if len(pieces) > 1 and all(max(b - t, r - left) >= _SMALLEST for t, b, left, r in pieces):
        for box in pieces:
            yield from _cuts(pixels, box, ground)


_Box = tuple[int, int, int, int]
"""Top, bottom, left, right; bottom and right are the first outside."""


def _box(shown: npt.NDArray[np.bool_]) -> _Box:
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _split(shown: npt.NDArray[np.bool_], box: _Box, axis: int) -> Iterator[_Box]:
    """The box, divided along its empty rows (axis 0) or columns (axis 1), each part as small as what it holds."""
    top, bottom, left, right = box
    inside = shown[top:bottom, left:right]
    filled = np.concatenate([[False], inside.any(1 - axis), [False]]).astype(np.int8)
    changes = np.flatnonzero(np.diff(filled))
    for start, end in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
        piece = inside[start:end] if axis == 0 else inside[:, start:end]
        t, b, le, r = _box(piece)
        across, down = (0, start) if axis == 0 else (start, 0)
        yield top + down + t, top + down + b, left + across + le, left + across + r


def _cuts(pixels: Rgb, box: _Box, ground: Rgb) -> Iterator[Rgb]:
    """The box, and with one line more all around, because a soft edge begins before it differs much."""
    top, bottom, left, right = box
    yield _cut(pixels, box, ground)
    yield _cut(pixels, (max(0, top - 1), min(64, bottom + 1), max(0, left - 1), min(64, right + 1)), ground)


def _cut(pixels: Rgb, box: _Box, ground: Rgb) -> Rgb:
    """The box in the middle of a square of background, brought to [32, 32, 3]."""
    top, bottom, left, right = box
    side = max(bottom - top, right - left)
    square = np.broadcast_to(ground, (side, side, 3)).copy()
    y, x = (side - (bottom - top)) // 2, (side - (right - left)) // 2
    square[y : y + bottom - top, x : x + right - left] = pixels[top:bottom, left:right]
    image = Image.fromarray(square.round().astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.float32)
