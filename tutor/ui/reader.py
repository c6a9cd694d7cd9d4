"""The course as pages to read: Markdown with maths, tables and figures, exactly as in content/."""

import re

from tutor.course import Course, Lesson

_FIGURE = re.compile(r"\]\((figures/[\w./-]+)\)")


def choices(course: Course) -> list[tuple[str, str]]:
    """(what is shown, slug) of every lesson, in order."""
    return [(f"{number}. {lesson.title}", lesson.slug) for number, lesson in enumerate(course.lessons, 1)]


def page(course: Course, slug: str) -> str:
    """One lesson as Markdown; the first lesson when there is none of that name."""
    lesson = next((one for one in course.lessons if one.slug == slug), None)
    if lesson is None:
        return page(course, course.lessons[0].slug) if course.lessons else "There is no lesson yet."
    return "\n\n".join([f"# {lesson.title}", f"*{lesson.summary}*", *_sections(lesson)])


def _sections(lesson: Lesson) -> list[str]:
    return [f"## {section.heading}\n\n{_with_figures(section.markdown)}" for section in lesson.sections]


def _with_figures(markdown: str) -> str:
    return _FIGURE.sub(r"](/course/\1)", markdown)


def problems(course: Course) -> str:
    """A notice for each lesson that could not be read whole; empty when all is well."""
    lines = [f"- `{error.path.name}`, line {error.line}: {str(error).rsplit(': ', 1)[-1]}" for error in course.problems]
    return "\n".join(["Some lessons need attention; the rest are here.", *lines]) if lines else ""
