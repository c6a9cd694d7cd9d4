"""Questions that passages answer: read, placed, searched; what fits no passage is named by file and line."""

import numpy as np
import pytest

from tests.conftest import write_lessons
from tutor.course import load_course
from tutor.search.hybrid import Searcher
from tutor.search.index import Index
from tutor.search.vectors import SHIPPED, text_key
from tutor.settings import ROOT

FILE = """why-do-volcanoes-erupt:
- passage: A volcano erupts because gas
  questions:
  - what makes a mountain spit fire
  - lemonade comparison
"""


@pytest.fixture
def folder(tmp_path):
    return write_lessons(tmp_path / "content")


def with_questions(folder, text):
    (folder / "questions").mkdir()
    (folder / "questions" / "volcano.yaml").write_text(text, encoding="utf-8")
    return load_course(folder)


def test_questions_belong_to_the_passage_that_begins_so(folder):
    course = with_questions(folder, FILE)
    assert course.problems == ()
    asked = {passage.key: passage.questions for passage in course.passages if passage.questions}
    assert asked == {"volcano#why-do-volcanoes-erupt:0": ("what makes a mountain spit fire", "lemonade comparison")}


def test_a_question_finds_its_passage_though_no_word_agrees(folder, encode):
    plain = Searcher(load_course(folder), None, encode).index.match("lemonade")
    known = Searcher(with_questions(folder, FILE), None, encode).index.match("lemonade")
    assert known.words.max() > plain.words.max() == 0
    best = [p.section for p in load_course(folder).passages][int(np.argmax(known.question))]
    assert best == "Why do volcanoes erupt?"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (FILE.replace("A volcano erupts", "A geyser erupts"), 2, "begins with"),
        (FILE.replace("why-do-volcanoes-erupt", "no-such-section"), 2, "begins with"),
        (FILE.replace("  questions:", "  asks:"), 2, "field required"),
        ("what-is-a-volcano: 3\n", 1, "needs a list"),
        ("- 1\n", 1, "maps the slugs"),
        ("a: [\n", 2, "not YAML"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(folder, text, line, says):
    (problem,) = with_questions(folder, text).problems
    assert problem.path.name == "volcano.yaml"
    assert problem.line == line
    assert says in str(problem)


def test_every_text_of_our_course_has_a_shipped_vector():
    index = Index(load_course(ROOT / "content").passages, lambda texts: np.zeros((len(texts), 384), dtype=np.float32))
    with np.load(SHIPPED) as arrays:
        keys = set(arrays["keys"].tolist())
    missing = [text for text in index.texts if text_key(text) not in keys]
    assert not missing, f"run python -m training.vectors; {missing[0]!r} has no vector"


def test_a_shipped_vector_is_the_encoders_own(encode):
    index = Index(load_course(ROOT / "content").passages[:40], encode)
    np.testing.assert_allclose(index.vectors[:40], encode(index.texts[:40]), atol=2e-3)
