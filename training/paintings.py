"""Figures of the painter, on prompts that training never held where a row says so. Printed by `python -m training.evaluate image`.

Things are named by the judge (`training.judge`), which is trained apart. Colors are measured: the background on the outermost pixels, a
thing's color against renderings of that thing in every color. Counts are connected parts.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from training.judge import Judge, clean_accuracy, common_things, load, verdicts
from training.pictures import COLORS, SIZE, TINTS, Scene, Thing, draw, is_held_out, plural, with_article
from tutor.image.base import ImageModel, PaintOptions
from tutor.image.local import BuiltInPainter

Pixels = npt.NDArray[np.uint8]
_NUMBERS = {2: "two", 3: "three", 4: "four"}
_SMALLEST_PART = 25
"""Pixels; less is a splash."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a share 0..1 of `number` pictures, and the same measure on true renderings where there is one."""

    name: str
    share: float
    number: int
    renderings: float | None = None


def paint(model: ImageModel, prompts: Sequence[str], steps: int = 20, seed: int = 0) -> list[Pixels]:
    """One picture for each prompt, each with a seed of its own."""
    painted = []
    for number, prompt in enumerate(prompts):
        *_, last = model.paint(prompt, PaintOptions((seed + number,), steps))
        painted.append(np.asarray(last.pictures[0]))
    return painted


def rows(model: ImageModel, judge: Judge, limit: int, steps: int = 20) -> Iterator[Row]:
    """Every figure, on at most `limit` pictures for the first and half as many for each other."""
    rng = random.Random(0)
    common = list(common_things())
    rng.shuffle(common)
    clean, _ = clean_accuracy(judge)
    asked = common[:limit]
    found = verdicts(judge, paint(model, [with_article(t.names[0]) for t in asked], steps))
    yield Row("a common thing, named rightly", _share(zip(found, asked, strict=True)), len(asked), clean)
    limit = max(1, limit // 2)
    for held in (False, True):
        scenes = _draws(rng, limit, "background", held, tuple(COLORS))
        painted = paint(model, [f"{with_article(t.names[0])} on a {c} background" for t, c in scenes], steps)
        right = [background_of(p) == c for p, (_, c) in zip(painted, scenes, strict=True)]
        drawn = [background_of(draw(Scene((t,), c), rng)) == c for t, c in scenes]
        yield Row(
            f"background of the color asked for{_held(held)}", float(np.mean(right)), len(right), float(np.mean(drawn))
        )
        named = verdicts(judge, painted)
        yield Row(
            f"and the thing right{_held(held)}", _share(zip(named, [t for t, _ in scenes], strict=True)), len(named)
        )
    for held in (False, True):
        scenes = _draws(rng, limit, "tint", held, TINTS)
        painted = paint(model, [with_article(f"{c} {t.names[0]}") for t, c in scenes], steps)
        drawn = [draw(Scene((t,), "white", c), rng) for t, c in scenes]
        both = [_tinted_right(judge, pictures, scenes, rng) for pictures in (painted, drawn)]
        yield Row(f"thing in the color asked for, both right{_held(held)}", both[0], len(painted), both[1])
    whole = [t for t in common if parts(draw(Scene((t,), "white"), rng)) == 1]
    counted = [(rng.choice(whole), rng.choice((2, 3, 4))) for _ in range(limit)]
    painted = paint(model, [f"{_NUMBERS[n]} {plural(t.names[0])} on a white background" for t, n in counted], steps)
    drawn = [draw(Scene((t,) * n, "white", layout="two" if n == 2 else "many"), rng) for t, n in counted]
    shares = [float(np.mean([parts(p) == n for p, (_, n) in zip(ps, counted, strict=True)])) for ps in (painted, drawn)]
    yield Row("two, three or four, counted", shares[0], limit, shares[1])
    pairs = [(a, b) for a, b in combinations(common[:80], 2) if is_held_out("pair", *sorted((a.char, b.char)))]
    pairs = rng.sample(pairs, min(limit, len(pairs)))
    painted = paint(model, [f"{with_article(a.names[0])} and {with_article(b.names[0])}" for a, b in pairs], steps)
    drawn = [draw(Scene(pair, "white", layout="two"), rng) for pair in pairs]
    shares = [_pairs_right(judge, pictures, pairs) for pictures in (painted, drawn)]
    yield Row("two things side by side, both right, a pair never seen", shares[0], len(pairs), shares[1])


def report_image(limit: int) -> str:
    """The tables of the model card, in Markdown, for the painter that is shipped."""
    model, judge = BuiltInPainter(), load()
    lines = ["| share of pictures | painted | number | true renderings |", "|---|---|---|---|"]
    for row in rows(model, judge, limit):
        true = f"{row.renderings:.1%}" if row.renderings is not None else ""
        lines.append(f"| {row.name} | {row.share:.1%} | {row.number} | {true} |")
    lines += ["", "| measure | value |", "|---|---|"]
    lines.append(f"| difference of two seeds of one prompt, 0 to 255 a color value | {diversity(model):.1f} |")
    near, true_near = novelty(model, min(limit, 40))
    lines.append(f"| distance to the nearest training picture, color and thing never seen together | {near:.1f} |")
    lines.append(f"| the same for true renderings of them | {true_near:.1f} |")
    lines += [f"| milliseconds a picture, {steps} steps | {milliseconds(model, steps):.0f} |" for steps in (4, 8, 20)]
    return "\n".join(lines)


def diversity(model: ImageModel, steps: int = 20) -> float:
    """Mean difference of two pictures of one prompt, 0..255 a color value, over 20 prompts of four seeds."""
    found = []
    for thing in common_things()[::12][:20]:
        *_, last = model.paint(with_article(thing.names[0]), PaintOptions((1, 2, 3, 4), steps))
        pictures = [np.asarray(p, dtype=np.float32) for p in last.pictures]
        found += [float(np.abs(a - b).mean()) for a, b in combinations(pictures, 2)]
    return float(np.mean(found))


def novelty(model: ImageModel, limit: int, steps: int = 20, shown: int = 8000) -> tuple[float, float]:
    """(median distance of a painted held-out color and thing to the nearest of `shown` training pictures, the same for true renderings).

    Root mean square over 32 by 32 pixels in 0..255. The training pictures are of the same things, so that copies would be found.
    """
    rng = random.Random(3)
    scenes = _draws(rng, limit, "tint", True, TINTS)
    painted = [_small(p) for p in paint(model, [with_article(f"{c} {t.names[0]}") for t, c in scenes], steps, 500)]
    drawn = [_small(draw(Scene((t,), None, c), rng)) for t, c in scenes]
    distances: list[list[float]] = [[], []]
    for (thing, _), *pictures in zip(scenes, painted, drawn, strict=True):
        seen = [
            _small(draw(Scene((thing,), rng.choice((None, *COLORS)), tint), rng))
            for tint in (None, *TINTS)
            if tint is None or not is_held_out("tint", thing.char, tint)
            for _ in range(shown // limit // 10)
        ]
        for kind, picture in zip(distances, pictures, strict=True):
            kind.append(min(float(np.sqrt(np.mean((picture - other) ** 2))) for other in seen))
    return float(np.median(distances[0])), float(np.median(distances[1]))


def milliseconds(model: ImageModel, steps: int, count: int = 5) -> float:
    """Median time of one picture."""
    taken = []
    for seed in range(count):
        start = time.perf_counter()
        paint(model, ["a red apple on a blue background"], steps, seed)
        taken.append(1000 * (time.perf_counter() - start))
    return float(np.median(taken))


def background_of(picture: Pixels) -> str:
    """The color name nearest to the median of the outermost two pixels."""
    edge = np.concatenate([picture[:2].reshape(-1, 3), picture[-2:].reshape(-1, 3), picture[:, :2].reshape(-1, 3)])
    middle = np.median(edge, axis=0)
    return min(COLORS, key=lambda name: float(np.abs(middle - COLORS[name]).sum()))


def parts(picture: Pixels) -> int:
    """Connected parts that differ from the background."""
    labels, _ = ndimage.label(_foreground(picture), structure=np.ones((3, 3)))
    return int((np.bincount(labels.ravel())[1:] >= _SMALLEST_PART).sum())


def _foreground(picture: Pixels) -> npt.NDArray[np.bool_]:
    edge = np.concatenate([picture[:2].reshape(-1, 3), picture[-2:].reshape(-1, 3)])
    difference = np.abs(picture.astype(np.int16) - np.median(edge, axis=0)).max(-1)
    found: npt.NDArray[np.bool_] = difference > 40
    return found


def _tinted_right(
    judge: Judge, pictures: Sequence[Pixels], scenes: Sequence[tuple[Thing, str]], rng: random.Random
) -> float:
    named = verdicts(judge, pictures)
    right = []
    for name, picture, (thing, color) in zip(named, pictures, scenes, strict=True):
        means = {c: _mean_color(draw(Scene((thing,), "white", c), rng)) for c in TINTS}
        mine = _mean_color(picture)
        nearest = min(means, key=lambda c: float(np.abs(means[c] - mine).sum()))
        right.append(name == thing.char and nearest == color)
    return float(np.mean(right))


def _mean_color(picture: Pixels) -> npt.NDArray[np.float64]:
    inside = _foreground(picture)
    mean: npt.NDArray[np.float64] = picture[inside].mean(0) if inside.any() else picture.reshape(-1, 3).mean(0)
    return mean


def _pairs_right(judge: Judge, pictures: Sequence[Pixels], pairs: Sequence[tuple[Thing, Thing]]) -> float:
    half = SIZE // 2
    crops = [Image.fromarray(p[half // 2 : half // 2 + half, x : x + half]) for p in pictures for x in (0, half)]
    named = verdicts(judge, [np.asarray(c.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for c in crops])
    both = zip(named[::2], named[1::2], pairs, strict=True)
    return float(np.mean([{left, right} == {a.char, b.char} for left, right, (a, b) in both]))


def _draws(rng: random.Random, count: int, kind: str, held: bool, colors: Sequence[str]) -> list[tuple[Thing, str]]:
    every = [(t, c) for t in common_things() for c in colors if is_held_out(kind, t.char, c) == held]
    return rng.sample(every, min(count, len(every)))


def _share(pairs: Any) -> float:
    return float(np.mean([name == thing.char for name, thing in pairs]))


def _held(held: bool) -> str:
    return ", never seen together" if held else ""


def _small(picture: Pixels) -> npt.NDArray[np.float32]:
    return np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX), dtype=np.float32)
