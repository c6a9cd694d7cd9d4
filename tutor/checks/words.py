"""Are the words of a course fit for its learners: passages that stand alone, within the stated reading level, and spelled right?

The reading level is the Automated Readability Index (Senter and Smith, 1967), by textstat: years of American school, from letters a word
and words a sentence. It needs no list of syllables, which textstat would fetch from the network, and knows nothing of how hard a thought
is. A tutor quotes passages one at a time, so each has to name its subject at once: a pronoun at its head is found, a noun that points
back is not. Spelling is codespell's: common mistakes, so a word that is wrong in a new way is not found.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tutor.checks.twins import place
from tutor.course import Course, Lesson
from tutor.errors import CourseError

_MATHS = re.compile(r"\$[^$]*\$")
_POINTS_BACK = re.compile(
    r"(?:It|Its|They|Their|He|She|(?:This|That|These|Those) (?:is|are|was|were|has|have|means))\b"
)
_FOUND = re.compile(r"^(.*):(\d+): (.+?) ==> (.+)$")


def reading_level(lesson: Lesson) -> float:
    """Years of school that the lesson's text asks for. A formula counts as one letter."""
    import textstat

    sentences = [s for section in lesson.sections for passage in section.passages for s in passage.sentences]
    text = " ".join(sentence if sentence[-1] in ".?!" else f"{sentence}." for sentence in sentences)
    return float(textstat.textstat.automated_readability_index(_MATHS.sub("x", text)))


def check_reading(course: Course, lowest: float, highest: float) -> Iterator[CourseError]:
    """Each lesson whose reading level is out of the band."""
    for lesson in course.lessons:
        level = reading_level(lesson)
        if not lowest <= level <= highest:
            way = "shorten its sentences and choose plainer words" if level > highest else "join its shortest sentences"
            said = f"the lesson's reading level is {level:.1f}, outside {lowest:g} to {highest:g}; {way}"
            yield CourseError(lesson.path, 1, said)


def check_passages(course: Course, fewest: int, most: int) -> Iterator[CourseError]:
    """Each passage that is too short or too long to be quoted alone, or that begins with a pronoun."""
    for lesson in course.lessons:
        for passage in (passage for section in lesson.sections for passage in section.passages):
            words = len(passage.text.split())
            if not fewest <= words <= most:
                yield CourseError(
                    *place(course, passage), f"the passage has {words} words; {fewest} to {most} can be quoted alone"
                )
            if _POINTS_BACK.match(passage.text):
                yield CourseError(
                    *place(course, passage),
                    "the passage begins with a pronoun; name its subject, since it is quoted alone",
                )


def check_spelling(paths: Sequence[Path], ignored: Sequence[str] = ()) -> Iterator[CourseError]:
    """Each word of the files that codespell takes for a mistake, but for the ignored ones."""
    command = [sys.executable, "-m", "codespell_lib", "--ignore-regex", "#[0-9a-fA-F]{3,8}"]
    known = ["--ignore-words-list", ",".join(word.lower() for word in ignored)] if ignored else []
    done = subprocess.run([*command, *known, *map(str, paths)], capture_output=True, text=True, check=False)
    for path, line, wrong, right in (
        found.groups() for text in done.stdout.splitlines() if (found := _FOUND.match(text))
    ):
        yield CourseError(Path(path), int(line), f"'{wrong}' may be a spelling mistake for {right}")
