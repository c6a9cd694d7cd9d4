"""Do two passages say the same? Then the search shows both, and a learner reads one thing twice.

Measured as the cosine of two passages in the sentence encoder, without their headings. A term of the glossary says in short what a lesson
says at length, so its limit towards lessons is a higher one. Not covered: the same said in quite other words, which the encoder places
farther apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tutor.course import GLOSSARY, Course, Passage
from tutor.errors import CourseError
from tutor.search.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Twin:
    """A passage and the one nearest to it."""

    passage: Passage
    other: Passage
    cosine: float

    @property
    def mixed(self) -> bool:
        """Whether one is a term and the other part of a lesson."""
        return (self.passage.lesson_slug == GLOSSARY) != (self.other.lesson_slug == GLOSSARY)


def nearest_twins(course: Course, encode: Encoder) -> list[Twin]:
    """For each passage its nearest in the lessons and its nearest in the glossary, the worst pair first; each pair once."""
    passages = course.passages
    if len(passages) < 2:
        return []
    vectors = encode([passage.flat for passage in passages])
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    term = np.array([passage.lesson_slug == GLOSSARY for passage in passages])
    pairs: dict[tuple[int, int], float] = {}
    for group in (term, ~term):
        if not group.any():
            continue
        nearest = np.where(group, cosines, -1).argmax(1)
        pairs |= {(min(i, j), max(i, j)): float(cosines[i, j]) for i, j in enumerate(nearest.tolist()) if i != j}
    worst = sorted(pairs.items(), key=lambda pair: -pair[1])
    return [Twin(passages[j], passages[i], cosine) for (i, j), cosine in worst]


def check_twins(course: Course, encode: Encoder, limit: float, glossary_limit: float) -> Iterator[CourseError]:
    """Each pair whose cosine reaches its limit, named at the later passage."""
    for twin in nearest_twins(course, encode):
        if twin.cosine >= (glossary_limit if twin.mixed else limit):
            path, line = place(course, twin.passage)
            said = (
                f"says nearly the same as {twin.other.key} (similarity {twin.cosine:.2f}); drop one or tell them apart"
            )
            yield CourseError(path, line, f"{twin.passage.key} {said}")


def place(course: Course, passage: Passage) -> tuple[Path, int]:
    """File and line where a passage of the course begins."""
    if passage.lesson_slug == GLOSSARY:
        term = next(term for term in course.glossary if term.slug == passage.section_slug)
        return term.path, term.line
    path = course.lesson(passage.lesson_slug).path
    before, found, _ = path.read_text(encoding="utf-8").partition(passage.markdown)
    return path, before.count("\n") + 1 if found else 1
