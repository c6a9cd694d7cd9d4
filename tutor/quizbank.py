"""The course's questions: `quiz/*.yaml` -> Question, frozen values that quiz and checks read.

A file has `lesson` (a slug) and `questions`. Every question has an id, what it asks, the section that proves its key, the words of that
section that do (`evidence`) and what is said after the answer (`why`); the rest depends on its `kind`. One question of a lesson has
three hints. A broken question becomes a CourseError with file and line; the others are still there. Whether a question is a good one
is for `tutor.checks.quiz`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tutor.errors import CourseError
from tutor.lines import Lined, line_of, read_yaml

FOLDER = "quiz"
_Text = Annotated[str, Field(min_length=1)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands: the file, and the line of each of its keys."""

    path: Path
    line: int
    lines: dict[str, int]

    def of(self, key: str) -> int:
        """The line of a key; of the question when it has no such key."""
        return self.lines.get(key, self.line)


class Option(_Value):
    """An answer to choose; each wrong one names the misconception that leads there."""

    text: _Text
    right: bool = False
    misconception: str = ""


class _Question(_Value):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")]
    ask: _Text
    passage: Annotated[str, Field(pattern=r"^[^#\s]+#[^#\s]+$")]
    """`lesson#section-slug`."""
    evidence: _Text
    why: _Text
    hints: tuple[_Text, ...] = ()
    """From a nudge to nearly there."""
    lesson: str
    place: Place


class Choice(_Question):
    """One right option among others."""

    kind: Literal["choice"]
    options: Annotated[tuple[Option, ...], Field(min_length=3, max_length=4)]

    @property
    def key(self) -> Option:
        return next(option for option in self.options if option.right)


class Truth(_Question):
    """`ask` is a statement, true or false."""

    kind: Literal["truth"]
    answer: Annotated[bool, Field(strict=True)]


class Short(_Question):
    """A typed answer. `facts`: what must be said, each as the wordings that count."""

    kind: Literal["short"]
    facts: Annotated[tuple[Annotated[tuple[_Text, ...], Field(min_length=1)], ...], Field(min_length=1)]
    answer: _Text


class Order(_Question):
    """Steps, in the right order."""

    kind: Literal["order"]
    steps: Annotated[tuple[_Text, ...], Field(min_length=3, max_length=6)]


class MadeUp(_Question):
    """Three true sentences, and one that is made up."""

    kind: Literal["made-up"]
    sentences: Annotated[tuple[_Text, ...], Field(min_length=3, max_length=3)]
    made_up: _Text


Question = Choice | Truth | Short | Order | MadeUp
_QUESTION: TypeAdapter[Question] = TypeAdapter(Annotated[Question, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class QuizBank:
    """The questions that could be read, by file, and what is wrong with the others. `files` are the lessons' slugs with their files."""

    questions: tuple[Question, ...] = ()
    problems: tuple[CourseError, ...] = ()
    files: tuple[tuple[str, Path], ...] = ()

    def of(self, lesson: str) -> tuple[Question, ...]:
        """The questions of a lesson, given by its slug."""
        return tuple(question for question in self.questions if question.lesson == lesson)


def load_quiz(content: Path) -> QuizBank:
    """Every `quiz/*.yaml` of the course's folder; an empty bank where there is none."""
    questions, problems, files = list[Question](), list[CourseError](), list[tuple[str, Path]]()
    for path in sorted((content / FOLDER).glob("*.yaml")):
        try:
            lesson, entries = _file(path)
        except CourseError as error:
            problems.append(error)
            continue
        files.append((lesson, path))
        for number, entry in enumerate(entries):
            try:
                question = _question(path, lesson, entry, line_of(entries, [number]))
                if (other := next((q for q in questions if q.id == question.id), None)) is not None:
                    line = question.place.of("id")
                    raise CourseError(
                        path, line, f"the id '{question.id}' is taken by {other.place.path.name}:{other.place.line}"
                    )
                questions.append(question)
            except CourseError as error:
                problems.append(error)
    return QuizBank(tuple(questions), tuple(problems), tuple(files))


def _file(path: Path) -> tuple[str, list[Any]]:
    values = read_yaml(path)
    if not isinstance(values, Lined) or set(values) != {"lesson", "questions"}:
        raise CourseError(path, 1, "a quiz file has two keys: lesson and questions")
    if not isinstance(values["lesson"], str) or not isinstance(values["questions"], list):
        raise CourseError(path, values.line, "'lesson' is the slug of a lesson, 'questions' a list")
    return values["lesson"], values["questions"]


def _question(path: Path, lesson: str, entry: Any, line: int) -> Question:
    if not isinstance(entry, Lined):
        raise CourseError(
            path, line, "a question has lines of 'name: value': id, kind, ask, passage, evidence, why and more"
        )
    place = Place(path, entry.line, entry.lines)
    if own := {"lesson", "place"} & set(entry):
        raise CourseError(path, place.of(min(own)), f"'{min(own)}' does not belong to a question")
    try:
        return _QUESTION.validate_python({**entry, "lesson": lesson, "place": place})
    except ValidationError as error:
        first = error.errors()[0]
        steps = first["loc"][1:] if first["loc"][:1] == (entry.get("kind"),) else first["loc"]  # the kind comes first
        name = ".".join(map(str, steps)) or "kind"
        raise CourseError(
            path, line_of(entry, steps or ["kind"], place.line), f"question '{name}': {first['msg'].lower()}"
        ) from None
