"""One turn: a message and the conversation before it -> events. The only place where the pieces meet.

The page, the command line and the API all call `Tutor.reply`. Closing the iterator cancels the work.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tutor.answer import Answerer
from tutor.conversation import resolve
from tutor.course import Course, load_course
from tutor.drawing import Drawer
from tutor.errors import InputError, TutorError
from tutor.events import Answer, Answered, Choice, Choices, Event, Failure, Seconds, Text
from tutor.image.local import PAINTER, built_in_painter
from tutor.request import requests
from tutor.route import is_about_tutor, route, small_talk
from tutor.search.encoder import encoder
from tutor.search.hybrid import Searcher
from tutor.text.base import TextModel
from tutor.text.loading import Loader
from tutor.things import KnownThings

LONGEST_MESSAGE = 4000
"""Characters."""


class Tutor:
    """The course, its search and the language model. Building it reads the lessons only; the rest loads when first needed."""

    def __init__(self, content: Path, cache: Path, loader: Loader) -> None:
        """Raises CourseError when the folder has no lesson."""
        self.course: Course = load_course(content)
        self.loader = loader
        self._cache = cache
        self._answerer: Answerer | None = None
        self._drawer: Drawer | None = None
        self._lock = threading.Lock()

    def warm(self) -> Answerer:
        """The answering part, with the search index built: about two seconds the first time. Raises TutorError."""
        with self._lock:
            if self._answerer is None:
                encode = encoder()
                self._answerer = Answerer(self.course, Searcher(self.course, self._cache, encode), encode)
            return self._answerer

    def reply(self, message: str, earlier: Sequence[str] = ()) -> Iterator[Event]:
        """Answer `message`; `earlier` are the learner's own earlier messages, oldest first. Errors come as Failure."""
        try:
            text = checked(message)
            before = [m[:LONGEST_MESSAGE] for m in earlier]
            *drawn, wanted = requests([*before, text])
            if wanted is not None:
                yield from self.drawer().draw(text, wanted)
            elif route(text) == "ask":
                asked = [m for m, picture in zip(before, drawn, strict=True) if picture is None and route(m) == "ask"]
                yield from self.warm().answer(text, resolve(text, asked), self.loader.model())
            else:
                yield from self._say(text)
        except TutorError as error:
            yield Failure(str(error), error.exit_code)

    def drawer(self) -> Drawer:
        """The drawing part; its weights load at the first picture. Raises TutorError."""
        with self._lock:
            if self._drawer is None:
                self._drawer = Drawer(built_in_painter(), KnownThings(PAINTER, encoder()))
            return self._drawer

    def _say(self, message: str) -> Iterator[Event]:
        start = time.monotonic()
        text = describe(self.loader.model(), self.course) if is_about_tutor(message) else small_talk(message)
        yield Text(text)
        yield Choices(starters(self.course)[:3])
        total = time.monotonic() - start
        yield Answered(Answer(message, "chat", False, text, (), (), "tutor", Seconds(0.0, total, total)))


def checked(message: str) -> str:
    """The message without control characters. Raises InputError when nothing is left or it is too long."""
    text = "".join(c for c in message if c in "\n\t" or c.isprintable()).strip()
    if not text:
        raise InputError("The message is empty. Type a question about generative AI.")
    if len(message) > LONGEST_MESSAGE:
        raise InputError(
            f"The message has {len(message):,} characters; at most {LONGEST_MESSAGE:,} can be read. Shorten it and send again."
        )
    return text


def describe(model: TextModel | None, course: Course) -> str:
    """What the tutor is, from what is really in force."""
    writer = f"the language model {model.name}" if model is not None else "a language model, which is not ready yet,"
    return (
        f"I'm a tutor of generative AI. I search a course of {len(course.lessons)} lessons, quote the passage that fits best, and let "
        f"{writer} write an answer from it; code then checks each sentence against the course and leaves out what it doesn't support. "
        "I also draw small pictures, when you write: draw a dog; my painter is still learning. "
        "I can be wrong in choosing a passage, and I know nothing beyond the course."
    )


def starters(course: Course, count: int = 5) -> tuple[Choice, ...]:
    """Questions worth asking first, from lessons spread over the course: by turns what a thing is, and something within it."""
    lessons = [lesson for lesson in course.lessons if any(s.heading.endswith("?") for s in lesson.sections)]
    places = sorted({round(i * (len(lessons) - 1) / max(1, count - 1)) for i in range(count)}) if lessons else []
    chosen = []
    for turn, place in enumerate(places):
        questions = [s.heading for s in lessons[place].sections if s.heading.endswith("?")]
        chosen.append(questions[min(place, len(questions) - 1) if turn % 2 else 0])
    return tuple(Choice(question, question) for question in chosen)
