import numpy as np
import pytest

from tutor.catalogue import checked
from tutor.demos.autoencoder import DEMO, broken, by_lines, error_of, straight_lines
from tutor.workbench.demo import Values
from tutor.workbench.fruit import fruit


@pytest.fixture
def last(numbers_of, monkeypatch):
    """The last numbers of a run that trains for a shorter time."""
    monkeypatch.setattr("tutor.demos.autoencoder._TRAINED", 400)

    def run(seed=0, **wanted):
        return numbers_of("autoencoder", seed, **{"steps": 150} | wanted)

    return run


def test_one_number_is_worse_than_eight_and_the_same_seed_gives_the_same(last):
    one, eight, again = last(bottleneck=1), last(), last()
    assert one["error of the autoencoder"] > 1.5 * eight["error of the autoencoder"]
    assert eight == again != last(seed=1)


def test_a_network_that_learned_for_long_enough_beats_straight_lines(last):
    numbers = last(steps=500)
    assert DEMO.prediction.right(numbers) == 2
    assert DEMO.prediction.right(last(steps=50)) == 0
    assert int(numbers["broken fruit found"].rstrip("%")) > 2 * int(numbers["whole fruit blamed"].rstrip("%"))


def test_closing_after_the_first_frame_ends_it(last):
    frames = DEMO.run(Values(checked(DEMO, {}), None), 0)
    assert next(frames).caption
    frames.close()
    assert next(frames, None) is None


def test_straight_lines_are_those_of_singular_values():
    rows = fruit(60, 0).pictures.reshape(60, -1)
    mean, lines = straight_lines(rows, 5)
    assert np.allclose(lines.T @ lines, np.eye(5), atol=1e-3)
    left = np.linalg.svd(rows - rows.mean(0), compute_uv=False)[5:]
    assert error_of(rows, by_lines(rows, mean, lines)).sum() == pytest.approx((left**2).sum() / 3072, rel=1e-3)


@pytest.mark.parametrize("damage", DEMO.parameters[2].options)
def test_damage_changes_part_of_every_fruit(damage):
    pictures = fruit(20, 0).pictures
    changed = (np.abs(broken(pictures, damage, 0) - pictures).max(-1) > 0.1).mean((1, 2))
    assert (changed > 0.005).all()
    assert (changed < 0.15).all()
