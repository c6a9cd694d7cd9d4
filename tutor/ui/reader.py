"""The course as pages to read: Markdown with maths, tables and figures, exactly as in content/."""

import re
from html import escape

from tutor.course import Course, Lesson

_FIGURE = re.compile(r"\]\((figures/[\w./-]+)\)")


def contents(course: Course) -> str:
    """The list of lessons, as links that the page's script follows."""
    items = "".join(f'<li><a href="#course/{one.slug}">{escape(one.title)}</a></li>' for one in course.lessons)
    return f'<nav aria-label="Lessons"><h2>Course</h2><ol>{items}</ol></nav>'


def page(course: Course, target: str) -> str:
    """A lesson as Markdown. `target` begins with its slug; the first lesson when there is none of that name.

    The empty spans mark the places that a link `#course/lesson/section` scrolls to.
    """
    if not course.lessons:
        return "There is no lesson yet."
    slug = target.split("/")[0].strip()
    place = next((place for place, one in enumerate(course.lessons) if one.slug == slug), 0)
    lesson, after = course.lessons[place], course.lessons[place + 1 : place + 2]
    onward = [f"Next: [{one.title}](#course/{one.slug})" for one in after]
    return "\n\n".join(
        [
            "[All lessons](#course)",
            _mark(lesson.slug),
            f"# {lesson.title}",
            f"*{lesson.summary}*",
            *_sections(lesson),
            *onward,
        ]
    )


def _sections(lesson: Lesson) -> list[str]:
    return [
        f"{_mark(lesson.slug, section.slug)}\n\n## {section.heading}\n\n{_with_figures(section.markdown)}"
        for section in lesson.sections
    ]


def _mark(*slugs: str) -> str:
    return f'<span id="at-{"/".join(slugs)}"></span>'


def _with_figures(markdown: str) -> str:
    return _FIGURE.sub(r"](/course/\1)", markdown)


def problems(course: Course) -> str:
    """A notice for each lesson that could not be read whole; empty when all is well."""
    lines = [f"- `{error.path.name}`, line {error.line}: {str(error).rsplit(': ', 1)[-1]}" for error in course.problems]
    return "\n".join(["Some lessons need attention; the rest are here.", *lines]) if lines else ""
