"""One turn: a message and the conversation before it -> events. The only place where the pieces meet.

The page, the command line and the API all call `Tutor.reply`. Closing the iterator cancels the work.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

from tutor.about import about_file, as_meant, speaks_of_own_file, subject
from tutor.answer import Answerer
from tutor.beside import with_course
from tutor.catalogue import demos
from tutor.conversation import names_nothing, resolve
from tutor.course import Course, load_course
from tutor.demo_request import DemoRequest, as_message, demo_requests, wants_list
from tutor.document import Document
from tutor.drawing import Drawer
from tutor.errors import InputError, ModelError, TutorError
from tutor.events import Answer, Answered, Choice, Choices, Event, Failure, Intent, Seconds, Status, Text
from tutor.image.base import ImageModel
from tutor.image.loading import ImageLoader
from tutor.image.local import PAINTER, BuiltInPainter
from tutor.inspect_picture import Inspector
from tutor.library import Attached, Library
from tutor.loading import Loader
from tutor.reading import read_apart
from tutor.request import asks_how, explained, requests
from tutor.route import cannot, is_about_tutor, route, small_talk
from tutor.search.encoder import encoder
from tutor.search.hybrid import Searcher
from tutor.settings import Settings
from tutor.showing import ask_first, list_demos, show
from tutor.text.base import TextModel
from tutor.text.loading import TextLoader
from tutor.things import KnownThings
from tutor.toolbox import Toolbox

LONGEST_MESSAGE = 4000
"""Characters."""
OF_WHAT = "Which thing do you mean? Name it, and I'll explain it from the course."
NO_FILE = (
    "There is no file in this conversation. Add one with the button beside the question box: Markdown, plain text or PDF. A file is "
    "kept only while its page is open, so after a reload it has to be added again."
)
NO_PICTURE = (
    "There is no picture in this conversation yet. Draw one first; then ask again, and I'll show you how it came about."
)
A_PICTURE = "Draw a red apple on a blue background"
"""The picture that is offered first."""
A_DEMO = "Show me how a GAN learns"
WHOLE_QUESTION = "What is this document about?"
"""What the model is asked of a whole file."""
_Step = TypeVar("_Step")
_Result = TypeVar("_Result")


class Tutor:
    """The course, its search, the language model and the image model. Building it reads the lessons only; the rest loads when first
    needed."""

    def __init__(self, content: Path, cache: Path, loader: Loader[TextModel], painters: Loader[ImageModel]) -> None:
        """Raises CourseError when the folder has no lesson, or none that can be read."""
        self.course: Course = load_course(content)
        if not self.course.passages:
            raise self.course.problems[0]
        self.loader = loader
        self.painters = painters
        self._cache = cache
        self._answerer: Answerer | None = None
        self._library: Library | None = None
        self._drawer: Drawer | None = None
        self._inspector: Inspector | None = None
        self._lock = threading.Lock()
        self.tools = Toolbox(self.course, loader, painters, self.warm)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The tutor that the settings describe; its models load once its loaders are started. Raises CourseError."""
        return cls(settings.content_dir, settings.cache_dir, TextLoader(settings), ImageLoader(settings))

    def warm(self) -> Answerer:
        """The answering part, with the search index built: about two seconds the first time. Raises TutorError."""
        with self._lock:
            if self._answerer is None:
                encode = encoder()
                searcher = Searcher(self.course, self._cache, encode)
                self._library = Library(self.course, searcher, encode)
                self._answerer = Answerer(self.course, searcher, encode)
            return self._answerer

    def add(self, name: str, data: bytes) -> Generator[Status, None, Document]:
        """Read a learner's file and make it ready to be asked about. Closing the generator gives up. Raises InputError."""
        reading = Status("adding")  # always the same one: a sign of life
        document = yield from _telling(read_apart(name, data), lambda _: reading)
        yield from self._ready(document)
        return document

    def forget(self, document: Document) -> None:
        """A file is no longer asked about: what was computed from it goes."""
        if self._library is not None:
            self._library.close(document)

    def reply(
        self, message: str, earlier: Sequence[str] = (), file: Attached | None = None, dark: bool = False
    ) -> Iterator[Event]:
        """Answer `message`; `earlier` are the learner's own earlier messages, oldest first; `file` is what the learner added to this
        conversation; `dark`: plots are drawn for a dark page. Errors come as Failure."""
        try:
            text = checked(message)
            before = [m[:LONGEST_MESSAGE] for m in earlier]
            *drawn, wanted = requests([*before, text])
            *ran, run = demo_requests([*before, text], demos())
            if run is not None:
                asking = run.fresh and run.guess is None
                yield from ask_first(text, run) if asking else show(text, run, self.tools, dark)
            elif wants_list(text):
                yield from list_demos(text)
            elif wanted is not None:
                yield from self.drawer().draw(text, wanted)
            elif (picture := explained(text, drawn)) is not None:
                yield from self.inspector().inspect(text, picture)
            elif asks_how(text):
                yield from self._say(text, NO_PICTURE, "inspect", [A_PICTURE])
            elif (beyond := cannot(text)) is not None:
                offers = [f"Explain {beyond.subject}"] if beyond.subject else []
                yield from self._say(text, beyond.said, beyond.intent, offers)
            elif route(text) == "ask":
                asked = [
                    not picture and not demo and route(m) == "ask"
                    for m, picture, demo in zip(before, drawn, ran, strict=True)
                ]
                if file is not None:
                    yield from self._reply_with_file(text, before, asked, file)
                elif speaks_of_own_file(text):
                    yield from self._say(text, NO_FILE)
                elif names_nothing(text) and not any(asked):
                    yield from self._say(text, OF_WHAT)
                else:
                    known = resolve(text, [m for m, ask in zip(before, asked, strict=True) if ask])
                    yield from with_course(self.warm().answer(text, known, self.loader.model()), self.course)
            else:
                yield from self._say(text)
        except TutorError as error:
            yield Failure(str(error), error.exit_code)

    def _reply_with_file(
        self, text: str, before: Sequence[str], asked: Sequence[bool], file: Attached
    ) -> Iterator[Event]:
        name = file.document.name
        old = [m for m, ask in zip(before[: file.after], asked, strict=False) if ask]
        since = [m for m, ask in zip(before[file.after :], asked[file.after :], strict=True) if ask]
        *since, meant = as_meant([*since, text], name)
        about = about_file(meant, name)
        known = resolve(meant if about is None or about.whole else about.query, old + [subject(m, name) for m in since])
        if about is None:  # "simpler, please" after a question about the file
            last = about_file(since[-1], name) if since and known.followed else None
            about = last and replace(last, query=known.query)
        elif not about.whole:
            about = replace(about, query=known.query)
            known = known if known.followed else replace(known, question=meant)
        if about is not None and about.whole:
            known = replace(known, question=WHOLE_QUESTION)
        answerer = yield from self._ready(file.document)
        yield from answerer.answer(text, known, self.loader.model(), about)

    def _ready(self, document: Document) -> Generator[Status, None, Answerer]:
        """The answering part with this file; at once, unless it has to be encoded first."""
        self.warm()
        assert self._library is not None
        return (yield from _telling(self._library.open(document), lambda share: Status("adding", f"{share:.0%}")))

    def run(self, request: DemoRequest, dark: bool = False) -> Iterator[Event]:
        """A demo, without the question before it. Errors come as Failure."""
        try:
            yield from show(as_message(request), request, self.tools, dark)
        except TutorError as error:
            yield Failure(str(error), error.exit_code)

    def drawer(self) -> Drawer:
        """The drawing part, with the image model in use. Raises TutorError."""
        painter = self.painters.model()
        if painter is None:
            raise ModelError("No image model is ready yet. Wait a little, then ask again.")
        with self._lock:
            if self._drawer is None or self._drawer.painter is not painter:
                own = isinstance(painter, BuiltInPainter)
                self._drawer = Drawer(painter, KnownThings(PAINTER, encoder()) if own else None)
            return self._drawer

    def inspector(self) -> Inspector:
        """The part that lays pictures open, for the image model in use. Raises TutorError."""
        drawer = self.drawer()
        with self._lock:
            if self._inspector is None or self._inspector.drawer is not drawer:
                self._inspector = Inspector(drawer, self.course.lessons)
            return self._inspector

    def _say(
        self, message: str, said: str = "", intent: Intent = "chat", offers: Sequence[str] = ()
    ) -> Iterator[Event]:
        """What code says: `said`, or what suits small talk. An intent beyond small talk is one that could not be followed."""
        start = time.monotonic()
        text = said or (
            describe(self.loader.model(), self.painters.model(), self.course)
            if is_about_tutor(message)
            else small_talk(message)
        )
        yield Text(text)
        yield Choices((*(Choice(offer, offer) for offer in offers), *starters(self.course))[:3])
        total = time.monotonic() - start
        refused = intent != "chat"
        yield Answered(Answer(message, intent, refused, text, (), (), "tutor", Seconds(0.0, total, total)))


def _telling(
    steps: Generator[_Step, None, _Result], tell: Callable[[_Step], Status]
) -> Generator[Status, None, _Result]:
    """`steps` to its result, with something to be seen at each step."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                result: _Result = end.value
                return result
            yield tell(step)


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


def describe(model: TextModel | None, painter: ImageModel | None, course: Course) -> str:
    """What the tutor is, from what is really in force."""
    draws = "small pictures, when you write: draw a dog"
    if painter is not None and not isinstance(painter, BuiltInPainter):
        draws = f"pictures with {painter.name}, when you write: draw a dog"
    writer = f"the language model {model.name}" if model is not None else "a language model, which is not ready yet,"
    return (
        f"I'm a tutor of generative AI. I search a course of {len(course.lessons)} lessons, quote the passage that fits best, and let "
        f"{writer} write an answer from it; code then checks each sentence against the course and leaves out what it doesn't support. "
        f"I also draw {draws}, and run live demos, when you write: show me how a GAN learns. "
        "You can add a file of your own and ask about that too. "
        "I can be wrong in choosing a passage, and I know nothing beyond the course and your file."
    )


def starters(course: Course, count: int = 3) -> tuple[Choice, ...]:
    """Worth asking first: `count` questions from lessons spread over the course, by turns what a thing is and something within it,
    a picture, and a demo."""

    lessons = [lesson for lesson in course.lessons if any(s.heading.endswith("?") for s in lesson.sections)]
    places = sorted({round(i * (len(lessons) - 1) / max(1, count - 1)) for i in range(count)}) if lessons else []
    chosen = []
    for turn, place in enumerate(places):
        questions = [s.heading for s in lessons[place].sections if s.heading.endswith("?")]
        chosen.append(questions[min(place, len(questions) - 1) if turn % 2 else 0])
    return tuple(Choice(question, question) for question in (*chosen, A_PICTURE, A_DEMO))
