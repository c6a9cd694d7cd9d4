"""What a demo is. A demo is one file in `tutor/demos/` that ends in `DEMO = Demo(...)`; nothing else has to be told of it.

    def run(values: Values, seed: int) -> Iterator[Frame]:
        rate = values.number("rate")
        ...
        yield Frame(picture, alt="...", caption="...", numbers={"loss": loss}, share=step / steps)

The same values and seed give the same numbers. Closing the iterator ends the work, so a demo yields at least twice a second while it works;
torch and matplotlib are imported inside functions, so that the page is up before they are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tutor.events import Frame, Numbers

if TYPE_CHECKING:
    from tutor.answer import Answerer
    from tutor.course import Course
    from tutor.image.base import ImageModel
    from tutor.text.base import TextModel
    from tutor.text.local import LocalModel

__all__ = [
    "Break",
    "Demo",
    "Frame",
    "Line",
    "Number",
    "Numbers",
    "Option",
    "Parameter",
    "Prediction",
    "Script",
    "Switch",
    "Tools",
    "Value",
    "Values",
]
Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Number:
    """A slider. `words` are further names that a learner may call it by. Whole numbers have a whole `step`."""

    name: str
    title: str
    default: float
    low: float
    high: float
    step: float = 1
    words: tuple[str, ...] = ()

    def fitting(self, number: float) -> float:
        """The nearest number inside the bounds; a whole one where bounds and step are whole."""
        inside = min(self.high, max(self.low, number))
        return round(inside) if float(self.step).is_integer() and float(self.low).is_integer() else inside


@dataclass(frozen=True, slots=True)
class Option:
    """One of several words. Naming one of them in a message chooses it."""

    name: str
    title: str
    default: str
    options: tuple[str, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off. A message that holds one of `words` turns it on; "without" or "no" before the word turns it off."""

    name: str
    title: str
    default: bool
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A text of the learner's own: what stands in quotation marks or after a colon in a message."""

    name: str
    title: str
    default: str
    longest: int = 200


Parameter = Number | Option | Switch | Line


class Tools(Protocol):
    """The tutor's own parts, for demos that look inside it. Each raises TutorError where it cannot be had."""

    @property
    def course(self) -> "Course": ...
    def text(self) -> "TextModel":
        """The language model in use."""
        ...

    def local(self) -> "LocalModel":
        """The language model in use where it runs on this machine; otherwise the built-in one."""
        ...

    def painter(self) -> "ImageModel":
        """The image model in use."""
        ...

    def answerer(self) -> "Answerer": ...


@dataclass(frozen=True, slots=True)
class Values:
    """What a run was asked for: every parameter of its demo has a value, inside its bounds."""

    chosen: Mapping[str, Value]
    tools: Tools
    dark: bool = False
    """Whether pictures are drawn for a dark page."""

    def number(self, name: str) -> float:
        return float(self.chosen[name])

    def whole(self, name: str) -> int:
        return round(float(self.chosen[name]))

    def text(self, name: str) -> str:
        return str(self.chosen[name])

    def on(self, name: str) -> bool:
        return bool(self.chosen[name])


@dataclass(frozen=True, slots=True)
class Prediction:
    """One question before the run, answered by the run's own numbers."""

    question: str
    choices: tuple[str, ...]
    """Two to four."""
    right: Callable[[Numbers], int]
    """Which choice the last frame's numbers make true."""
    because: Callable[[Numbers], str]
    """A sentence with those numbers: "It hit 3 of 8 modes." """


@dataclass(frozen=True, slots=True)
class Break:
    """Something to break on purpose: values to set, and the button's words, such as "Make it collapse"."""

    label: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Script:
    """The core of a demo, to take away: functions of its file or of the workbench as they stand, after `imports` and before `main`, in at
    most 60 lines.

    In `main`, `$name` is the value of that parameter as Python writes it, and `$seed` the seed.
    """

    imports: str
    parts: tuple[object, ...]
    main: str


@dataclass(frozen=True, slots=True)
class Demo:
    name: str
    """As it is called on the command line: "gan"."""
    title: str
    """As a heading: "A GAN learns a ring"."""
    lesson: str
    """Slug of the lesson that it belongs to."""
    about: str
    """One sentence: what it shows."""
    words: tuple[str, ...]
    """What a learner may call its subject, in lower case: "gan", "generative adversarial network", "discriminator"."""
    parameters: tuple[Parameter, ...]
    run: Callable[[Values, int], Iterator[Frame]]
    prediction: Prediction
    breaks: Break
    script: Script
