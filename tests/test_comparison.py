"""A comparison tells of both sides: found in the question, looked for in the answer, looked up where it is missing."""

import pytest

from tutor.comparison import sides, unsaid
from tutor.conversation import resolve
from tutor.text.base import ScriptedModel


@pytest.mark.parametrize(
    ("question", "compared"),
    [
        ("BERT vs GPT", ("BERT", "GPT")),
        ("LSTM vs. GRU?", ("LSTM", "GRU")),
        ("whats the difference between temperature and top p", ("temperature", "top p")),
        ("how is a vae different from a gan", ("vae", "gan")),
        ("How does a GAN differ from a VAE?", ("GAN", "VAE")),
        ("compare GANs with diffusion models", ("GANs", "diffusion models")),
        ("What is a GAN?", ()),
        ("is it different from before", ()),
        ("VAE vs", ()),
        ("a GAN versus " + "large " * 300 + "one", ()),
    ],
)
def test_sides_of_a_comparison(question, compared):
    assert sides(question) == compared


def test_a_side_is_said_by_its_short_name_or_its_long_one():
    def understood(text):
        return text + " gated recurrent unit" if "GRU" in text else text

    assert unsaid("LSTM vs gated recurrent unit", "A GRU has two gates.", understood) == ("LSTM",)
    assert unsaid("LSTM vs GRU", "An LSTM has a cell state, and a GRU has none.", understood) == ()


def run(answerer, question, *replies):
    model = ScriptedModel(replies)
    *_, last = answerer.answer(question, resolve(question), model)
    return last.answer, model


GPT = "GPT is trained to predict the next token of a text."
BERT = "BERT is trained to guess words that were hidden in a sentence, from the words on both sides."


def test_the_side_that_was_left_out_is_told_too(real_answerer):
    answer, model = run(real_answerer, "BERT vs GPT", GPT, BERT)
    assert [s.text for s in answer.sentences] == [GPT, BERT]
    assert {s.source for s in answer.sentences} <= {source.id for source in answer.sources}
    assert len(model.asked) == 2
    assert "What is BERT?" in model.asked[1][1].content


def test_what_tells_of_both_is_not_added_to(real_answerer):
    both = "A GRU has two gates, an update gate and a reset gate, and no separate cell state, unlike an LSTM."
    _, model = run(real_answerer, "LSTM vs GRU", both)
    assert len(model.asked) == 1


def test_a_side_that_the_course_does_not_tell_of_is_not_made_up(real_answerer):
    answer, _ = run(real_answerer, "GPT vs banana", GPT, "A banana is yellow.")
    assert [s.text for s in answer.sentences] == [GPT]


def test_an_unsupported_second_part_takes_nothing_away(real_answerer):
    answer, _ = run(real_answerer, "BERT vs GPT", GPT, "Napoleon invented BERT in 1805. Napoleon sold BERT in 1806.")
    assert [s.text for s in answer.sentences] == [GPT]
