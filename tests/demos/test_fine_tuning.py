"""A thin adapter learns a new task, can be turned up and down, forgets some of the old one, and leaves the shipped models as they are."""

import numpy as np
import pytest
import torch

from tests.demos.tiny import TinyTools
from tutor.catalogue import checked, demo_named
from tutor.demos import fine_tuning
from tutor.workbench.demo import Values
from tutor.workbench.lora import attach, changes
from tutor.workbench.painter import own_pipeline

DEMO = demo_named("fine-tuning")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return TinyTools(tmp_path_factory.mktemp("painter"))


def last(tools, seed=0, **wanted):
    *_, frame = DEMO.run(Values(checked(DEMO, {"steps": 10, **wanted}), tools), seed)
    return frame.numbers


def test_examples_teach_the_shipped_painter_gray_and_it_forgets_color(numbers_of):
    numbers = numbers_of("fine-tuning", steps=20)
    assert numbers["color after"] < 0.6 * numbers["color before"]
    assert numbers["new task after"] < 0.8 * numbers["new task before"]
    assert numbers["old task after"] > 1.5 * numbers["old task before"]
    assert numbers["share trained in percent"] < 3
    assert DEMO.prediction.right(numbers) == 2


def test_the_same_seed_gives_the_same_numbers_and_the_painter_stays_as_it_is(tiny):
    kept = {name: weight.clone() for name, weight in own_pipeline(tiny).denoiser.state_dict().items()}
    assert last(tiny) == last(tiny)
    assert all(torch.equal(kept[name], weight) for name, weight in own_pipeline(tiny).denoiser.state_dict().items())


def test_at_strength_zero_nothing_is_learned_and_nothing_forgotten(tiny):
    numbers = last(tiny, strength=0)
    assert numbers["old task before"] == numbers["old task after"]
    assert numbers["color before"] == numbers["color after"]
    assert DEMO.prediction.right(numbers) == 0


def test_a_higher_rank_trains_more_numbers(tiny):
    few, many = (last(tiny, rank=rank)["numbers trained"] for rank in (1, 4))
    assert many == 4 * few


def test_the_adapter_makes_the_tutor_say_that_the_notes_do_not_tell(play, monkeypatch):
    monkeypatch.setattr(fine_tuning, "_LONGEST", 8)
    numbers = play("fine-tuning", part="tutor")[-1].numbers
    assert (numbers["says so without"], numbers["says so with"]) == (0, 1)
    assert numbers["new task after"] < 0.2 * numbers["new task before"]
    assert 3 < numbers["share trained in percent"] < 4


def test_beside_a_layer_the_adapter_adds_its_product():
    layer = torch.nn.Sequential(torch.nn.Linear(3, 2))
    down, up = torch.tensor([[1.0, 2.0, 0.0]]), torch.tensor([[1.0], [-1.0]])
    given, dial = torch.tensor([[1.0, 1.0, 1.0]]), [0.0]
    plain = layer(given)
    attach(layer, {"0": (down, up)}, dial)
    assert torch.equal(layer(given), plain)
    dial[0] = 0.5
    assert torch.allclose(layer(given) - plain, torch.tensor([[1.5, -1.5]]))
    share = np.sqrt(10.0) / float(layer[0].weight.detach().norm())
    assert changes(layer, {"0": (down, up)})["0"] == pytest.approx(share, rel=1e-5)


def test_it_ends_when_it_is_left_after_the_first_frame(tiny, monkeypatch):
    monkeypatch.setattr(fine_tuning, "own_pipeline", lambda _: pytest.fail("it went on"))
    run = DEMO.run(Values(checked(DEMO, {}), tiny), 0)
    next(run)
    run.close()
    assert list(run) == []
