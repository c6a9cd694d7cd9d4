"""Does the course teach what it promises? `curriculum.yaml` lists its points, its figures, and the limits that its words keep.

A point is met when one passage of its lesson holds all its terms, whatever their case; a term may name alternatives (`BPTT|through time`),
and stands for every word that begins with it. That proves that the point is spoken of, not that it is explained well. A folder without
the file promises nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.course import Course
from tutor.errors import CourseError
from tutor.lines import line_of, read_yaml

FILE = "curriculum.yaml"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Limits(_Value):
    """What lessons and questions must keep to."""

    reading_level: tuple[float, float]
    """Lowest and highest, in years of school."""
    passage_words: tuple[int, int]
    """Fewest and most of a passage."""
    nearest_twin: Annotated[float, Field(gt=0, le=1)]
    """Cosine of two passages that say too nearly the same."""
    nearest_twin_of_a_term: Annotated[float, Field(gt=0, le=1)]
    """The same for a term of the glossary and a passage of a lesson."""
    fewest_questions: Annotated[int, Field(ge=0)]
    """Of a lesson."""


class Point(_Value):
    """What a learner can ask about a lesson, and the terms that the passage that answers holds together."""

    lesson: str
    point: Annotated[str, Field(min_length=1)]
    terms: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Figure(_Value):
    """A figure that a lesson shows."""

    lesson: str
    point: Annotated[str, Field(min_length=1)]
    file: Annotated[str, Field(min_length=1)]


class Curriculum(_Value):
    """What the course promises. `spelling`: words that only look like mistakes."""

    limits: Limits
    spelling: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """A curriculum with its file and the line of each point and figure."""

    curriculum: Curriculum
    path: Path
    points: tuple[int, ...]
    figures: tuple[int, ...]


def read_curriculum(content: Path) -> Promise | None:
    """The folder's curriculum; None where there is none. Raises CourseError."""
    path = content / FILE
    if not path.is_file():
        return None
    values = read_yaml(path)
    try:
        curriculum = Curriculum.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "file"
        raise CourseError(path, line_of(values, first["loc"]), f"curriculum '{name}': {first['msg'].lower()}") from None
    points = tuple(line_of(values, ["points", number]) for number in range(len(curriculum.points)))
    figures = tuple(line_of(values, ["figures", number]) for number in range(len(curriculum.figures)))
    return Promise(curriculum, path, points, figures)


def check_curriculum(course: Course, promise: Promise) -> Iterator[CourseError]:
    """Each point that no passage of its lesson meets, and each figure that its lesson does not show."""
    lessons = {lesson.slug: lesson for lesson in course.lessons}
    for point, line in zip(promise.curriculum.points, promise.points, strict=True):
        if point.lesson not in lessons:
            yield CourseError(promise.path, line, f"there is no lesson '{point.lesson}'")
        elif not any(
            all(_holds(f"{p.section} {p.flat}", term) for term in point.terms)
            for p in course.passages
            if p.lesson_slug == point.lesson
        ):
            together = ", ".join(point.terms)
            yield CourseError(
                promise.path, line, f"no passage of '{point.lesson}' holds together: {together} ({point.point})"
            )
    for figure, line in zip(promise.curriculum.figures, promise.figures, strict=True):
        shown = lessons.get(figure.lesson)
        if shown is None or not any(f"](figures/{figure.file})" in section.markdown for section in shown.sections):
            yield CourseError(
                promise.path, line, f"'{figure.lesson}' does not show figures/{figure.file} ({figure.point})"
            )


def _holds(text: str, term: str) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(one.strip())}", text, re.I) for one in term.split("|"))
