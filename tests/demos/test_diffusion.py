"""A heart and a ring come out of noise; half of a longer run is no shorter run; guidance narrows; one step is too few."""

import pytest
import torch

from tests.demos.tiny import TinyTools
from tutor.catalogue import checked, demo_named
from tutor.demos import diffusion
from tutor.workbench.demo import Values

DEMO = demo_named("diffusion")


@pytest.fixture(scope="module", autouse=True)
def shorter_training():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffusion, "_TRAINING", 500)
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return TinyTools(tmp_path_factory.mktemp("painter"))


def frames(tools, seed=0, **wanted):
    return list(DEMO.run(Values(checked(DEMO, wanted), tools), seed))


@pytest.fixture(scope="module")
def ten(tiny):
    return frames(tiny, steps=10)


def test_the_points_end_on_their_shapes_and_half_of_a_longer_run_does_not(ten):
    numbers = ten[-1].numbers
    assert numbers["error of the run"] < 0.15
    assert numbers["error half-way"] > 2 * numbers["error of the run"]
    assert DEMO.prediction.right(numbers) == 1
    assert "50%" in DEMO.prediction.because(numbers)


def test_guidance_makes_points_alike(ten):
    numbers = ten[-1].numbers
    assert numbers["spread with guidance"] < 0.9 * numbers["spread without guidance"]


def test_a_single_step_ends_in_the_middle_of_the_shapes(tiny, ten):
    numbers = frames(tiny, steps=1)[-1].numbers
    assert numbers["error of the run"] > 3 * ten[-1].numbers["error of the run"]
    assert numbers["spread without guidance"] < 0.5 * ten[-1].numbers["spread without guidance"]


def test_the_same_seed_gives_the_same_points_and_another_does_not(tiny, ten, monkeypatch):
    monkeypatch.setattr(diffusion, "_TRAINING", 40)
    one, same, other = (frames(tiny, seed, steps=4)[-1].numbers for seed in (3, 3, 4))
    assert one == same != other


def test_pictures_show_their_steps_and_what_the_words_change(tiny):
    shown = frames(tiny, kind="pictures", steps=4, prompt="a cat")
    numbers = shown[-1].numbers
    assert numbers == frames(tiny, kind="pictures", steps=4, prompt="a cat")[-1].numbers
    assert numbers["noise left half-way"] > 0.5  # the painter spends most steps where most is noise
    assert numbers["error half-way"] > numbers["error of the run"]
    assert numbers["words change the guess by"] > 0
    assert any("Steps 1, 2, 3, 4 of 4" in frame.alt for frame in shown)


def test_the_picture_is_the_one_that_the_painter_paints(tiny):
    from tutor.image.pipeline import to_pil
    from tutor.workbench.flow_matching import flow
    from tutor.workbench.painter import levels, own_pipeline, painter_guesses

    pipeline = own_pipeline(tiny)
    start = torch.randn((1, 3, 64, 64), generator=torch.Generator().manual_seed(5))
    shares = levels(pipeline, 6)
    *_, (mine, _, _) = flow(painter_guesses(pipeline, pipeline.denoiser, ["a cat"]), start, shares, 3.0, 1.0)
    seeded = torch.Generator().manual_seed(5)
    painted = pipeline("a cat", num_inference_steps=6, guidance_scale=3.0, generator=seeded).images[0]
    assert max(high for _, high in (channel.getextrema() for channel in _apart(to_pil(mine)[0], painted).split())) <= 1


def _apart(one, other):
    from PIL import ImageChops

    return ImageChops.difference(one, other)


def test_it_ends_when_it_is_left_after_the_first_frame(tiny, monkeypatch):
    monkeypatch.setattr(diffusion, "learn", lambda *_: pytest.fail("it went on"))
    run = DEMO.run(Values(checked(DEMO, {}), tiny), 0)
    next(run)
    run.close()
    assert list(run) == []
