"""Which picture is asked for, in plain words."""

import pytest

from tutor.errors import InputError
from tutor.request import PictureRequest, checked_prompt, own_seed, requests


def last(*messages):
    return requests(messages)[-1]


@pytest.mark.parametrize(
    ("message", "prompt"),
    [
        ("draw a cat", "a cat"),
        ("Please paint a red apple on a blue background.", "a red apple on a blue background"),
        ("make me a picture of a dog", "a dog"),
        ("create an image of the sea", "the sea"),
        ("generate a DALL-E style image of two cats", "two cats"),
        ("can you draw me an owl?", "an owl"),
        ("a picture of an owl", "an owl"),
        ("paint 🐶", "🐶"),
    ],
)
def test_the_words_around_the_prompt_are_left_out(message, prompt):
    assert last(message).prompt == prompt


@pytest.mark.parametrize(
    "message",
    [
        "What is a GAN?",
        "how does a model draw pictures?",
        "draw a diagram of a transformer",
        "draw conclusions about GANs",
        "show me an example",
        "make it simpler",
        "again",
        "why is noise drawn from a normal distribution?",
    ],
)
def test_questions_ask_for_no_picture(message):
    assert last(message) is None
    assert last("What is a VAE?", message) is None


def test_numbers_can_be_said():
    found = last("draw a dog with seed 12 and 20 steps, guidance 2.5")
    assert found == PictureRequest("a dog", (12,), 20, 2.5)


def test_a_prompt_has_its_own_seeds():
    first, again, fresh = requests(["draw a dog", "again", "draw a dog"])
    assert first.seeds == (own_seed("a dog", 0),) == last("draw a dog").seeds
    assert len({first.seeds, again.seeds, fresh.seeds}) == 3


@pytest.mark.parametrize(
    ("change", "prompt"),
    [
        ("same but green", "a green apple on a blue background"),
        ("make it green", "a green apple on a blue background"),
        ("but on a pink background", "a red apple on a pink background"),
        ("same but in black", "a black apple on a blue background"),
        ("on a yellow background", "a red apple on a yellow background"),
        ("and on a gray background, please", "a red apple on a gray background"),
    ],
)
def test_a_change_keeps_the_seed(change, prompt):
    first, changed = requests(["draw a red apple on a blue background", change])
    assert changed.prompt == prompt
    assert changed.seeds == first.seeds


def test_a_color_is_added_where_there_was_none():
    assert last("draw two dogs", "same but blue").prompt == "two blue dogs"
    assert last("draw a dog", "same but on a red background").prompt == "a dog on a red background"


def test_more_steps_variations_and_another_seed():
    first, more, four, seven = requests(["draw a dog", "more steps", "variations", "with seed 7"])
    assert (first.steps, first.longer) == (None, 1)  # how many is for the model to say
    assert (more.prompt, more.seeds, more.steps, more.longer) == ("a dog", first.seeds, None, 2)
    assert [r.steps for r in requests(["draw a dog, 30 steps", "more steps", "again"])] == [30, 50, 50]
    assert len(set(four.seeds)) == 4
    assert seven.seeds == (7,)


def test_a_bare_again_counts_only_right_after_a_picture():
    assert last("draw a dog", "What is a GAN?", "again") is None
    assert last("draw a dog", "What is a GAN?", "draw it again").prompt == "a dog"


@pytest.mark.parametrize("prompt", ["", "   ", "\x00", "...", "a" * 301])
def test_a_prompt_that_cannot_be_drawn_says_what_can(prompt):
    with pytest.raises(InputError, match=r"draw a red apple|at most 300"):
        checked_prompt(prompt)
