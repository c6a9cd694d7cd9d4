"""Follow-ups are understood with the conversation; messages that name their own subject stand alone."""

import json
from pathlib import Path

import pytest

from tutor.conversation import resolve, topic_of
from tutor.search.words import content_words

LABELED = Path(__file__).parent.parent / "training" / "data" / "followups.jsonl"


def rows():
    return [json.loads(line) for line in LABELED.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("message", "form"),
    [
        ("how many examples do i need", "answer"),
        ("is 1000 good examples enough?", "answer"),
        ("why do examples in a prompt help", "answer"),
        ("does the AI still know my examples in the next chat?", "answer"),
        ("in the pixel example, how do we get the clean value back", "answer"),
        ("give me 3 examples of GANs", "example"),
        ("real world examples of deepfakes", "example"),
        ("do you have any examples?", "example"),
        ("a worked example of attention", "example"),
    ],
)
def test_examples_that_are_spoken_of_are_no_wish_to_see_one(message, form):
    assert resolve(message).form == form


@pytest.mark.parametrize(
    ("earlier", "message", "said", "form"),
    [
        (["What is a GAN?"], "simpler please", "GAN", "simpler"),
        (["What is a GAN?"], "I don't get it", "GAN", "simpler"),
        (["What is a VAE?"], "an example?", "VAE", "example"),
        (["What is a VAE?"], "in bullet points", "VAE", "bullets"),
        (["What is mode collapse?"], "why?", "mode collapse", "answer"),
        (["What is a GAN?"], "and how is it different from a VAE?", "GAN", "answer"),
        (["Explain the vanishing gradient"], "how can it be avoided", "vanishing gradient", "answer"),
        (["What is an LSTM?"], "compared to transformers?", "LSTM", "answer"),
        (["What is an LSTM?", "what about GRU?"], "simpler", "GRU", "simpler"),
    ],
)
def test_follow_up_takes_the_topic_before(earlier, message, said, form):
    resolved = resolve(message, earlier)
    assert said.lower() in resolved.query.lower()
    assert resolved.form == form
    assert resolved.followed


@pytest.mark.parametrize(
    "message",
    ["What is a transformer?", "how does backpropagation through time work", "difference between LSTM and GRU"],
)
def test_a_message_with_its_own_subject_stands_alone(message):
    resolved = resolve(message, ["What is a GAN?"])
    assert not resolved.followed
    assert "GAN" not in resolved.query


def test_nothing_before_means_nothing_is_added():
    resolved = resolve("simpler please")
    assert not resolved.followed
    assert resolved.query


def test_labeled_conversations_are_understood():
    """The words that matter of the meaning stand in the query, and the form is right, for nine in ten labelled messages."""
    understood = []
    for row in rows():
        resolved = resolve(row["message"], row["earlier"])
        wanted = set(content_words(row["resolved"]))
        found = set(content_words(f"{resolved.query} {resolved.question}"))
        understood.append(resolved.form == row["form"] and len(wanted & found) >= 0.6 * len(wanted))
    assert len(understood) >= 70
    assert sum(understood) / len(understood) >= 0.9


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What is a GAN?", "GAN"),
        ("How does mode collapse happen?", "mode collapse"),
        ("explain self-attention in simple words", "self-attention"),
        ("???", "???"),
    ],
)
def test_topic_of_a_question(question, topic):
    assert topic_of(question) == topic or (question == "???" and topic_of(question) == "")


def test_hostile_history_is_only_text():
    resolved = resolve("simpler", ["\\1 (?P<x>) \\g<0>" * 50])
    assert resolved.form == "simpler"
