"""The measures say what they should of known crowds, and one diffusion step costs diversity."""

import numpy as np
import pytest
import torch

from tutor.catalogue import checked, demo_named
from tutor.demos.evaluation import FAMILIES, _coder, _diffusion, frechet, inside, judged
from tutor.workbench.demo import Values
from tutor.workbench.fruit import fruit, measured


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


def test_all_four_families_are_judged_the_same_each_time(play):
    numbers = last(play("evaluation", effort=16, pictures=50, steps=5))
    assert numbers["distance, data against itself"] == 0
    assert all(0 <= numbers[f"{kind}, {name}"] <= 1 for kind in ("quality", "diversity") for name in FAMILIES)
    assert last(play("evaluation", effort=16, pictures=50, steps=5, dark=True)) == numbers


def test_one_diffusion_step_is_less_varied_than_many():
    chance = torch.Generator().manual_seed(0)
    data = torch.from_numpy(fruit(300, 0).pictures).flatten(1)
    coder, networks = _coder(data, chance, 0)
    for _ in range(100):
        next(coder.learn)
    varied = {}
    for steps in (1, 20):
        family = _diffusion(data, chance, networks, steps)
        for _ in range(40):
            next(family.learn)
        with torch.no_grad():
            varied[steps] = float(family.make(200).std(0).mean())
    assert varied[1] < 0.6 * varied[20]


def test_closing_after_the_first_frame_ends_it(tools):
    frames = demo_named("evaluation").run(Values(checked(demo_named("evaluation"), {}), tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
