"""The glossary: terms with their lines, passages of the course, a page to read, and the words that the page marks."""

import json
import re
from html import unescape

import pytest

from tests.conftest import BODIES, write_lessons
from tutor.answer import Answerer
from tutor.conversation import resolve
from tutor.course import GLOSSARY, load_course
from tutor.glossary import is_everyday
from tutor.search.hybrid import Searcher
from tutor.settings import ROOT
from tutor.turn import starters
from tutor.ui import reader
from tutor.ui.cards import cards

TERMS = """- term: lava
  also: [molten rock, MR]
  lesson: volcano
  text: Lava is molten rock that has reached the surface. It is hotter than 700 degrees.
- term: key
  lesson: glacier
  text: A key is a low island of coral sand.
"""


def folder(tmp_path, text):
    made = write_lessons(tmp_path / "c")
    (made / "glossary.yaml").write_text(text, encoding="utf-8")
    return made


def test_a_term_is_a_passage_of_the_course_and_no_lesson(tmp_path):
    course = load_course(folder(tmp_path, TERMS))
    assert course.problems == ()
    assert [(t.name, t.also, t.lesson, t.slug, t.line) for t in course.glossary] == [
        ("lava", ("molten rock", "MR"), "volcano", "lava", 1),
        ("key", (), "glacier", "key", 5),
    ]
    passage = next(p for p in course.passages if p.lesson_slug == GLOSSARY)
    assert (passage.id, passage.lesson, passage.section) == ("glossary#lava", "Glossary", "lava")
    assert passage.sentences[1] == "It is hotter than 700 degrees."
    assert [lesson.slug for lesson in course.lessons] == [*BODIES]
    assert not any("lava" in choice.message or "Glossary" in choice.message for choice in starters(course))


def test_a_folder_without_a_glossary_has_none(mini):
    assert mini.glossary == ()
    assert not any(p.lesson_slug == GLOSSARY for p in mini.passages)
    assert "Glossary" not in reader.contents(mini)
    assert reader.page(mini, GLOSSARY).count("# Volcano") == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (TERMS + "- term: Lava\n  lesson: volcano\n  text: Again.\n", 8, "already a name of 'lava' (line 1)"),
        (TERMS + "- term: magma\n  also: [molten-rock]\n  lesson: volcano\n  text: It is.\n", 8, "already a name"),
        (TERMS + "- term: ash\n  lesson: vulcano\n  text: Ash is dust.\n", 9, "no lesson 'vulcano'"),
        (TERMS + "- term: ash\n  lesson: volcano\n", 8, "'text': field required"),
        (TERMS + "- term: ash\n  lesson: volcano\n  text: ''\n", 10, "'text'"),
        (TERMS + "- term: ash\n  lesson: volcano\n  text: Dust.\n  note: x\n", 11, "'note': extra"),
        (TERMS + "- just words\n", 8, "an entry has lines"),
    ],
    ids=["term", "alias", "lesson", "no text", "empty", "unknown key", "no entry"],
)
def test_a_broken_entry_is_named_with_its_line_and_the_rest_is_read(tmp_path, text, line, said):
    course = load_course(folder(tmp_path, text))
    (problem,) = course.problems
    assert (problem.path.name, problem.line) == ("glossary.yaml", line)
    assert said in str(problem)
    assert [t.name for t in course.glossary] == ["lava", "key"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("- term: [\n", 2), ("- term: a\n  term: b\n", 2), ("just words\n", 1), ("- a: \x01\n", 1)],
    ids=["yaml", "key twice", "no list", "control character"],
)
def test_a_broken_file_is_a_problem_not_a_crash(tmp_path, text, line):
    course = load_course(folder(tmp_path, text))
    assert course.glossary == ()
    assert [(p.path.name, p.line) for p in course.problems] == [("glossary.yaml", line)]


def test_a_lesson_of_that_name_is_told_to_make_room(tmp_path):
    made = folder(tmp_path, TERMS)
    (made / "09-words.md").write_text("---\ntitle: W\nslug: glossary\nsummary: s\norder: 9\n---\n## A\nSome text.")
    course = load_course(made)
    assert course.glossary == ()
    assert "belongs to glossary.yaml" in str(course.problems[0])


def test_terms_in_any_alphabet_have_addresses_of_their_own(tmp_path):
    text = "".join(f"- term: {term}\n  lesson: volcano\n  text: It is.\n" for term in ("лава", "пепел", "C", "C++"))
    course = load_course(folder(tmp_path, text))
    assert course.problems == ()
    assert len({p.key for p in course.passages}) == len(course.passages)


def test_plurals_are_forms_and_everyday_words_are_known(tmp_path):
    lava, key = load_course(folder(tmp_path, TERMS)).glossary
    assert lava.forms == ("lava", "lavas", "molten rock", "molten rocks", "MR", "MRs")
    assert [is_everyday(form) for form in ("key", "keys", "Key", "queries", "biases", "lava")] == [True] * 5 + [False]
    (first, second) = json.loads(unescape(re.search(r">(\[.*\])<", cards((lava, key))).group(1)))
    assert (first["everyday"], second["forms"], second["everyday"]) == ([], [], ["key", "keys"])
    assert cards(()) == ""


def test_a_text_cannot_leave_its_place(tmp_path):
    evil = "- term: evil\n  lesson: volcano\n  text: '</script><script>alert(1)</script>'\n"
    assert cards(load_course(folder(tmp_path, evil)).glossary).count("<") == 2


def test_the_glossary_can_be_read_and_each_term_reached(tmp_path):
    course = load_course(folder(tmp_path, TERMS))
    text = reader.page(course, "glossary/lava")
    assert text.index('id="at-glossary/key"') < text.index("## L") < text.index('id="at-glossary/lava"')
    assert "Also: molten rock, MR. Lesson: [Volcano](#course/volcano)" in text
    assert 'href="#course/glossary"' in reader.contents(course)


def test_the_shipped_glossary_is_whole():
    course = load_course(ROOT / "content")
    assert len(course.glossary) >= 150
    assert {term.lesson for term in course.glossary} == {lesson.slug for lesson in course.lessons}
    assert all(1 <= len(p.sentences) <= 2 for p in course.passages if p.lesson_slug == GLOSSARY)


def test_a_refusal_names_lessons_and_never_the_glossary(tmp_path, encode):
    course = load_course(folder(tmp_path, TERMS))
    question = "Who won the last football cup with lava in the key?"
    *_, answered = Answerer(course, Searcher(course, None, encode), encode).answer(
        question, resolve(question, ()), None
    )
    assert answered.answer.refused
    assert "The nearest lessons are **" in answered.answer.answer
    assert "Glossary" not in answered.answer.answer
