"""A learner who finds an answer hard, or wants to see it, is told another passage than before, where the lessons have one."""

import pytest

from tests.conftest import LESSON
from tutor.answer import Answerer
from tutor.conversation import resolve
from tutor.course import load_course
from tutor.events import Quote
from tutor.search.hybrid import Searcher
from tutor.text.base import Options, ScriptedModel

GEYSER = """## What is a geyser?
A geyser is a hot spring that throws water and steam into the air at intervals. A geyser needs heat, water, and narrow channels underground.

## An analogy: the kettle
A geyser is like a kettle with a very long spout. The water below boils first, and the steam pushes the rest out.

## A worked example of one eruption
A geyser at a depth of 10 meters holds water under twice the pressure of the air. Such water boils at 120 degrees.

## What is a mud pot?
A mud pot is a hot spring with little water, in which gas bubbles through wet clay. The clay comes from rock that acid has eaten away.
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("geysers")
    (folder / "01-geyser.md").write_text(LESSON.format(title="Geyser", slug="geyser", order=1, body=GEYSER))
    return load_course(folder)


@pytest.fixture(scope="module")
def answerer(course, encode):
    return Answerer(course, Searcher(course, None, encode), encode)


def told(answerer, message, earlier=()):
    """The first source, and the notes that the model was given."""
    model = ScriptedModel(["Water boils."])
    events = list(answerer.answer(message, resolve(message, earlier), model))
    return next(e.source for e in events if isinstance(e, Quote)), model.asked[0][1].content


@pytest.mark.parametrize("asked", ["What is a geyser?", "how does a geyser work"])
@pytest.mark.parametrize(
    ("message", "section", "begins"),
    [
        ("simpler please", "An analogy: the kettle", "A geyser is like a kettle"),
        ("i don't get it", "An analogy: the kettle", "A geyser is like a kettle"),
        ("an example?", "A worked example of one eruption", "A geyser at a depth of 10 meters"),
    ],
)
def test_after_a_plain_answer_only_what_fits_is_told_from_its_beginning(answerer, asked, message, section, begins):
    source, notes = told(answerer, message, [asked])
    assert source.section == section
    assert source.quote.startswith(begins)
    assert "A geyser is a hot spring" not in notes


def test_a_model_begins_what_fits_at_its_beginning(answerer):
    begun = []

    class Told(ScriptedModel):
        def stream(self, messages, options=Options()):
            begun.append(options.openings)
            return super().stream(messages, options)

    for message, earlier in (("simpler please", ["What is a geyser?"]), ("What is a geyser?", [])):
        list(answerer.answer(message, resolve(message, earlier), Told(["Water boils."])))
    assert begun[0] == (("A geyser is like a kettle with a very long spout.",),)
    assert len(begun[1][0]) > 1


def test_asked_at_once_the_plain_passage_is_among_the_notes_too(answerer):
    source, notes = told(answerer, "explain a geyser in simple words")
    assert source.section == "An analogy: the kettle"
    assert "A geyser is a hot spring" in notes


def test_a_comparison_of_something_else_is_not_told(answerer):
    source, _ = told(answerer, "simpler please", ["What is a mud pot?"])
    assert source.section == "What is a mud pot?"


@pytest.mark.parametrize(
    ("asked", "message", "source"),
    [
        ("What is a GAN?", "Simpler, please", "gan#an-analogy-the-forger-and-the-detective"),
        ("What is a GAN?", "Can you give an example?", "gan#a-worked-example-of-the-losses"),
        ("what is temperature", "an example?", "sampling#can-you-work-through-temperature-with-numbers"),
        ("What is LoRA?", "simpler", "glossary#lora"),
        ("How does an LSTM work?", "still lost", "glossary#long-short-term-memory"),
    ],
)
def test_the_course_has_comparisons_and_examples(real_answerer, asked, message, source):
    assert told(real_answerer, message, [asked])[0].id == source
