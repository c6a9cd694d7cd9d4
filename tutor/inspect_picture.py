"""How did you draw that? A picture of the learner's own, drawn again from its recipe and laid open part by part.

The words as the encoder reads them, the sketch that follows from them, the way from noise, the same without guidance, the nearest training
picture, and the numbers. Nothing of it is stored with a picture: the recipe gives it again. A model that is not the built-in one shows what
it has; what it lacks is said.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
from PIL import Image

from tutor.course import Lesson
from tutor.drawing import Drawer, follow_ups
from tutor.events import Answer, Answered, Choices, Event, Exhibit, Inside, Part, Seconds, Status, Text
from tutor.image.base import ImageStep, PaintOptions, Reader, filmstrip
from tutor.image.nearest import Nearest, Sheet
from tutor.request import PictureRequest

LESSONS = ("diffusion", "text-to-image")
"""Slugs of the lessons that say more, where the course has them."""
_COLUMNS = 8
"""Steps that the strip shows at most."""
_SIDE = 64
_WORD = re.compile(r"\w+|[^\w\s]")
_CHEAP = 15.0
"""Seconds that a second picture, without guidance, may take."""
_COPY, _LIKE = 20.0, 40.0
"""Distances: a training picture set to another size lies below the first, nine in ten pairs of different things above the second."""


class Inspector:
    """Lays open what one drawer draws."""

    def __init__(self, drawer: Drawer, lessons: Sequence[Lesson]) -> None:
        self.drawer = drawer
        self._lessons = {lesson.slug: lesson.title for lesson in lessons if lesson.slug in LESSONS}
        self._sheet: Sheet | None = None

    def inspect(self, asked: str, request: PictureRequest) -> Iterator[Event]:
        """One turn. While a slow step is on its way its last event comes again. Raises InputError, ModelError, StorageError."""
        start = time.monotonic()
        painter = self.drawer.painter
        read, options = self.drawer.planned(request)
        options = replace(options, seeds=options.seeds[:1])
        event: Event = Status("inspecting")
        yield event
        several = "the first of your last pictures" if len(request.seeds) > 1 else "your last picture"
        said = f"This is {several}, “{read.prompt}”, drawn again from its recipe with {painter.name} and laid open."
        first = time.monotonic() - start
        yield Text(said)
        parts = self._words(read.prompt)
        if parts:
            yield Inside(tuple(parts))
        began = time.monotonic()
        shown: list[ImageStep] = []
        seen = 0
        with closing(painter.paint(read.prompt, options)) as steps:  # type: ignore[type-var]
            for step in steps:
                if step.number > seen and step.number in _chosen(step.steps):
                    shown.append(step)
                    event = Inside((*parts, self._way(shown)))
                seen = max(seen, step.number)
                yield event
        took = time.monotonic() - began
        last = shown[-1]
        if 0 in last.blocked:
            text = "The model's safety checker held the picture back this time, so there is nothing to lay open."
            yield Text(text)
            yield Inside(())
        else:
            parts.append(self._way(shown))
            picture = last.pictures[0]
            for found in self._unguided(read.prompt, options, picture, took, event):
                if isinstance(found, Part):
                    parts.append(found)
                yield Inside(tuple(parts)) if isinstance(found, Part) else found
            parts.append(self._near(picture))
            yield Inside(tuple(parts))
            parts.append(_numbers(options, last, took, painter.name))
            yield Inside(tuple(parts))
            text = "\n\n".join([said, *(f"**{part.title}**: {part.text}" for part in parts)])
        yield Choices(follow_ups(read.prompt, options.seeds[0], options.steps))
        total = time.monotonic() - start
        refused = 0 in last.blocked
        yield Answered(Answer(asked, "inspect", refused, text, (), (), "tutor", Seconds(0.0, first, total)))

    def _words(self, prompt: str) -> list[Part]:
        painter = self.drawer.painter
        reading = painter.reading(prompt) if isinstance(painter, Reader) else None
        lesson = self._lesson("text-to-image")
        if reading is None:
            text = f"{painter.name} does not show how it reads a prompt, so this part is missing."
            return [Part("The words", text, lesson=lesson)]
        count = len(reading.tokens)
        text = f"A text encoder cuts the prompt into pieces, called tokens, and reads {count} of them: {_joined(reading.tokens)}. "
        if len(reading.tokens) + len(reading.cut) > len(_WORD.findall(prompt)):
            text += "Look for a word in several pieces: it is too rare to be a token of its own. "
        if reading.cut:
            text += f"The rest was cut off, because it reads no more at once, and had no say: {_joined(reading.cut)}."
        else:
            text += "Nothing was cut off."
        parts = [Part("The words", text, lesson=lesson)]
        if reading.sketch is not None:
            sketch = reading.sketch.resize((2 * _SIDE, 2 * _SIDE), Image.Resampling.BICUBIC)
            parts.append(
                Part(
                    "A sketch from the words alone",
                    "Before any noise, a small network makes this of the words: roughly the average of all training pictures that fit "
                    "them. Look how blurred it is: it knows the colors and about where, not the edges. The painter sees it at every step.",
                    (Exhibit(sketch, "Sketch", f"A blurred first picture of {prompt}"),),
                )
            )
        return parts

    def _way(self, shown: list[ImageStep]) -> Part:
        lesson = self._lesson("diffusion")
        last = shown[-1]
        if last.steps == 1:
            text = "The picture came in one piece, so there are no steps to see."
            return Part("From noise to picture", text, lesson=lesson)
        strip = filmstrip(shown, _SIDE)
        numbers = ", ".join(str(step.number) for step in shown)
        text = (
            f"It begins as pure noise and takes {last.steps} steps. Above, the picture on its way; below, where the model then thought "
            "it would end. Look at the lower row: the guess is made over at every step, and firms up early."
        )
        alt = f"Steps {numbers} of {last.steps}: the picture out of noise, and below it the model's guess of the end"
        return Part("From noise to picture", text, (Exhibit(strip, f"Steps {numbers}", alt),), lesson)

    def _unguided(
        self, prompt: str, options: PaintOptions, picture: Image.Image, took: float, waiting: Event
    ) -> Iterator[Event | Part]:
        """`waiting` again and again while the same is drawn without guidance; then the part about it."""
        painter, guidance = self.drawer.painter, options.guidance
        lesson, title = self._lesson("text-to-image"), "Guidance"
        text = ""
        if guidance is None:
            text = f"The server of {painter.name} chose the guidance itself, so I have nothing to hold it against."
        elif guidance <= 1:
            text = f"Guidance was {guidance:g}: the picture followed the words alone, without being pushed further towards them."
        elif took > _CHEAP:
            text = (
                f"Guidance was {guidance:g}. To show what it did, I would have to draw the picture once more without it, which takes "
                f"another {took:.0f} s or so with this model; ask for it yourself with “guidance 1”."
            )
        if text or guidance is None:
            yield Part(title, text, lesson=lesson)
            return
        last: ImageStep | None = None
        with closing(painter.paint(prompt, replace(options, guidance=1.0))) as steps:  # type: ignore[type-var]
            for step in steps:
                last = step
                yield waiting
        if last is None or 0 in last.blocked:
            yield Part(title, "The model's safety checker held the picture without guidance back.", lesson=lesson)
            return
        plain = last.pictures[0]
        difference, mean, share = _difference(picture, plain)
        text = (
            f"At every step the model guesses twice, with your words and without, and goes {guidance:g} times the way from the second "
            "guess to the first. Left with that push, in the middle without, same seed. Look at the third picture, which is bright where "
            f"the two differ: on average by {mean:.0f} of 255, and clearly in {share:.0%} of the picture."
        )
        shown = (
            Exhibit(_larger(picture), f"Guidance {guidance:g}", f"{prompt}, with guidance {guidance:g}"),
            Exhibit(_larger(plain), "Without", f"{prompt}, from the same seed without guidance"),
            Exhibit(
                _larger(difference), "Difference", "Bright where the two pictures differ, black where they are the same"
            ),
        )
        yield Part(title, text, shown, lesson)

    def _near(self, picture: Image.Image) -> Part:
        title, things = "Copied or created?", self.drawer.things
        if things is None:
            name = self.drawer.painter.name
            text = f"The pictures that {name} learned from are not on this machine, so I can't say how near its training pictures are."
            return Part(title, text)
        if self._sheet is None:
            self._sheet = Sheet(things.folder, things.names)
        near = self._sheet.nearest(picture)
        if near is None:
            return Part(title, "The picture shows nothing but background, so there is nothing to compare.")
        name = f"{near.name}, tinted {near.tint}" if near.tint else near.name
        text = (
            f"Of the {len(things):,} things that my training pictures showed, each in ten colors, “{name}” is the nearest: {_apart(near)} "
            "Look at the outlines: place, size and background are left out of the comparison."
        )
        shown = (
            Exhibit(_larger(near.seen), "In your picture", "The thing in your picture, cut out"),
            Exhibit(_larger(near.thing), f"Nearest: {name}", f"The nearest training picture: {name}"),
        )
        return Part(title, text, shown)

    def _lesson(self, slug: str) -> tuple[str, str] | None:
        return (slug, self._lessons[slug]) if slug in self._lessons else None


def _chosen(steps: int) -> frozenset[int]:
    """Numbers of the steps that are shown: the first, the last, and some between."""
    count = min(_COLUMNS, steps)
    return frozenset(1 + round(place * (steps - 1) / max(1, count - 1)) for place in range(count)) | {steps}


def _joined(tokens: Sequence[str]) -> str:
    return " | ".join(tokens)


def _apart(near: Nearest) -> str:
    """What the distance means."""
    scale = "A training picture set to another size is about 5 from itself, two different things are about 50 apart."
    distance = f"{near.distance:.0f} of 255 away."
    if near.distance < _COPY:
        return f"{distance} {scale} So this is as good as a copy of that thing; new is at most its color, its place and its company."
    if near.distance < _LIKE:
        return f"{distance} {scale} So it is that thing, drawn anew and not quite the same: learned, not copied."
    return f"{distance} {scale} So it is a copy of none of them: created, though not always well."


def _difference(one: Image.Image, other: Image.Image) -> tuple[Image.Image, float, float]:
    """(the difference as a picture, brightest where it is largest; its mean, 0..255 a color value; the share of pixels above 32)"""
    pixels = np.asarray(one.convert("RGB"), dtype=np.float32) - np.asarray(other.convert("RGB"), dtype=np.float32)
    apart = np.abs(pixels).mean(-1)
    bright = apart * (255 / max(1.0, float(apart.max())))
    shown = Image.fromarray(bright.astype(np.uint8)).convert("RGB")
    return shown, float(apart.mean()), float((apart > 32).mean())


def _larger(picture: Image.Image) -> Image.Image:
    """At a size of about 128, each pixel of a small picture a square, so that nothing is made smoother than it is."""
    if max(picture.size) <= 2 * _SIDE:
        factor = 2 * _SIDE // max(picture.size)
        return picture.resize((factor * picture.width, factor * picture.height), Image.Resampling.NEAREST)
    small = picture.copy()
    small.thumbnail((3 * _SIDE, 3 * _SIDE), Image.Resampling.LANCZOS)
    return small


def _numbers(options: PaintOptions, last: ImageStep, took: float, name: str) -> Part:
    width, height = last.pictures[0].size
    each = f", {1000 * took / last.steps:,.0f} each" if last.steps > 1 else ""
    guidance = f"guidance {options.guidance:g}" if options.guidance is not None else "the server's own guidance"
    text = (
        f"Seed {options.seeds[0]}, {last.steps} step{'s' if last.steps > 1 else ''}, {guidance}, {width} by {height} pixels. "
        f"Measured just now on this machine: {1000 * took:,.0f} milliseconds{each}. Change one of them and see what happens: with the same "
        f"words and numbers, {name} draws the same picture again."
    )
    return Part("The numbers", text)
