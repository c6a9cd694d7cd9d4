"""Quote, write, check, cite: with the real search and a scripted writer, so that every way a model can go wrong is tried."""

import pytest

from tests.conftest import LESSON
from tutor.answer import Answerer, follow_ups
from tutor.conversation import resolve
from tutor.course import load_course
from tutor.errors import ModelError
from tutor.events import Answered, Choices, Quote, Sources, Status, Text
from tutor.search.hybrid import Searcher
from tutor.text.base import Options, ScriptedModel
from tutor.writing import UNKNOWN, writing_options

QUESTION = "Why do volcanoes erupt?"
TRUE = "A volcano erupts because gas dissolved in magma expands as the magma rises."
ALSO = "The pressure falls on the way up, and bubbles form as in an opened bottle."


@pytest.fixture(scope="module")
def answerer(mini, encode):
    return Answerer(mini, Searcher(mini, None, encode), encode)


def run(answerer, reply, question=QUESTION, earlier=()):
    model = ScriptedModel([reply]) if reply is not None else None
    events = list(answerer.answer(question, resolve(question, earlier), model))
    return events, events[-1].answer


def test_the_quote_comes_before_any_written_word(answerer):
    events, _ = run(answerer, TRUE)
    kinds = [type(e) for e in events]
    assert kinds.index(Quote) < kinds.index(Text)
    assert [e.stage for e in events if isinstance(e, Status)] == ["searching", "reading", "writing"]
    quote = next(e.source for e in events if isinstance(e, Quote))
    assert quote.quote in quote.passage
    assert isinstance(events[-1], Answered)


def test_a_model_that_is_slow_to_begin_is_said_to_write_once(answerer):
    class Slow(ScriptedModel):
        def stream(self, messages, options=Options()):
            yield from ("", "", "")
            yield from super().stream(messages, options)

    events = list(answerer.answer(QUESTION, resolve(QUESTION), Slow([TRUE])))
    writing = [e for e in events if e == Status("writing")]
    assert len({id(e) for e in writing}) == 1  # the same again is a sign of life
    assert not [e for e in events if isinstance(e, Text) and not (e.markdown or e.pending)]


def test_a_sentence_that_only_repeats_another_is_left_out(answerer):
    again = "A volcano erupts because gas expands as the magma rises."
    _, answer = run(answerer, f"{TRUE} {again} {TRUE} {ALSO}")
    assert [s.text for s in answer.sentences] == [TRUE, ALSO]
    _, answer = run(answerer, f"{TRUE} {again} Napoleon invented the volcano in 1805.")
    assert [s.text for s in answer.sentences] == [TRUE]  # repeating counts neither for the answer nor against it


def test_supported_sentences_are_cited(answerer, mini):
    _, answer = run(answerer, f"{TRUE} {ALSO}")
    assert answer.written_by == "scripted"
    assert [s.text for s in answer.sentences] == [TRUE, ALSO]
    ids = {source.id for source in answer.sources}
    assert all(s.source in ids and 0 <= s.support <= 1 for s in answer.sentences)
    assert "[1]" in answer.answer
    assert not answer.refused
    passages = {p.id for p in mini.passages}
    assert ids <= passages


def test_an_invented_sentence_is_dropped(answerer):
    events, answer = run(answerer, f"{TRUE} Napoleon invented the volcano in 1805. {ALSO}")
    assert [s.text for s in answer.sentences] == [TRUE, ALSO]
    for event in events:
        if isinstance(event, Text):
            assert "Napoleon" not in event.markdown
            assert all("Napoleon" not in s.text for s in event.sentences)


@pytest.mark.parametrize(
    "reply",
    [
        "Napoleon invented the volcano in 1805. It has nine lives.",
        "The notes do not tell.",
        "",
        "- \n- \n",
        "??? ... !!!",
        "x" * 3000,
    ],
)
def test_with_too_little_left_the_quote_stands_alone_and_says_so(answerer, reply):
    events, answer = run(answerer, reply)
    assert answer.written_by == "quote"
    assert answer.sources[0].quote
    assert all(s.source == answer.sources[0].id for s in answer.sentences)
    text = [e for e in events if isinstance(e, Text)][-1]
    assert "passage above" in text.markdown
    assert text.sentences == ()


def test_a_quote_does_not_end_on_what_leads_to_a_formula(tmp_path, encode):
    tide = (
        "The tide is a rise and fall of the sea. Its height follows the moon. The height is computed by this formula:"
    )
    text = LESSON.format(title="Tide", slug="tide", order=1, body=f"## What is the tide?\n{tide}\n\n$$h = 2$$\n")
    (tmp_path / "tide.md").write_text(text)
    course = load_course(tmp_path)
    found = Answerer(course, Searcher(course, None, encode), encode)
    _, answer = run(found, None, "What is the tide?")
    assert answer.sources[0].quote == "The tide is a rise and fall of the sea. Its height follows the moon."


def test_without_a_model_the_quote_stands_alone(answerer):
    events, answer = run(answerer, None)
    assert answer.written_by == "quote"
    assert "No language model is ready" in [e for e in events if isinstance(e, Text)][-1].markdown


def test_the_same_sentence_is_said_once(answerer):
    _, answer = run(answerer, f"{TRUE} {TRUE} {TRUE}")
    assert [s.text for s in answer.sentences] == [TRUE]


def test_points_stay_points(answerer):
    _, answer = run(answerer, f"- {TRUE}\n- {ALSO}", "why do volcanoes erupt, in bullet points")
    assert [s.bullet for s in answer.sentences] == [True, True]
    assert answer.answer.count("- ") == 2


def test_a_sentence_that_was_cut_off_is_not_said(answerer):
    _, answer = run(answerer, f"{TRUE} The pressure falls on the")
    assert [s.text for s in answer.sentences] == [TRUE]


def test_a_swapped_number_never_gets_through(answerer):
    question = "How far away was the eruption of Krakatoa heard?"
    _, answer = run(answerer, "The eruption of Krakatoa in 1983 was heard 4,800 kilometers away.", question)
    assert answer.written_by == "quote"
    _, answer = run(answerer, "The eruption of Krakatoa in 1883 was heard 4,800 kilometers away.", question)
    assert answer.written_by == "scripted"


def test_a_refusal_names_lessons_and_offers_questions_that_are_answered(answerer):
    events, answer = run(answerer, TRUE, "who won the world cup in 2014")
    assert answer.refused
    assert answer.sentences == ()
    assert answer.answer.count("**") == 4
    (choices,) = [e.items for e in events if isinstance(e, Choices)]
    assert len(choices) == 3
    for choice in choices:
        assert not run(answerer, TRUE, choice.message)[1].refused
    assert not any(isinstance(e, Quote | Sources) for e in events)


def test_a_refusal_never_asks_the_model(answerer):
    model = ScriptedModel([TRUE])
    question = "cheap flights to rome"
    list(answerer.answer(question, resolve(question), model))
    assert model.asked == []


def test_closing_in_mid_answer_closes_the_writer(answerer):
    closed = []

    class Endless:
        name = "endless"

        def stream(self, messages, options=None):
            try:
                while True:
                    yield "word "
            finally:
                closed.append(True)

    events = answerer.answer(QUESTION, resolve(QUESTION), Endless())
    for event in events:
        if isinstance(event, Text):
            break
    events.close()
    assert closed == [True]


def test_a_failing_model_is_an_error_that_names_itself(answerer):
    class Broken:
        name = "broken"

        def stream(self, messages, options=None):
            raise ModelError("broken failed: out of memory. Choose a smaller model.")
            yield

    with pytest.raises(ModelError, match="smaller"):
        list(answerer.answer(QUESTION, resolve(QUESTION), Broken()))


def test_the_follow_up_just_given_is_not_offered_again():
    labels = {c.label for c in follow_ups(resolve("simpler please", ["What is a volcano?"]))}
    assert "Simpler" not in labels
    assert "Example" in labels


def test_the_model_is_told_how_its_notes_begin(mini):
    notes = [passage for passage in mini.passages if passage.lesson_slug == "volcano"]
    sure, unsure = writing_options(0.99, notes), writing_options(0.6, notes)
    assert sure.openings == tuple(note.sentences for note in notes)
    assert unsure.openings == (*sure.openings, (UNKNOWN,))
    points = writing_options(0.99, notes, "bullets").openings
    assert points[0][0] == f"- {notes[0].sentences[0]}"


def test_a_single_nearest_lesson_is_told_as_one(tmp_path, encode):
    body = "## What is a fjord?\nA fjord is a long, narrow inlet of the sea between steep cliffs, cut by a glacier.\n"
    (tmp_path / "fjord.md").write_text(LESSON.format(title="Fjord", slug="fjord", order=1, body=body))
    course = load_course(tmp_path)
    _, answer = run(Answerer(course, Searcher(course, None, encode), encode), TRUE, "what do cars cost")
    assert answer.refused
    assert "The nearest lesson is **Fjord**." in answer.answer
