"""The demo `tasks`: the head hears the mood, irony fools it, and a table of phrases knows no grammar."""

import json

from tutor.catalogue import demo_named
from tutor.demos.tasks import HEAD, _table, effects, gladness, word_for_word
from tutor.search.encoder import encoder
from tutor.workbench.demo import Values


def test_the_head_tells_glad_from_angry():
    head = json.loads(HEAD.read_text())
    glad, angry = gladness(["I love it, wonderful work.", "Horrible, a waste of money."], encoder(), head)
    assert glad > 0.7 > 0.3 > angry
    assert head["accuracy"] > 0.8
    assert HEAD.stat().st_size < 10_000
    assert min(effects("The room was horrible", encoder(), head), key=lambda w: w[1])[0] == "horrible"


def test_word_for_word_takes_the_longest_phrase_and_keeps_the_order():
    assert word_for_word("the white house", _table()) == [("the", "le"), ("white", "blanc"), ("house", "maison")]
    assert word_for_word("We waited a long time.", _table())[-1] == ("a long time.", "longtemps")
    assert word_for_word("zebra", _table()) == [("zebra", None)]


def test_all_jobs_and_the_numbers_repeat(play):
    first, again = (play("tasks", longest=8)[-1] for _ in range(2))
    assert first.numbers == again.numbers
    assert {"glad", "words of the reply", "words of the summary", "phrases in the table"} <= set(first.numbers)
    assert "too small" in first.caption


def test_irony_fools_it_and_one_job_alone(play):
    demo = demo_named("tasks")
    numbers = play("tasks", **demo.breaks.values)[-1].numbers
    assert demo.prediction.right(numbers) < 2
    assert "words of the reply" not in numbers
    assert str(numbers["glad"]) in demo.prediction.because(numbers)


def test_strange_text(play):
    assert play("tasks", text="$x_1$ 🍓", task="sentiment")[-1].share == 1


def test_closing_after_the_first_picture_ends_it(tools):
    frames = demo_named("tasks").run(Values({"text": "a", "task": "all", "longest": 8}, tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
