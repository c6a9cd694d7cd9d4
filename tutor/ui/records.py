"""What is kept of a conversation, in the learner's browser: plain values that can be exported and imported.

Whatever comes back from a browser or a file is untrusted: it is checked here, and drawn only by `tutor.ui.render`, which escapes it.
"""

import base64
import json
from io import BytesIO
from typing import Annotated, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.drawing import as_png, as_webp
from tutor.errors import InputError
from tutor.events import Answer, Choice, Part, Picture, Recipe, Sentence, Source
from tutor.ui.demo_record import DemoRecord, bare, unseen

MOST_TURNS = 200
LONGEST_FILE = 2_000_000
"""Characters of an exported conversation; the browser keeps about twice as much."""
_PICTURE_ROOM = 1_200_000
"""Characters of pictures in one conversation."""
_ONE_PICTURE = 280_000
"""Characters of one, so that four fit."""
_FIX = "Choose a file that this page exported; nothing was changed."
_Short = Annotated[str, Field(max_length=300)]
_Long = Annotated[str, Field(max_length=20_000)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SourceRecord(_Value):
    """A source as it was shown."""

    id: _Short
    lesson: _Short
    section: _Short
    quote: _Long
    passage: _Long
    lesson_slug: _Short
    own: bool = False


class FigureRecord(_Value):
    """A figure of the course: a file of its folder of figures."""

    file: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
    alt: _Long
    lesson: _Short
    section: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9-]+#[A-Za-z0-9-]+$")]


class SentenceRecord(_Value):
    """A sentence of an answer with the number of its chip."""

    text: _Long
    number: int | None = None
    bullet: bool = False


class PictureRecord(_Value):
    """A picture as a file that repeats itself, with what it shows: PNG, or WebP where that is too large to keep."""

    png: Annotated[str, Field(max_length=400_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    kind: Literal["png", "webp"] = "png"
    alt: _Short
    seed: int = 0
    again: Annotated[str, Field(max_length=500)] = ""
    """The message that draws it again."""


class ExhibitRecord(_Value):
    """A small picture that shows something, as WebP."""

    webp: Annotated[str, Field(max_length=100_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    label: _Short
    alt: _Short


class PartRecord(_Value):
    """One thing about how a picture came about. `lesson` is the slug of the lesson that says more, or empty."""

    title: _Short
    text: Annotated[str, Field(max_length=4000)]
    exhibits: Annotated[tuple[ExhibitRecord, ...], Field(max_length=4)] = ()
    lesson: Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9-]*$")] = ""
    lesson_title: _Short = ""


class ChoiceRecord(_Value):
    label: _Short
    message: Annotated[str, Field(max_length=4000)]


class Turn(_Value):
    """A question and what was answered. `note` is said besides the answer: a refusal, a greeting, an error, that it was stopped."""

    question: Annotated[str, Field(max_length=4000)]
    quote: SourceRecord | None = None
    sentences: Annotated[tuple[SentenceRecord, ...], Field(max_length=40)] = ()
    sources: Annotated[tuple[SourceRecord, ...], Field(max_length=20)] = ()
    pictures: Annotated[tuple[PictureRecord, ...], Field(max_length=4)] = ()
    strip: Annotated[str, Field(max_length=400_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")] = ""
    """The first picture's way from noise, as WebP."""
    inside: Annotated[tuple[PartRecord, ...], Field(max_length=10)] = ()
    """How the picture before came about."""
    demo: DemoRecord | None = None
    figure: FigureRecord | None = None
    note: _Long = ""
    failed: bool = False
    written_by: _Short = ""
    seconds: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    choices: Annotated[tuple[ChoiceRecord, ...], Field(max_length=5)] = ()
    liked: bool | None = None
    file: _Short = ""
    """Name of the learner's file that the answer came from; the answer itself is not kept, and `key` finds it while its tab is open."""
    key: _Short = ""


class Conversation(_Value):
    """Everything that is kept; `before` is the conversation that was last cleared, so that it can be brought back."""

    turns: Annotated[tuple[Turn, ...], Field(max_length=MOST_TURNS)] = ()
    before: Annotated[tuple[Turn, ...], Field(max_length=MOST_TURNS)] = ()


def trimmed(conversation: Conversation) -> Conversation:
    """Without the pictures that a browser has no room for: the newest are kept."""
    room, turns = _PICTURE_ROOM, list[Turn]()
    for turn in reversed(conversation.turns):
        room -= sum(len(picture.png) for picture in turn.pictures)
        turns.append(turn if room >= 0 else turn.model_copy(update={"pictures": (), "strip": ""}))
        if room >= 0 and (room := room - len(turn.strip)) < 0:
            turns[-1] = turn.model_copy(update={"strip": ""})
        room -= sum(len(exhibit.webp) for part in turn.inside for exhibit in part.exhibits)
        if room < 0 and turn.inside:
            texts = tuple(part.model_copy(update={"exhibits": ()}) for part in turn.inside)
            turns[-1] = turns[-1].model_copy(update={"inside": texts})
        if turn.demo is not None:
            kept = next(demo for demo in (turn.demo, bare(turn.demo), unseen(turn.demo)) if demo.size <= max(0, room))
            room -= kept.size
            turns[-1] = turns[-1].model_copy(update={"demo": kept})
    return conversation.model_copy(update={"turns": tuple(reversed(turns))})


def read(value: object) -> Conversation:
    """What the browser sent; an empty conversation when it is not one of ours."""
    try:
        return Conversation.model_validate(value or {})
    except ValidationError:
        return Conversation()


def read_file(text: str) -> Conversation:
    """An exported conversation. Raises InputError."""
    if len(text) > LONGEST_FILE:
        raise InputError(f"That file is too large: at most {LONGEST_FILE:,} characters. {_FIX}")
    try:
        taken = Conversation.model_validate(json.loads(text))
    except (ValueError, RecursionError):  # not JSON, or not our fields
        raise InputError(f"That file is not a conversation. {_FIX}") from None
    if not taken.turns:
        raise InputError(f"That file holds no question. {_FIX}")
    return Conversation(turns=taken.turns)


def source_record(source: Source) -> SourceRecord:
    return SourceRecord(
        id=source.id,
        lesson=source.lesson,
        section=source.section,
        quote=source.quote,
        passage=source.passage,
        lesson_slug=source.lesson_slug,
        own=source.own,
    )


def picture_records(picture: Picture) -> tuple[PictureRecord, ...]:
    return tuple(
        _picture_record(image, recipe, picture.alt[:300])
        for image, recipe in zip(picture.images, picture.recipes, strict=True)
    )


def _again(recipe: Recipe) -> str:
    """The message that draws the picture again."""
    steps = "" if recipe.steps is None else f", {recipe.steps} steps"
    guidance = "" if recipe.guidance is None else f", guidance {recipe.guidance:g}"
    return f"Draw {recipe.prompt}, seed {recipe.seed}{steps}{guidance}"


def part_records(parts: tuple[Part, ...]) -> tuple[PartRecord, ...]:
    return tuple(
        PartRecord(
            title=part.title,
            text=part.text[:4000],
            exhibits=tuple(
                ExhibitRecord(webp=_small(one.image), label=one.label[:300], alt=one.alt[:300]) for one in part.exhibits
            ),
            lesson=part.lesson[0] if part.lesson else "",
            lesson_title=part.lesson[1][:300] if part.lesson else "",
        )
        for part in parts
    )


def _small(image: Image.Image) -> str:
    file = BytesIO()
    image.save(file, "WEBP", quality=85)
    return _text(file.getvalue())


def _picture_record(image: Image.Image, recipe: Recipe, alt: str) -> PictureRecord:
    data = _text(as_png(image, recipe))
    if len(data) <= _ONE_PICTURE:
        return PictureRecord(png=data, alt=alt, seed=recipe.seed, again=_again(recipe))
    for quality in (90, 75, 50):
        data = _text(as_webp(image, recipe, quality))
        if len(data) <= _ONE_PICTURE:
            return PictureRecord(png=data, kind="webp", alt=alt, seed=recipe.seed, again=_again(recipe))
    return _picture_record(image.resize((image.width // 2, image.height // 2)), recipe, alt)


def strip_record(strip: Image.Image) -> str:
    file = BytesIO()
    strip.save(file, "WEBP", quality=70)
    return _text(file.getvalue())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def sentence_record(sentence: Sentence) -> SentenceRecord:
    return SentenceRecord(text=sentence.text, number=sentence.number, bullet=sentence.bullet)


def choice_records(choices: tuple[Choice, ...]) -> tuple[ChoiceRecord, ...]:
    return tuple(ChoiceRecord(label=choice.label, message=choice.message) for choice in choices[:5])


def finished(turn: Turn, answer: Answer) -> Turn:
    """`turn` with what the finished answer says."""
    return turn.model_copy(
        update={
            "sentences": tuple(map(sentence_record, answer.sentences))
            if answer.written_by not in ("quote", "tutor")
            else (),
            "sources": tuple(map(source_record, answer.sources)),
            "written_by": answer.written_by,
            "seconds": round(answer.seconds.total, 2),
        }
    )
