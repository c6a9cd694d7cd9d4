"""The command line, as a process of its own, with the shipped model: the contract that other programs rely on."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT, run_tutor, write_lessons
from tutor.cli import main

FIELDS = {"question", "intent", "refused", "answer", "sentences", "sources", "written_by", "seconds"}


@pytest.fixture(scope="module")
def answers():
    questions = ["What is a GAN?", "how do i bake bread", "hello", "x" * 5000, "what does the forget gate do"]
    done = run_tutor("ask", "--json", "-", stdin="\n".join(questions) + "\n\n")
    return done, questions


def test_one_object_a_line_in_order(answers):
    done, questions = answers
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["question"] for row in rows] == [q for q in questions if len(q) < 5000]
    for row in rows:
        assert set(row) == FIELDS
        assert set(row["seconds"]) == {"search", "first_text", "total"}
        assert row["intent"] in ("ask", "picture", "demo", "quiz", "inspect", "chat")
        ids = {source["id"] for source in row["sources"]}
        for source in row["sources"]:
            assert set(source) == {"id", "lesson", "section", "quote", "score"}
        for sentence in row["sentences"]:
            assert set(sentence) == {"text", "support", "source"}
            assert sentence["source"] in ids
            assert 0 <= sentence["support"] <= 1


def test_the_shipped_model_writes_from_the_right_section(answers):
    rows = [json.loads(line) for line in answers[0].stdout.splitlines()]
    assert not rows[0]["refused"]
    assert any(source["id"].startswith("gan#") for source in rows[0]["sources"])
    assert rows[1]["refused"]
    assert rows[2]["intent"] == "chat"
    assert rows[3]["written_by"].startswith("SmolLM2")
    assert "rnn#how-does-an-lstm-work" in [source["id"] for source in rows[3]["sources"]]


def test_a_bad_line_is_told_and_the_others_are_answered(answers):
    done, _ = answers
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        "tutor: The message has 5,000 characters; at most 4,000 can be read. Shorten it and send again."
    ]


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["ask"], {}, "No question"),
        (["ask", "  "], {}, "empty"),
        (["ask", "--lesson-dir", "/nowhere/at/all", "hi"], {}, "folder"),
        (["ask", "What is a GAN?"], {"TUTOR_PORT": "0"}, "TUTOR_PORT"),
        (["settings"], {"TUTOR_DEVICE": "abacus"}, "TUTOR_DEVICE"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, environment, said):
    done = run_tutor(*arguments, environment=environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_binary_input_ends_without_a_traceback():
    done = run_tutor("ask", "--json", "-", stdin=b"\xff\xfe\x00\x01\n\x00\x00\n")
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 2)


def test_other_lessons_and_a_stream_for_people(tmp_path):
    folder = write_lessons(tmp_path / "lessons")
    done = run_tutor("ask", "--lesson-dir", str(folder), "what is coral bleaching", environment={"NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr
    assert "loss of the algae" in " ".join(done.stdout.split())
    assert "coral#what-is-coral-bleaching" in done.stdout


def test_a_model_that_is_not_there_is_told_and_the_built_in_one_answers():
    done = run_tutor(
        "ask", "--json", "What is a GAN?", environment={"TUTOR_TEXT_MODEL": "/no/such/model", "HF_HUB_OFFLINE": "1"}
    )
    assert json.loads(done.stdout)["written_by"].startswith(("SmolLM2", "quote"))
    assert "/no/such/model" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_control_c_ends_with_130():
    process = subprocess.Popen(
        [sys.executable, "-m", "tutor", "ask", "--json", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_settings_are_printed_and_a_key_is_hidden(capsys, monkeypatch):
    from tutor.settings import settings

    settings.cache_clear()
    monkeypatch.setenv("TUTOR_TEXT_ENDPOINT_KEY", "very-secret")
    assert main(["settings"]) == 0
    settings.cache_clear()
    printed = capsys.readouterr().out
    assert "TUTOR_TEXT_MODEL=built-in" in printed
    assert "very-secret" not in printed


def test_check_names_file_and_line(tmp_path, capsys):
    folder = write_lessons(tmp_path / "lessons")
    assert main(["check", "--lesson-dir", str(folder)]) == 0
    (folder / "zz.md").write_text("nothing")
    assert main(["check", "--lesson-dir", str(folder)]) == 2
    assert "zz.md:1:" in capsys.readouterr().err


def test_paint_writes_a_file_that_repeats_itself(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    done = run_tutor("paint", "a red apple", "--seed", "7", "--steps", "4", "--out", str(first), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    row = json.loads(done.stdout)
    assert (row["path"], row["seed"], row["steps"], row["prompt"]) == (str(first), 7, 4, "a red apple")
    done = run_tutor("paint", "--from", str(first), "--out", str(second))
    assert done.returncode == 0, done.stderr
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give a prompt"),
        (("a dog", "--from", "x.png"), "Give a prompt"),
        (("  ",), "nothing to draw"),
        (("a dog", "--seed", "-1"), "choose a whole number"),
        (("a dog", "--steps", "0"), "choose 1 to 50"),
        (("a dog", "--out", "dog.gif"), ".png"),
        (("--from", "none.png"), "does not exist"),
        (("a dog", "--out", "/nowhere/dog.png"), "cannot be written"),
        (("x" * 10_000,), "Shorten it"),
        (("собака",), "English"),
    ],
)
def test_bad_input_to_paint(arguments, said, capsys):
    assert main(["paint", *arguments]) in (1, 2)
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
