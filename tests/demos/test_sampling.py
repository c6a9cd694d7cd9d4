"""The demo `sampling`: cold is sure, hot is not, cuts cut, and greedy writing repeats itself."""

import numpy as np
import pytest

from tutor.catalogue import demo_named
from tutor.demos import sampling
from tutor.demos.sampling import repeats
from tutor.workbench.demo import Values
from tutor.workbench.next_token import drawn, kept, probabilities

SCORES = np.log(np.array([0.5, 0.25, 0.15, 0.1]))


def test_temperature_sharpens_and_flattens():
    assert probabilities(SCORES, 1).tolist() == pytest.approx([0.5, 0.25, 0.15, 0.1])
    assert probabilities(SCORES, 0.1)[0] > 0.99
    assert np.ptp(probabilities(SCORES, 50)) < 0.02


def test_cuts():
    chances = probabilities(SCORES, 1)
    assert kept(chances, 2, 1.0).tolist() == [True, True, False, False]
    assert kept(chances, 0, 0.7).tolist() == [True, True, False, False]
    assert kept(chances, 0, 1.0).all()
    assert kept(chances, 0, 0.01).sum() == 1  # one token always stays


def test_draws_follow_the_probabilities():
    picks = drawn(probabilities(SCORES, 1), 20_000, np.random.default_rng(0))
    assert (picks == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_repeats():
    assert repeats([1, 2, 3, 4]) == 0
    assert repeats([1, 2, 3] * 5) > 0.7


def test_hot_is_more_varied_and_greedy_repeats(play, numbers_of, monkeypatch):
    monkeypatch.setattr(sampling, "_BEAMS", 1)
    right = demo_named("sampling").prediction.right
    monkeypatch.setattr(sampling, "_LONG", 24)
    hot = play("sampling", **demo_named("sampling").breaks.values)[-1].numbers
    monkeypatch.setattr(sampling, "_LONG", 2)
    cold, again = (numbers_of("sampling", seed=3, temperature=0.1) for _ in range(2))
    assert cold == again
    assert cold["draws of the likeliest token"] > hot["draws of the likeliest token"]
    assert cold["different tokens drawn"] < hot["different tokens drawn"]
    assert right(hot) == 3
    assert right(cold) < 2
    assert int(str(hot["greedy text repeated"]).rstrip("%")) > int(str(hot["sampled text repeated"]).rstrip("%"))


def test_closing_after_the_first_picture_ends_it(tools):
    frames = demo_named("sampling").run(Values({"prompt": "a", "temperature": 1, "top_k": 0, "top_p": 1}, tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
