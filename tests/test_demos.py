"""What holds for every demo that discovery finds: frames, alt text, captions, light and dark, a prediction that its own numbers decide,
something to break, code that runs by itself, and an end as soon as it is closed. What each shows is tested in tests/demos."""

import re
import runpy
import subprocess
import sys
import threading
import time

import pytest

from tests.conftest import ROOT
from tutor.catalogue import ORDER, checked, defaults, demos
from tutor.course import load_course
from tutor.settings import Settings
from tutor.workbench.demo import Line, Number, Option, Switch, Values
from tutor.workbench.script import LONGEST, script

QUICK = {
    "autoencoder": {"steps": 150},
    "rnn": {"steps": 120},
    "vae": {"steps": 200},
    "gan": {"steps": 300},
    "training": {"steps": 160},
    "fine-tuning": {"steps": 10},
    "tokens": {"merges": 20},
}
"""Smaller settings where the defaults take long."""
every = pytest.mark.parametrize("name", list(demos()))


def test_every_demo_of_the_course_is_there():
    assert list(demos()) == list(ORDER)


def test_every_lesson_names_a_demo_that_is_there():
    lessons = load_course(Settings().content_dir).lessons
    named = {lesson.demo for lesson in lessons if lesson.demo}
    assert named <= set(demos())
    assert {demo.lesson for demo in demos().values()} <= {lesson.slug for lesson in lessons}


@every
def test_parameters_and_words(name):
    demo = demos()[name]
    assert 1 <= len(demo.parameters) <= 5
    assert demo.title == demo.title.strip()
    assert demo.about.endswith((".", "?"))
    assert not re.search(r"!|Oops", " ".join([demo.title, demo.about, demo.prediction.question]))
    assert all(word == word.lower() for word in demo.words)
    for parameter in demo.parameters:
        match parameter:
            case Number(default=default, low=low, high=high):
                assert low <= default <= high
            case Option(default=default, options=options):
                assert default in options
                assert len(set(options)) == len(options) >= 2
            case Switch() | Line():
                pass
    assert 2 <= len(demo.prediction.choices) <= 4
    assert len(set(demo.prediction.choices)) == len(demo.prediction.choices)
    assert checked(demo, dict(demo.breaks.values)) != defaults(demo)


@every
def test_a_word_belongs_to_one_demo(name):
    others = {word for other in demos().values() if other.name != name for word in (other.name, *other.words)}
    assert not others & {name, *demos()[name].words}


@every
def test_its_frames(name, tools):
    demo = demos()[name]
    frames, last = [], None
    for frame in demo.run(Values(checked(demo, QUICK.get(name, {})), tools), 0):
        if frame is not last:
            frames.append(frame)
        last = frame
    assert len(frames) >= 2
    shares = [frame.share for frame in frames]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    for frame in frames:
        assert 600 <= frame.picture.width <= 1000
        assert 200 <= frame.picture.height <= 1400
        assert len(frame.alt) > 30
        assert frame.caption.endswith((".", "?", "”"))
        assert "!" not in frame.caption
    assert frames[0].picture.tobytes() != frames[-1].picture.tobytes()
    prediction = demo.prediction
    right = prediction.right(last.numbers)
    assert 0 <= right < len(prediction.choices)
    assert re.search(r"\d", prediction.because(last.numbers))
    assert all(isinstance(value, int | float | str) for value in last.numbers.values())


@pytest.mark.parametrize(("name", "quick"), [("dall-e", {"steps": 2})])
def test_the_same_seed_gives_the_same_numbers(name, quick, numbers_of):
    """Of the others, the tests of each say so."""
    one, other = (numbers_of(name, seed=3, **quick) for _ in range(2))
    assert one == other


@every
def test_it_is_drawn_for_dark_pages_too_and_ends_when_closed(name, tools):
    demo = demos()[name]
    values = checked(demo, {})
    light = next(iter(demo.run(Values(values, tools), 0)))
    before = threading.active_count()
    run = demo.run(Values(values, tools, dark=True), 0)
    dark = next(run)
    assert sum(dark.picture.getpixel((1, 1))) < 200 < sum(light.picture.getpixel((1, 1)))
    start = time.monotonic()
    run.close()
    assert time.monotonic() - start < 2
    assert threading.active_count() <= before + 1  # torch may keep a worker of its own


@every
def test_its_code_runs_by_itself(name, tmp_path, monkeypatch, capsys):
    demo = demos()[name]
    code = script(demo, defaults(demo), 0)
    assert len(code.splitlines()) <= LONGEST
    file = tmp_path / "code.py"
    file.write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # some leave a picture
    runpy.run_path(str(file), run_name="__main__")
    assert capsys.readouterr().out.strip()


def test_code_runs_as_a_program_of_its_own(tmp_path):
    file = tmp_path / "code.py"
    file.write_text(script(demos()["gan"], defaults(demos()["gan"]), 0), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip()
