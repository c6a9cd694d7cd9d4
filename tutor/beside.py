"""What stands beside an answer: the figure of a section that it rests on, and the way to the demo of its lesson."""

import re
from collections.abc import Iterable, Iterator

from tutor.catalogue import demos
from tutor.course import Course
from tutor.events import Choice, Choices, Event, Figure, Source, Sources

_FIGURE = re.compile(r"!\[([^\]]*)\]\(figures/([\w.-]+)\)")
_MOST = 4
"""Follow-ups of an answer."""


def with_course(events: Iterable[Event], course: Course) -> Iterator[Event]:
    """The events of an answer, a Figure after its Sources, and one follow-up more."""
    items: tuple[Source, ...] = ()
    for event in events:
        if isinstance(event, Choices) and items:
            yield Choices((*event.items[: _MOST - 1], *_demo(items[0], course)))
            continue
        yield event
        if isinstance(event, Sources):
            items = event.items
            if (found := figure(items, course)) is not None:
                yield found


def figure(sources: Iterable[Source], course: Course) -> Figure | None:
    """The first figure of the sections that the sources are of."""
    sections = {f"{lesson.slug}#{section.slug}": section for lesson in course.lessons for section in lesson.sections}
    for source in sources:
        section = None if source.own else sections.get(source.id)
        if section is not None and (found := _FIGURE.search(section.markdown)):
            return Figure(found[2], found[1], source.lesson, source.id)
    return None


def _demo(source: Source, course: Course) -> tuple[Choice, ...]:
    lesson = next((one for one in course.lessons if one.slug == source.lesson_slug), None)
    demo = demos().get(lesson.demo or "") if lesson is not None and not source.own else None
    return (Choice("See it happen", f"Show me the {demo.name} demo"),) if demo is not None else ()
