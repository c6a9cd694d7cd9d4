"""The command line, as a process of its own, with the shipped model: the contract that other programs rely on."""

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
    questions = ["What is a GAN?", "how do i bake bread", "hello", "x" * 5000, "what does the forget gate do"]
    done = run_tutor("ask", "--json", "-", stdin="\n".join(questions) + "\n\n")
    return done, questions


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


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["ask"], {}, "No question"),
        (["ask", "  "], {}, "empty"),
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
def test_bad_input_is_one_line_and_exit_code_2(arguments, environment, said):
    done = run_tutor(*arguments, environment=environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["-m", "tutor", "chat"], ["app.py"]])
@pytest.mark.parametrize("content", [b"no front matter", b"\xff\xfe\x00\x01"])
def test_a_folder_whose_lessons_are_all_broken_is_one_line(tmp_path, command, content):
    (tmp_path / "broken.md").write_bytes(content)
    environment = {**os.environ, "TUTOR_CONTENT_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tutor: {tmp_path}/broken.md:1: ")
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_one_line_and_nothing_is_claimed(tutor_command):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = tutor_command("chat", environment={"TUTOR_PORT": str(port)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tutor: Port {port} is taken")
    assert "TUTOR_PORT" in done.stderr
    assert done.stderr.count("\n") == 1


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
        arguments = ["demo", "apples-and-oranges", "--set", "apples=70", "--seed", "5", "--out", str(folder), "--json"]
        assert main(arguments) == 0
        results.append(json.loads(capsys.readouterr().out))
        kept = json.loads((folder / "result.json").read_text())
        assert kept["settings"]["apples"] == 70
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
