"""The command line, as a process of its own, with the shipped model: the contract that other programs rely on."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_tutor, write_lessons
from tutor.__main__ import run
from tutor.cli import main
from tutor.image.base import ScriptedPainter

FIELDS = {"question", "intent", "refused", "answer", "sentences", "sources", "written_by", "seconds"}


@pytest.fixture(scope="module")
def answers():
    """To questions on standard input, the last in bytes that are no text."""
    questions = ["What is a GAN?", "how do i bake bread", "hello", "x" * 5000, "what does the forget gate do"]
    done = run_tutor("ask", "--json", "-", stdin="\n".join(questions).encode() + b"\n\n\xff\xfe\x00\x01\n")
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done, [*questions, "\ufffd\ufffd"]  # signs that control a terminal are not read


def test_one_object_a_line_in_order(answers):
    done, questions = answers
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["question"] for row in rows] == questions
    assert set(rows[3]) == {"question", "error"}
    for row in rows[:3] + rows[4:]:
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
    rows = [row for line in answers[0].stdout.splitlines() if "error" not in (row := json.loads(line))]
    assert not rows[0]["refused"]
    assert any(source["id"].startswith("gan#") for source in rows[0]["sources"])
    assert rows[1]["refused"]
    assert rows[2]["intent"] == "chat"
    assert rows[3]["written_by"].startswith("SmolLM2")
    assert {"rnn#how-does-an-lstm-work", "glossary#forget-gate"} & {source["id"] for source in rows[3]["sources"]}


def test_a_bad_line_is_told_in_its_place_and_the_others_are_answered(answers):
    done, _ = answers
    assert done.returncode == 2
    said = "The message has 5,000 characters; at most 4,000 can be read. Shorten it and send again."
    assert done.stderr.strip().splitlines() == [f"tutor: {said}"]
    assert json.loads(done.stdout.splitlines()[3])["error"] == said


@pytest.mark.parametrize("typed", [b"", b"\n \n"])
def test_no_question_on_the_standard_input_is_told(here, monkeypatch, typed):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
    code, out, err = here("ask", "--json", "-")
    assert (code, out) == (2, "")
    assert "No question on the standard input" in err


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["ask"], {}, "No question"),
        (["ask", "--lesson-dir", "/nowhere/at/all", "hi"], {}, "/nowhere/at/all is no folder. Name a folder"),
        (["check", "--lesson-dir", "/nowhere/at/all"], {}, "--lesson-dir"),
        (["ask", "hi"], {"TUTOR_CONTENT_DIR": "/nowhere/at/all"}, "/nowhere/at/all: no such folder"),
        (["ask", "hi"], {"TUTOR_CONTENT_DIR": ""}, "TUTOR_CONTENT_DIR"),
        (["chat"], {"TUTOR_HOST": "8.8.8.8"}, "TUTOR_HOST"),
        (["chat"], {"TUTOR_HOST": "no..host"}, "TUTOR_HOST"),
        (["ask", "What is a GAN?"], {"TUTOR_PORT": "0"}, "TUTOR_PORT"),
        (["settings"], {"TUTOR_DEVICE": "abacus"}, "TUTOR_DEVICE"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(here, arguments, environment, said):
    code, out, error = here(*arguments, **environment)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


def test_an_empty_question_is_one_line_and_exit_code_2():
    done = run_tutor("ask", "  ")
    assert (done.returncode, done.stdout) == (2, "")
    assert "empty" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("content", [b"no front matter", b"\xff\xfe\x00\x01"])
def test_a_folder_whose_lessons_are_all_broken_is_one_line(here, tmp_path, content):
    (tmp_path / "broken.md").write_bytes(content)
    code, out, error = here("chat", TUTOR_CONTENT_DIR=str(tmp_path))
    assert (code, out) == (2, "")
    assert error.startswith(f"tutor: {tmp_path}/broken.md:1: ")
    assert error.count("\n") == 1


def test_the_entry_for_spaces_is_the_page(tmp_path):
    (tmp_path / "broken.md").write_text("no front matter")
    environment = {**os.environ, "TUTOR_CONTENT_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tutor: {tmp_path}/broken.md:1: ")


def test_a_taken_port_is_one_line_and_nothing_is_claimed(here):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, out, error = here("chat", TUTOR_PORT=str(port))
    assert (code, out) == (2, "")
    assert error.startswith(f"tutor: Port {port} is taken")
    assert "TUTOR_PORT" in error
    assert error.count("\n") == 1


def test_control_c_ends_the_page_with_130():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tutor", "chat"],
        cwd=ROOT,
        env={**os.environ, "TUTOR_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == f"The tutor is at http://127.0.0.1:{port}\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_control_c_while_the_program_is_read_is_as_quiet(monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    slow = types.ModuleType("tutor.cli")
    slow.__getattr__ = interrupted
    monkeypatch.setitem(sys.modules, "tutor.cli", slow)
    assert run(["settings"]) == 130


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tutor", "settings"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "Free some space" in done.stderr
    assert done.stderr.count("\n") == 1


def test_other_lessons_and_a_stream_for_people(here, tmp_path):
    folder = write_lessons(tmp_path / "lessons")
    code, out, error = here("ask", "--lesson-dir", str(folder), "what is coral bleaching", NO_COLOR="1")
    assert code == 0, error
    assert "loss of the algae" in " ".join(out.split())
    assert "coral#what-is-coral-bleaching" in out


@pytest.mark.parametrize(
    ("asked", "command"),
    [
        ("draw a dog, seed 7", 'paint "a dog" --seed 7\n'),
        ("draw a dog, seed 7, 20 steps, guidance 3", 'paint "a dog" --seed 7\n'),
        ("draw a dog, seed 7, 4 steps, guidance 2.5", 'paint "a dog" --seed 7 --steps 4 --guidance 2.5\n'),
        ('draw a "dog", seed 7', "paint 'a \"dog\"' --seed 7\n"),
    ],
)
def test_the_command_that_keeps_a_picture_repeats_it_whole(asked, command, monkeypatch, capsys):
    monkeypatch.setattr("tutor.image.loading.built_in_painter", ScriptedPainter)
    assert main(["ask", asked]) == 0
    assert f"To keep it: python -m tutor {command}" in capsys.readouterr().out


def test_a_model_that_is_not_there_is_told_and_the_built_in_one_answers(here):
    _, out, error = here("ask", "--json", "What is a GAN?", TUTOR_TEXT_MODEL="/no/such/model")
    assert json.loads(out)["written_by"].startswith(("SmolLM2", "quote"))
    assert "/no/such/model" in error
    assert error.count("\n") == 1


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


def test_settings_are_printed_and_a_key_is_hidden(here):
    code, printed, _ = here("settings", TUTOR_TEXT_ENDPOINT_KEY="very-secret")
    assert code == 0
    assert "TUTOR_TEXT_MODEL=built-in" in printed
    assert "very-secret" not in printed


def test_check_names_file_and_line(tmp_path, capsys):
    folder = write_lessons(tmp_path / "lessons")
    assert main(["check", "--lesson-dir", str(folder)]) == 0
    (folder / "zz.md").write_text("nothing")
    assert main(["check", "--lesson-dir", str(folder)]) == 2
    assert "zz.md:1:" in capsys.readouterr().err


def test_paint_writes_a_file_that_repeats_itself_in_another_process(here, tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    code, out, error = here("paint", "a red apple", "--seed", "7", "--steps", "2", "--out", str(first), "--json")
    assert (code, error) == (0, "")
    row = json.loads(out)
    assert (row["path"], row["seed"], row["steps"], row["prompt"]) == (str(first), 7, 2, "a red apple")
    done = run_tutor("paint", "--from", str(first), "--out", str(second))
    assert (done.returncode, done.stderr) == (0, "")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give a prompt"),
        (("a dog", "--from", "x.png"), "Give a prompt"),
        (("  ",), "nothing to draw"),
        (("a dog", "--seed", "-1"), "choose a whole number"),
        (("a dog", "--steps", "0"), "choose 1 to 50"),
        (("a dog", "--guidance", "99"), "choose 0 to 20"),
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


def test_demo_keeps_frames_numbers_and_code_and_repeats_itself(tmp_path, capsys):
    results = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        arguments = ["demo", "evaluation", "--set", "pictures=50", "--seed", "5", "--out", str(folder), "--json"]
        assert main(arguments) == 0
        results.append(json.loads(capsys.readouterr().out))
        kept = json.loads((folder / "result.json").read_text())
        assert kept["settings"]["pictures"] == 50
        assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in kept["frames"])
        assert (folder / "demo.gif").read_bytes().startswith(b"GIF8")
        compile((folder / "code.py").read_text(), "code.py", "exec")
    assert results[0]["numbers"] == results[1]["numbers"]
    assert results[0]["verdict"]


def test_demos_are_listed(capsys):
    assert main(["demo", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"name", "title", "lesson", "about", "parameters", "defaults", "break"} == set(rows[0])
    assert main(["demo", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [row["name"] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name a demo"),
        (["nosuch"], "There is no demo 'nosuch'. There are: apples-and-oranges"),
        (["gan", "--set", "steps"], "--set takes a name and a value"),
        (["gan", "--set", "nosuch=1"], "has no parameter 'nosuch'"),
        (["gan", "--set", "steps=many"], "steps is a number from"),
        (["gan", "--seed", "-1"], "The seed goes from 0"),
        (["gan", "--out", "/dev/null/x"], "cannot be written"),
    ],
)
def test_bad_input_to_demo(arguments, said, capsys):
    assert main(["demo", *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
