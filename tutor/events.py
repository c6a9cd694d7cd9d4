"""What one turn can say, in the order in which a learner sees it. Values only: no behavior, no imports from above.

An asked question gives: Status("searching") -> Quote -> Status("reading") -> Status("writing") -> Text, Text, …
-> Sources -> Figure, where there is one -> Choices -> Answered. A picture gives Status("painting") -> Picture, Picture, … -> Text ->
Choices -> Answered; how it was drawn Status("inspecting") -> Text -> Inside, Inside, … -> Choices -> Answered. A demo first asks what the
learner thinks: Text -> Choices -> Answered; then Status("waiting") where others are before -> Status("showing") -> Showing -> Frame,
Frame, … -> Shown -> Choices -> Answered. A refusal gives Text and Choices; a failure ends with Failure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from PIL import Image

Intent = Literal["ask", "picture", "demo", "quiz", "inspect", "chat"]
Stage = Literal["adding", "searching", "reading", "writing", "painting", "inspecting", "waiting", "showing"]


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of the course or of the learner's file, as it is shown. `id` is `lesson#section-slug`, of a file `file:name#section-slug`;
    `score` is in 0..1."""

    id: str
    lesson: str
    """Title of the lesson."""
    section: str
    """Heading of the section."""
    quote: str
    """The sentences that support the answer: plain text."""
    score: float
    passage: str
    """The whole passage as plain text; `quote` is in it word for word."""
    lesson_slug: str
    own: bool = False
    """Whether it is of the learner's own file: `lesson` is then the file's name, and `section` a heading or a place such as "page 3"."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer. `support` in 0..1; `source` is the id of a Source, or None."""

    text: str
    support: float
    source: str | None
    number: int | None = None
    """The chip's number: 1 for the first of the answer's sources."""
    bullet: bool = False
    """Whether it is an item of a list."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds since the question: search done, first text on screen (the quote), everything done."""

    search: float
    first_text: float
    total: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The record of a finished turn: what `ask --json` prints."""

    question: str
    intent: Intent
    refused: bool
    answer: str
    """Markdown, as shown."""
    sentences: tuple[Sentence, ...]
    sources: tuple[Source, ...]
    written_by: str
    """The model's name, `quote` when only the passage stands, `tutor` for what code says."""
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Status:
    """A stage has begun."""

    stage: Stage
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """The best passage, before the first generated token. Replaces an earlier Quote of the turn."""

    source: Source


@dataclass(frozen=True, slots=True)
class Text:
    """The written answer so far; each Text replaces the one before it.

    `sentences` are checked and cited. `pending` is the sentence being written: not yet checked, to be shown as such.
    `markdown` is the checked part as Markdown, chips as `[1]`.
    """

    markdown: str
    sentences: tuple[Sentence, ...] = ()
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of the answer, in the order of their chip numbers (1, 2, …)."""

    items: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the course that goes with the answer: `file` in the folder of figures, what it shows, its lesson's title, and the section
    that it stands in."""

    file: str
    alt: str
    lesson: str
    section: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What repeats a picture bit for bit on one machine. Steps or guidance None: those of the server that painted it."""

    prompt: str
    seed: int
    steps: int | None
    guidance: float | None
    model: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Pictures on their way from noise, after `step` of `steps`; each Picture replaces the one before it.

    One image for each recipe; at the end there may be none, when a safety checker held all back. `strip`, of the last of several steps
    only, shows the first one's way: the picture at every step, and below it the model's guess of how it ends.
    """

    images: tuple[Image.Image, ...]
    recipes: tuple[Recipe, ...]
    step: int
    steps: int
    alt: str
    strip: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture that shows something: `label` says in a word or two what it is, `alt` what is to be seen."""

    image: Image.Image
    label: str
    alt: str


@dataclass(frozen=True, slots=True)
class Part:
    """One thing about how a picture came about; the text says what to look at."""

    title: str
    text: str
    exhibits: tuple[Exhibit, ...] = ()
    lesson: tuple[str, str] | None = None
    """Slug and title of the lesson that says more."""


@dataclass(frozen=True, slots=True)
class Inside:
    """How the last picture came about; each Inside replaces the one before it, and has more."""

    parts: tuple[Part, ...]


Numbers = Mapping[str, float | int | str]
"""What a run measured, by name. A name is what a learner reads: "modes hit"."""


@dataclass(frozen=True, slots=True)
class Showing:
    """A demo begins. `settings` are the titles and values of its parameters; `again` is the message that repeats it."""

    demo: str
    title: str
    settings: tuple[tuple[str, str], ...]
    seed: int
    again: str
    guess: str = ""
    """What the learner predicted."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a demo; each Frame replaces the one before it."""

    picture: Image.Image
    alt: str
    """What is to be seen, with the numbers, for somebody who does not see it."""
    caption: str
    """One or two sentences: what to look at."""
    numbers: Numbers = field(default_factory=dict)
    share: float = 1.0
    """Of the work that is done; the last frame has 1."""
    prepared: str = ""
    """What was trained before and shipped, such as "the four networks"; empty where all was computed now."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A demo has ended. `verdict` holds the prediction against the run's own numbers; `script` is the code to take away; `reel` are some
    of its frames, in order, for showing it again."""

    verdict: str
    milliseconds: float
    script: str
    reel: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A follow-up: `label` is shown on the button, `message` is sent when it is pressed."""

    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Choices:
    """At most four follow-ups, or the answers to one question and a way around it."""

    items: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """The turn ended early: one line that says what happened and what to do."""

    message: str
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """The last event of a turn that went well."""

    answer: Answer


Event = (
    Status | Quote | Text | Sources | Figure | Picture | Inside | Showing | Frame | Shown | Choices | Failure | Answered
)


def as_json(answer: Answer) -> dict[str, object]:
    """The record that programs rely on."""
    return {
        "question": answer.question,
        "intent": answer.intent,
        "refused": answer.refused,
        "answer": answer.answer,
        "sentences": [{"text": s.text, "support": s.support, "source": s.source} for s in answer.sentences],
        "sources": [
            {"id": s.id, "lesson": s.lesson, "section": s.section, "quote": s.quote, "score": s.score}
            for s in answer.sources
        ],
        "written_by": answer.written_by,
        "seconds": {name: round(value, 4) for name, value in asdict(answer.seconds).items()},
    }
