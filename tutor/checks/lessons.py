"""Does each lesson work on the page: its links lead somewhere, its figures can be drawn and are described, its maths can be set?

Maths is read by latex2mathml, whose grammar is nearly KaTeX's but laxer, so three faults that it lets pass are looked for here:
commands that it doesn't know, braces that don't pair, fractions without a denominator. Not covered: commands that it knows and KaTeX
doesn't; a test sets all maths of this course with the page's own KaTeX. Links to other sites are not followed.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from markdown_it.tree import SyntaxTreeNode

from tutor.course import Course, Lesson
from tutor.errors import CourseError
from tutor.links import OUTSIDE, reader_address
from tutor.markdown import syntax_tree

_FEWEST_WORDS = 4
"""Of an alternative text; fewer can't say what a figure shows."""
_MATHS = ("math_inline", "math_inline_double", "math_block", "math_block_label")
_KATEX_TOO = re.compile(r"\\arg(?![A-Za-z])")
"""What KaTeX knows and latex2mathml doesn't."""
_PART = re.compile(r"\\[{}\\]|[{}]")
_SVG = "{http://www.w3.org/2000/svg}"
_MATHML = "{http://www.w3.org/1998/Math/MathML}"


def check_lessons(course: Course, maths: bool = True) -> Iterator[CourseError]:
    """Every fault of a link, figure or formula. `maths` False leaves the formulas out."""
    for lesson in course.lessons:
        for node, line in _nodes(syntax_tree(lesson.path.read_text(encoding="utf-8")), 1):
            yield from (CourseError(lesson.path, line, said) for said in _faults(course, lesson, node, maths))


def _nodes(node: SyntaxTreeNode, line: int) -> Iterator[tuple[SyntaxTreeNode, int]]:
    for child in node.children:
        at = child.map[0] + 1 if child.map else line
        yield child, at
        yield from _nodes(child, at)


def _faults(course: Course, lesson: Lesson, node: SyntaxTreeNode, maths: bool) -> Iterator[str]:
    if node.type == "link":
        target = str(node.attrs.get("href", ""))
        if reader_address(course, lesson, target) is None:
            yield f"the link to '{target}' leads nowhere; name a lesson's file or #course/lesson/section"
    elif node.type == "image":
        yield from _figure_faults(lesson.path.parent, str(node.attrs.get("src", "")), node.content)
    elif maths and node.type in _MATHS and (fault := maths_fault(node.content)):
        yield f"the maths '{node.content.strip()[:60]}' can't be set: {fault}"


def _figure_faults(folder: Path, source: str, alt: str) -> Iterator[str]:
    if len(alt.split()) < _FEWEST_WORDS:
        yield f"the figure '{source}' needs an alternative text that tells what it shows, in {_FEWEST_WORDS} words or more"
    path = folder / source
    if source.startswith(OUTSIDE) or path.suffix.lower() != ".svg" or not path.is_file():
        return  # a file that is missing was named when the lesson was read
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        yield f"the figure '{source}' is not well-formed: {error}"
        return
    if root.tag != f"{_SVG}svg":
        yield f"the figure '{source}' is no SVG; its root needs xmlns=\"http://www.w3.org/2000/svg\""
    elif not (root.findtext(f"{_SVG}title") or "").strip():
        yield f"the figure '{source}' has no <title>; write one as the first element"


@cache
def maths_fault(formula: str) -> str:
    """What is wrong with a formula; empty when nothing is."""
    if not formula.strip():
        return "it is empty"
    depth = 0
    for part in _PART.findall(formula):
        depth += {"{": 1, "}": -1}.get(part, 0)
        if depth < 0:
            break
    if depth:
        return "its braces don't pair"
    root = _mathml(formula)
    if root is None:
        return "a \\left without \\right, a \\begin without \\end, two exponents on one sign, or the like"
    if unknown := next((t.strip() for e in root.iter() if (t := e.text) and re.search(r"\\[A-Za-z]", t)), None):
        return f"{unknown} is no command"
    if any(len(fraction) < 2 or not _said(fraction[1]) for fraction in root.iter(f"{_MATHML}mfrac")):
        return "a fraction has no denominator"
    return ""


def _said(element: ElementTree.Element) -> bool:
    return bool("".join(element.itertext()).strip())


def _mathml(formula: str) -> Any:
    from latex2mathml import exceptions
    from latex2mathml.converter import convert

    own = (value for value in vars(exceptions).values() if isinstance(value, type) and issubclass(value, Exception))
    faults: tuple[type[Exception], ...] = (
        *own,
        StopIteration,
        RuntimeError,
        LookupError,
        ValueError,
        SyntaxError,
    )  # a ParseError is one
    try:
        return ElementTree.fromstring(convert(_KATEX_TOO.sub(r"\\max", formula)))
    except faults:
        return None
