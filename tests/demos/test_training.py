"""Few pictures are learned by heart, many are not, and too high a rate learns nothing."""

from tutor.catalogue import checked, demo_named
from tutor.demos.training import rate_at
from tutor.workbench.demo import Values


def gap(numbers):
    return numbers["loss on new pictures"] / numbers["loss on training pictures"]


def test_few_pictures_are_learned_by_heart_and_many_are_not(numbers_of):
    few, many = (numbers_of("training", pictures=pictures, steps=180) for pictures in (10, 1000))
    right = demo_named("training").prediction.right
    assert gap(few) > 1.3 > gap(many)
    assert (right(few), right(many)) == (1, 0)


def test_far_too_large_steps_learn_nothing(play):
    demo = demo_named("training")
    numbers = play("training", **{**demo.breaks.values, "steps": 48}, dark=True)[-1].numbers
    assert demo.prediction.right(numbers) == 2


def test_the_rate_warms_up_and_falls():
    rates = [rate_at(step, 100, 1.0, True) for step in range(100)]
    assert rates[0] == 0.1
    assert max(rates) == rates[10] == 1
    assert rates[-1] < 0.11


def test_the_same_seed_gives_the_same_numbers(numbers_of):
    assert numbers_of("training", steps=48, seed=2) == numbers_of("training", steps=48, seed=2)


def test_closing_after_the_first_frame_ends_it(tools):
    frames = demo_named("training").run(Values(checked(demo_named("training"), {}), tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
