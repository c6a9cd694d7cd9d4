"""The examples that the adapter learns from and is judged on: hand-written pairs over the course, and facts from the corpora.

Passages are split before anything else: a passage of the test half stands in no training note, nor does a pair that rests on it.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bm25s
import numpy as np

from training.corpora import Ask, Fact, disguise
from training.packs import Pack
from tutor.answer import notes_among
from tutor.course import Course, Passage
from tutor.search.encoder import Encoder
from tutor.search.hybrid import Hit, Searcher
from tutor.search.words import content_words
from tutor.sentences import split_sentences
from tutor.support import SupportChecker
from tutor.writing import UNKNOWN, Form, Note

DATA = Path(__file__).parent / "data"
_TEST_SHARE = 5
"""One passage in five is kept for the test."""
_ASKS = 3
"""Questions in learners' words about a passage, in packs on choosing notes."""
_PACK = 6
"""Questions in such a pack."""
_STYLE_FORMS: dict[str, Form] = {"simpler": "simpler", "example": "example", "bullets": "bullets"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A hand-written question and answer with the passages it rests on, and `also`, others that can answer the question.

    The latter were labelled for the test pairs only, among the notes that they are judged with.
    """

    ask: Ask
    style: str
    evidence: tuple[Passage, ...]
    also: tuple[Passage, ...] = ()


def is_test(passage: Passage) -> bool:
    """Whether the passage belongs to the test half: decided by its key alone, so that it never changes sides."""
    return hashlib.sha256(passage.key.encode()).digest()[0] % _TEST_SHARE == 0


def read_pairs(course: Course) -> list[Pair]:
    """The pairs of data/qa. Raises ValueError for a pair whose evidence is not in the course."""
    pairs = []
    for path in sorted((DATA / "qa").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            found = {
                key: tuple(dict.fromkeys(find_passage(course, quote, f"{path.name}:{number}") for quote in row[key]))
                for key in ("evidence", "also")
                if key in row
            }
            ask = Ask(row["question"], row["answer"], _STYLE_FORMS.get(row["style"], "answer"))
            pairs.append(Pair(ask, row["style"], **found))
    return pairs


def find_passage(course: Course, quote: str, where: str) -> Passage:
    """The passage that holds `quote`. Raises ValueError that says `where`."""
    wanted = " ".join(quote.lower().split()).rstrip(".:,;")
    for passage in course.passages:
        if wanted in passage.flat.lower():
            return passage
    raise ValueError(f"{where}: no passage holds '{quote}'")


def split_pairs(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """(train, test): a pair that rests on any test passage is a test pair."""
    test = [pair for pair in pairs if any(map(is_test, pair.evidence))]
    return [pair for pair in pairs if not any(map(is_test, pair.evidence))], test


def grounded(pair: Pair, checker: SupportChecker) -> Pair:
    """The pair with each sentence that the app's own check would drop replaced by the sentence of the evidence nearest to it."""
    said: list[str] = []
    for sentence in split_sentences(pair.ask.answer):
        text = sentence.lstrip("-* ")
        best = checker.best(text, pair.evidence)
        if best is None or best.probability < checker.threshold:
            text = best.quote if best and not best.quote.endswith(":") else ""
        line = f"- {text}" if sentence.startswith(("- ", "* ")) else text
        if text and line not in said:
            said.append(line)
    joint = "\n" if any(line.startswith("- ") for line in said) else " "
    return replace(pair, ask=replace(pair.ask, answer=joint.join(said))) if said else pair


class Shelf:
    """Finds notes that share words with a question, as distractors as hard as the real search's."""

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes = list(notes)
        self._bm25 = bm25s.BM25()
        self._bm25.index([content_words(f"{n.lesson} {n.section} {n.text}") for n in notes], show_progress=False)

    def nearest(self, question: str, k: int) -> list[Note]:
        words = content_words(question)
        if not words:
            return []
        scores = self._bm25.get_scores(words)
        return [self._notes[i] for i in scores.argsort()[::-1][:k]]


def corpus_packs(facts: Sequence[Fact], rng: random.Random) -> Iterator[Pack]:
    """One pack for each fact: it, one to three rivals, questions on all of them, and now and then one that none answers."""
    shelf = Shelf([fact.note for fact in facts])
    by_note = {fact.note: fact for fact in facts}
    for fact in facts:
        near = [note for note in shelf.nearest(rng.choice(fact.asks).question, 5) if note != fact.note]
        rivals = [by_note[note] for note in near[: rng.randint(1, 2)]] + [rng.choice(facts)]
        group = list(dict.fromkeys([fact, *rivals]))
        rng.shuffle(group)
        shown = [disguise(member, rng) if rng.random() < 0.3 else member for member in group]
        asks = [ask for member in shown for ask in rng.sample(member.asks, min(2, len(member.asks)))]
        rng.shuffle(asks)
        asks = asks[:5]
        if rng.random() < 0.35:
            stranger = rng.choice(facts)
            if stranger not in group:
                asks.insert(rng.randint(0, len(asks)), Ask(rng.choice(stranger.asks).question, UNKNOWN))
        yield Pack(tuple(member.note for member in shown), tuple(asks))


def course_packs(pairs: Sequence[Pair], rank: "Rank", rng: random.Random) -> Iterator[Pack]:
    """One pack around each pair: its evidence among what search gives, other pairs on the same notes, one unanswerable.

    `rank` orders passages for a question as the app's own search does. Half of the packs keep the bound that the app sets on notes,
    so that questions with few notes are learned too; the others hold more rivals.
    """
    for pair in pairs:
        hits = [hit for hit in rank.hits(pair.ask.question) if not is_test(hit.passage)]
        near = rng.random() < 0.5
        found = notes_among(hits) if near else [hit.passage for hit in hits]
        size = 3 if near else rng.choice((3, 4, 4))
        notes = list(dict.fromkeys([*pair.evidence, *found]))[: max(size, len(pair.evidence))]
        if rng.random() < 0.6:
            notes.sort(key=lambda p: found.index(p) if p in found else len(found))
        else:
            rng.shuffle(notes)
        others = [p for p in pairs if p is not pair and set(p.evidence) <= set(notes)]
        asks = [pair.ask, *(p.ask for p in rng.sample(others, min(4, len(others))))]
        if rng.random() < 0.5:
            strangers = [p for p in pairs if not set(p.evidence) & set(notes) and not _same_section(p, notes)]
            asks.append(Ask(rng.choice(strangers).ask.question, UNKNOWN))
        rng.shuffle(asks)
        yield Pack(tuple(map(Note.of, notes)), tuple(asks))


def choice_packs(
    course: Course, pairs: Sequence[Pair], rank: "Rank", encode: Encoder, strangers: Sequence[str], rng: random.Random
) -> Iterator[Pack]:
    """Packs on choosing the note, just as the app asks: notes in search's own order, so that the first answers as often as it does there.

    What is asked are `pairs`, questions in learners' words that a passage is known to answer, with its nearest sentences as the answer,
    and `strangers`, which the course does not answer. One pack holds questions for which search puts the same passage first, with the notes
    of one of them, two or three.
    """
    asked = [*pairs, *(Pair(Ask(question, UNKNOWN), "", ()) for question in strangers)]
    for passage in course.passages:
        questions = [] if is_test(passage) else rng.sample(passage.questions, min(_ASKS, len(passage.questions)))
        asked += [Pair(Ask(q, nearest_sentences(passage, q, encode)), "", (passage,)) for q in questions]
    rng.shuffle(asked)
    groups: dict[str, list[tuple[Pair, list[Passage]]]] = {}
    for pair in asked:
        notes = rank.notes(pair.ask.question)
        if notes and set(pair.evidence) <= set(notes):
            groups.setdefault(notes[0].key, []).append((pair, notes))
    for group in groups.values():
        group.sort(key=lambda one: len(one[1]), reverse=True)
        while group and len(group[0][1]) > 1:
            _, notes = group[0]
            fit = [one for one in group if set(one[0].evidence) <= set(notes)][:_PACK]
            group = [one for one in group if one not in fit]
            yield Pack(tuple(map(Note.of, notes)), tuple(pair.ask for pair, _ in fit))


def nearest_sentences(passage: Passage, question: str, encode: Encoder) -> str:
    """The two sentences of the passage that begin where it is closest to the question."""
    sentences = passage.sentences
    *vectors, asked = encode([*sentences, question])
    start = int(np.argmax(np.stack(vectors) @ asked))
    return " ".join(sentences[start : start + 2])


def _same_section(pair: Pair, notes: Sequence[Passage]) -> bool:
    """Whether a passage of the same section stands in the notes: it may hold the answer too."""
    return bool({p.id for p in pair.evidence} & {p.id for p in notes})


class Rank:
    """Passages in the order in which the app's search gives them."""

    def __init__(self, course: Course) -> None:
        self._search = Searcher(course)
        self._hits: dict[str, tuple[Hit, ...]] = {}

    def hits(self, question: str) -> tuple[Hit, ...]:
        if question not in self._hits:
            self._hits[question] = self._search.search(question, k=12).hits
        return self._hits[question]

    def notes(self, question: str) -> list[Passage]:
        """The passages of the training half that the app would let the model read, were there no others."""
        return notes_among([hit for hit in self.hits(question) if not is_test(hit.passage)])

    def probability(self, question: str) -> float:
        """That the course answers, as the app reckons."""
        return self._search.search(question, k=1).probability
