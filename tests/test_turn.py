"""One way in, one stream of events out."""

import pytest

from tests.conftest import write_lessons
from tutor.catalogue import demos
from tutor.course import load_course
from tutor.demo_request import demo_requests
from tutor.errors import CourseError
from tutor.events import Answered, Choices, Failure, Figure, Frame, Picture, Quote, Showing, Shown, Text
from tutor.image.local import built_in_painter
from tutor.request import requests
from tutor.text.base import ScriptedModel
from tutor.turn import LONGEST_MESSAGE, Tutor, starters

TRUE = "A coral reef is a ridge in warm, shallow sea that is built by coral polyps."


@pytest.fixture
def tutor(lessons, tmp_path_factory, ready):
    return Tutor(
        lessons, tmp_path_factory.getbasetemp() / "cache", ready(ScriptedModel([TRUE])), ready(built_in_painter())
    )


def last(tutor, message, earlier=()):
    *_, event = tutor.reply(message, earlier)
    return event


def test_a_question_is_answered(tutor):
    event = last(tutor, "what is a coral reef")
    assert isinstance(event, Answered)
    assert event.answer.intent == "ask"
    assert event.answer.sources[0].id == "coral#what-is-a-coral-reef"


@pytest.mark.parametrize("message", ["why?", "i don't understand", "simpler please", "an example?", "???"])
def test_a_follow_up_to_nothing_asks_back(tutor, message):
    for earlier in ([], ["hello"]):
        answer = last(tutor, message, earlier).answer
        assert (answer.intent, answer.refused) == ("chat", False)
        assert answer.answer.startswith("Which thing do you mean?")


def test_a_follow_up_is_resolved_with_the_conversation(tutor):
    events = list(tutor.reply("simpler please", ["What is a coral reef?", "thanks"]))
    assert next(e for e in events if isinstance(e, Quote)).source.id.startswith("coral#")
    assert not events[-1].answer.refused


@pytest.mark.parametrize("message", ["", "   ", "\n\t", "\x00\x07\x1b"])
def test_an_empty_message_is_bad_input(tutor, message):
    event = last(tutor, message)
    assert isinstance(event, Failure)
    assert event.exit_code == 2


def test_a_message_that_is_too_long_says_how_long(tutor):
    event = last(tutor, "a" * (LONGEST_MESSAGE + 1))
    assert isinstance(event, Failure)
    assert "4,001" in event.message
    assert isinstance(last(tutor, "coral reef " * 363), Answered)


@pytest.mark.parametrize(
    "message",
    [
        "<script>alert(1)</script>",
        "{{ 7*7 }} {% raw %}",
        "[x](javascript:alert(1))",
        "$\\frac{1}{0}$",
        "\u202e coral \u200b",
        "😀" * 500,
        "%s %d {0} \\1",
    ],
)
def test_hostile_messages_end_in_an_answer(tutor, message):
    assert isinstance(last(tutor, message, [message] * 5), Answered)


def test_small_talk_is_answered_by_code(tutor):
    events = list(tutor.reply("hello"))
    assert isinstance(events[0], Text)
    assert events[-1].answer.intent == "chat"
    assert events[-1].answer.written_by == "tutor"
    assert len(next(e for e in events if isinstance(e, Choices)).items) == 3


def test_what_are_you_tells_what_is_in_force(tutor):
    answer = last(tutor, "What are you?").answer.answer
    assert "scripted" in answer
    assert "3 lessons" in answer


def test_a_picture_is_drawn_and_changed_in_plain_words(tutor):
    first = [e for e in tutor.reply("draw a volcano") if isinstance(e, Picture)][-1]
    again = [e for e in tutor.reply("same but on a blue background", ["draw a volcano"]) if isinstance(e, Picture)][-1]
    assert first.recipes[0].prompt == "a volcano"
    assert again.recipes[0].prompt == "a volcano on a blue background"
    assert again.recipes[0].seed == first.recipes[0].seed
    assert last(tutor, "draw a volcano").answer.intent == "picture"


def test_a_question_after_a_picture_is_still_a_question(tutor):
    assert last(tutor, "What is a coral reef?", ["draw a volcano"]).answer.intent == "ask"
    event = last(tutor, "draw")
    assert isinstance(event, Failure)
    assert event.exit_code == 2


def test_starters_are_questions_of_the_course(tutor):
    course = load_course(tutor.course.lessons[0].path.parent)
    headings = {s.heading for lesson in course.lessons for s in lesson.sections}
    *questions, picture, demo = [choice.message for choice in starters(course)]
    assert set(questions) <= headings
    assert len(questions) == 3
    assert requests([picture])[0].prompt == "a red apple on a blue background"
    assert demo_requests([demo], demos())[0].demo.name == "gan"


def test_a_demo_is_asked_about_run_and_edited_in_plain_words(tutor):
    asked = list(tutor.reply("show me apples and oranges"))
    assert not any(isinstance(event, Frame) for event in asked)
    guess = next(e for e in asked if isinstance(e, Choices)).items[0].message
    ran = list(tutor.reply(guess, ["show me apples and oranges"]))
    assert sum(isinstance(event, Frame) for event in ran) >= 2
    assert "You predicted" in next(e for e in ran if isinstance(e, Shown)).verdict
    assert ran[-1].answer.intent == "demo"
    again = list(tutor.reply("another seed", ["show me apples and oranges", guess]))
    assert next(e for e in again if isinstance(e, Showing)).seed == 1
    assert last(tutor, "What is a coral reef?", ["show me apples and oranges", guess]).answer.intent == "ask"


def test_what_demos_there_are(tutor):
    answer = last(tutor, "which demos are there?").answer
    assert all(name in answer.answer for name in demos())


def test_a_figure_stands_beside_an_answer_from_its_section(tmp_path, tmp_path_factory, ready):
    folder = write_lessons(tmp_path / "content")
    (folder / "figures").mkdir()
    (folder / "figures" / "reef.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    lesson = folder / "02-coral.md"
    text = lesson.read_text(encoding="utf-8")
    figure = "![A reef in section](figures/reef.svg)"
    lesson.write_text(text.replace("## What is coral bleaching?", f"{figure}\n\n## What is coral bleaching?"), "utf-8")
    own = Tutor(folder, tmp_path_factory.getbasetemp() / "cache", ready(ScriptedModel([TRUE])), ready(None))
    assert own.course.problems == ()
    figures = [e for e in own.reply("What is a coral reef?") if isinstance(e, Figure)]
    assert [(f.file, f.alt, f.section) for f in figures] == [
        ("reef.svg", "A reef in section", "coral#what-is-a-coral-reef")
    ]
    assert not [e for e in own.reply("What is a glacier?") if isinstance(e, Figure)]


@pytest.mark.parametrize("files", [{}, {"a.md": b"no front matter"}, {"a.md": b"\xff\xfe\x00", "b.md": b"# B"}])
def test_a_folder_without_a_lesson_that_can_be_read_is_an_error(tmp_path, ready, files):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CourseError, match=r"a\.md:1: " if files else "no lesson here"):
        Tutor(tmp_path, tmp_path, ready(None), ready(None))


@pytest.mark.parametrize(
    ("message", "intent", "said", "offer"),
    [
        ("quiz me on glaciers", "quiz", "not built yet", "Explain glaciers"),
        ("show me a demo of a Volcano", "demo", "no demo of that", "Explain a Volcano"),
        ("how did you write that?", "inspect", "yet", None),
        ("write python code for a glacier", "ask", "don't write code", "Explain a glacier"),
        ("draw a diagram of a coral reef", "ask", "don't draw diagrams", "Explain a coral reef"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(tutor, message, intent, said, offer):
    events = list(tutor.reply(message))
    answer = events[-1].answer
    assert (answer.intent, answer.refused, answer.written_by) == (intent, True, "tutor")
    assert said in answer.answer
    choices = [choice.message for event in events if isinstance(event, Choices) for choice in event.items]
    assert len(choices) == 3
    assert offer is None or choices[0] == offer
    assert last(tutor, choices[0], [message]).answer.refused is False
