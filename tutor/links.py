"""Where a link in a lesson leads: another lesson, a section, or nowhere.

A lesson may link as Markdown does on the disk (`06-gan.md`, `06-gan.md#what-is-a-gan`, `#a-section-of-this-lesson`), by a lesson's slug
(`#gan`), or as the page itself does (`#course/gan/what-is-a-gan`). All mean a place of the course reader.
"""

from urllib.parse import unquote

from tutor.course import GLOSSARY, Course, Lesson

OUTSIDE = ("http://", "https://", "mailto:")


def reader_address(course: Course, lesson: Lesson, target: str) -> str | None:
    """`#course/lesson` or `#course/lesson/section`; the target itself when it leads outside; None when it leads nowhere."""
    if target.startswith(OUTSIDE):
        return target
    file, _, anchor = unquote(target).partition("#")
    if not file and anchor.split("/")[0] == "course":
        _, slug, section = [*anchor.split("/"), "", ""][:3]
        return target if not slug else _address(course, slug, section)
    if not file and anchor in _sections(course, lesson.slug):
        return f"#course/{lesson.slug}/{anchor}"
    if not file:
        return _address(course, anchor, "")
    other = next((one for one in course.lessons if one.path.name == file.removeprefix("./")), None)
    return _address(course, other.slug, anchor) if other is not None else None


def _address(course: Course, slug: str, section: str) -> str | None:
    if section:
        return f"#course/{slug}/{section}" if section in _sections(course, slug) else None
    known = {lesson.slug for lesson in course.lessons} | ({GLOSSARY} if course.glossary else set())
    return f"#course/{slug}" if slug in known else None


def _sections(course: Course, slug: str) -> set[str]:
    if slug == GLOSSARY:
        return {term.slug for term in course.glossary}
    return {section.slug for lesson in course.lessons if lesson.slug == slug for section in lesson.sections}
