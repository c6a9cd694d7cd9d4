"""The demo `transformer`: tokens look back only, order counts with positions, and without positions and mask it does not."""

import pytest
import torch

from tutor.catalogue import demo_named
from tutor.demos.transformer import passed, shift, shuffled
from tutor.workbench.demo import Values


def percent(text):
    return int(str(text).rstrip("%"))


@pytest.fixture(scope="module")
def tokens(tools):
    return tools.local().tokenizer("The cat did not eat the fish")["input_ids"]


def test_no_token_looks_ahead_unless_the_mask_is_off(tools, tokens):
    masked, chances = passed(tools.local(), tokens)
    assert not any(layer.triu(1).any() for layer in masked)
    assert float(chances.sum()) == pytest.approx(1, abs=1e-3)
    assert all(layer.triu(1).any() for layer in passed(tools.local(), tokens, mask=False)[0])


def test_shuffled_keeps_the_last(tokens):
    other = shuffled(tokens, 1)
    assert other != tokens
    assert sorted(other) == sorted(tokens)
    assert other[-1] == tokens[-1]


def test_shift():
    assert shift(torch.tensor([1.0, 0]), torch.tensor([0, 1.0])) == 1
    assert shift(torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.5])) == 0


def test_order_counts_only_with_positions_or_mask(numbers_of):
    numbers, again = (numbers_of("transformer", seed=1, layer=1) for _ in range(2))
    assert numbers == again
    assert percent(numbers["moved by shuffling, with positions"]) > 3 * percent(
        numbers["moved by shuffling, no positions, no mask"]
    )
    demo = demo_named("transformer")
    assert demo.prediction.choices[demo.prediction.right(numbers)]
    assert str(numbers["its weight"]) in demo.prediction.because(numbers)


def test_one_token_and_strange_signs(play):
    assert play("transformer", text="a", layer=1)[-1].share == 1
    assert play("transformer", text="$x_1$ 🍓 東京 " * 5, layer=1)[-1].share == 1


def test_closing_after_the_first_picture_ends_it(tools):
    frames = demo_named("transformer").run(Values({"text": "a b", "layer": 1, "head": 1, "positions": True}, tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
