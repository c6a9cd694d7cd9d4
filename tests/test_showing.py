"""Demos as events: the question first, the queue, the verdict, and errors that lose nothing."""

import threading
import time
from contextlib import closing

import pytest
from PIL import Image

from tutor.demo_request import DemoRequest
from tutor.errors import ModelError
from tutor.events import Answered, Choices, Frame, Showing, Shown, Status, Text
from tutor.showing import AT_ONCE, Places, ask_first, show
from tutor.workbench.demo import Break, Demo, Number, Prediction, Script


def double(number):
    return 2 * number


def run(values, seed):
    total = values.whole("count")
    for step in range(1, total + 1):
        picture = Image.new("RGB", (768, 300), "white" if not values.dark else "black")
        yield Frame(picture, f"A sheet with {step}", f"Count {step}", {"counted": step + seed}, step / total)


def made(run=run, **changes):
    fields = {
        "name": "counting",
        "title": "Counting",
        "lesson": "none",
        "about": "It counts.",
        "words": ("counting",),
        "parameters": (Number("count", "Count", 3, 1, 30),),
        "run": run,
        "prediction": Prediction(
            "How far?",
            ("To three", "Further"),
            lambda n: int(n["counted"] > 3),
            lambda n: f"It counted to {n['counted']}.",
        ),
        "breaks": Break("Count far", {"count": 30}),
        "script": Script("import math", (double,), "print(double($count), $seed)"),
    }
    return Demo(**(fields | changes))


def request(demo=None, **changes):
    fields = {"demo": demo or made(), "values": {"count": 3}}
    return DemoRequest(**(fields | changes))


def test_first_comes_the_question():
    events = list(ask_first("show me counting", request(told=("Count goes from 1 to 30, so I took 3.",))))
    text, choices, answered = events
    assert isinstance(text, Text)
    assert "How far?" in text.markdown
    assert "I took 3" in text.markdown
    assert [c.label for c in choices.items] == ["To three", "Further", "Just run it"]
    assert choices.items[0].message == "Run the counting demo. I predict: To three"
    assert answered.answer.intent == "demo"


def test_a_run_is_shown_held_against_the_guess_and_can_be_taken_away():
    events = list(show("run", request(guess=1), None))
    assert events[0] == Status("showing")
    assert isinstance(events[1], Showing)
    assert events[1].settings == (("Count", "3"),)
    frames = [e for e in events if isinstance(e, Frame)]
    assert [f.numbers["counted"] for f in frames] == [1, 2, 3]
    shown = next(e for e in events if isinstance(e, Shown))
    assert shown.verdict == "You predicted “Further”; it was “To three”. It counted to 3."
    assert "def double(number):\n    return 2 * number" in shown.script
    assert "print(double(3), 0)" in shown.script
    assert len(shown.reel) == 3
    choices = next(e for e in events if isinstance(e, Choices))
    assert [c.label for c in choices.items] == ["Count far", "Another seed"]
    assert isinstance(events[-1], Answered)
    assert "It counted to 3." in events[-1].answer.answer


def test_a_right_guess_and_none():
    *_, shown, _, _ = show("run", request(guess=0), None)
    assert shown.verdict == "You predicted “To three”, and so it was. It counted to 3."
    *_, shown, _, _ = show("run", request(), None)
    assert shown.verdict == "It counted to 3."


def test_what_is_broken_can_be_mended():
    events = list(show("run", request(values={"count": 30}), None))
    choices = next(e for e in events if isinstance(e, Choices))
    assert choices.items[0].label == "Back to the start"
    assert choices.items[0].message == "Run the counting demo"
    assert len(next(e for e in events if isinstance(e, Shown)).reel) == 12


def test_closing_ends_the_run_and_gives_the_place_back():
    ended = threading.Event()

    def long(values, seed):
        try:
            while True:
                yield Frame(Image.new("RGB", (8, 8)), "A sheet", "On and on", share=0.1)
        finally:
            ended.set()

    for _ in range(AT_ONCE + 1):  # one more than there are places
        ended.clear()
        events = show("run", request(made(long)), None)
        assert any(isinstance(event, Frame) for event in events)
        events.close()
        assert ended.is_set()


def test_a_run_that_fails_says_so_in_one_line():
    def wrong(values, seed):
        raise RuntimeError("no memory left\nand much more")
        yield

    with pytest.raises(ModelError, match=r"The demo counting stopped: no memory left\. Nothing else"):
        list(show("run", request(made(wrong)), None))


def test_the_queue_is_first_come_first_served_and_says_its_place():
    places = Places(2)
    first, second = places.take(), places.take()
    assert (next(first), next(second)) == (0, 0)
    third, fourth = places.take(), places.take()
    assert (next(third), next(fourth)) == (1, 2)
    first.close()
    assert (next(third), next(fourth)) == (0, 1)
    third.close()
    second.close()
    assert next(fourth) == 0
    fourth.close()


def test_a_learner_who_leaves_the_queue_is_out_of_it():
    places = Places(1)
    with closing(places.take()) as first:
        assert next(first) == 0
        waiting, behind = places.take(), places.take()
        assert (next(waiting), next(behind)) == (1, 2)
        waiting.close()
        start = time.monotonic()
        assert next(behind) == 1
        assert time.monotonic() - start < 2
        behind.close()
