"""Lessons become passages; whatever is broken is named with file and line, and the rest goes on."""

import pytest

from tests.conftest import BODIES, LESSON, write_lessons
from tutor.course import load_course
from tutor.errors import CourseError
from tutor.markdown import slugify
from tutor.settings import ROOT

RICH = """## What is it?
A sum of the form $a + b$ has **two** parts, see `code`:

- The first part comes first
- The second part, with a [link](https://example.org)

$$a + b = c$$

> **Note.** A note is kept.

![A picture](figures/it.svg)

| thing | size | color |
|---|---|---|
| apple | 7 cm | red |
| orange | 8 cm | orange |
"""


def lesson(folder, name="01-it.md", slug="it", order=1, body=RICH, title="It"):
    folder.mkdir(exist_ok=True)
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "it.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / name).write_text(LESSON.format(title=title, slug=slug, order=order, body=body), encoding="utf-8")
    return folder


def test_the_shipped_course_is_whole():
    course = load_course(ROOT / "content")
    assert course.problems == ()
    assert [one.order for one in course.lessons] == sorted(one.order for one in course.lessons)
    assert len(course.lessons) >= 7
    for one in course.lessons:
        words = sum(len(p.text.split()) for s in one.sections for p in s.passages)
        assert 1000 <= words <= (2000 if one.order <= 7 else 2400), one.slug


def test_everything_in_a_lesson_survives(tmp_path):
    course = load_course(lesson(tmp_path / "c"))
    text = "\n".join(p.text for p in course.passages)
    for kept in (
        "$a + b$",
        "two parts",
        "The first part comes first.",
        "link",
        "A note is kept.",
        "apple — size: 7 cm; color: red.",
    ):
        assert kept in text
    assert "$$a + b = c$$" in course.lessons[0].sections[0].markdown
    assert "figures/it.svg" in course.lessons[0].sections[0].markdown


def test_a_passage_knows_its_lesson_and_section(mini):
    passage = next(p for p in mini.passages if "Krakatoa" in p.text)
    assert (passage.lesson, passage.section) == ("Volcano", "Why do volcanoes erupt?")
    assert passage.id == "volcano#why-do-volcanoes-erupt"
    assert len({p.key for p in mini.passages}) == len(mini.passages)
    assert all(s in p.text for p in mini.passages for s in p.sentences)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("no front matter at all", 1, "front matter"),
        ("---\ntitle: X\nslug: [\n---\n## A\nText.", 3, "YAML"),
        ("---\ntitle: X\nslug: Not A Slug\nsummary: s\norder: 1\n---\n## A\nText.", 3, "slug"),
        ("---\ntitle: X\nslug: x\nsummary: s\norder: first\n---\n## A\nText.", 5, "order"),
        ("---\ntitle: X\nslug: x\nsummary: s\norder: 1\n---\n", 6, "no text"),
        ("---\ntitle: X\x01\nslug: x\nsummary: s\norder: 1\n---\n## A\nText.", 2, "character"),
        ("", 1, "front matter"),
    ],
)
def test_a_broken_lesson_is_named_with_its_line_and_the_rest_is_read(tmp_path, text, line, said):
    folder = write_lessons(tmp_path / "c")
    (folder / "99-broken.md").write_text(text)
    course = load_course(folder)
    assert len(course.lessons) == len(BODIES)
    (problem,) = course.problems
    assert problem.path.name == "99-broken.md"
    assert problem.line == line
    assert said in str(problem)
    assert str(problem).startswith(f"{problem.path}:{line}: ")


def test_a_binary_lesson_is_a_problem_not_a_crash(tmp_path):
    folder = write_lessons(tmp_path / "c")
    (folder / "98-binary.md").write_bytes(b"---\ntitle: X\n\xff\xfe\x00")
    course = load_course(folder)
    assert len(course.lessons) == len(BODIES)
    assert "UTF-8" in str(course.problems[0])
    assert course.problems[0].line == 3


def test_a_duplicate_slug_keeps_the_first(tmp_path):
    folder = lesson(tmp_path / "c")
    lesson(folder, "02-again.md", title="Again")
    course = load_course(folder)
    assert [one.title for one in course.lessons] == ["It"]
    assert "already used by 01-it.md" in str(course.problems[0])
    assert course.problems[0].line == 3


def test_a_missing_figure_is_a_problem_of_its_line(tmp_path):
    folder = lesson(tmp_path / "c")
    (folder / "figures" / "it.svg").unlink()
    course = load_course(folder)
    assert len(course.lessons) == 1
    assert "figures/it.svg" in str(course.problems[0])
    assert "![A picture]" in (folder / "01-it.md").read_text().splitlines()[course.problems[0].line - 1]


@pytest.mark.parametrize("make", [lambda path: path / "absent", lambda path: path])
def test_a_folder_without_lessons_is_an_error_that_names_the_fix(tmp_path, make):
    with pytest.raises(CourseError, match=r"folder|lesson"):
        load_course(make(tmp_path))


def test_a_huge_paragraph_is_cut_into_passages(tmp_path):
    body = "## Long\n" + " ".join(f"Sentence number {n} says a little." for n in range(3000))
    course = load_course(lesson(tmp_path / "c", body=body))
    assert len(course.passages) > 50
    assert max(len(p.text.split()) for p in course.passages) < 200


def test_slugs():
    assert slugify("What is a VAE?") == "what-is-a-vae"
    assert slugify("???") == "section"
