"""Prompts are files; each is used, and none is filled halfway."""

import re

import pytest
from jinja2 import UndefinedError

from tutor.prompts import render
from tutor.settings import PROMPTS, ROOT
from tutor.writing import FORMS, Note, writing_prompt

NOTES = (Note("L", "S", "Text of the note."),)


def test_every_prompt_is_used():
    code = "\n".join(path.read_text() for path in (ROOT / "tutor").rglob("*.py"))
    used = set(re.findall(r'render\(\s*"([\w-]+)"', code))
    assert used == {path.stem for path in PROMPTS.glob("*.md")}


def test_a_missing_variable_is_an_error():
    with pytest.raises(UndefinedError):
        render("answer", notes=NOTES)


@pytest.mark.parametrize("form", FORMS)
def test_the_writing_prompt_holds_notes_question_and_form(form):
    system, user = writing_prompt("What is {{ this }}?", NOTES, form)
    assert (system.role, user.role) == ("system", "user")
    assert "Text of the note." in user.content
    assert "What is {{ this }}?" in user.content
    assert FORMS[form] in user.content


def test_notes_come_before_the_question_so_that_their_reading_is_shared():
    one, other = (writing_prompt(q, NOTES)[1].content for q in ("A?", "B?"))
    shared = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    assert "Text of the note." in one[:shared]
