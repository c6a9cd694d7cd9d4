"""The course as pages to read: Markdown with maths, tables and figures, exactly as in content/; and the glossary as one page more."""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from tutor.catalogue import demos
from tutor.course import GLOSSARY, Course, Lesson
from tutor.links import reader_address
from tutor.ui.cards import cards

_FIGURE = re.compile(r"\]\((figures/[\w./-]+)\)")
_LINK = re.compile(r"(?<!!)(\[[^\[\]]*\])\(([^()\s]+)\)")


def contents(course: Course) -> str:
    """The list of lessons, as links that the page's script follows."""
    items = "".join(f'<li><a href="#course/{one.slug}">{escape(one.title)}</a></li>' for one in course.lessons)
    more = f'<p><a href="#course/{GLOSSARY}">Glossary</a></p>' if course.glossary else ""
    return f'<nav aria-label="Lessons"><h2>Course</h2><ol>{items}</ol>{more}</nav>{cards(course.glossary)}'


def page(course: Course, target: str) -> str:
    """A lesson as Markdown. `target` begins with its slug; the first lesson when there is none of that name.

    The empty spans mark the places that a link `#course/lesson/section` scrolls to.
    """
    if not course.lessons:
        return "There is no lesson yet."
    slug = target.split("/")[0].strip()
    if slug == GLOSSARY and course.glossary:
        return "\n\n".join(_glossary(course))
    place = next((place for place, one in enumerate(course.lessons) if one.slug == slug), 0)
    lesson, after = course.lessons[place], course.lessons[place + 1 : place + 2]
    onward = [f"Next: [{one.title}](#course/{one.slug})" for one in after]
    return "\n\n".join(
        [
            "[All lessons](#course)",
            _mark(lesson.slug),
            f"# {lesson.title}",
            f"*{lesson.summary}*",
            *_demo(lesson),
            *_sections(course, lesson),
            *onward,
        ]
    )


def _demo(lesson: Lesson) -> list[str]:
    """The way to the lesson's demo, where there is one."""
    found = demos().get(lesson.demo or "")
    return [f"See it happen: [{found.title}](#lab/{found.name})"] if found else []


def _sections(course: Course, lesson: Lesson) -> list[str]:
    return [
        f"{_mark(lesson.slug, section.slug)}\n\n## {section.heading}\n\n{_on_page(course, lesson, section.markdown)}"
        for section in lesson.sections
    ]


def _glossary(course: Course) -> Iterator[str]:
    titles = {lesson.slug: lesson.title for lesson in course.lessons}
    yield from ("[All lessons](#course)", _mark(GLOSSARY), "# Glossary")
    for letter, terms in groupby(
        sorted(course.glossary, key=lambda term: term.name.casefold()), key=lambda term: term.name[0].upper()
    ):
        yield f"## {letter}"
        for term in terms:
            also = f" Also: {', '.join(term.also)}." if term.also else ""
            yield f"{_mark(GLOSSARY, term.slug)}\n\n### {term.name}"
            yield f"{term.text}{also} Lesson: [{titles[term.lesson]}](#course/{term.lesson})"


def _mark(*slugs: str) -> str:
    return f'<span id="at-{"/".join(slugs)}"></span>'


def _on_page(course: Course, lesson: Lesson, markdown: str) -> str:
    """Figures and links between lessons by the addresses that they have on the page; a link that leads nowhere stays as it is."""
    linked = _LINK.sub(lambda m: f"{m[1]}({reader_address(course, lesson, m[2]) or m[2]})", markdown)
    return _FIGURE.sub(r"](/course/\1)", linked)


def problems(course: Course) -> str:
    """A notice for each lesson that could not be read whole; empty when all is well."""
    lines = [f"- `{error.path.name}`, line {error.line}: {str(error).rsplit(': ', 1)[-1]}" for error in course.problems]
    return "\n".join(["Some lessons need attention; the rest are here.", *lines]) if lines else ""
