"""What a message wants: small talk and questions about the tutor are answered by code, everything else is asked."""

import pytest

from tutor.route import is_about_tutor, route, small_talk


@pytest.mark.parametrize(
    "message", ["hi", "Hello there!", "thanks a lot", "thank you", "bye", "good morning", "ok thanks", "great"]
)
def test_small_talk(message):
    assert route(message) == "chat"
    assert small_talk(message)
    assert not is_about_tutor(message)


@pytest.mark.parametrize(
    "message",
    ["What are you?", "who made you", "which model do you use?", "what can you do", "are you ChatGPT?", "help"],
)
def test_questions_about_the_tutor(message):
    assert route(message) == "chat"
    assert is_about_tutor(message)


@pytest.mark.parametrize(
    "message",
    [
        "What is a GAN?",
        "hi, what is a GAN?",
        "thanks, and what is a VAE?",
        "how do you train a GAN",
        "what are you saying about VAEs?",
        "how does a model draw pictures?",
        "make it simpler",
        "who made the transformer",
        "😀",
        "<script>",
    ],
)
def test_everything_else_is_asked(message):
    assert route(message) == "ask"
