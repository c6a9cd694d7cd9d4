"""Which demo a message asks for, with what, and how follow-ups change the run before."""

import pytest

from tutor.catalogue import demos
from tutor.demo_request import as_message, demo_requests, wants_list


def wanted(*messages):
    return demo_requests(messages, demos())[-1]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Show me how a GAN learns", "gan"),
        ("run the temperature demo", "sampling"),
        ("can you show me a demo of diffusion?", "diffusion"),
        ("Run the dall-e demo with prompt “a green dog”", "dall-e"),
        ("let me see an autoencoder at work", "autoencoder"),
        ("play with attention", "transformer"),
        ("show me apples and oranges", "apples-and-oranges"),
        ("demo: fine-tuning", "fine-tuning"),
        ("Show me how my text is cut into tokens", "tokens"),
    ],
)
def test_words_find_the_demo(message, name):
    assert wanted(message).demo.name == name


@pytest.mark.parametrize(
    "message",
    [
        "What is a GAN?",
        "How does a GAN learn?",
        "show me the difference between a GAN and a VAE",
        "show me a picture of a dog",
        "Draw a red apple",
        "show me an example of diffusion",
        "Why does a GAN collapse?",
        "hello",
        "again",
        "with half the steps",
        "",
    ],
)
def test_a_question_is_no_demo(message):
    assert wanted(message) is None


@pytest.mark.parametrize(
    "message", ["which demos are there?", "do you have demos?", "show me the demos", "list all demos", "demos"]
)
def test_the_list_is_asked_for(message):
    assert wants_list(message)
    assert wanted(message) is None


def test_values_are_taken_from_the_words():
    run = wanted("show me the autoencoder with a bottleneck of 2")
    assert run.values["bottleneck"] == 2
    assert run.fresh


def test_a_value_out_of_bounds_is_brought_inside_and_told():
    run = wanted("run the autoencoder demo with bottleneck 5000")
    assert run.values["bottleneck"] == 32
    assert any("32" in told for told in run.told)


def test_follow_ups_edit_the_last_run():
    first = "run the autoencoder demo with a bottleneck of 8"
    assert wanted(first, "now with half the bottleneck").values["bottleneck"] == 4
    assert wanted(first, "twice the bottleneck").values["bottleneck"] == 16
    assert wanted(first, "what about a bottleneck of 3?").values["bottleneck"] == 3
    assert wanted(first, "now with a bottleneck of 2", "again").values["bottleneck"] == 2
    assert wanted(first, "another seed").seed == 1
    assert wanted(first, "seed 77").seed == 77
    assert not wanted(first, "another seed").fresh


@pytest.mark.parametrize("name", list(demos()))
def test_each_demo_can_be_broken_and_repeated_in_words(name):
    demo = demos()[name]
    first = f"run the {name} demo"
    broken = wanted(first, demo.breaks.label)
    assert all(broken.values[key] == value for key, value in demo.breaks.values.items())
    again = wanted(as_message(broken))
    assert (again.demo.name, dict(again.values), again.seed) == (name, dict(broken.values), broken.seed)


@pytest.mark.parametrize("name", list(demos()))
def test_a_prediction_is_heard(name):
    demo = demos()[name]
    for number, choice in enumerate(demo.prediction.choices):
        assert wanted(f"Run the {name} demo. I predict: {choice}").guess == number
        assert wanted(f"run the {name} demo", choice).guess == number
    assert wanted(f"run the {name} demo", "Just run it").guess is None


def test_after_another_question_the_run_is_not_edited():
    assert wanted("run the gan demo", "What is a VAE?", "now with half the rounds") is None
