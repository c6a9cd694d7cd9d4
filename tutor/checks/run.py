"""All checks of a course in one go, for `python -m tutor check`.

Every folder of lessons is checked for what the page needs: readable lessons, links, figures, maths. A folder that has a glossary, a quiz
or a curriculum is checked for those too, and one with a curriculum also for the length of its passages, twins, reading level and spelling,
whose limits stand there. What a plain installation lacks is left out and said: the packages of the extra `check`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tutor.checks.curriculum import Promise, check_curriculum, read_curriculum
from tutor.checks.lessons import check_lessons
from tutor.checks.quiz import check_keys, check_questions
from tutor.checks.twins import check_twins
from tutor.checks.vectors import KeptVectors
from tutor.checks.words import check_passages, check_reading, check_spelling
from tutor.course import Course, load_course
from tutor.errors import CourseError
from tutor.glossary import FILE as GLOSSARY_FILE
from tutor.quizbank import FOLDER, QuizBank, load_quiz

_PACKAGES = {"latex2mathml": "maths", "textstat": "reading level", "codespell_lib": "spelling"}


@dataclass(frozen=True, slots=True)
class Report:
    """What was read, what is wrong with it, and which checks could not be made here."""

    course: Course
    quiz: QuizBank
    promise: Promise | None
    problems: tuple[CourseError, ...]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        counts = [f"{len(self.course.lessons)} lessons", f"{len(self.course.passages)} passages"]
        counts += [f"{len(self.course.glossary)} terms"] if self.course.glossary else []
        counts += [f"{len(self.quiz.questions)} questions"] if self.quiz.questions else []
        counts += [f"{len(self.promise.curriculum.points)} points of the curriculum"] if self.promise else []
        return ", ".join([*counts, f"{len(self.problems)} problems"])


def check(content: Path, cache: Path) -> Report:
    """Check the lessons of a folder. `cache` keeps vectors for the next time. Raises CourseError where there is no lesson at all."""
    course, quiz = load_course(content), load_quiz(content)
    problems = [*course.problems, *quiz.problems]
    try:
        promise = read_curriculum(content)
    except CourseError as error:
        promise, problems = None, [*problems, error]
    missing = {package for package in _PACKAGES if find_spec(package) is None}
    problems += _cheap(course, quiz, promise, missing)
    if quiz.questions or promise is not None:
        problems += _by_meaning(course, quiz, promise, cache)
    ordered = sorted(dict.fromkeys((str(p.path), p.line, str(p)) for p in problems))
    by_text = {str(p): p for p in problems}
    return Report(
        course,
        quiz,
        promise,
        tuple(by_text[text] for _, _, text in ordered),
        tuple(name for package, name in _PACKAGES.items() if package in missing),
    )


def _cheap(course: Course, quiz: QuizBank, promise: Promise | None, missing: set[str]) -> Iterator[CourseError]:
    known = {(problem.path, problem.line) for problem in course.problems}
    found = check_lessons(course, maths="latex2mathml" not in missing)
    yield from (problem for problem in found if (problem.path, problem.line) not in known)
    yield from check_questions(course, quiz, promise.curriculum.limits.fewest_questions if promise else 0)
    if promise is None:
        return
    yield from check_curriculum(course, promise)
    yield from check_passages(course, *promise.curriculum.limits.passage_words)
    if "textstat" not in missing:
        yield from check_reading(course, *promise.curriculum.limits.reading_level)
    if "codespell_lib" not in missing:
        yield from check_spelling(_texts(course, promise.path.parent), promise.curriculum.spelling)


def _by_meaning(course: Course, quiz: QuizBank, promise: Promise | None, cache: Path) -> Iterator[CourseError]:
    from tutor.search.encoder import encoder

    encode = KeptVectors(lambda texts: encoder()(texts), cache)  # loaded only if there is a text that it has not met
    yield from check_keys(course, quiz, encode)
    if promise is not None:
        limits = promise.curriculum.limits
        yield from check_twins(course, encode, limits.nearest_twin, limits.nearest_twin_of_a_term)
    encode.save()


def _texts(course: Course, content: Path) -> list[Path]:
    """The files whose words a learner reads. The curriculum's own terms are beginnings of words."""
    files = [lesson.path for lesson in course.lessons]
    files += [content / GLOSSARY_FILE] if (content / GLOSSARY_FILE).is_file() else []
    return [*files, *sorted((content / FOLDER).glob("*.yaml")), *sorted((content / "figures").glob("*.svg"))]
