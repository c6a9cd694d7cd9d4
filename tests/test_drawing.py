"""Pictures: our own painter with its shipped weights, the things it knows, and files that repeat themselves."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tutor.drawing import Drawer, as_png, as_webp, read_recipe
from tutor.errors import InputError, WeightsError
from tutor.events import Answered, Picture, Recipe, Text
from tutor.image.base import ImageModel, ImageStep, PaintOptions, ScriptedPainter
from tutor.image.local import PAINTER, BuiltInPainter, built_in_painter
from tutor.request import PictureRequest
from tutor.search.encoder import encoder
from tutor.things import KnownThings


@pytest.fixture(scope="module")
def things():
    return KnownThings(PAINTER, encoder())


@pytest.fixture(scope="module")
def drawer(things):
    return Drawer(built_in_painter(), things)


def painted(prompt, *seeds, **options):
    *_, last = built_in_painter().paint(prompt, PaintOptions(seeds, **options))
    return [np.asarray(picture) for picture in last.pictures]


def corner_color(picture):
    """Median color of the outermost pixels: the background."""
    edge = np.concatenate([picture[:2].reshape(-1, 3), picture[-2:].reshape(-1, 3), picture[:, :2].reshape(-1, 3)])
    return np.median(edge, axis=0)


def test_the_same_seed_gives_the_same_picture():
    one, two = painted("a dog", 7), painted("a dog", 7)
    assert (one[0] == two[0]).all()
    assert one[0].shape == (64, 64, 3)


def test_a_seed_gives_the_same_picture_alone_and_among_others():
    alone, among = painted("a red apple", 3)[0], painted("a red apple", 2, 3)[1]
    assert np.abs(alone.astype(int) - among).max() <= 2  # sums in another order


def test_prompt_and_seed_change_the_picture():
    dog, other, apple = painted("a dog", 7)[0], painted("a dog", 8)[0], painted("a red apple", 7)[0]
    assert (dog != other).any()
    assert np.abs(dog.astype(int) - apple).mean() > 5


@pytest.mark.parametrize(
    ("color", "nearest"), [("blue", (50, 105, 220)), ("red", (220, 40, 40)), ("black", (20, 20, 20))]
)
def test_the_background_has_the_color_that_was_asked_for(color, nearest):
    picture = painted(f"a banana on a {color} background", 1)[0]
    assert np.abs(corner_color(picture) - nearest).max() < 60
    assert picture.std() > 10, "the thing is missing"


def test_every_step_is_shown_and_stop_ends_the_work():
    steps = built_in_painter().paint("a dog", PaintOptions((1,), steps=6))
    first = next(steps)
    assert (first.number, first.steps) == (1, 6)
    assert first.pictures[0].size == first.guesses[0].size == (64, 64)
    steps.close()
    assert [s.number for s in built_in_painter().paint("a dog", PaintOptions((1,), steps=3))] == [1, 2, 3]


@pytest.mark.parametrize(
    "options",
    [
        PaintOptions((-1,)),
        PaintOptions((2**32,)),
        PaintOptions(()),
        PaintOptions((1,) * 5),
        PaintOptions((1,), steps=0),
        PaintOptions((1,), steps=10**6),
        PaintOptions((1,), guidance=-1),
    ],
)
def test_options_out_of_range_say_what_is_legal(options):
    with pytest.raises(InputError, match="choose"):
        list(built_in_painter().paint("a dog", options))


def test_a_missing_painter_names_the_fix(tmp_path):
    with pytest.raises(WeightsError, match="git checkout models"):
        list(BuiltInPainter(tmp_path).paint("a dog", PaintOptions((1,))))


def test_the_fake_is_an_image_model_too():
    assert isinstance(ScriptedPainter(), ImageModel)
    assert isinstance(built_in_painter(), ImageModel)


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a red apple on a blue background", "a red apple on a blue background"),
        ("two small dogs", "two small dogs"),
        ("a dog and a cat", "a dog and a cat"),
        ("three cherries, yellow background", "three cherries, yellow background"),
        ("a wolf next to two mice", "a wolf next to two mice"),
        ("🐶", "dog face"),
    ],
)
def test_known_things_are_left_alone(things, prompt, read):
    found = things.read(prompt)
    assert found.prompt == read
    assert not found.swaps


def test_an_unknown_thing_is_taken_for_the_nearest_known_and_said_out_loud(things, drawer):
    found = things.read("a puppy on a red background")
    assert found.swaps[0].said == "puppy"
    assert "dog" in found.swaps[0].taken
    events = list(drawer.draw("draw a puppy", PictureRequest("a puppy", (1,), 2)))
    said = next(e for e in events if isinstance(e, Text)).markdown
    assert "“puppy”" in said
    assert "dog" in said


@pytest.mark.parametrize("prompt", ["собака", "狗", "12345", "🫨🫨"])
def test_what_is_not_english_is_refused_politely_or_drawn(things, prompt):
    try:
        assert things.read(prompt).prompt
    except InputError as error:
        assert "English" in str(error)  # noqa: PT017 - either is right, a crash is not


def test_a_turn_shows_the_picture_step_by_step(things):
    drawer = Drawer(ScriptedPainter(), things)
    events = list(drawer.draw("draw a dog", PictureRequest("a dog", (5, 6), 3)))
    shown = [e for e in events if isinstance(e, Picture)]
    assert [p.step for p in shown] == [1, 2, 3]
    assert [r.seed for r in shown[-1].recipes] == [5, 6]
    assert shown[-1].strip is not None
    assert shown[0].strip is None
    answer = events[-1]
    assert isinstance(answer, Answered)
    assert answer.answer.intent == "picture"
    assert "5, 6" in answer.answer.answer


def test_more_steps_are_twice_those_of_the_model(things):
    painter = ScriptedPainter()
    for longer, steps in ((1, 20), (2, 40), (4, 50)):
        list(Drawer(painter, things).draw("draw a dog", PictureRequest("a dog", (1,), longer=longer)))
        assert painter.asked[-1][1] == PaintOptions((1,), steps, 3.0)


class Slow(ScriptedPainter):
    """Gives signs of life, and holds the first of its pictures back."""

    def paint(self, prompt, options):
        yield from [ImageStep(0, 0, (), ())] * 2
        for step in super().paint(prompt, options):
            yield from [step if step.number < step.steps else replace(step, blocked=frozenset({0}))] * 2


def test_signs_of_life_repeat_the_last_event_and_what_is_held_back_is_left_out():
    events = list(Drawer(Slow(), None).draw("draw a dog", PictureRequest("a dog", (5, 6), 2)))
    assert events[0] is events[1] is events[2]
    fresh = [e for e, before in zip(events, [None, *events], strict=False) if e is not before]
    shown = [e for e in fresh if isinstance(e, Picture)]
    assert [(p.step, [r.seed for r in p.recipes], len(p.images)) for p in shown] == [(1, [5, 6], 2), (2, [6], 1)]
    assert shown[-1].strip is None  # it would show the way of the first, which is held back
    said = next(e for e in events if isinstance(e, Text)).markdown
    assert said.startswith("The model's safety checker held 1 picture back.")
    assert "Seed 6, 2 steps." in said


@pytest.mark.parametrize(
    "recipe", [Recipe("a “dog”", 7, 10, 3.0, "our own painter"), Recipe("a dog", 7, None, None, "x/y")]
)
def test_a_file_repeats_its_picture(tmp_path, recipe):
    picture, path = Image.new("RGB", (8, 8), (1, 2, 3)), tmp_path / "dog.png"
    path.write_bytes(as_png(picture, recipe))
    assert read_recipe(path) == recipe
    path.write_bytes(as_webp(picture, recipe, 90))
    assert read_recipe(path) == recipe


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"{}" * 100])
def test_a_file_that_is_not_ours_is_bad_input(tmp_path, content):
    path = tmp_path / "other.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a picture that this tutor drew"):
        read_recipe(path)
    Image.new("RGB", (8, 8)).save(path, "PNG")
    with pytest.raises(InputError, match="not a picture that this tutor drew"):
        read_recipe(path)
    with pytest.raises(InputError, match="does not exist"):
        read_recipe(tmp_path / "none.png")


def test_the_names_are_unique_and_plain():
    rows = json.loads((PAINTER / "things.json").read_text(encoding="utf-8"))
    names = [row["names"][0] for row in rows]
    assert len(rows) > 1000
    assert all(name == name.strip() and "_" not in name for name in names)
