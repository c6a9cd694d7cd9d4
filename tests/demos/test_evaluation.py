"""The measures say what they should of known crowds and texts, one diffusion step costs diversity, and a likely text need not be true."""

import numpy as np
import pytest
import torch

from tutor.catalogue import checked, demo_named
from tutor.workbench.demo import Values
from tutor.workbench.families import FAMILIES, SHIPPED, shipped
from tutor.workbench.fruit import fruit, measured
from tutor.workbench.measures import claims, frechet, inside, judged, repeated


def last(frames):
    return frames[-1].numbers


def test_the_distance_of_the_data_from_itself_is_nothing_and_the_lesson_s_example_is_two():
    data = measured(fruit(200, 1).pictures)
    assert frechet(data, data) == pytest.approx(0, abs=1e-3)
    rng = np.random.default_rng(0)
    one, two = rng.normal((5, 0), (2, 1), (100_000, 2)), rng.normal((4, 0), (3, 1), (100_000, 2))
    assert frechet(one, two) == pytest.approx(2, abs=0.1)


def test_a_collapsed_crowd_is_good_but_not_varied():
    data, fresh, apples = (measured(f.pictures) for f in (fruit(200, 1), fruit(200, 2), fruit(200, 3, kind=0)))
    assert judged(data, apples)["diversity"] < judged(data, fresh)["diversity"] - 0.2
    assert judged(data, apples)["distance"] > 5 * judged(data, fresh)["distance"]
    assert inside(data, data) == 1


def test_the_four_networks_are_small_and_judged_the_same_each_time(play):
    assert SHIPPED.stat().st_size < 2_000_000
    frames = play("evaluation", pictures=100)
    numbers = last(frames)
    assert all(frame.prepared == "the four networks" for frame in frames)
    assert all(0 <= numbers[f"{kind}, {name}"] <= 1 for kind in ("quality", "diversity") for name in FAMILIES)
    assert all(numbers["distance, new fruit"] < numbers[f"distance, {name}"] for name in FAMILIES)
    assert last(play("evaluation", pictures=100, dark=True)) == numbers


def test_learned_codes_beat_guessed_ones_and_one_diffusion_step_is_less_varied():
    data = measured(fruit(200, 1).pictures)

    def scores(name, steps):
        return judged(data, measured(shipped().made(name, 200, steps, torch.Generator().manual_seed(0)).numpy()))

    many, one = scores("diffusion", 20), scores("diffusion", 1)
    assert many["distance"] < scores("autoencoder", 20)["distance"]
    assert one["diversity"] < 0.5 * many["diversity"]


def test_repetition_and_claims():
    assert repeated("The shop is closed. The shop is closed.") == pytest.approx(1 / 3)
    assert repeated("a b") == 0
    assert claims(" it was closed.\n- It sells rolls. And then") == ["It was closed.", "It sells rolls."]


def test_likely_writing_surprises_less_than_a_person_and_an_error_is_not_supported(play):
    frames = play("evaluation", kind="text")
    numbers = last(frames)
    assert numbers["perplexity, greedy"] < numbers["perplexity, person"]
    assert numbers["% supported, person, error"] < numbers["% supported, person"]
    assert not any(frame.prepared for frame in frames)
    assert demo_named("evaluation").prediction.right(numbers) in range(3)


def test_closing_after_the_first_frame_ends_it(tools):
    frames = demo_named("evaluation").run(Values(checked(demo_named("evaluation"), {}), tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
