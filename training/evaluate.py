"""Judge what was trained, on passages that no training note held.

    python -m training.evaluate text|image [--limit N] [--only WRITER]

prints the tables of the model cards. For text: the base model, the adapter, and the quote alone. Each test question comes with the
passages it rests on among others that the search gives. Questions on other subjects come with what the search gives for them: there
the right answer is that the notes do not tell. For image: see `training.paintings`.
"""

import argparse
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.corpora import Ask
from training.examples import Rank, nearest_sentences, read_pairs, split_pairs
from training.scope import read_questions
from tutor.answer import NOTES, notes_among
from tutor.course import Course, Passage, load_course
from tutor.search.encoder import encoder
from tutor.sentences import split_sentences
from tutor.settings import settings
from tutor.support import SupportChecker
from tutor.text.base import TextModel
from tutor.text.local import LocalModel
from tutor.weights import base_folder, built_in_folder
from tutor.writing import UNKNOWN, Note, writing_options, writing_prompt

Writer = Callable[["Trial"], str]
_EXACT = re.compile(r"\d+(?:[.,]\d+)*|\b[A-Z]+[a-z]*[A-Z]\w*|\b[A-Z]{2,}\b")
"""Numbers, and names with a capital inside."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A test question with its notes; `right` are those that a right answer can rest on, none when the course does not tell."""

    ask: Ask
    notes: tuple[Passage, ...]
    right: frozenset[str]
    probability: float
    """Search's, that the course answers the question."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares 0..1, words an answer, and seconds an answer."""

    supported: float
    right: float
    exact: float
    known: float
    unknown: float
    words: float
    seconds: float


def trials(course: Course, limit: int | None = None) -> list[Trial]:
    """One trial for each test pair, and one for each test question that the course does not answer; `limit` of either, evenly spread."""
    _, test = split_pairs(read_pairs(course))
    rank = Rank(course)
    found: list[Trial] = []
    for pair in _spread(test, limit):
        ranked = notes_among(rank.hits(pair.ask.question))
        chosen = list(dict.fromkeys([*pair.evidence, *ranked]))[:NOTES]
        notes = [p for p in ranked if p in chosen] + [p for p in pair.evidence if p in chosen and p not in ranked]
        found.append(
            Trial(
                pair.ask,
                tuple(notes),
                frozenset(p.key for p in (*pair.evidence, *pair.also)),
                rank.probability(pair.ask.question),
            )
        )
    outside = [q.text for q in read_questions() if q.is_test and not q.sections]
    found += [
        Trial(Ask(question, UNKNOWN), tuple(notes_among(rank.hits(question))), frozenset(), rank.probability(question))
        for question in _spread(outside, limit)
    ]
    return [trial for trial in found if trial.notes]


def _spread(items: Sequence[Any], limit: int | None) -> list[Any]:
    """At most `limit` of the items, from all over."""
    count = min(limit or len(items), len(items))
    return [items[number * len(items) // count] for number in range(count)]


def judge(write: Writer, asked: Iterable[Trial], checker: SupportChecker) -> Figures:
    """Let `write` answer every trial, and count."""
    supported: list[bool] = []
    right: list[bool] = []
    exact: list[bool] = []
    known: list[bool] = []
    unknown: list[bool] = []
    words: list[int] = []
    started, count = time.monotonic(), 0
    for trial in asked:
        answer = write(trial)
        count += 1
        told = UNKNOWN not in answer
        if not trial.right:
            unknown.append(not told)
            continue
        known.append(told)
        sentences = [s.lstrip("-* ") for s in split_sentences(answer) if UNKNOWN not in s]
        if not sentences:
            right.append(False)
            continue
        best = [checker.best(sentence, trial.notes) for sentence in sentences]
        passed = [b for b in best if b is not None and b.probability >= checker.threshold]
        supported += [b in passed for b in best]
        right.append(any(b is not None and b.passage.key in trial.right for b in (passed or best)[:1]))
        text = " ".join(f"{p.lesson} {p.section} {p.text}" for p in trial.notes) + trial.ask.question
        exact.append(all(m.group() in text for m in _EXACT.finditer(" ".join(sentences))))
        words.append(len(answer.split()))
    seconds = (time.monotonic() - started) / max(1, count)
    numbers = [float(np.mean(v)) if v else float("nan") for v in (supported, right, exact, known, unknown, words)]
    return Figures(*numbers, seconds=seconds)


def by_model(model: TextModel) -> Writer:
    """Writes as the app does."""

    def write(trial: Trial) -> str:
        prompt = writing_prompt(trial.ask.question, [Note.of(p) for p in trial.notes], trial.ask.form)
        return "".join(model.stream(prompt, writing_options(trial.probability, trial.notes, trial.ask.form))).strip()

    return write


def quote_alone(trial: Trial) -> str:
    """The two sentences of the first note that are nearest to the question: what stands when nothing is written."""
    return nearest_sentences(trial.notes[0], trial.ask.question, encoder())


WRITERS: dict[str, Callable[[], Writer]] = {
    "base model": lambda: by_model(LocalModel(base_folder(), "base")),
    "with our adapter": lambda: by_model(LocalModel(built_in_folder(), "adapter")),
    "quote alone": lambda: quote_alone,
}


def report(rows: dict[str, Figures], count: int) -> str:
    """The table of the model card, in Markdown."""
    names = {
        "supported": "sentences supported by a note",
        "right": "first cites a right passage among the notes",
        "exact": "answers whose numbers and names all stand in the notes",
        "known": "answered where the notes tell",
        "unknown": "says so where the notes do not tell",
    }
    lines = [f"| {count} unseen questions | " + " | ".join(rows) + " |", "|---|" + "---|" * len(rows)]
    lines += [
        f"| {text} | " + " | ".join(f"{getattr(f, key):.1%}" for f in rows.values()) + " |"
        for key, text in names.items()
    ]
    lines += ["| words an answer | " + " | ".join(f"{f.words:.0f}" for f in rows.values()) + " |"]
    lines += ["| seconds an answer, on this machine | " + " | ".join(f"{f.seconds:.1f}" for f in rows.values()) + " |"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["text", "image"])
    parser.add_argument(
        "--limit",
        type=int,
        help="test pairs, evenly spread, or pictures for the first figure; all, or 200, unless told",
    )
    parser.add_argument("--only", choices=WRITERS, help="judge this writer of text alone; all three unless told")
    options = parser.parse_args(arguments)
    if options.what == "image":
        from training.paintings import report_image

        print(report_image(options.limit or 200))
        return
    course = load_course(settings().content_dir)
    checker = SupportChecker(encoder())
    asked = trials(course, options.limit)
    rows = {name: judge(writer(), asked, checker) for name, writer in WRITERS.items() if options.only in (None, name)}
    print(report(rows, sum(bool(trial.right) for trial in asked)))


if __name__ == "__main__":
    main()
