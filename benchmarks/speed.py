"""How fast it is, each figure beside the plain way in the same run, since machines differ and are noisy."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from threading import Thread
from typing import Any

import numpy as np

from training.machine import HALF
from tutor.course import Course, Passage, load_course
from tutor.search.encoder import WIDTH, Vectors, encoder
from tutor.search.hybrid import Searcher
from tutor.settings import ROOT, settings
from tutor.text.base import Message, Options
from tutor.text.local import LocalModel
from tutor.weights import built_in_folder
from tutor.writing import Form, Note, writing_prompt

ECHO = """
import sys, gradio as gr
gr.ChatInterface(lambda message, history: message).launch(server_port=int(sys.argv[1]), quiet=True, ssr_mode=False)
"""
PROMPT_TOKENS = 600
QUESTIONS: tuple[tuple[str, Form], ...] = (
    ("What is a variational autoencoder?", "answer"),
    ("What is a variational autoencoder?", "bullets"),
    ("What does the encoder of a VAE give?", "answer"),
    ("How is a VAE different from a plain autoencoder?", "answer"),
    ("What are VAEs used for?", "bullets"),
    ("Who introduced the variational autoencoder?", "answer"),
)


def main() -> None:
    print("| what | tutor | plain way | ratio |\n|---|---|---|---|")
    page()
    quote()
    writing()
    search()


def page() -> None:
    """Seconds from the start of the process to a page that answers."""
    command = [sys.executable, "-m", "tutor", "chat"]
    ours, echo = [], []
    for _ in range(5):
        with _served(command, TUTOR_PORT="{port}") as (_, seconds):
            ours.append(seconds)
        with _served([sys.executable, "-c", ECHO, "{port}"]) as (_, seconds):
            echo.append(seconds)
    _row("start to page ready, s (plain: echo app of gradio)", statistics.median(ours), statistics.median(echo))


def quote() -> None:
    """Seconds from Enter to the quote on screen, in a browser, once warm; there is no plain way to hold it against."""
    from playwright.sync_api import sync_playwright

    questions = [
        "What is a GAN?",
        "What is a VAE?",
        "why do gradients vanish",
        "How does self-attention work?",
        "What is an autoencoder?",
    ]
    with _served([sys.executable, "-m", "tutor", "chat"], TUTOR_PORT="{port}") as (port, _), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(f"http://127.0.0.1:{port}")
        ready = "document.body.textContent.includes('Answers are written by')"
        # On a machine's first start, unpacking the model takes the processor.
        tab.wait_for_function(ready, timeout=120_000)
        taken = []
        for number, question in enumerate(["What is deep learning?", *questions]):
            tab.fill("#composer textarea", question)
            before = tab.locator("blockquote.quote").count()
            start = time.monotonic()
            tab.keyboard.press("Enter")
            tab.wait_for_function("n => document.querySelectorAll('blockquote.quote').length > n", arg=before)
            taken.append(time.monotonic() - start)
            tab.wait_for_function("n => document.querySelectorAll('.byline').length > n", arg=before, timeout=120_000)
            if number == 0:
                taken.clear()
        browser.close()
    print(f"| Enter to quote on screen, s, median of {len(taken)} | {statistics.median(taken):.2f} | – | – |")


def writing() -> None:
    """First text and tokens a second, against the pipeline of transformers with the same weights: in bf16 where the processor computes
    it, as the tutor does too, and in float32 elsewhere, where bf16 would make the plain way look slow."""
    import torch
    from transformers import pipeline

    folder = built_in_folder()
    name = "bfloat16" if HALF else "float32"
    ours = LocalModel(folder, "built-in", dtype=name)
    plain = pipeline("text-generation", model=str(folder), dtype=getattr(torch, name))
    prompts = _prompts(plain.tokenizer)
    for prompt in prompts[:1]:  # both load their kernels
        list(_plain_stream(plain, prompt))
        list(LocalModel.stream(ours, prompt))
    ours = LocalModel(folder, "built-in", dtype=name)
    mine, theirs = [], []
    for prompt in prompts:
        theirs.append(_Timing(_plain_stream(plain, prompt), plain.tokenizer))
        mine.append(_Timing(ours.stream(prompt, Options()), plain.tokenizer))
    _row("first text, first question on these notes, s", mine[0].first, theirs[0].first)
    _row(
        f"first text, next question on the same notes ({PROMPT_TOKENS} tokens), s",
        statistics.median(m.first for m in mine[1:]),
        statistics.median(t.first for t in theirs[1:]),
    )
    _row(f"tokens a second, once begun, {name}", _rate(mine, False), _rate(theirs, False))
    _row(f"tokens a second, reading included, {name}", _rate(mine, True), _rate(theirs, True))
    same = sum(m.text == t.text for m, t in zip(mine, theirs, strict=True))
    print(f"| same text as the plain way, {name} | {same} of {len(prompts)} | – | – |", flush=True)
    if not HALF:
        return
    ours = LocalModel(folder, "built-in", dtype="float32")
    plain = pipeline("text-generation", model=str(folder), dtype=torch.float32)
    same = sum("".join(ours.stream(p, Options())) == "".join(_plain_stream(plain, p)) for p in prompts)
    print(f"| same text as the plain way, float32 | {same} of {len(prompts)} | – | – |", flush=True)


def search() -> None:
    """Milliseconds a search on one core, with this course and with 100,000 synthetic passages."""
    import torch

    torch.set_num_threads(1)
    course = load_course(settings().content_dir)
    encode = encoder()
    questions = [section.heading for lesson in course.lessons for section in lesson.sections][:60]
    searcher = Searcher(course, settings().cache_dir, encode)
    encode_only = _median_ms(lambda q: encode([q]), questions)
    _row(
        "search of this course, ms (plain: encoding the question alone)",
        _median_ms(searcher.search, questions),
        encode_only,
    )
    large = Searcher(_synthetic(course, 100_000), None, _Cheap(encode))
    _row(
        "search of 100,000 passages, ms (plain: encoding the question alone)",
        _median_ms(large.search, questions),
        encode_only,
    )


class _Cheap:
    """Random directions for the synthetic passages, since encoding them would take hours; questions are encoded for real."""

    def __init__(self, encode: Any) -> None:
        self._encode = encode
        self._random = np.random.default_rng(0)

    def __call__(self, texts: Any) -> Vectors:
        if len(texts) < 1000:
            return self._encode(texts)  # type: ignore[no-any-return]
        vectors = self._random.standard_normal((len(texts), WIDTH), dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)  # type: ignore[no-any-return]


def _synthetic(course: Course, count: int) -> Course:
    """A course of `count` passages whose words are drawn from this one's, in their own proportions."""
    random = np.random.default_rng(0)
    words = np.array(" ".join(p.flat for p in course.passages).split())
    lesson = course.lessons[0]
    section = lesson.sections[0]
    passages = tuple(
        Passage("made", "Made", f"section-{number // 50}", "Made", number % 50, text, text)
        for number in range(count)
        for text in [" ".join(random.choice(words, 40)) + "."]
    )
    return Course((replace(lesson, sections=(replace(section, passages=passages),)),))


def _prompts(tokenizer: Any) -> list[tuple[Message, ...]]:
    """Prompts on the same notes, as many notes as fill PROMPT_TOKENS."""
    passages = [p for p in load_course(settings().content_dir).passages if p.lesson_slug == "vae"]
    notes: list[Note] = []
    for passage in passages:
        chat = writing_prompt(QUESTIONS[0][0], [*notes, Note.of(passage)])
        if len(tokenizer.apply_chat_template(_plain(chat), return_dict=True)["input_ids"]) > PROMPT_TOKENS:
            break
        notes.append(Note.of(passage))
    return [writing_prompt(question, notes, form) for question, form in QUESTIONS]


def _plain(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in messages]


def _plain_stream(pipe: Any, messages: tuple[Message, ...]) -> Iterator[str]:
    from transformers import TextIteratorStreamer

    streamer = TextIteratorStreamer(pipe.tokenizer, skip_prompt=True, skip_special_tokens=True)
    options = {"streamer": streamer, "max_new_tokens": Options().max_new_tokens, "do_sample": False}
    worker = Thread(target=lambda: pipe(_plain(messages), **options))
    worker.start()
    yield from streamer
    worker.join()


class _Timing:
    """First text and end of a stream, in seconds, with what it said."""

    def __init__(self, stream: Iterator[str], tokenizer: Any) -> None:
        start = time.monotonic()
        self.text, first = "", None
        for piece in stream:
            if piece and first is None:
                first = time.monotonic() - start
            self.text += piece
        self.total = time.monotonic() - start
        self.first = first if first is not None else self.total
        self.tokens = len(tokenizer(self.text)["input_ids"])


def _rate(timings: list[_Timing], reading: bool) -> float:
    return sum(t.tokens for t in timings) / sum(t.total - (0 if reading else t.first) for t in timings)


def _median_ms(work: Callable[[str], object], questions: list[str]) -> float:
    taken = [time.monotonic()]
    for question in questions:
        work(question)
        taken.append(time.monotonic())
    return 1000 * statistics.median(b - a for a, b in pairwise(taken))


@contextmanager
def _served(command: list[str], **environment: str) -> Iterator[tuple[int, float]]:
    """(port, seconds until the page answers) of a server that is stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    filled = {name: value.format(port=port) for name, value in environment.items()}
    start = time.monotonic()
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            cwd=ROOT,
            env={**os.environ, **filled, "GRADIO_ANALYTICS_ENABLED": "False"},
            stdout=log,
            stderr=log,
        )
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
                        reply.read()
                    break
                except (urllib.error.URLError, OSError):
                    if server.poll() is not None or time.monotonic() - start > 120:
                        log.seek(0)
                        raise RuntimeError(log.read().decode()[-2000:]) from None
                    time.sleep(0.02)
            yield port, time.monotonic() - start
        finally:
            server.terminate()
            server.wait(30)


def _row(name: str, ours: float, plain: float) -> None:
    better = plain / ours if "tokens a second" not in name else ours / plain
    print(f"| {name} | {ours:.2f} | {plain:.2f} | {better:.2f}x |", flush=True)
