"""`python -m tutor check`: every check catches its fault with file and line, and the shipped course has none."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import write_lessons
from tests.test_quizbank import COMMON, entry
from tutor.checks import run
from tutor.checks.curriculum import check_curriculum, read_curriculum
from tutor.checks.lessons import check_lessons, maths_fault
from tutor.checks.quiz import check_keys, check_questions
from tutor.checks.twins import check_twins, nearest_twins
from tutor.checks.vectors import KeptVectors
from tutor.checks.words import check_passages, check_reading, check_spelling, reading_level
from tutor.cli import main
from tutor.course import load_course
from tutor.errors import CourseError
from tutor.markdown import syntax_tree
from tutor.quizbank import load_quiz
from tutor.settings import ROOT, settings
from tutor.ui import reader

HEAD = "---\ntitle: It\nslug: it\nsummary: s\norder: 9\n---\n## What is it?\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>It</title></svg>'
LIMITS = (
    "limits:\n  reading_level: [1, 12]\n  passage_words: [1, 120]\n  nearest_twin: 0.9\n  nearest_twin_of_a_term: 0.95\n"
    "  fewest_questions: 0\n"
)


def course_with(tmp_path, text, **figures):
    folder = write_lessons(tmp_path / "c")
    (folder / "figures").mkdir()
    for name, svg in figures.items():
        (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    (folder / "09-it.md").write_text(HEAD + text, encoding="utf-8")
    return load_course(folder)


def only(problems, name, line, said):
    found = [*problems]
    assert len(found) == 1, found
    assert (found[0].path.name, found[0].line) == (name, line)
    assert said in str(found[0])


# Lessons --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org",
        "01-volcano.md",
        "./01-volcano.md#what-is-a-volcano",
        "#what-is-it",
        "#coral",
        "#course",
        "#course/coral",
        "#course/coral/what-is-a-coral-reef",
    ],
)
def test_a_link_that_leads_somewhere_is_no_fault_and_works_on_the_page(tmp_path, link):
    course = course_with(tmp_path, f"It is [here]({link}).")
    assert [*check_lessons(course)] == []
    shown = reader.page(course, "it")
    assert ("[here](#course" in shown) is not link.startswith("https")


@pytest.mark.parametrize(
    "link", ["10-no.md", "01-volcano.md#no", "#no", "#course/no", "#course/coral/no", "#course/glossary", "notes.pdf"]
)
def test_a_link_that_leads_nowhere_is_named(tmp_path, link):
    only(check_lessons(course_with(tmp_path, f"It is.\n\n- Or [here]({link}).")), "09-it.md", 10, "leads nowhere")


@pytest.mark.parametrize(
    ("markdown", "svg", "said"),
    [
        ("![A thing drawn simply](figures/it.svg)", "<svg", "not well-formed"),
        ("![A thing drawn simply](figures/it.svg)", SVG.replace("<title>It</title>", ""), "no <title>"),
        ("![A thing drawn simply](figures/it.svg)", SVG.replace("It", " "), "no <title>"),
        ("![A thing drawn simply](figures/it.svg)", "<svg><title>It</title></svg>", "no SVG"),
        ("![It](figures/it.svg)", SVG, "alternative text"),
        ("![](https://example.org/it.png)", SVG, "alternative text"),
    ],
)
def test_a_figure_that_cannot_be_drawn_or_heard_is_named(tmp_path, markdown, svg, said):
    only(check_lessons(course_with(tmp_path, f"It is.\n\n{markdown}", it=svg)), "09-it.md", 10, said)


def test_a_good_figure_and_good_maths_are_no_faults(tmp_path):
    text = "It is $a_{1}$:\n\n![A thing drawn simply](figures/it.svg)\n\n$$\\arg\\max_x \\frac{a}{\\sqrt{b}}$$\n"
    assert [*check_lessons(course_with(tmp_path, text, it=SVG))] == []


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{a}{b",
        r"a}b{",
        r"\fraq{a}{b}",
        r"\frac{a}",
        r"\left( a",
        r"\begin{aligned} a",
        r"a_b_c",
        r"a^b^c",
        r"x^",
        r"\sqrt",
        "",
    ],
)
def test_maths_that_cannot_be_set_is_a_fault(formula):
    assert maths_fault(formula)


def test_maths_is_named_with_its_line(tmp_path):
    only(check_lessons(course_with(tmp_path, "It is.\n\n$$\n\\frac{a\n$$\n")), "09-it.md", 10, "braces")
    assert [*check_lessons(load_course(tmp_path / "c"), maths=False)] == []


def formulas(course):
    for lesson in course.lessons:
        for node in syntax_tree(lesson.path.read_text(encoding="utf-8")).walk():
            if node.type.startswith("math"):
                yield node.content


def test_the_page_s_own_katex_sets_all_maths_of_the_course(tmp_path):
    import gradio
    from playwright._impl._driver import compute_driver_executable

    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    (katex,) = assets.glob("katex-*.js")
    (tmp_path / "katex.mjs").write_text(katex.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "all.json").write_text(json.dumps([*formulas(load_course(ROOT / "content"))]), encoding="utf-8")
    (tmp_path / "set.mjs").write_text(
        "import katex from './katex.mjs'; import { readFileSync } from 'node:fs';\n"
        "const all = JSON.parse(readFileSync(new URL('all.json', import.meta.url)));\n"
        "for (const one of all) try { katex.renderToString(one) } catch (error) { console.log(one, error.message) }\n"
        "console.log(all.length);\n",
        encoding="utf-8",
    )
    node = compute_driver_executable()[0]
    done = subprocess.run([node, "set.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[:-1] == []
    assert int(done.stdout) > 50


# Words ----------------------------------------------------------------------------------------------------------------


def test_a_lesson_that_is_too_hard_to_read_is_named(tmp_path):
    text = "Notwithstanding considerable methodological heterogeneity, " * 12 + "practitioners disagree."
    course = course_with(tmp_path, text)
    only(check_reading(course, 1, 12), "09-it.md", 1, "reading level is")
    assert reading_level(course.lessons[0]) < 9
    assert len([*check_reading(course, 20, 90)]) == 3


def test_a_passage_that_cannot_be_quoted_alone_is_named(tmp_path):
    good = "A geyser is a spring that throws hot water into the air now and then."
    course = course_with(
        tmp_path,
        f"{good}\n\nA geyser is hot.\n\n{good * 3}\n\nIt erupts when the water below boils, and then it rests again.",
    )
    found = [problem for problem in check_passages(course, 8, 40) if problem.path.name == "09-it.md"]
    assert [problem.line for problem in found] == [10, 12, 14]
    assert "4 words; 8 to 40" in str(found[0])
    assert "8 to 40" in str(found[1])
    assert "begins with a pronoun" in str(found[2])


def test_a_spelling_mistake_is_named_unless_it_is_known(tmp_path):
    course = course_with(tmp_path, "It is teh color #daa000.\n\nTheis et al. wrote it.")
    path = course.lessons[-1].path
    found = [*check_spelling([path], ["Theis"])]
    only(found, "09-it.md", 8, "'teh'")
    assert len([*check_spelling([path])]) == 2


# Twins ----------------------------------------------------------------------------------------------------------------


TWIN = (
    "A volcano is an opening in the Earth's crust through which lava, ash and gas escape. Etna in Italy is a volcano. "
    "The word volcano comes from Vulcan, the Roman god of fire."
)


def test_two_passages_that_say_the_same_are_named(tmp_path, encode):
    course = course_with(tmp_path, "Other text.\n\n" + TWIN)
    only(check_twins(course, encode, 0.9, 0.95), "09-it.md", 10, "volcano#what-is-a-volcano:0")
    assert nearest_twins(course, encode)[0].cosine > 0.9
    assert [*check_twins(load_course(write_lessons(tmp_path / "d")), encode, 0.9, 0.95)] == []


def test_a_term_may_come_nearer_to_a_lesson(tmp_path, encode):
    text = "Lava, ash, and gas escape through a volcano, an opening in the crust of the Earth, such as Mount Etna in Italy."
    folder = write_lessons(tmp_path / "c")
    (folder / "glossary.yaml").write_text(f"- term: volcano\n  lesson: volcano\n  text: {text}\n", encoding="utf-8")
    course = load_course(folder)
    twin = next(twin for twin in nearest_twins(course, encode) if twin.mixed)
    assert [*check_twins(course, encode, 0.01 + twin.cosine, twin.cosine + 0.01)] == []
    only(check_twins(course, encode, 0.99, twin.cosine - 0.01), "glossary.yaml", 1, "glossary#volcano:0")


def test_vectors_are_kept_between_runs(tmp_path):
    asked = []

    def encode(texts):
        asked.extend(texts)
        return np.eye(3, dtype=np.float32)[: len(texts)]

    for texts in (["a", "b"], ["b", "a", "a"]):
        kept = KeptVectors(encode, tmp_path)
        vectors = kept(texts)
        kept.save()
    assert kept.ship(tmp_path / "shipped.npz") == 2
    assert asked == ["a", "b"]
    assert (vectors == np.eye(3)[[1, 0, 0]]).all()
    (tmp_path / "checks" / "vectors.npz").write_bytes(b"damaged")
    assert len(KeptVectors(encode, tmp_path)(["a"])) == 1
    assert asked == ["a", "b", "a"]
    assert len(KeptVectors(encode, tmp_path, tmp_path / "shipped.npz")(["b", "a"])) == 2
    assert asked == ["a", "b", "a"]


# Curriculum -----------------------------------------------------------------------------------------------------------


def promise(folder, rest):
    (folder / "curriculum.yaml").write_text(LIMITS + rest, encoding="utf-8")
    return read_curriculum(folder)


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("points:\n  - {lesson: volcano, point: gas, terms: [gas, lava, Jakobshavn]}\n", "no passage of 'volcano'"),
        ("points:\n  - {lesson: volcano, point: both, terms: [Krakatoa, Vulcan]}\n", "no passage of 'volcano'"),
        ("points:\n  - {lesson: vulcano, point: gas, terms: [gas]}\n", "no lesson 'vulcano'"),
        ("figures:\n  - {lesson: volcano, point: cut, file: cut.svg}\n", "does not show figures/cut.svg"),
    ],
)
def test_a_point_that_no_passage_meets_is_named(tmp_path, rest, said):
    folder = write_lessons(tmp_path / "c")
    only(check_curriculum(load_course(folder), promise(folder, rest)), "curriculum.yaml", 8, said)


def test_points_that_are_met_are_no_faults(tmp_path):
    course = course_with(tmp_path, "![A thing drawn simply](figures/it.svg)\n\nIt is.", it=SVG)
    rest = (
        "points:\n  - {lesson: volcano, point: it, terms: [VULCAN, 'steam|god of']}\n"
        "figures:\n  - {lesson: it, point: x, file: it.svg}\n"
    )
    assert [*check_curriculum(course, promise(tmp_path / "c", rest))] == []


def test_a_broken_curriculum_is_named(tmp_path):
    with pytest.raises(CourseError, match=r"curriculum.yaml:9: curriculum 'points.1.terms'"):
        promise(
            write_lessons(tmp_path / "c"),
            "points:\n  - {lesson: a, point: b, terms: [c]}\n  - {lesson: a, point: b, terms: []}\n",
        )
    assert read_curriculum(write_lessons(tmp_path / "d")) is None


# Quiz -----------------------------------------------------------------------------------------------------------------

HINTS = "    hints: [One., Two., Three.]\n"


def quiz(tmp_path, text, hints=HINTS):
    folder = write_lessons(tmp_path / "c")
    (folder / "quiz").mkdir()
    first = entry("order", id_="volcano-first", more=hints)
    (folder / "quiz" / "volcano.yaml").write_text(f"lesson: volcano\nquestions:\n{first}{text}", encoding="utf-8")
    bank = load_quiz(folder)
    assert bank.problems == ()
    return load_course(folder), bank


def choice(ask, *options):
    rows = "".join(f"      - {option}\n" for option in options)
    return entry("choice", body=f"    ask: {ask}\n    options:\n{rows}")


ELBE, ROME = "{text: Elbe, misconception: m}", "{text: Rome, misconception: m}"
LONG, LONGER = "{text: a river of the north, misconception: m}", "{text: a town in the middle of it, misconception: m}"


def test_fair_questions_are_no_faults(tmp_path):
    course, bank = quiz(tmp_path, "".join(map(entry, ("choice", "short", "made-up"))))
    assert [*check_questions(course, bank, 0)] == []


def changed(kind, old, new, **more):
    text = entry(kind, **more)
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (changed("short", "#what-is-a-volcano", "#what-is-it"), "passage", "no section"),
        (changed("short", "volcano#what-is-a-volcano", "coral#what-is-a-coral-reef"), "evidence", "word for word"),
        (
            changed("short", "volcano#what-is-a-volcano", "coral#what-is-a-coral-reef"),
            "passage",
            "not one of the lesson",
        ),
        (changed("short", "Italy is a", "Italy is the"), "evidence", "word for word"),
        (entry("short", id_="coral-short"), "- id", "begins with the lesson's slug"),
        (changed("short", "volcano, fire", "river, fire"), "facts", "says none of: river, fire mountain"),
        (changed("short", "What is Etna", "Is Etna a volcano"), "ask", "itself says 'volcano'"),
        (entry("short", more="    hints: [One., Two.]\n"), "hints", "hints come in 3"),
        (changed("order", "It erupts", "magma rises"), "steps", "two of the steps are the same"),
        (changed("made-up", "Lima", "rome"), "sentences", "two of the sentences are the same"),
        (
            changed("made-up", "is a river", "is a river that flows from end to end of Italy"),
            "made_up",
            "by its length",
        ),
        (
            choice("Which?", "{text: Etna, right: true}", "{text: Po, right: true}", ELBE),
            "options",
            "2 options are right",
        ),
        (choice("Which?", "{text: Etna, misconception: m}", ELBE, ROME), "options", "0 options are right"),
        (choice("Which?", "{text: Elbe., right: true}", ELBE, ROME), "options", "two of the options"),
        (choice("Which?", "{text: Etna, right: true}", "{text: Po}", ELBE), "options", "names its misconception"),
        (choice("Which?", "{text: Mount Etna in the south, right: true}", ELBE, ROME), "options", "longest by far"),
        (choice("Which?", "{text: Etna, right: true}", LONG, LONGER), "options", "shortest by far"),
        (
            choice("Which mountain is it?", "{text: mountain Etna, right: true}", LONG, ROME),
            "options",
            "repeats 'mountain'",
        ),
    ],
)
def test_an_unfair_question_is_named(tmp_path, text, key, said):
    course, bank = quiz(tmp_path, text)
    found = [p for p in check_questions(course, bank) if said in str(p)]
    assert len(found) == 1
    assert found[0].path.read_text(encoding="utf-8").splitlines()[found[0].line - 1].strip().startswith(f"{key}:")


def test_each_lesson_has_its_questions_and_its_hints(tmp_path):
    course, bank = quiz(tmp_path, entry("truth"), hints="")
    said = [*map(str, check_questions(course, bank, 3))]
    assert [text.split(": ", 1)[1] for text in said] == [
        "the lesson has 2 questions; it needs 3",
        "0 questions have hints; one, the hardest, has 3",
        "every statement is true; make one that is false",
        "the lesson has no questions; write quiz/coral.yaml",
        "the lesson has no questions; write quiz/glacier.yaml",
    ]
    (tmp_path / "c" / "quiz" / "volcano.yaml").write_text("lesson: vulcano\nquestions: []\n", encoding="utf-8")
    assert "there is no lesson 'vulcano'" in str(next(check_questions(course, load_quiz(tmp_path / "c"))))


FALSE = "The eruption of Krakatoa in 1883 was heard 4,800 kilometers away."
ERUPTED = COMMON.replace("#what-is-a-volcano", "#why-do-volcanoes-erupt").replace(
    "Mount Etna in Italy is a volcano.", "The eruption of Krakatoa in 1883 was heard 4,800 kilometers away."
)


def test_a_falsehood_that_the_lesson_supports_and_evidence_for_another_key_are_named(tmp_path, encode):
    body = f"  - id: volcano-far\n    kind: truth\n    ask: {FALSE}\n    answer: false\n{ERUPTED}"
    astray = entry("truth", body="    ask: Ash cooled the Earth in the year after Krakatoa.\n    answer: true\n")
    course, bank = quiz(tmp_path, body + astray)
    found = [p for p in check_keys(course, bank, encode) if "volcano-first" not in str(p)]
    lines = (tmp_path / "c" / "quiz" / "volcano.yaml").read_text(encoding="utf-8").splitlines()
    assert [
        (lines[p.line - 1].strip()[:8], str(p).count("false, but"), str(p).count("something else")) for p in found
    ] == [
        ("ask: The", 1, 0),
        ("evidence", 0, 1),
    ]


# The whole ------------------------------------------------------------------------------------------------------------


def test_a_folder_of_someone_else_is_checked_for_what_the_page_needs(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path / "cache"))
    folder = write_lessons(tmp_path / "c")
    (folder / "09-it.md").write_text(HEAD + "Teh first [link](no.md) and $\\frac{a$.", encoding="utf-8")
    assert main(["check", "--lesson-dir", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert err.splitlines()[0].startswith(f"{folder / '09-it.md'}:8: ")
    assert len(err.splitlines()) == 2
    assert out == "4 lessons, 8 passages, 2 problems\n"
    assert not (tmp_path / "cache").exists()


def test_what_is_not_installed_is_left_out_and_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "find_spec", lambda name: None)
    folder = write_lessons(tmp_path / "c")
    (folder / "09-it.md").write_text(HEAD + "It is $\\frac{a$.", encoding="utf-8")
    assert main(["check", "--lesson-dir", str(folder)]) == 0
    assert "Not checked: maths, reading level, spelling" in capsys.readouterr().err


@pytest.mark.timeout(600)
def test_the_shipped_course_is_without_fault():
    report = run.check(ROOT / "content", settings().cache_dir)
    assert [*map(str, report.problems)] == []
    assert report.left_out == ()
    assert len(report.promise.curriculum.points) > 200
