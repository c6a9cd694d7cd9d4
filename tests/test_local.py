"""The built-in model, really loaded: streams, stops, remembers, and changes no token by doing so."""

import threading

import pytest

from tutor.course import load_course
from tutor.errors import ModelError
from tutor.settings import settings
from tutor.text.base import Message, Options, TextModel
from tutor.text.local import LocalModel
from tutor.weights import built_in_folder
from tutor.writing import Note, writing_prompt


@pytest.fixture(scope="module")
def prompts():
    notes = [Note.of(p) for p in load_course(settings().content_dir).passages if p.lesson_slug == "vae"][:4]
    questions = ["What is a VAE?", "What does the encoder of a VAE give?", "What is a VAE used for?"]
    return [writing_prompt(question, notes) for question in questions]


@pytest.fixture(scope="module")
def exact():
    """In float32, where rounding does not decide."""
    return LocalModel(built_in_folder(), "exact", "cpu", "float32")


@pytest.fixture(scope="module")
def plain():
    return LocalModel(built_in_folder(), "plain", "cpu", "float32", remember=False, look_up=False)


def said(model, prompt, **options):
    return "".join(model.stream(prompt, Options(max_new_tokens=40, **options)))


@pytest.fixture(scope="module")
def wanted(plain, prompts):
    """What plain writing says to each prompt."""
    return [said(plain, prompt) for prompt in prompts]


def test_is_a_text_model(exact):
    assert isinstance(exact, TextModel)


def test_remembering_and_looking_up_change_no_token(exact, wanted, prompts):
    assert all(len(text.split()) > 3 for text in wanted)
    assert [said(exact, prompt) for prompt in prompts] == wanted
    assert [said(exact, prompt) for prompt in reversed(prompts)] == wanted[::-1]


def test_closing_stops_and_the_model_serves_again(exact, wanted, prompts):
    stream = exact.stream(prompts[0])
    for piece in stream:
        if piece:
            break
    stream.close()
    assert said(exact, prompts[1]) == wanted[1]


def test_closing_while_another_chat_is_being_served(exact, prompts):
    first = exact.stream(prompts[0])
    next(first)
    second = exact.stream(prompts[1])
    assert next(second) == ""  # it waits, and says so, so that a reader who leaves is noticed
    second.close()
    first.close()
    assert said(exact, prompts[1])


def test_lends_its_network_with_attention_weights_and_writes_the_same_after(exact, prompts):
    before = said(exact, prompts[0])
    ids = exact.tokenizer("The cat sat", return_tensors="pt")["input_ids"]
    with exact.lent(attentions=True) as network:
        weights = network(input_ids=ids, output_attentions=True).attentions
    assert len(weights) == network.config.num_hidden_layers
    assert weights[0].sum(-1).allclose(weights[0].new_ones(()), atol=1e-5)
    assert not weights[0].triu(1).any()  # no token looks ahead
    assert network.config._attn_implementation != "eager"
    assert said(exact, prompts[0]) == before


def test_two_chats_at_once_never_mix(exact, wanted, prompts):
    found = [""] * len(prompts)

    def run(place):
        found[place] = said(exact, prompts[place])

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


def test_streams_in_pieces_and_keeps_to_its_length(exact, prompts):
    pieces = [piece for piece in exact.stream(prompts[0], Options(max_new_tokens=5)) if piece]
    assert pieces
    assert len(exact.token_probabilities(prompts[0], "".join(pieces))) <= 6


def test_it_begins_as_one_of_the_openings_and_goes_on_as_it_likes(exact, wanted, prompts):
    zebras = ("Zebras eat grass in the plains of Africa.", "A zebra runs from lions, as fast as it can.")
    assert said(exact, prompts[0], openings=((wanted[0],), zebras)) == wanted[0]
    forced = said(exact, prompts[0], openings=(zebras,))
    assert forced.startswith(("Zebras eat grass in", "A zebra runs from"))
    assert forced not in zebras
    assert said(exact, prompts[1]) == wanted[1]  # what it has read is as it was


def test_sampling_is_repeated_by_its_seed(exact):
    chat = (Message("user", "Tell me about the sea."),)
    one, same, other = (
        "".join(exact.stream(chat, Options(max_new_tokens=12, temperature=1.5, seed=seed))) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_characters_of_several_tokens_come_whole(exact):
    chat = (Message("user", "Repeat: 🦜 漢字 naïve"),)
    assert "\ufffd" not in "".join(piece for piece in exact.stream(chat, Options(max_new_tokens=20, temperature=1.0)))


def test_token_probabilities_are_those_of_the_greedy_choice(exact, prompts):
    answer = said(exact, prompts[0])
    tokens = exact.token_probabilities(prompts[0], answer)
    assert "".join(t.token for t in tokens) == answer
    for token in tokens:
        assert token.alternatives[0] == (token.token, pytest.approx(token.probability))
        assert 0 < sum(share for _, share in token.alternatives) <= 1.0001


def test_a_prompt_that_is_too_long_is_an_error_that_says_so(exact):
    with pytest.raises(ModelError, match="tokens"):
        said(exact, (Message("user", "word " * 20_000),))


def test_a_folder_without_a_model_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        LocalModel(tmp_path, "my-model")
