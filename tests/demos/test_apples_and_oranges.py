import numpy as np
import pytest
from PIL import Image

from tutor.catalogue import checked
from tutor.demos.apples_and_oranges import DEMO
from tutor.workbench.demo import Values
from tutor.workbench.gaussian_mixture import better_blobs, draw_points, first_blobs, log_density


@pytest.fixture
def at_once(monkeypatch):
    """Frames without the tutor's models, which this demo does not need, and without plots, which are most of its time."""
    monkeypatch.setattr("tutor.demos.apples_and_oranges._Desk.frame", lambda *_, **__: Image.new("RGB", (8, 8)))

    def start(seed=0, **wanted):
        return DEMO.run(Values(checked(DEMO, wanted), None), seed)

    return start


def test_the_sorter_is_sure_of_a_banana_and_the_density_says_neither(at_once):
    frames = at_once()
    numbers = list(frames)[-1].numbers
    assert numbers["sorter is sure"] == "over 99.99%"
    assert numbers["density says"] == "neither"
    assert numbers["powers of ten below an ordinary fruit"] > 10
    assert DEMO.prediction.right(numbers) == 1


def test_one_hill_for_each_kind_paints_apples_of_a_color_that_there_is_not(at_once):
    broken = at_once(**DEMO.breaks.values)
    whole = at_once()
    odd = [int(list(run)[-1].numbers["apples of a color that no apple has"].rstrip("%")) for run in (broken, whole)]
    assert odd[0] > 20
    assert odd[1] < 5


@pytest.mark.parametrize("prior", [10, 90])
def test_the_prior_decides_what_is_drawn_but_red_fruit_are_apples_mostly(at_once, prior):
    frames = at_once(apples=prior)
    numbers = list(frames)[-1].numbers
    assert abs(int(numbers["apples among the drawn"].rstrip("%")) - prior) < 5
    assert int(numbers["apples among the red"].rstrip("%")) > 60


def test_same_seed_same_numbers_also_with_features_that_a_network_found(at_once):
    first, again, other = (list(at_once(seed, features="by a network"))[-1].numbers for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_closing_after_the_first_frame_ends_it(at_once):
    frames = at_once()
    assert next(frames).caption
    frames.close()
    assert next(frames, None) is None


def test_hills_find_the_clusters_that_points_were_drawn_from():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal((0, 1), 0.1, (300, 2)), rng.normal((3, 2), 0.2, (100, 2))])
    blobs = first_blobs(points, 2)
    before = log_density(points, blobs).mean()
    for _ in range(40):
        blobs = better_blobs(points, blobs)
    assert log_density(points, blobs).mean() > before
    assert np.allclose(np.sort(blobs[0]), (0.25, 0.75), atol=0.01)
    assert np.abs(np.sort(blobs[1][:, 0]) - (0, 3)).max() < 0.05
    drawn = draw_points(2000, blobs, rng)
    assert abs((drawn[:, 0] > 1.5).mean() - 0.25) < 0.03
