"""What a browser or a file gives back is checked, and everything is escaped before it is drawn."""

import base64
import json
import re

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from tutor.drawing import read_recipe
from tutor.errors import InputError
from tutor.events import Picture, Recipe
from tutor.ui.records import (
    Conversation,
    PictureRecord,
    SentenceRecord,
    SourceRecord,
    Turn,
    picture_records,
    read,
    read_file,
    trimmed,
)
from tutor.ui.render import messages

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> [a](javascript:alert(3)) {{7*7}} $x$ `c` \"' & **b**\n\n# h"
)

ALLOWED = set(re.findall(r"\w+", "pre div blockquote p footer button ul li span article h3 a mark br strong"))


def turn(text):
    source = SourceRecord(id=text, lesson=text, section=text, quote=text, passage=text, lesson_slug=text)
    sentences = (SentenceRecord(text=text, number=1), SentenceRecord(text=text, bullet=True))
    return Turn(
        question=text, quote=source, sentences=sentences, sources=(source,), note=text, written_by=text, seconds=1
    )


def test_a_conversation_survives_the_browser():
    kept = Conversation(turns=(turn("plain"),), before=(turn("older"),))
    assert read(json.loads(json.dumps(kept.model_dump()))) == kept


@pytest.mark.parametrize(
    "value",
    [None, "", 7, [], {"turns": "x"}, {"turns": [{}]}, {"turns": [{"question": "x" * 5000}]}, {"turns": [None] * 300}],
)
def test_what_is_not_ours_is_an_empty_conversation(value):
    assert read(value) == Conversation()


def test_an_exported_file_comes_back_without_what_was_cleared():
    kept = Conversation(turns=(turn("plain"),))
    assert read_file(json.dumps(kept.model_dump())) == kept
    assert read_file(json.dumps({**kept.model_dump(), "before": kept.model_dump()["turns"]})).before == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[1, 2]",
        "{}",
        '{"turns": []}',
        "[" * 100_000,
        '{"turns": [{"question": 1e999}]}',
        "x" * 2_000_001,
        "\x00\xff",
    ],
    ids=["empty", "text", "list", "nothing", "no turns", "deep", "infinite", "huge", "binary"],
)
def test_a_file_that_is_no_conversation_is_an_error_that_says_nothing_was_changed(text):
    with pytest.raises(InputError, match="nothing was changed"):
        read_file(text)


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(ValidationError):
        Turn(question="q", seconds=float("nan"))


def test_everything_is_escaped():
    shown = messages(Conversation(turns=(turn(EVIL),)))
    assert [message["role"] for message in shown] == ["user", "assistant"]
    for message in shown:
        html = message["content"]
        assert "<script" not in html
        assert "<img" not in html
        assert set(re.findall(r"<(\w+)", html)) <= ALLOWED
        assert not re.search(r"<[^>]*\bon\w+=", re.sub(r'="[^"]*"', "", html))
        assert all(link.startswith("#course/") for link in re.findall(r'href="([^"]*)"', html))
        assert "\n\n" not in html
    assert "&lt;script&gt;" in shown[1]["content"]


def test_the_quote_and_each_source_can_be_opened_by_their_chip():
    (_, answer) = messages(Conversation(turns=(turn("plain words"),)))
    chips = set(re.findall(r'class="chip(?: wide)? to-(\d+)"', answer["content"]))
    assert chips == {"1"}
    assert 'class="source source-1"' in answer["content"]
    assert "<mark>plain words</mark>" in answer["content"]


def test_pictures_are_drawn_escaped_and_only_if_they_are_base64():
    html = messages(Conversation(turns=(Turn(question="q", pictures=(PictureRecord(png="AAAA", alt=EVIL),)),)))[1][
        "content"
    ]
    assert '<img class="canvas" src="data:image/png;base64,AAAA"' in html
    assert "<script" not in html
    for evil in ('"><script>', "javascript:alert(1)", "A A"):
        with pytest.raises(ValidationError):
            PictureRecord(png=evil, alt="")
        with pytest.raises(ValidationError):
            Turn(question="q", strip=evil)


def test_the_newest_pictures_are_kept_when_room_is_short():
    picture = PictureRecord(png="A" * 300_000, alt="a dog")
    kept = trimmed(Conversation(turns=tuple(Turn(question=str(n), pictures=(picture,)) for n in range(10))))
    assert [bool(turn.pictures) for turn in kept.turns] == [False] * 6 + [True] * 4


@pytest.mark.parametrize(("side", "kind"), [(64, "png"), (512, "webp")])
def test_four_large_pictures_fit_and_still_repeat_themselves(side, kind, tmp_path):
    rng = np.random.default_rng(0)
    noise = [Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for _ in range(4)]
    recipes = tuple(Recipe("a dog", seed, 4, 0.0, "x/y") for seed in range(4))
    records = picture_records(Picture(tuple(noise), recipes, 4, 4, "a dog"))
    whole = Conversation(turns=(Turn(question="draw a dog", pictures=records),))
    assert trimmed(whole) == whole
    assert {record.kind for record in records} == {kind}
    path = tmp_path / "picture"
    path.write_bytes(base64.b64decode(records[3].png))
    assert read_recipe(path) == recipes[3]
    assert f"data:image/{kind};base64," in messages(whole)[1]["content"]
