"""Demos as events: the question before the run, the queue, the run, and what the learner predicted held against its numbers."""

import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

from tutor.catalogue import defaults, demos
from tutor.demo_request import DemoRequest, as_message
from tutor.errors import ModelError
from tutor.events import (
    Answer,
    Answered,
    Choice,
    Choices,
    Event,
    Frame,
    Seconds,
    Showing,
    Shown,
    Status,
    Text,
)
from tutor.workbench.demo import Tools, Values
from tutor.workbench.script import script

AT_ONCE = 2
"""Demos that may run on the machine at the same time."""
_REEL = 12
"""Frames that are kept for showing a run again."""
_LOOK = 0.2
"""Seconds between two looks at the queue."""


class Places:
    """A queue of runs; `most` of them run at the same time, in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting = deque[object]()
        self._lock = threading.Lock()

    def take(self) -> Generator[int, None, None]:
        """Yield how many must end before, again and again, then nothing more: the place is had until the iterator is closed."""
        ticket = object()
        with self._lock:
            self._waiting.append(ticket)
        try:
            while (before := self._before(ticket)) > 0:
                yield before
                time.sleep(_LOOK)
            yield 0
        finally:
            with self._lock:
                self._waiting.remove(ticket)

    def _before(self, ticket: object) -> int:
        with self._lock:
            return self._waiting.index(ticket) - self._most + 1


_PLACES = Places(AT_ONCE)


def ask_first(message: str, request: DemoRequest) -> Iterator[Event]:
    """The question that comes before the run."""
    start = time.monotonic()
    demo = request.demo
    said = " ".join(
        [
            f"**{demo.title}.** {demo.about}",
            *request.told,
            f"Before it runs, what do you think? {demo.prediction.question}",
        ]
    )
    yield Text(said)
    run = as_message(request)
    guesses = [Choice(choice, f"{run}. I predict: {choice}") for choice in demo.prediction.choices]
    yield Choices((*guesses, Choice("Just run it", "Just run it")))
    yield from _answered(message, said, start)


def list_demos(message: str) -> Iterator[Event]:
    """What demos there are."""
    start = time.monotonic()
    names = ", ".join(demos())
    said = f"These run live, on this machine: {names}. Name one, such as “show me the {next(iter(demos()))} demo”, or open the Lab."
    yield Text(said)
    first = list(demos().values())[:: max(1, len(demos()) // 4)][:4]
    yield Choices(tuple(Choice(demo.title, f"Run the {demo.name} demo") for demo in first))
    yield from _answered(message, said, start)


def show(message: str, request: DemoRequest, tools: Tools, dark: bool = False) -> Iterator[Event]:
    """Run it. Raises TutorError."""
    start = time.monotonic()
    demo = request.demo
    with closing(_PLACES.take()) as turn:
        for before in turn:
            if not before:
                break
            yield Status("waiting", f"{before} demo{'s' if before > 1 else ''} before yours")
        yield Status("showing")
        yield Showing(demo.name, demo.title, _settings(request), request.seed, as_message(request), _guess(request))
        begun = time.monotonic()
        last, kept = None, list[Frame]()
        try:
            with closing(_frames(request, tools, dark)) as frames:
                for frame in frames:
                    if frame is not last:
                        kept.append(frame)
                    last = frame
                    yield frame
        except (RuntimeError, ValueError, MemoryError, OSError) as error:
            raise ModelError(
                f"The demo {demo.name} stopped: {str(error).splitlines()[0][:200] or type(error).__name__}. "
                "Nothing else is affected; run it again, or with other values."
            ) from error
        taken = 1000 * (time.monotonic() - begun)
    if last is None:
        raise ModelError(f"The demo {demo.name} showed nothing. Run it again, or with other values.")
    verdict = _verdict(request, last)
    yield Shown(verdict, taken, script(demo, request.values, request.seed), tuple(f.picture for f in _spread(kept)))
    yield Choices(_next(request))
    yield from _answered(message, "\n\n".join([*request.told, last.caption, verdict]), start)


def _frames(request: DemoRequest, tools: Tools, dark: bool) -> Generator[Frame, None, None]:
    yield from request.demo.run(Values(request.values, tools, dark), request.seed)


def _settings(request: DemoRequest) -> tuple[tuple[str, str], ...]:
    def said(value: object) -> str:
        return (
            ("yes" if value else "no")
            if isinstance(value, bool)
            else f"{value:g}"
            if isinstance(value, float)
            else str(value)
        )

    return tuple((p.title, said(request.values[p.name])) for p in request.demo.parameters)


def _guess(request: DemoRequest) -> str:
    return "" if request.guess is None else request.demo.prediction.choices[request.guess]


def _verdict(request: DemoRequest, last: Frame) -> str:
    """What the numbers say of the question, and of the learner's guess."""
    prediction = request.demo.prediction
    right, because = prediction.choices[prediction.right(last.numbers)], prediction.because(last.numbers)
    if request.guess is None:
        return because
    guess = prediction.choices[request.guess]
    if guess == right:
        return f"You predicted “{guess}”, and so it was. {because}"
    return f"You predicted “{guess}”; it was “{right}”. {because}"


def _next(request: DemoRequest) -> tuple[Choice, ...]:
    """Break it or go back, another seed, and one parameter changed."""
    demo, plain = request.demo, defaults(request.demo)
    broken = all(request.values[name] == value for name, value in demo.breaks.values.items())
    first = (
        Choice("Back to the start", f"Run the {demo.name} demo")
        if broken
        else Choice(demo.breaks.label, demo.breaks.label)
    )
    changed = request.values != plain and not broken
    back = (Choice("Back to the start", f"Run the {demo.name} demo"),) if changed else ()
    return (first, *back, Choice("Another seed", "Another seed"))


def _spread(frames: list[Frame]) -> list[Frame]:
    """At most so many as a reel holds, the first and the last among them."""
    if len(frames) <= _REEL:
        return frames
    return [frames[round(i * (len(frames) - 1) / (_REEL - 1))] for i in range(_REEL)]


def _answered(message: str, said: str, start: float) -> Iterator[Event]:
    total = time.monotonic() - start
    yield Answered(Answer(message, "demo", False, said, (), (), "tutor", Seconds(0.0, total, total)))
