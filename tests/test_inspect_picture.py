"""How did you draw that? The last picture, drawn again and laid open: with the fake, with others' models, and with the shipped weights."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tutor.course import load_course
from tutor.drawing import HOW, Drawer
from tutor.events import Answered, Choices, Inside, Picture, Status, Text
from tutor.image.base import ImageStep, PaintOptions, Reading, ScriptedPainter
from tutor.image.local import PAINTER, built_in_painter
from tutor.inspect_picture import Inspector
from tutor.request import PictureRequest, asks_how, explained, requests
from tutor.settings import ROOT
from tutor.things import KnownThings
from tutor.turn import Tutor
from tutor.ui.records import Conversation, Turn, part_records, read, trimmed
from tutor.ui.render import messages

DOG = PictureRequest("a dog", (7, 8), 4)


@pytest.fixture(scope="module")
def course():
    return load_course(ROOT / "content")


@pytest.fixture(scope="module")
def things(encode):
    return KnownThings(PAINTER, encode)


def laid_open(painter, lessons, things=None, request=DOG):
    events = list(Inspector(Drawer(painter, things), lessons).inspect("how?", request))
    inside = [event for event in events if isinstance(event, Inside)]
    return events, {part.title: part for part in inside[-1].parts}


@pytest.mark.parametrize(
    "message",
    [
        "How did you draw that?",
        "how did you paint this picture",
        "please explain how you drew it",
        "How was this picture made?",
        "how was that drawn",
        "explain the picture",
        "Explain your last picture, please.",
        "How did you make the picture?",
        "and how did you draw them?",
    ],
)
def test_it_is_asked_for_in_plain_words(message):
    assert asks_how(message)
    drawn = requests(["draw a dog, seed 3", "What is a GAN?"])
    assert explained(message, drawn).seeds == (3,)
    assert explained(message, ()) is None


@pytest.mark.parametrize(
    "message",
    [
        "How do you draw pictures?",
        "how does a model draw a picture",
        "how are pictures made by diffusion",
        "explain pictures",
        "explain the picture element",
        "how did you write that?",
        "draw that",
        "how did you make that",
    ],
)
def test_questions_about_pictures_are_left_to_the_course(message):
    assert not asks_how(message)
    assert explained(message, requests(["draw a dog", "What is a GAN?"])) is None


def test_right_after_a_picture_it_may_be_asked_more_loosely():
    assert explained("How did you do that?", requests(["draw a dog, seed 3"])).seeds == (3,)


def test_one_that_is_written_out_needs_no_conversation():
    assert explained("How did you draw a red apple, seed 7, 4 steps?", ()) == PictureRequest("a red apple", (7,), 4)


def test_pictures_go_on_after_it_as_if_it_had_not_been_asked():
    first, none, again, more = requests(["draw a dog, seed 3", HOW.message, "variations", "more steps"])
    assert (first.prompt, none, len(again.seeds), more.longer) == ("a dog", None, 4, 2)


def test_a_picture_is_drawn_again_and_laid_open(course):
    painter = ScriptedPainter()
    events, parts = laid_open(painter, course.lessons)
    # The picture of the first seed with the same numbers, then the same without guidance.
    assert painter.asked == [("a dog", PaintOptions((7,), 4, 3.0)), ("a dog", PaintOptions((7,), 4, 1.0))]
    assert events[0] == Status("inspecting")
    assert list(parts) == ["The words", "From noise to picture", "Guidance", "Copied or created?", "The numbers"]
    assert parts["From noise to picture"].lesson == ("diffusion", "Diffusion models")
    assert parts["Guidance"].lesson[0] == "text-to-image"
    assert [one.label for one in parts["Guidance"].exhibits] == ["Guidance 3", "Without", "Difference"]
    assert all(one.alt and one.label for part in parts.values() for one in part.exhibits)
    assert "not on this machine" in parts["Copied or created?"].text
    assert "Seed 7, 4 steps, guidance 3, 64 by 64 pixels" in parts["The numbers"].text
    assert "milliseconds" in parts["The numbers"].text
    answer = events[-1].answer
    assert (answer.intent, answer.refused, answer.written_by) == ("inspect", False, "tutor")
    assert all(part.text in answer.answer for part in parts.values())
    offers = next(event for event in events if isinstance(event, Choices)).items
    assert HOW not in offers
    assert len(offers) == 3


def test_of_a_course_without_these_lessons_no_lesson_is_named(mini):
    _, parts = laid_open(ScriptedPainter(), mini.lessons)
    assert {part.lesson for part in parts.values()} == {None}


def test_the_strip_has_at_most_eight_columns_and_grows():
    events, parts = laid_open(ScriptedPainter(), (), request=replace(DOG, steps=50))
    assert parts["From noise to picture"].exhibits[0].label == "Steps 1, 8, 15, 22, 29, 36, 43, 50"
    widths = [e.parts[1].exhibits[0].image.width for e in events if isinstance(e, Inside) and len(e.parts) > 1]
    assert list(dict.fromkeys(widths)) == [64 * columns for columns in range(1, 9)]


class Plain(ScriptedPainter):
    """A model that guides nothing, as a Turbo does."""

    defaults = replace(ScriptedPainter.defaults, guidance=0.0)


class Served:
    """One step, numbers of its own, as an endpoint has."""

    name, defaults = "x/y", None

    def paint(self, prompt, options):
        assert (options.steps, options.guidance) == (None, None)
        picture = (Image.new("RGB", (512, 512), (9, 9, 9)),)
        yield ImageStep(0, 0, (), ())
        yield ImageStep(1, 1, picture, picture)


class Held(ScriptedPainter):
    def paint(self, prompt, options):
        for step in super().paint(prompt, options):
            yield replace(step, blocked=frozenset({0}))


class Reads(ScriptedPainter):
    def reading(self, prompt):
        return Reading(("a", "gri", "ffin"), ("on", "<b>"))


def test_what_another_model_lacks_is_said():
    _, parts = laid_open(Plain(), ())
    assert "Guidance was 0" in parts["Guidance"].text
    _, parts = laid_open(Served(), (), request=PictureRequest("a dog", (7,)))
    assert "no steps to see" in parts["From noise to picture"].text
    assert "chose the guidance itself" in parts["Guidance"].text
    assert "1 step, the server's own guidance" in parts["The numbers"].text
    assert "does not show how it reads" in parts["The words"].text


def test_what_was_cut_off_and_what_fell_into_pieces_is_said():
    _, parts = laid_open(Reads(), ())
    assert "reads 3 of them: a | gri | ffin." in parts["The words"].text
    assert "cut off, because it reads no more at once, and had no say: on | <b>" in parts["The words"].text
    assert "in several pieces" in parts["The words"].text


def test_a_picture_that_is_held_back_is_not_laid_open():
    events = list(Inspector(Drawer(Held(), None), ()).inspect("how?", DOG))
    assert [event for event in events if isinstance(event, Inside)][-1] == Inside(())
    assert "held the picture back" in [event for event in events if isinstance(event, Text)][-1].markdown
    assert events[-1].answer.refused


def test_stop_ends_the_drawing():
    painter = ScriptedPainter()
    events = Inspector(Drawer(painter, None), ()).inspect("how?", replace(DOG, steps=50))
    for event in events:
        if isinstance(event, Inside) and len(event.parts) > 1:
            break
    events.close()
    assert len(painter.asked) == 1


def test_the_built_in_painter_shows_how_it_reads():
    reading = built_in_painter().reading("a red apple on a blue background")
    assert reading.tokens == ("a", "red", "apple", "on", "a", "blue", "background")
    assert reading.cut == ()
    assert reading.sketch.size == (32, 32)
    long = built_in_painter().reading("a dog and " * 10)
    assert (len(long.tokens), len(long.cut)) == (14, 16)


def test_the_shipped_painter_lays_its_picture_open(course, things):
    request = PictureRequest("a red apple on a blue background", (7,), 4)
    events, parts = laid_open(built_in_painter(), course.lessons, things, request)
    assert list(parts)[1] == "A sketch from the words alone"
    assert len(parts["Guidance"].exhibits) == 3
    assert np.asarray(parts["Guidance"].exhibits[2].image).max() > 200
    assert "1,375 things" in parts["Copied or created?"].text
    assert len(parts["Copied or created?"].exhibits) == 2
    # The picture is the one that was drawn, bit for bit.
    drawn = [e for e in Drawer(built_in_painter(), things).draw("draw", request) if isinstance(e, Picture)][-1]
    again = parts["Guidance"].exhibits[0].image.resize((64, 64), Image.Resampling.NEAREST)
    assert (np.asarray(again) == np.asarray(drawn.images[0])).all()
    assert isinstance(events[-1], Answered)


def test_the_last_picture_of_a_conversation_is_laid_open(mini, tmp_path_factory, ready):
    folder = mini.lessons[0].path.parent
    painter = ScriptedPainter()
    tutor = Tutor(folder, tmp_path_factory.getbasetemp() / "cache", ready(None), ready(painter))
    *_, none = tutor.reply(HOW.message)
    assert (none.answer.intent, none.answer.refused) == ("inspect", True)
    assert "no picture in this conversation" in none.answer.answer
    before = ["draw a dog, seed 3", "same but green", "hello"]
    *_, answered = tutor.reply("How did you draw that?", before)
    assert (answered.answer.intent, answered.answer.refused) == ("inspect", False)
    assert painter.asked[0] == ("a green dog", PaintOptions((3,), 20, 3.0))
    *_, answered = tutor.reply("How did you draw a cat, seed 9?")
    assert painter.asked[-1] == ("a cat", PaintOptions((9,), 20, 1.0))


def test_a_picture_offers_four_follow_ups_and_this_is_one():
    events = list(Drawer(ScriptedPainter(), None).draw("draw a dog", PictureRequest("a dog", (5,), 3)))
    offers = next(event for event in events if isinstance(event, Choices)).items
    assert [offer.label for offer in offers] == ["Another seed", "Four variations", "More steps", HOW.label]


def test_it_is_kept_escaped_and_gives_way_when_room_is_short():
    _, parts = laid_open(Reads(), ())
    records = part_records(tuple(parts.values()))
    turn = Turn(question=HOW.message, inside=records)
    kept = Conversation(turns=(turn,))
    assert read(kept.model_dump(mode="json")) == kept
    html = messages(kept)[1]["content"]
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count('<img src="data:image/webp;base64,') == 4
    assert html.count("<h3>") == len(parts)
    heavy = with_large_exhibits(turn)
    old, *_, new = trimmed(Conversation(turns=(heavy,) * 20)).turns
    assert new == heavy
    assert not any(part.exhibits for part in old.inside)
    assert [part.text for part in old.inside] == [part.text for part in heavy.inside]


def with_large_exhibits(turn):
    """The turn with pictures of 90,000 characters."""
    data = base64.b64encode(b"\0" * 67_500).decode()
    inside = tuple(
        part.model_copy(update={"exhibits": tuple(one.model_copy(update={"webp": data}) for one in part.exhibits)})
        for part in turn.inside
    )
    return turn.model_copy(update={"inside": inside})
