"""Questions that the passages of a lesson answer, in learners' words: `questions/<slug>.yaml` beside the lessons, for the search alone.

A passage seldom uses the words that a learner would. So an author may list, for each passage, questions that it answers; the search
compares a learner's question with them (document expansion; Nogueira et al., 2019, arXiv 1904.08375). A lesson without such a file is
found by its text alone.

    what-is-mode-collapse:
    - passage: Mode collapse is a failure
      questions: [my gan draws the same face every time, why do all samples look alike]

The keys are the slugs of sections; `passage` is how one of the section's passages begins. What fits no passage is a CourseError.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.errors import CourseError
from tutor.lines import Lined, line_of, read_yaml

FOLDER = "questions"


@dataclass(frozen=True, slots=True)
class Expected:
    """The questions of the passage of `section` that begins with `start`; `path` and `line` say where they stand."""

    section: str
    start: str
    questions: tuple[str, ...]
    path: Path
    line: int


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)

    passage: str = Field(min_length=1)
    questions: list[str] = Field(min_length=1)


def read_questions(folder: Path, slug: str) -> tuple[list[Expected], list[CourseError]]:
    """What is expected to be asked of the lesson `slug` of `folder`, and what is wrong with the other entries."""
    path = folder / FOLDER / f"{slug}.yaml"
    if not path.is_file():
        return [], []
    found, problems = list[Expected](), list[CourseError]()
    try:
        for section, number, entry, line in _entries(path):
            try:
                made = _Entry.model_validate(entry)
                found.append(Expected(section, made.passage, tuple(made.questions), path, line))
            except ValidationError as error:
                problems.append(
                    CourseError(path, line, f"{section}, entry {number}: {error.errors()[0]['msg'].lower()}")
                )
    except CourseError as error:
        problems.append(error)
    return found, problems


def _entries(path: Path) -> Iterator[tuple[str, int, object, int]]:
    sections = read_yaml(path)
    if not isinstance(sections, Lined):
        raise CourseError(path, 1, "the file maps the slugs of sections to lists of passages with their questions")
    for section, entries in sections.items():
        if not isinstance(entries, list):
            raise CourseError(
                path, sections.lines[section], f"'{section}' needs a list of passages with their questions"
            )
        for number, entry in enumerate(entries, 1):
            yield section, number, entry, line_of(sections, [section, number - 1])
