"""Collapse is to be seen, and so is its cure."""

import pytest

from tutor.catalogue import checked, demo_named
from tutor.workbench.demo import Values


def test_a_balanced_duel_finds_all_groups_and_a_slow_discriminator_lets_it_collapse(numbers_of):
    balanced, collapsed = numbers_of("gan", steps=900), numbers_of("gan", steps=900, pace=0.1)
    assert balanced["groups hit"] >= 7
    assert collapsed["groups hit"] <= 3
    assert demo_named("gan").prediction.right(collapsed) == 2


def test_seeing_a_batch_together_cures_the_collapse(numbers_of):
    assert numbers_of("gan", steps=900, pace=0.1, together=True)["groups hit"] >= 6


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(numbers_of):
    first, again, other = (numbers_of("gan", steps=60, seed=seed) for seed in (3, 3, 4))
    assert first == again != other


def test_fruit_counts_kinds_against_the_truth(play):
    frames = play("gan", data="fruit", steps=60, dark=True)
    assert frames[-1].numbers["groups"] == 6
    assert frames[-1].numbers["on a group"] == pytest.approx(1)
    assert frames[-1].share == 1


def test_closing_after_the_first_frame_ends_it(tools):
    demo = demo_named("gan")
    frames = demo.run(Values(checked(demo, {}), tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
