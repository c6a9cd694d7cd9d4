"""The demo `tokens`: merges shorten a text, strange scripts cost more, and counting letters is guessing."""

from tutor.catalogue import demo_named
from tutor.workbench.byte_pairs import cut, joined, learned_pairs
from tutor.workbench.demo import Values
from tutor.workbench.words import drawable


def test_byte_pair_encoding_of_the_lesson():
    pairs = list(learned_pairs("banana bandana", 3))
    assert pairs[0] == ("a", "n")
    rank = {pair: place for place, pair in enumerate(pairs)}
    assert cut("banana", rank) == ["ban", "ana"]
    assert "".join(cut("banana bandana\nx", rank)) == "banana bandana\nx"


def test_learning_ends_where_no_pair_comes_twice():
    assert list(learned_pairs("ab cd", 100)) == []
    assert joined(list("aaa"), ("a", "a")) == ["aa", "a"]


def test_merges_shorten_the_text_and_the_model_guesses_letters(numbers_of):
    few, many = (numbers_of("tokens", merges=merges) for merges in (0, 300))
    assert few["tokens learned now"] > many["tokens learned now"] > many["tokens of the language model"]
    assert demo_named("tokens").prediction.right(many) == 1
    right, of = map(int, str(many["other words counted right"]).split(" of "))
    assert right < of * 0.6


def test_a_foreign_script_costs_more_tokens_than_letters_and_the_numbers_repeat(play):
    demo = demo_named("tokens")
    numbers, again = (play("tokens", **(demo.breaks.values | {"merges": 5}))[-1].numbers for _ in range(2))
    assert numbers == again
    assert numbers["tokens of the language model"] > numbers["letters and signs"]
    assert demo.prediction.right(numbers) == 3
    assert str(numbers["tokens of the language model"]) in demo.prediction.because(numbers)


def test_letters_that_the_font_lacks_are_boxes():
    assert drawable("$x$ 🍓 東\n") == "$x$ □ □ "


def test_closing_after_the_first_picture_ends_it(tools):
    demo = demo_named("tokens")
    frames = demo.run(Values({"text": "a b", "merges": 10, "word": "a", "apart": False}, tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
