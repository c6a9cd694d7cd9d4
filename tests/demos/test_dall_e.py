"""From words to a picture: what the encoder reads, what the painter paints, and whether it is a copy of what it learned from."""

import json

import pytest
from PIL import Image

from tests.demos.tiny import TinyTools
from tutor.catalogue import checked, demo_named
from tutor.demos import dall_e
from tutor.image.local import PAINTER
from tutor.image.nearest import Sheet
from tutor.workbench.demo import Values

DEMO = demo_named("dall-e")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return TinyTools(tmp_path_factory.mktemp("painter"))


def frames(tools, seed=0, **wanted):
    return list(DEMO.run(Values(checked(DEMO, {"steps": 2, **wanted}), tools), seed))


def test_the_road_leads_from_words_to_the_nearest_training_picture(tiny):
    shown = frames(tiny, prompt="a red apple")
    numbers = shown[-1].numbers
    assert numbers["tokens"] == 3
    assert numbers["nearest meaning"] == "an apple"
    assert "red 2417" in shown[1].alt
    assert numbers["difference of two seeds"] > 0
    assert f"“{numbers['nearest thing']}” is nearest" in shown[-1].caption
    assert numbers == frames(tiny, prompt="a red apple")[-1].numbers


def test_without_words_the_prompt_has_no_say(tiny):
    one, other = (frames(tiny, words=False, prompt=prompt)[-1].numbers for prompt in ("a cat", "a house"))
    assert (one["nearest thing"], one["distance"]) == (other["nearest thing"], other["distance"])


def test_things_that_the_painter_does_not_know_are_said_to_be_unknown(tiny):
    for prompt, unknown in (("a zeugma", True), ("two cats", False)):
        run = DEMO.run(Values(checked(DEMO, {"prompt": prompt}), tiny), 0)
        assert ("can only guess" in [next(run), next(run)][1].caption) == unknown
        run.close()


def test_a_training_picture_counts_as_a_copy_and_a_plain_field_as_none():
    names = [thing["names"][0] for thing in json.loads((PAINTER / "things.json").read_text())]
    sheet = Sheet(PAINTER, names)
    near = sheet.nearest(sheet.picture(names.index("tomato")).resize((64, 64), Image.Resampling.BICUBIC))
    assert near.name == "tomato"
    assert dall_e._right({"distance": near.distance}) == 0
    assert dall_e._right({"distance": 30.0}) == 1
    nothing = {"distance": 255.0, "nearest thing": dall_e._name(sheet.nearest(Image.new("RGB", (64, 64), "white")))}
    assert DEMO.prediction.right(nothing) == 2
    assert "nothing but background" in DEMO.prediction.because(nothing)


def test_it_ends_when_it_is_left_after_the_first_frame(tiny, monkeypatch):
    monkeypatch.setattr(dall_e, "own_pipeline", lambda _: pytest.fail("it went on"))
    run = DEMO.run(Values(checked(DEMO, {}), tiny), 0)
    next(run)
    run.close()
    assert list(run) == []
