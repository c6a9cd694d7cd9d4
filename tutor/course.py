"""Markdown lessons -> Course, Lesson, Section, Passage: frozen values that the rest of the program reads.

A lesson is one file with YAML front matter (title, slug, summary, order, optional demo) and `##` sections. A passage is what
the search finds and the language model reads: a chunk of a section's text, by the rules of `tutor.markdown`.
A broken lesson becomes a CourseError with file and line; the others are still there.

The terms of `glossary.yaml`, where there is one, are passages too, of a lesson `glossary` that is none of the course's lessons.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from markdown_it.tree import SyntaxTreeNode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.errors import CourseError
from tutor.glossary import FILE, Term, read_glossary
from tutor.markdown import MarkdownSection, split_sections, syntax_tree
from tutor.questions import read_questions
from tutor.sentences import split_sentences

GLOSSARY = "glossary"
"""Slug of the passages that are terms of the glossary."""


@dataclass(frozen=True)
class Passage:
    """What is searched, read by the model and cited."""

    lesson_slug: str
    lesson: str
    section_slug: str
    section: str
    index: int
    """Position in its section, from 0."""
    text: str
    markdown: str
    own: bool = False
    """Whether it comes from a learner's own file, not from the course."""
    questions: tuple[str, ...] = ()
    """Questions that it answers, in learners' words: for the search alone."""

    @property
    def id(self) -> str:
        """`lesson#section-slug`: what a citation names."""
        return f"{self.lesson_slug}#{self.section_slug}"

    @property
    def key(self) -> str:
        """Unique in the course: `lesson#section-slug:index`."""
        return f"{self.id}:{self.index}"

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return split_sentences(self.text)

    @property
    def flat(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())


@dataclass(frozen=True)
class Section:
    slug: str
    heading: str
    markdown: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Lesson:
    slug: str
    title: str
    summary: str
    order: int
    demo: str | None
    path: Path
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Course:
    """The lessons that could be read, in order, and what is wrong with the others."""

    lessons: tuple[Lesson, ...]
    problems: tuple[CourseError, ...] = ()
    glossary: tuple[Term, ...] = ()

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """Those of the lessons, in order, then one for each term of the glossary."""
        taught = (p for lesson in self.lessons for section in lesson.sections for p in section.passages)
        return (*taught, *map(term_passage, self.glossary))

    def lesson(self, slug: str) -> Lesson:
        """Raises KeyError."""
        return next((lesson for lesson in self.lessons if lesson.slug == slug), None) or _missing(slug)


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field(min_length=1)
    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    summary: str = Field(min_length=1)
    order: int
    demo: str | None = None


def term_passage(term: Term) -> Passage:
    """What the search finds of a term."""
    return Passage(GLOSSARY, "Glossary", term.slug, term.name, 0, term.text, term.text)


def load_course(folder: Path) -> Course:
    """Read every `*.md` of `folder`, and its glossary. Raises CourseError when there is no such folder or no lesson in it."""
    if not folder.is_dir():
        raise CourseError(folder, 1, "no such folder; name a folder of Markdown lessons (TUTOR_CONTENT_DIR)")
    lessons: list[Lesson] = []
    problems: list[CourseError] = []
    for path in sorted(folder.glob("*.md")):
        try:
            lesson, missing = _read_lesson(path)
        except CourseError as error:
            problems.append(error)
            continue
        lesson, unplaced = _with_questions(lesson, folder)
        problems.extend([*missing, *unplaced])
        first = next((other for other in lessons if other.slug == lesson.slug), None)
        if first is not None:
            line = _line_of(path.read_text(encoding="utf-8"), "slug")
            problems.append(CourseError(path, line, f"slug '{lesson.slug}' is already used by {first.path.name}"))
        else:
            lessons.append(lesson)
    if not lessons and not problems:
        raise CourseError(folder, 1, "no lesson here; add a Markdown file with front matter")
    terms, wrong = _glossary(folder, lessons)
    ordered = sorted(lessons, key=lambda lesson: (lesson.order, lesson.slug))
    return Course(tuple(ordered), (*problems, *wrong), terms)


def _with_questions(lesson: Lesson, folder: Path) -> tuple[Lesson, list[CourseError]]:
    """The lesson, its passages with the questions that they are known to answer."""
    expected, problems = read_questions(folder, lesson.slug)
    asked: dict[str, tuple[str, ...]] = {}
    for one in expected:
        passages = next((section.passages for section in lesson.sections if section.slug == one.section), ())
        found = next((passage for passage in passages if passage.flat.startswith(one.start)), None)
        if found is None:
            problems.append(CourseError(one.path, one.line, f"no passage of '{one.section}' begins with '{one.start}'"))
        else:
            asked[found.key] = one.questions
    sections = tuple(
        replace(s, passages=tuple(replace(p, questions=asked.get(p.key, ())) for p in s.passages))
        for s in lesson.sections
    )
    return (replace(lesson, sections=sections) if asked else lesson), problems


def _glossary(folder: Path, lessons: Sequence[Lesson]) -> tuple[tuple[Term, ...], tuple[CourseError, ...]]:
    own = next((lesson for lesson in lessons if lesson.slug == GLOSSARY), None)
    if own is not None and (folder / FILE).is_file():
        return (), (CourseError(own.path, 1, f"the slug '{GLOSSARY}' belongs to {FILE}; give the lesson another"),)
    return read_glossary(folder, {lesson.slug for lesson in lessons})


def _missing(slug: str) -> Lesson:
    raise KeyError(slug)


def _read_lesson(path: Path) -> tuple[Lesson, list[CourseError]]:
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CourseError(path, line, "not UTF-8 text; save the lesson as UTF-8") from None
    tree = syntax_tree(source)
    front = _front_matter(path, source, tree.children)
    sections = tuple(_section(front, section) for section in split_sections(tree, source, front.title))
    if not any(section.passages for section in sections):
        raise CourseError(
            path, len(source.splitlines()) or 1, "the lesson has no text; write sections under ## headings"
        )
    lesson = Lesson(front.slug, front.title, front.summary, front.order, front.demo, path, sections)
    return lesson, list(_missing_figures(path, tree.children))


def _section(front: _FrontMatter, read: MarkdownSection) -> Section:
    """What was read, its chunks as passages that name their lesson."""
    passages = (
        Passage(front.slug, front.title, read.slug, read.heading, index, chunk.text, chunk.markdown)
        for index, chunk in enumerate(read.chunks)
    )
    return Section(read.slug, read.heading, read.markdown, tuple(passages))


def _front_matter(path: Path, source: str, nodes: Sequence[SyntaxTreeNode]) -> _FrontMatter:
    if not nodes or nodes[0].type != "front_matter":
        raise CourseError(path, 1, "no front matter; begin with --- and title, slug, summary, order, then ---")
    try:
        values = yaml.safe_load(nodes[0].content)
    except yaml.MarkedYAMLError as error:
        line = 2 + (error.problem_mark.line if error.problem_mark else 0)
        raise CourseError(path, line, f"front matter is not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise CourseError(path, 2, "front matter is not YAML; it holds a character that YAML does not allow") from None
    if not isinstance(values, dict):
        raise CourseError(path, 2, "front matter must be lines of 'name: value'")
    try:
        return _FrontMatter.model_validate(values)
    except ValidationError as error:
        first: Any = error.errors()[0]
        name = str(first["loc"][0])
        raise CourseError(path, _line_of(source, name), f"front matter '{name}': {first['msg'].lower()}") from None


def _line_of(source: str, name: str) -> int:
    lines = source.splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{name}:")), 1)


def _missing_figures(path: Path, nodes: Sequence[SyntaxTreeNode]) -> Iterator[CourseError]:
    for node in nodes:
        line = node.map[0] + 1 if node.map else 1
        for image in (child for child in node.walk() if child.type == "image"):
            target = str(image.attrs.get("src", ""))
            if "://" not in target and not (path.parent / target).is_file():
                yield CourseError(path, line, f"figure '{target}' is missing; add the file or remove the image")
