"""What a message wants: small talk and questions about the tutor are answered by code, everything else is asked."""

import pytest

from tutor.route import cannot, is_about_tutor, route, small_talk


@pytest.mark.parametrize(
    "message",
    [
        "hi",
        "Hello there!",
        "hello there, how are you?",
        "thanks a lot",
        "thank you",
        "bye",
        "good morning",
        "ok thanks",
        "great",
    ],
)
def test_small_talk(message):
    assert route(message) == "chat"
    assert small_talk(message)
    assert not is_about_tutor(message)


@pytest.mark.parametrize(
    "message",
    [
        "What are you?",
        "who made you",
        "which model do you use?",
        "what can you do",
        "are you ChatGPT?",
        "help",
        "Who are you and which model do you use?",
    ],
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
        "who are you and what is a GAN?",
        "what is wrong with mode collapse?",
        "how do you make a GAN?",
        "what is a test set?",
        "show me how diffusion works",
        "show me the loss function of a GAN",
        "give me an example",
        "😀",
        "<script>",
    ],
)
def test_everything_else_is_asked(message):
    assert route(message) == "ask"
    assert cannot(message) is None


@pytest.mark.parametrize("message", ["ok", "I see", "got it", "Great!", "good job"])
def test_nobody_is_thanked_for_nothing(message):
    assert route(message) == "chat"
    assert small_talk(message).startswith("All right")


@pytest.mark.parametrize(
    "message", ["you are wrong", "That's wrong!", "that is not right", "no, your answer is incorrect", "It isn’t true."]
)
def test_a_protest_is_taken_seriously(message):
    assert route(message) == "chat"
    assert "I can be wrong" in small_talk(message)


@pytest.mark.parametrize(
    ("message", "intent", "subject"),
    [
        ("quiz me", "quiz", ""),
        ("Quiz me on GANs, please", "quiz", "GANs"),
        ("show me a demo of diffusion", "demo", "diffusion"),
        ("do you have demos?", "demo", ""),
        ("how did you write that?", "inspect", ""),
        ("Write some PyTorch code for a VAE", "ask", "a VAE"),
        ("implement a GAN in pytorch", "ask", "a GAN"),
        ("write python code to sort a list", "ask", ""),
        ("draw a diagram of a transformer", "ask", "a transformer"),
    ],
)
def test_what_it_cannot_do(message, intent, subject):
    assert route(message) == intent
    beyond = cannot(message)
    assert (beyond.intent, beyond.subject) == (intent, subject)


def test_how_a_picture_was_drawn_is_for_another_to_show():
    assert route("How did you draw this picture?") == "inspect"
    assert cannot("How did you draw this picture?") is None
