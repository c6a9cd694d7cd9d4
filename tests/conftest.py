"""A small course and a scripted loader, shared by the tests. Nothing here leaves the machine: sockets beyond loopback are blocked."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from xdist.scheduler import LoadFileScheduling

from tutor.answer import Answerer
from tutor.catalogue import checked, demo_named
from tutor.cli import main
from tutor.course import load_course
from tutor.loading import State
from tutor.search.encoder import encoder
from tutor.search.hybrid import Searcher
from tutor.settings import Settings, settings
from tutor.workbench.demo import Values

ROOT = Path(__file__).parent.parent
LESSON = """---
title: {title}
slug: {slug}
summary: About {title}.
order: {order}
---
{body}
"""
BODIES = {
    "volcano": """## What is a volcano?
A volcano is an opening in the crust of the Earth through which lava, ash, and gas escape. Mount Etna in Italy is a volcano. The word comes from Vulcan, the Roman god of fire.

## Why do volcanoes erupt?
A volcano erupts because gas dissolved in magma expands as the magma rises. The pressure falls on the way up, and bubbles form as in an opened bottle.

The eruption of Krakatoa in 1883 was heard 4,800 kilometers away. Its ash cooled the whole Earth by 0.4 degrees in the following year.
""",
    "coral": """## What is a coral reef?
A coral reef is a ridge in warm, shallow sea that is built by coral polyps. Coral polyps are small animals that leave a skeleton of lime behind. The Great Barrier Reef is 2,300 kilometers long.

## What is coral bleaching?
Coral bleaching is the loss of the algae that live in coral and give it color and food. Coral bleaching happens when the sea is too warm for several weeks. A bleached coral is weak but not dead.
""",
    "glacier": """## What is a glacier?
A glacier is a large body of ice that moves slowly under its own weight. A glacier grows where more snow falls in winter than melts in summer.

## How fast does a glacier move?
Most glaciers move less than one meter a day. The Jakobshavn glacier in Greenland has moved 46 meters in one day.
""",
}


class _Together(LoadFileScheduling):
    """Gives a file's tests to one process, and those of the real page, which are the longest, first and to one too: it is started once."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return "page" if file.startswith(("tests/browser/", "tests/test_page.py")) else file


def pytest_xdist_make_scheduler(config, log):
    return _Together(config, log)


def write_lessons(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for order, (slug, body) in enumerate(BODIES.items(), 1):
        text = LESSON.format(title=slug.title(), slug=slug, order=order, body=body)
        (folder / f"{order:02}-{slug}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def lessons(tmp_path_factory):
    return write_lessons(tmp_path_factory.mktemp("lessons") / "content")


@pytest.fixture(scope="session")
def mini(lessons):
    return load_course(lessons)


@pytest.fixture(scope="session")
def encode():
    return encoder()


@pytest.fixture(scope="session")
def real(encode):
    """The search of the shipped course."""
    return Searcher(load_course(ROOT / "content"), settings().cache_dir, encode)


@pytest.fixture(scope="session")
def real_answerer(real, encode):
    return Answerer(load_course(ROOT / "content"), real, encode)


class ReadyLoader:
    """A loader whose model is there from the start."""

    def __init__(self, model):
        self._model = model

    def start(self):
        pass

    def wait(self, seconds=None):
        return self.state()

    def state(self):
        if self._model is None:
            return State("loading", "scripted")
        return State("ready", self._model.name, detail="on this machine")

    def model(self):
        return self._model

    def choose(self, name):
        self.chosen = name


@pytest.fixture
def ready():
    return ReadyLoader


def run_tutor(*arguments, stdin=None, environment=None, timeout=120):
    """`python -m tutor …` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tutor", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        input=stdin,
        capture_output=True,
        text=not isinstance(stdin, bytes),
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def here(monkeypatch, capsys):
    """The command line in this process: `here("ask", "hi", TUTOR_PORT="0")` gives its exit code and what it said on both streams."""

    def run_here(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    yield run_here
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    assert path, "these tests need Chromium: apt-get install chromium"
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The folder of a language model of two small layers with random weights, in the tokens of the built-in one."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from tutor.weights import built_in_folder

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(built_in_folder())
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,  # a file of 25 MB: huggingface_hub keeps what has arrived in steps of 10 MB
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def served_page(tmp_path_factory):
    """The address of the real page: `python -m tutor chat` with the shipped course and the shipped model, ready to write."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("page") / "log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "tutor", "chat"],
            cwd=ROOT,
            env={**os.environ, "TUTOR_PORT": str(port), "TUTOR_MCP": "1", "HF_HUB_OFFLINE": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(240):
            assert server.poll() is None, log.read_text()
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{address}/healthz", timeout=5).json()["model"] == "ready":
                    break
            time.sleep(0.5)
        yield address
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def tools():
    """The shipped models, as the tutor hands them to demos; the language model is loaded when a demo first asks for it."""
    from tutor.turn import Tutor

    return Tutor.of(Settings()).tools


@pytest.fixture
def play(tools):
    """`play("gan", seed=1, steps=60)` gives the frames of a run."""

    def start(name, seed=0, dark=False, **wanted):
        demo = demo_named(name)
        return list(demo.run(Values(checked(demo, wanted), tools, dark), seed))

    return start


@pytest.fixture
def numbers_of(play, monkeypatch):
    """`numbers_of("gan", seed=1)` gives the last numbers of a run. Its plots stay blank: to draw them takes half of a run's time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    def run(name, seed=0, **wanted):
        with monkeypatch.context() as patch:
            patch.setattr(FigureCanvasAgg, "draw", FigureCanvasAgg.get_renderer)
            return play(name, seed, **wanted)[-1].numbers

    return run
