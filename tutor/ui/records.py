"""What is kept of a conversation, in the learner's browser: plain values that can be exported and imported.

Whatever comes back from a browser or a file is untrusted: it is checked here, and drawn only by `tutor.ui.render`, which escapes it.
"""

import base64
import json
from io import BytesIO
from typing import Annotated

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.drawing import as_png
from tutor.errors import InputError
from tutor.events import Answer, Choice, Picture, Sentence, Source

MOST_TURNS = 200
LONGEST_FILE = 2_000_000
"""Characters of an exported conversation; the browser keeps about twice as much."""
_PICTURE_ROOM = 1_200_000
"""Characters of pictures in one conversation."""
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


class SentenceRecord(_Value):
    """A sentence of an answer with the number of its chip."""

    text: _Long
    number: int | None = None
    bullet: bool = False


class PictureRecord(_Value):
    """A picture as a PNG file that repeats itself, with what it shows."""

    png: Annotated[str, Field(max_length=400_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    alt: _Short
    seed: int = 0


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
    note: _Long = ""
    failed: bool = False
    written_by: _Short = ""
    seconds: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    choices: Annotated[tuple[ChoiceRecord, ...], Field(max_length=4)] = ()
    liked: bool | None = None


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
    )


def picture_records(picture: Picture) -> tuple[PictureRecord, ...]:
    return tuple(
        PictureRecord(png=_text(as_png(image, recipe)), alt=picture.alt[:300], seed=recipe.seed)
        for image, recipe in zip(picture.images, picture.recipes, strict=True)
    )


def strip_record(strip: Image.Image) -> str:
    file = BytesIO()
    strip.save(file, "WEBP", quality=70)
    return _text(file.getvalue())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def sentence_record(sentence: Sentence) -> SentenceRecord:
    return SentenceRecord(text=sentence.text, number=sentence.number, bullet=sentence.bullet)


def choice_records(choices: tuple[Choice, ...]) -> tuple[ChoiceRecord, ...]:
    return tuple(ChoiceRecord(label=choice.label, message=choice.message) for choice in choices[:4])


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
