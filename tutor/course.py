"""Markdown lessons -> Course, Lesson, Section, Passage: frozen values that the rest of the program reads.

A lesson is one file with YAML front matter (title, slug, summary, order, optional demo) and `##` sections. A passage is what
the search finds and the language model reads: a paragraph, a list with the sentence that introduces it, a table, or a note,
as plain text of at most about 120 words that keeps `$…$` maths. Display maths and figures stay in the section's Markdown.
A broken lesson becomes a CourseError with file and line; the others are still there.

The terms of `glossary.yaml`, where there is one, are passages too, of a lesson `glossary` that is none of the course's lessons.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.errors import CourseError
from tutor.glossary import FILE, Term, read_glossary
from tutor.questions import read_questions
from tutor.sentences import split_sentences

GLOSSARY = "glossary"
"""Slug of the passages that are terms of the glossary."""
LONGEST_PASSAGE = 120
"""Words; a longer paragraph is cut between sentences."""
_REFERENCES = "sources"
"""Slug of the section that lists references: shown, never searched."""
_INTRODUCED = ("bullet_list", "ordered_list", "table")
"""Blocks that belong to the sentence before them when it ends with a colon."""


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


def slugify(heading: str) -> str:
    """Lower case; each run of characters other than a-z and 0-9 becomes one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"


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


def markdown_sections(source: str, title: str, slug: str) -> tuple[Section, ...]:
    """The sections of any Markdown, by the rules of lessons; front matter, if there is any, is left out."""
    nodes = [node for node in syntax_tree(source).children if node.type != "front_matter"]
    return tuple(_sections(_FrontMatter.model_construct(title=title, slug=slug), source.splitlines(), nodes))


def syntax_tree(source: str) -> SyntaxTreeNode:
    """The nodes of a lesson's Markdown, as it is read here."""
    return SyntaxTreeNode(_parser().parse(source))


def _missing(slug: str) -> Lesson:
    raise KeyError(slug)


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable("table")
    return markdown.use(front_matter_plugin).use(dollarmath_plugin, double_inline=True)


def _read_lesson(path: Path) -> tuple[Lesson, list[CourseError]]:
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CourseError(path, line, "not UTF-8 text; save the lesson as UTF-8") from None
    tree = syntax_tree(source)
    nodes = list(tree.children)
    front = _front_matter(path, source, nodes)
    body = [node for node in nodes if node.type != "front_matter"]
    sections = tuple(_sections(front, source.splitlines(), body))
    if not any(section.passages for section in sections):
        raise CourseError(
            path, len(source.splitlines()) or 1, "the lesson has no text; write sections under ## headings"
        )
    lesson = Lesson(front.slug, front.title, front.summary, front.order, front.demo, path, sections)
    return lesson, list(_missing_figures(path, body))


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


def _sections(front: _FrontMatter, lines: list[str], nodes: Sequence[SyntaxTreeNode]) -> Iterator[Section]:
    taken: set[str] = set()
    for heading, group in _by_heading(front.title, nodes):
        if not group:
            continue
        slug = slugify(heading)
        while slug in taken:
            slug += "-again"
        taken.add(slug)
        passages = () if slug == _REFERENCES else tuple(_passages(front, slug, heading, lines, group))
        yield Section(slug, heading, _source(lines, group), passages)


def _by_heading(title: str, nodes: Sequence[SyntaxTreeNode]) -> Iterator[tuple[str, list[SyntaxTreeNode]]]:
    heading, group = title, list[SyntaxTreeNode]()
    for node in nodes:
        if node.type == "heading":
            yield heading, group
            heading, group = _plain(node), []
        else:
            group.append(node)
    yield heading, group


def _passages(
    front: _FrontMatter, slug: str, heading: str, lines: list[str], nodes: Sequence[SyntaxTreeNode]
) -> Iterator[Passage]:
    index = 0
    for group in _blocks(nodes):
        text = "\n".join(filter(None, (_block_text(node) for node in group)))
        for part in _cut(text):
            markdown = _source(lines, group)
            yield Passage(front.slug, front.title, slug, heading, index, part, markdown)
            index += 1


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> Iterator[list[SyntaxTreeNode]]:
    """Group what belongs together: display maths with the text before it, a list or table with its introduction."""
    group: list[SyntaxTreeNode] = []
    for node in nodes:
        introduced = bool(group) and node.type in _INTRODUCED and _block_text(group[-1]).endswith(":")
        if group and not introduced and not node.type.startswith("math"):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _block_text(node: SyntaxTreeNode) -> str:
    """Plain text of a block; one line for each list item and table row; empty for figures, display maths and HTML."""
    if node.type == "paragraph":
        return _plain(node)
    if node.type == "blockquote":
        text = "\n".join(filter(None, map(_block_text, node.children)))
        return re.sub(r"^Note[.:]\s*", "", text)
    if node.type in ("bullet_list", "ordered_list"):
        return "\n".join(filter(None, (_item(child) for child in node.children)))
    if node.type == "table":
        return _table_text(node)
    return ""


def _item(node: SyntaxTreeNode) -> str:
    text = " ".join(filter(None, (_block_text(child).replace("\n", " ") for child in node.children)))
    return text if not text or text[-1] in ".!?:" else text.rstrip(";,") + "."


def _table_text(node: SyntaxTreeNode) -> str:
    rows = [[_plain(cell) for cell in row.children] for part in node.children for row in part.children]
    head, *body = rows
    return "\n".join(_row_text(head, row) for row in body)


def _row_text(head: list[str], row: list[str]) -> str:
    named = (f"{name}: {cell}" if name else cell for name, cell in zip(head[1:], row[1:], strict=False) if cell)
    return f"{row[0]} — {'; '.join(named)}."


def _plain(node: SyntaxTreeNode) -> str:
    """Inline text without marks; inline maths keeps its dollars; images vanish."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type == "math_inline":
        return f"${node.content}$"
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type == "image":
        return ""
    return (
        "".join(map(_plain, node.children)).strip() if node.type == "paragraph" else "".join(map(_plain, node.children))
    )


def _cut(text: str) -> Iterator[str]:
    part: list[str] = []
    words = 0
    for line in text.splitlines():
        for position, sentence in enumerate(split_sentences(line)):
            size = len(sentence.split())
            if part and words + size > LONGEST_PASSAGE:
                yield "".join(part).strip()
                part, words = [], 0
            part.append(("\n" if position == 0 else " ") + sentence)
            words += size
    if part:
        yield "".join(part).strip()


def _source(lines: list[str], nodes: Sequence[SyntaxTreeNode]) -> str:
    spans = [node.map for node in nodes if node.map]
    return "\n".join(lines[spans[0][0] : spans[-1][1]]).strip() if spans else ""
