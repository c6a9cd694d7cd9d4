"""The quiz bank: every kind of question is read; what is broken is named with file and line, and the rest goes on."""

import pytest

from tutor.quizbank import Choice, MadeUp, Order, Short, Truth, load_quiz
from tutor.settings import ROOT

COMMON = "    passage: volcano#what-is-a-volcano\n    evidence: Mount Etna in Italy is a volcano.\n    why: It is.\n"
KINDS = {
    "choice": "    ask: Which is a volcano?\n    options:\n      - {text: Etna, right: true}\n"
    "      - {text: Elbe, misconception: takes a river}\n      - {text: Rome, misconception: takes a city}\n",
    "truth": "    ask: Etna is a volcano.\n    answer: true\n",
    "short": "    ask: What is Etna?\n    facts: [[volcano, fire mountain]]\n    answer: A volcano.\n",
    "order": "    ask: Put in order.\n    steps: [Magma rises., Gas expands., It erupts.]\n",
    "made-up": "    ask: Which is made up?\n    sentences: [Rome is a city., Elbe is a river., Lima is a city.]\n"
    "    made_up: Etna is a river.\n",
}


def entry(kind, id_=None, more="", body=None):
    return (
        f"  - id: {id_ or f'volcano-{kind}'}\n    kind: {kind}\n{KINDS[kind] if body is None else body}{COMMON}{more}"
    )


def bank(tmp_path, *entries, head="lesson: volcano\nquestions:\n"):
    (tmp_path / "quiz").mkdir()
    (tmp_path / "quiz" / "volcano.yaml").write_text(head + "".join(entries), encoding="utf-8")
    return load_quiz(tmp_path)


def test_every_kind_is_read(tmp_path):
    read = bank(tmp_path, *map(entry, KINDS))
    assert read.problems == ()
    assert [type(question) for question in read.questions] == [Choice, Truth, Short, Order, MadeUp]
    choice, truth, short, order, made_up = read.questions
    assert choice.key.text == "Etna"
    assert truth.answer is True
    assert short.facts == (("volcano", "fire mountain"),)
    assert order.steps[2] == "It erupts."
    assert made_up.made_up == "Etna is a river."
    assert (truth.lesson, truth.place.line, truth.place.of("answer")) == ("volcano", 13, 16)
    assert read.of("volcano") == read.questions
    with pytest.raises(ValueError, match="frozen"):
        truth.answer = False


def test_a_folder_without_a_quiz_has_none(tmp_path):
    assert load_quiz(tmp_path).questions == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (entry("truth", body="    ask: It is.\n    answer: maybe\n"), 6, "'answer'"),
        (entry("truth", body="    ask: It is.\n"), 3, "'answer': field required"),
        (entry("choice", body="    ask: Which?\n    options: [{text: a, right: true}, {text: b}]\n"), 6, "'options'"),
        (entry("short", body="    ask: What?\n    facts: [[true, right]]\n    answer: Right.\n"), 6, "facts.0.0"),
        (entry("truth", more="    note: x\n"), 10, "'note': extra"),
        (entry("truth", more="    place: x\n"), 10, "'place' does not belong"),
        (entry("truth").replace("kind: truth", "kind: riddle"), 4, "kind"),
        (entry("truth", id_="Volcano 1"), 3, "'id'"),
        (entry("truth").replace("volcano#what-is-a-volcano", "volcano"), 7, "'passage'"),
        (entry("choice", id_="volcano-ok"), 3, "the id 'volcano-ok' is taken by volcano.yaml:"),
        ("  - just words\n", 3, "a question has lines"),
    ],
    ids=[
        "not bool",
        "no answer",
        "two options",
        "true as a word",
        "extra",
        "place",
        "kind",
        "id",
        "passage",
        "twice",
        "words",
    ],
)
def test_a_broken_question_is_named_with_its_line_and_the_rest_is_read(tmp_path, text, line, said):
    read = bank(tmp_path, text, entry("truth", id_="volcano-ok"))
    (problem,) = read.problems
    assert problem.path.name == "volcano.yaml"
    assert said in str(problem)
    assert [question.id for question in read.questions] == ["volcano-ok"]
    if "is taken" not in said:
        assert problem.line == line


@pytest.mark.parametrize("head", ["lesson: volcano\n", "lesson: [1]\nquestions: []\n", "- a\n", "lesson: [\n", ""])
def test_a_broken_file_is_a_problem_not_a_crash(tmp_path, head):
    read = bank(tmp_path, head=head)
    assert read.questions == ()
    assert len(read.problems) == 1


def test_the_shipped_quiz_is_whole():
    read = load_quiz(ROOT / "content")
    assert read.problems == ()
    assert len(read.questions) >= 140
    assert {type(question) for question in read.questions} == {Choice, Truth, Short, Order, MadeUp}
