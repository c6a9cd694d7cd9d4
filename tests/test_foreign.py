"""A course that no one here wrote the tutor for: the docstrings of Python's own modules, made into lessons, taught and asked about."""

import bisect
import heapq
import inspect
import re
import statistics
import textwrap

import pytest

from tests.conftest import LESSON
from tutor.course import load_course
from tutor.search.hybrid import Searcher

MODULES = (statistics, heapq, bisect, textwrap)


def paragraphs(text):
    """The prose of a docstring: without doctests and code."""
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if ">>>" not in block and not block.startswith((" ", "[", "-", "=")):
            yield " ".join(block.split())


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, encode):
    folder = tmp_path_factory.mktemp("library")
    for order, module in enumerate(MODULES, 1):
        sections = []
        for name in (name for name in sorted(vars(module)) if not name.startswith("_")):
            said = inspect.getdoc(vars(module)[name]) or ""
            if inspect.isroutine(vars(module)[name]) and (prose := "\n\n".join(paragraphs(said))):
                sections.append(f"## {name}\n\n{prose}")
        title = module.__name__
        body = LESSON.format(title=title, slug=title, order=order, body="\n\n".join(sections))
        (folder / f"{title}.md").write_text(body, encoding="utf-8")
    course = load_course(folder)
    assert course.problems == ()
    assert len(course.lessons) == len(MODULES)
    return Searcher(course, None, encode)


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("how do I compute the harmonic mean", "statistics#harmonic-mean"),
        ("What is the median of data?", "statistics#median"),
        ("square root of the population variance", "statistics#pstdev"),
        ("most common data point", "statistics#mode"),
        ("divide data into intervals with equal probability", "statistics#quantiles"),
        ("pop the smallest item off the heap", "heapq#heappop"),
        ("merge sorted inputs into one sorted output", "heapq#merge"),
        ("remove common leading whitespace from every line", "textwrap#dedent"),
        ("insert an item into a list and keep it sorted", "bisect#insort-right"),
    ],
)
def test_the_right_section_is_found(searcher, question, section):
    found = searcher.search(question)
    assert section in [hit.passage.id for hit in found.hits[:3]]
    assert found.in_scope


@pytest.mark.parametrize(
    "question",
    [
        "What is a GAN?",
        "who won the world cup in 1998",
        "how do I bake bread",
        "best pizza in naples",
        "what does a mortgage cost",
    ],
)
def test_what_it_does_not_teach_is_refused(searcher, question):
    assert not searcher.search(question).in_scope
