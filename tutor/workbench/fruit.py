"""The one data set of pictures: apples and oranges, drawn by code, so that all that a model makes can be held against the truth.

Every picture is drawn from five known features, and `measured` reads them back from any picture, real or made by a model. A banana is the
stranger that no model was shown.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIDE = 32
"""Pixels of a picture's side."""
FEATURES = ("redness", "size", "roundness", "leaf", "shine")
APPLE, ORANGE, BANANA = 0, 1, 2
Pictures = npt.NDArray[np.float32]
"""[n, 32, 32, 3] in 0..1."""
_GREEN, _YELLOW, _ORANGE, _RED = (0.45, 0.68, 0.22), (0.93, 0.80, 0.25), (0.95, 0.55, 0.12), (0.80, 0.13, 0.14)
_RAMP = np.array([_GREEN, _YELLOW, _ORANGE, _RED], dtype=np.float32)
"""Redness 0, 1/3, 2/3 and 1."""
_PAPER = 0.97
_LEAF = np.array((0.20, 0.45, 0.16), dtype=np.float32)
_FINE = 2
"""Drawn twice as large, then averaged: smooth edges."""
_BATCH = 32
"""Pictures that are drawn at once: what they need in between fits the processor's cache."""


@dataclass(frozen=True, slots=True)
class Fruit:
    """Pictures with what they were drawn from. features [n, 5] in the order of FEATURES: redness 0 (green)..1 (red), size = half the
    height in pixels, roundness = width by height, leaf 0 or 1, shine 0..1; kinds [n]."""

    pictures: Pictures
    features: npt.NDArray[np.float32]
    kinds: npt.NDArray[np.int64]


def fruit(count: int, seed: int, kind: int | None = None, apples: float = 0.5) -> Fruit:
    """`count` fruits; a share `apples` of them are apples, unless all are of one `kind`."""
    rng = np.random.default_rng(seed)
    kinds = np.where(rng.random(count) < apples, APPLE, ORANGE) if kind is None else np.full(count, kind)
    features = draw_features(kinds, rng)
    return Fruit(draw(features, kinds, rng), features, kinds)


def stranger(kind: str, count: int, seed: int) -> Pictures:
    """Pictures of a kind that no model was shown."""
    if kind == "banana":
        return fruit(count, seed, BANANA).pictures
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.random((count, SIDE, SIDE, 3), dtype=np.float32)
    wave = np.sin(np.arange(SIDE) * rng.uniform(0.5, 1.2, (count, 1)) + rng.uniform(0, 6, (count, 1))) > 0
    return (np.where(wave[:, None, :, None], 0.9, 0.15) * np.ones((1, SIDE, 1, 3))).astype(np.float32)


def draw_features(kinds: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Features of fruits of these kinds. Apples are red or, three in ten, green; oranges are orange and rounder; sizes overlap."""
    count = len(kinds)
    red = np.where(rng.random(count) < 0.7, rng.normal(0.93, 0.05, count), rng.normal(0.12, 0.07, count))
    redness = np.choose(kinds, [red, rng.normal(0.66, 0.06, count), rng.normal(0.33, 0.02, count)])
    size = np.choose(kinds, [rng.normal(9.5, 1.2, count), rng.normal(10.5, 1.0, count), rng.normal(11, 0.7, count)])
    roundness = np.choose(
        kinds, [rng.normal(1.12, 0.05, count), rng.normal(1.0, 0.025, count), rng.normal(0.5, 0.03, count)]
    )
    leaf = np.choose(kinds, [rng.random(count) < 0.6, rng.random(count) < 0.15, np.zeros(count, bool)])
    shine = rng.uniform(0.1, 1.0, count)
    columns = [redness.clip(0, 1), size.clip(6.5, 13), roundness.clip(0.4, 1.3), leaf, shine]
    return np.stack(columns, 1).astype(np.float32)


def draw(
    features: npt.NDArray[np.float32], kinds: npt.NDArray[np.int64], rng: np.random.Generator | None = None
) -> Pictures:
    """[n, 5] and [n] -> pictures. With `rng` the place differs by up to a pixel and a half; without, all are in the middle."""
    count = len(features)
    moved = (np.zeros((2, count)) if rng is None else rng.uniform(-1.5, 1.5, (2, count))).astype(np.float32)
    parts = [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]
    if not parts:
        return np.empty((0, SIDE, SIDE, 3), dtype=np.float32)
    return np.concatenate([_drawn(features[part], kinds[part], moved[:, part, None, None]) for part in parts])


def _drawn(features: npt.NDArray[np.float32], kinds: npt.NDArray[np.int64], moved: npt.NDArray[np.float32]) -> Pictures:
    count, fine = len(features), SIDE * _FINE
    redness, size, roundness, leaf, shine = (features[:, i, None, None] for i in range(5))
    line = ((np.arange(fine) + 0.5) / _FINE - SIDE / 2).astype(np.float32)
    y, x = line[None, :, None] - moved[0] - 1.0, line[None, None, :] - moved[1]
    v, u = y / size, x / (size * roundness)
    far = np.sqrt(u**2 + v**2)
    is_apple, is_banana = (kinds == APPLE)[:, None, None], (kinds == BANANA)[:, None, None]
    # An apple dips at the stem and is narrower below.
    edge = np.where(is_apple, 1 - 0.22 * np.exp(-((u / 0.28) ** 2)) * (v < 0) - 0.12 * (v > 0) * np.abs(u) * v, 1.0)
    body = far < edge
    moon = (np.sqrt((x / size) ** 2 + v**2) < 1) & (np.sqrt((x / size + 0.55) ** 2 + (v + 0.1) ** 2) > 0.95)
    body = np.where(is_banana, moon, body)
    place = redness[..., 0].clip(0, 1) * (len(_RAMP) - 1)
    low = np.minimum(place.astype(int), len(_RAMP) - 2)
    share = (place - low)[..., None]
    color = (_RAMP[low] * (1 - share) + _RAMP[low + 1] * share)[:, :, None, :]  # [n, 1, 1, 3]
    shade = (1.06 - 0.36 * ((u + 0.35) ** 2 + (v + 0.35) ** 2) / 2.2).clip(0.55, 1.1)[..., None]
    skin = color * shade
    glint = shine * np.exp(-(((u + 0.38) / 0.2) ** 2 + ((v + 0.42) / 0.2) ** 2)) * ~is_banana
    skin = skin + (1 - skin) * (0.85 * glint[..., None])
    made = np.where(body[..., None], skin, np.float32(_PAPER))
    stem = (np.abs(x) < 0.7) & (v < -0.72 * np.where(is_apple, 0.8, 1.25)) & (v > -1.18) & is_apple
    made = np.where(stem[..., None], np.array((0.36, 0.24, 0.12), dtype=np.float32), made)
    tilted = (x - 2.6) * 0.8 + (y + size + 1.2) * 0.6, -(x - 2.6) * 0.6 + (y + size + 1.2) * 0.8
    blade = ((tilted[0] / 3.4) ** 2 + (tilted[1] / 1.5) ** 2 < 1) & (leaf > 0.5)
    made = np.where(blade[..., None], _LEAF, made)
    small = made.reshape(count, SIDE, _FINE, SIDE, _FINE, 3).mean((2, 4))
    pictures: Pictures = small.clip(0, 1).astype(np.float32)
    return pictures


def measured(pictures: Pictures) -> npt.NDArray[np.float32]:
    """The five features as they can be read from pictures, [n, 5]. A blurred or broken picture gives odd values: that is what they are
    for."""
    green = (pictures[..., 1] - pictures[..., 0]).clip(0)
    dark_leaf = (green > 0.12) & (pictures[..., 1] < 0.56)
    skin = (np.abs(pictures - _PAPER).max(-1) > 0.2) & ~dark_leaf
    weight = skin.sum((1, 2)).clip(1)
    rows, columns = skin.sum(2), skin.sum(1)
    height, width = (rows > 3.5).sum(1), (columns > 3.5).sum(1)
    mean = (pictures * skin[..., None]).sum((1, 2)) / weight[:, None]
    steps = np.linspace(0, 1, 61)
    place = steps * (len(_RAMP) - 1)
    low = np.minimum(place.astype(int), len(_RAMP) - 2)
    ramp = _RAMP[low] * (1 - (place - low))[:, None] + _RAMP[low + 1] * (place - low)[:, None]
    tone = mean / np.linalg.norm(mean, axis=1, keepdims=True).clip(1e-6)
    nearest = (tone @ (ramp / np.linalg.norm(ramp, axis=1, keepdims=True)).T).argmax(1)
    line = np.arange(SIDE, dtype=np.float32)
    y, x = (skin.sum(2) * line).sum(1) / weight, (skin.sum(1) * line).sum(1) / weight
    near = (line[None, :, None] - y[:, None, None]) ** 2 + (line[None, None, :] - x[:, None, None]) ** 2
    bright = (pictures.min(-1) * (near < (0.36 * height[:, None, None]) ** 2)).max((1, 2))
    values = [steps[nearest], height / 2, width / height.clip(1), dark_leaf.sum((1, 2)) > 4, bright]
    return np.stack(values, 1).astype(np.float32)
