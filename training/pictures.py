"""The pictures that the painter learns from: emoji of the Noto Color Emoji font, set on plain backgrounds, alone, counted or in pairs.

A Scene says what is to be seen; its caption says it in words; drawing it again gives another place and size each time. Combinations
that are held out are chosen by a hash of their names alone, so that they never change sides.

Needs the font (Debian: fonts-noto-color-emoji) and the Python package `emoji`; see README.
"""

import hashlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.image.nearest import COLUMNS, SIDE
from tutor.image.tints import COLORS, TINTS, tinted

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
COMMON = Path(__file__).parent / "data" / "pictures" / "common.txt"
SIZE = 64
"""Pixels of a side."""
Pixels = npt.NDArray[np.uint8]
_HELD_OUT = {"tint": 0.15, "background": 0.1, "pair": 0.1}
_NUMBERS = {2: ("two", "2"), 3: ("three", "3"), 4: ("four", "4")}
_MADE = ("a picture of {}", "an image of {}", "a drawing of {}", "{} emoji", "an illustration of {}")
_SIZES = {
    "one": (46, 50, 54),
    "small": (20, 23, 26),
    "big": (58, 61, 64),
    "two": (27, 29),
    "many": (24, 26),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """What an emoji shows; the first name is the one it is called by. `common` things are learned more often."""

    char: str
    names: tuple[str, ...]
    common: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen. `layout` is one, small, big, two or many; `background` None leaves it to the painter."""

    things: tuple[Thing, ...]
    background: str | None = None
    tint: str | None = None
    layout: str = "one"
    names: tuple[str, ...] = field(default=(), compare=False)
    """The name of each thing that the caption uses."""

    @property
    def held_out(self) -> bool:
        """Whether training must not show this combination."""
        first = self.things[0].char
        if self.tint is not None and is_held_out("tint", first, self.tint):
            return True
        if self.background is not None and any(is_held_out("background", t.char, self.background) for t in self.things):
            return True
        kinds = sorted({t.char for t in self.things})
        return len(kinds) == 2 and is_held_out("pair", *kinds)


def is_held_out(kind: str, *names: str) -> bool:
    """Whether training leaves out this combination of `kind` tint, background or pair."""
    digest = hashlib.sha256("|".join((kind, *names)).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < _HELD_OUT[kind]


@cache
def things() -> tuple[Thing, ...]:
    """Every single-character emoji that has both a picture in the font and a name, flags apart."""
    import emoji

    common: dict[str, list[str]] = {}
    for line in COMMON.read_text(encoding="utf-8").splitlines():
        char, _, name = line.partition(" ")
        common.setdefault(_bare(char), []).append(name)
    taken = {name for names in common.values() for name in names}
    drawn = _font().getBestCmap()
    found = []
    for char, record in emoji.EMOJI_DATA.items():
        bare = _bare(char)
        if len(bare) != 1 or ord(bare) not in drawn or record["status"] != emoji.STATUS["fully_qualified"]:
            continue
        given = [_words(name) for name in (record["en"], *(record.get("alias") or ()))]
        own = common.get(bare, [])
        names = tuple(dict.fromkeys([*own, *(n for n in given if n not in taken)]))
        if names:
            found.append(Thing(bare, names, bool(own)))
    return tuple(found)


def _bare(char: str) -> str:
    return char.replace("\ufe0f", "")


def _words(name: str) -> str:
    return name.strip(":").replace("_", " ").replace("-", " ").replace("’", "'")


@cache
def _font() -> Any:
    from fontTools.ttLib import TTFont

    return TTFont(FONT)


@cache
def glyph(char: str) -> Image.Image:
    """The emoji as a square RGBA picture, cut to what is drawn."""
    font = _font()
    name = font.getBestCmap()[ord(char)]
    for strike in font["CBDT"].strikeData:
        if name in strike:
            picture = Image.open(io.BytesIO(strike[name].imageData)).convert("RGBA")
            break
    else:
        raise ValueError(f"the font has no picture of {char!r}")
    picture = picture.crop(picture.getbbox())
    side = max(picture.size)
    square = Image.new("RGBA", (side, side))
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return square


@cache
def _sized(char: str, size: int, tint: str | None) -> Pixels:
    """[size, size, 4], the colors already multiplied by the alpha."""
    picture = (
        glyph(char)
        .convert("RGBa")
        .resize((size, size), Image.Resampling.BOX if size > 130 else Image.Resampling.LANCZOS)
    )
    pixels = np.asarray(picture, dtype=np.uint8)
    if tint is None:
        return pixels
    alpha = pixels[..., 3:].astype(np.float32)
    straight = pixels[..., :3] * (255.0 / np.maximum(alpha, 1))
    colored = tinted(straight, COLORS[tint]) * (alpha / 255)
    return np.concatenate([np.clip(colored, 0, 255), alpha], -1).astype(np.uint8)


def sheet() -> Image.Image:
    """Every thing at 32 by 32 pixels on nothing, in the order of `things`, `COLUMNS` a row: what a painted picture is held against."""
    every = things()
    rows = -(-len(every) // COLUMNS)
    made = Image.new("RGBA", (COLUMNS * SIDE, rows * SIDE))
    for number, thing in enumerate(every):
        row, column = divmod(number, COLUMNS)
        small = glyph(thing.char).convert("RGBa").resize((SIDE, SIDE), Image.Resampling.LANCZOS).convert("RGBA")
        made.paste(small, (column * SIDE, row * SIDE))
    return made


def draw(scene: Scene, rng: random.Random) -> Pixels:
    """The scene as [64, 64, 3]: place, size and shade differ each time."""
    name = scene.background or ("white" if rng.random() < 0.6 else rng.choice(tuple(COLORS)))
    shade = [min(255, max(0, value + rng.randint(-8, 8))) for value in COLORS[name]]
    room = 1 if len(scene.things) > 1 else 2 if scene.layout == "one" else 8 if scene.layout == "small" else 0
    shifts = [(rng.randint(-room, room), rng.randint(-room, room)) for _ in scene.things]
    return _composed(scene, COLORS[name] if name == "white" else shade, rng.choice(_SIZES[scene.layout]), shifts)


def typical(scene: Scene) -> Pixels:
    """The scene as [32, 32, 3] in its middle place and size, on white where nothing else is asked for."""
    sizes = _SIZES[scene.layout]
    picture = _composed(
        scene, COLORS[scene.background or "white"], sizes[len(sizes) // 2], [(0, 0)] * len(scene.things)
    )
    return picture.reshape(SIZE // 2, 2, SIZE // 2, 2, 3).mean((1, 3)).astype(np.uint8)


def _composed(scene: Scene, shade: Sequence[int], size: int, shifts: Sequence[tuple[int, int]]) -> Pixels:
    canvas = np.empty((SIZE, SIZE, 3), dtype=np.float32)
    canvas[:] = shade
    centers = {
        1: [(32, 32)],
        2: [(16, 32), (48, 32)],
        3: [(16, 17), (48, 17), (32, 47)],
        4: [(16, 17), (48, 17), (16, 47), (48, 47)],
    }[len(scene.things)]
    for thing, (x, y), (right, down) in zip(scene.things, centers, shifts, strict=True):
        left = min(SIZE - size, max(0, x - size // 2 + right))
        top = min(SIZE - size, max(0, y - size // 2 + down))
        pixels = _sized(thing.char, size, scene.tint).astype(np.float32)
        part = canvas[top : top + size, left : left + size]
        part *= 1 - pixels[..., 3:] / 255
        part += pixels[..., :3]
    return np.clip(canvas, 0, 255).astype(np.uint8)


def caption(scene: Scene, rng: random.Random) -> str:
    """One of the ways to ask for the scene."""
    names = scene.names or tuple(thing.names[0] for thing in scene.things)
    tint = f"{scene.tint} " if scene.tint else ""
    count = len(scene.things)
    if scene.layout == "two" and len(set(scene.things)) == 2:
        first, second = (with_article(name) for name in names)
        text = rng.choice(("{} and {}", "{} and {}", "{} next to {}", "{} beside {}", "{} with {}")).format(
            first, second
        )
    elif count > 1:
        text = f"{rng.choice(_NUMBERS[count])} {tint}{plural(names[0])}"
    else:
        adjective = {"small": ("small", "tiny", "little"), "big": ("big", "large", "huge")}.get(scene.layout)
        size = f"{rng.choice(adjective)} " if adjective else ""
        thing = f"{size}{tint}{names[0]}"
        text = with_article(thing) if rng.random() < 0.75 else thing
    if scene.background:
        a = with_article(scene.background)
        forms = ("{t} on {a} background",) * 3 + ("{t} with {a} background", "{t}, {c} background", "{t} on {c}")
        text = rng.choice(forms).format(t=text, a=a, c=scene.background)
    if rng.random() < 0.2:
        text = rng.choice(_MADE).format(text)
    return text


def with_article(name: str) -> str:
    """'an apple', 'a dog', 'grapes'."""
    last = name.rsplit(" ", 1)[-1]
    if last.endswith("s") and not last.endswith("ss") and last not in ("octopus", "cactus", "bus"):
        return name
    return f"{'an' if name[0].lower() in 'aeiou' and not name.lower().startswith(('uni', 'one')) else 'a'} {name}"


def plural(name: str) -> str:
    """'dogs', 'foxes', 'cherries', 'leaves'."""
    special = {
        "mouse": "mice",
        "goose": "geese",
        "wolf": "wolves",
        "leaf": "leaves",
        "fish": "fish",
        "sheep": "sheep",
        "deer": "deer",
    }
    head, space, last = name.rpartition(" ")
    if last in special:
        last = special[last]
    elif last.endswith("s") and not last.endswith(("ss", "bus", "tus", "pus")):
        pass
    elif last.endswith(("s", "x", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head}{space}{last}"


def any_scene(rng: random.Random) -> Scene:
    """A scene of the training set; none that is held out."""
    while True:
        scene = _any_scene(rng)
        if not scene.held_out:
            return scene


_COMMON_SHARE = 0.75


def _any_scene(rng: random.Random) -> Scene:
    first = _pick(rng)
    background = rng.choice(tuple(COLORS)) if rng.random() < 0.6 else None
    kind = rng.random()
    name = first.names[0] if rng.random() < 0.6 else rng.choice(first.names)
    if kind < 0.4:
        return Scene((first,), background, names=(name,))
    if kind < 0.72:
        return Scene((first,), background, tint=rng.choice(TINTS), names=(name,))
    if kind < 0.86:
        second = _pick(rng)
        layout = "two"
        return Scene((first, second), background, layout=layout, names=(name, second.names[0]))
    if kind < 0.94:
        count = rng.choice((2, 3, 4))
        return Scene((first,) * count, background, layout="two" if count == 2 else "many", names=(name,) * count)
    return Scene((first,), background, layout=rng.choice(("small", "big")), names=(name,))


def _pick(rng: random.Random) -> Thing:
    common, others = _by_share()
    return rng.choice(common if rng.random() < _COMMON_SHARE else others)


@cache
def _by_share() -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    return tuple(t for t in things() if t.common), tuple(t for t in things() if not t.common)
