"""The one way in which a language model is asked to answer from notes. The app and the training of the adapter share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tutor.course import Passage
from tutor.prompts import render
from tutor.text.base import Message, Options

Form = Literal["answer", "simpler", "example", "bullets"]
"""How the learner wants it: the plain answer, in simple words, as an example, as a list."""

FORMS: dict[Form, str] = {
    "answer": "Answer in one to three sentences.",
    "simpler": "Answer in simple words, in one or two short sentences.",
    "example": "Answer with the example that the notes give.",
    "bullets": "Answer with two to four points, each on a line that begins with a hyphen.",
}
UNKNOWN = "The notes do not tell."
"""What the model is taught to write when the notes do not hold the answer."""
_SURE = 0.9
"""From this probability that the course answers, the model may not say that its notes don't tell: code decides on scope."""


@dataclass(frozen=True, slots=True)
class Note:
    """A passage as the model reads it."""

    lesson: str
    section: str
    text: str

    @classmethod
    def of(cls, passage: Passage) -> "Note":
        return cls(passage.lesson, passage.section, passage.text)


def writing_prompt(question: str, notes: Sequence[Note], form: Form = "answer") -> tuple[Message, ...]:
    """The chat that asks for an answer. Notes come before the question, so that a second question on the same notes
    shares its beginning with the first and a model can keep what it has read."""
    return (
        Message("system", render("answer-system")),
        Message("user", render("answer", notes=notes, question=question, form=FORMS[form])),
    )


def writing_options(
    probability: float, notes: Sequence[Passage], form: Form = "answer", whole: bool = False
) -> Options:
    """How to write where the course answers with this probability: beginning as a sentence of the note that is likeliest as a whole,
    or, to tell the `whole` of the first, as its first sentence."""
    mark = "- " if form == "bullets" else ""
    if whole:
        return Options(openings=((mark + notes[0].sentences[0],),))
    openings = [tuple(mark + sentence for sentence in note.sentences) for note in notes]
    if probability < _SURE:
        openings.append((UNKNOWN,))
    return Options(openings=tuple(openings))
