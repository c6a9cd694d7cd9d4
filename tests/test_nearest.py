"""Copied or created? The sheet of things finds what is drawn of it."""

import json

import numpy as np
import pytest
from PIL import Image

from tutor.errors import StorageError
from tutor.image.local import PAINTER
from tutor.image.nearest import SHEET, Sheet, background

NAMES = [row["names"][0] for row in json.loads((PAINTER / "things.json").read_text(encoding="utf-8"))]
APPLE, DOG = NAMES.index("apple"), NAMES.index("dog face")


@pytest.fixture(scope="module")
def sheet():
    return Sheet(PAINTER, NAMES)


def scene(sheet, ground, *things, size=48):
    """Things of the sheet on a plain background: (number, tint, left, top) each."""
    picture = Image.new("RGB", (64, 64), ground)
    for number, tint, left, top in things:
        picture.paste(sheet.picture(number, tint, ground).resize((size, size), Image.Resampling.LANCZOS), (left, top))
    return picture


@pytest.mark.parametrize("ground", [(255, 255, 255), (50, 105, 220), (20, 20, 20)])
def test_a_thing_of_the_sheet_finds_itself_on_any_background(sheet, ground):
    for number in range(0, len(NAMES), 151):
        found = sheet.nearest(scene(sheet, ground, (number, None, 5, 11)))
        if found is not None:  # a white square on white is not there to be seen
            assert found.distance < 20, (NAMES[number], found)
    found = sheet.nearest(scene(sheet, ground, (DOG, None, 5, 11)))
    assert (found.name, found.tint) == ("dog face", None)
    assert found.distance < 20
    assert found.thing.size == found.seen.size == (32, 32)


def test_a_tinted_one_finds_itself_and_its_color(sheet):
    found = sheet.nearest(scene(sheet, (255, 255, 255), (APPLE, "blue", 9, 3)))
    assert (found.name, found.tint) in {("apple", "blue"), ("green apple", "blue")}
    assert found.distance < 20


def test_one_of_two_things_side_by_side_is_found(sheet):
    picture = scene(sheet, (250, 215, 60), (DOG, None, 2, 18), (APPLE, None, 34, 18), size=28)
    found = sheet.nearest(picture)
    assert found.name in ("dog face", "apple")
    assert found.distance < 20


def test_what_is_no_thing_is_far_from_all(sheet):
    patches = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    picture = Image.new("RGB", (64, 64), (255, 255, 255))
    picture.paste(Image.fromarray(patches).resize((50, 50), Image.Resampling.NEAREST), (7, 7))
    assert sheet.nearest(picture).distance > 40
    assert sheet.nearest(Image.new("RGB", (512, 512), (9, 9, 9))) is None


def test_the_background_is_the_color_of_the_edge():
    pixels = np.full((64, 64, 3), 200, dtype=np.float32)
    pixels[20:50, 20:50] = 7
    assert background(pixels).tolist() == [200, 200, 200]


def test_the_sheet_ships_and_fits_its_names(sheet):
    assert len(sheet) == len(NAMES) == 1375
    assert (PAINTER / SHEET).stat().st_size < 3_000_000


def test_a_sheet_that_is_missing_or_another_names_the_fix(tmp_path):
    with pytest.raises(StorageError, match="git checkout models"):
        Sheet(tmp_path, NAMES)
    with pytest.raises(StorageError, match="git checkout models"):
        Sheet(PAINTER, NAMES[:7])
    Image.new("RGB", (7, 7)).save(tmp_path / SHEET)
    with pytest.raises(StorageError, match="git checkout models"):
        Sheet(tmp_path, NAMES)
