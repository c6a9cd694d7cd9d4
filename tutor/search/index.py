"""Hybrid retrieval: BM25 over words, MiniLM over passages, over their single sentences, and over questions that they answer.

Each passage carries the title of its lesson and the heading of its section into all but the last.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tutor.course import GLOSSARY, Passage
from tutor.search.encoder import Encoder, Vectors, common_words
from tutor.search.vectors import vectors_of
from tutor.search.vocabulary import Vocabulary
from tutor.search.words import content_words

_BATCH = 32
"""Texts that are encoded between two looks at whether to go on."""
_LARGE = 5000
"""Passages of a course in which not every sentence is looked at."""
_SHORTLIST = 200
"""Passages whose sentences are looked at there: the best by passage and words."""
_TERM = 0.5
"""What a term of the glossary has to be better by: a lesson that says the same says more."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much sentences, questions and words count in the fused score, beside the passage's 1."""

    sentence: float
    question: float
    words: float


@dataclass(frozen=True, slots=True)
class Match:
    """Every passage's scores for one query, in the order of the passages."""

    query: Vectors
    """The query's unit vector, float32 [width]."""
    passage: Scores
    """Cosine of the query and the passage with its headings."""
    sentence: Scores
    """Cosine of the query and the passage's nearest sentence; the passage's own cosine outside the shortlist."""
    question: Scores
    """Cosine of the query and the nearest of the questions that the passage answers; of its nearest sentence where none is known."""
    words: Scores
    """BM25 divided by ten: about 0..2."""
    coverage: float
    """Share of the query's words, weighted by rarity, that the course uses anywhere: 0..1."""
    best_coverage: float
    """The same share for the one passage that has the most of them."""
    asked: int
    """Different words of the query that carry meaning."""
    unknown: int
    """Those of them that the course never uses."""
    terms: Scores
    """1 for a term of the glossary, 0 for a passage of a lesson."""

    def fused(self, weights: Weights) -> Scores:
        """Their weighted mean: about 0..1."""
        total = (
            self.passage
            + weights.sentence * self.sentence
            + weights.question * self.question
            + weights.words * self.words
            - _TERM * self.terms
        )
        fused: Scores = total / (1 + weights.sentence + weights.question + weights.words)
        return fused


class Index:
    """Scores every passage against a query."""

    def __init__(
        self,
        passages: Sequence[Passage],
        encode: Encoder,
        cache: Path | None = None,
        known: tuple[Vectors, Vectors, Vectors] | None = None,
    ) -> None:
        """`cache` is the folder for computed vectors; None keeps nothing. Raises StorageError when it cannot be written.

        `known` are the vectors of the passages, their sentences and questions, where they have been computed."""
        import bm25s  # brings scipy, for which the page need not wait

        self.passages = tuple(passages)
        self._encode = encode
        texts, sentences, questions = _texts(self.passages)
        self._passages, self._sentences, self._questions = known or _vectors(texts, sentences, questions, encode, cache)
        self._starts = np.cumsum([0] + [len(p.sentences) for p in self.passages])
        self._asked = np.array([i for i, p in enumerate(self.passages) if p.questions], dtype=np.intp)
        """Passages whose questions are known."""
        counts = [2 * len(self.passages[i].questions) for i in self._asked]
        self._first_question = np.cumsum([0, *counts])[:-1].astype(np.intp)
        self._glossary = np.array([p.lesson_slug == GLOSSARY for p in self.passages], dtype=np.float32)
        self._vocabulary = Vocabulary(texts, common_words())
        said = [" ".join([text, *p.questions]) for text, p in zip(texts, self.passages, strict=True)]
        words = [terms(text) for text in said]
        self._bags = [frozenset(content_words(text)) for text in said]
        self._terms = frozenset(term for bag in words for term in bag)
        self._bm25 = bm25s.BM25()
        self._bm25.index(words, show_progress=False)
        self._idf = _rarity(self._bags)
        self._unknown = float(np.log(1 + (len(texts) + 0.5) / 0.5))

    def beside(self, passages: Sequence[Passage]) -> Generator[float, None, tuple["Index", "Index"]]:
        """Index further passages: alone, and together with those of this index, whose vectors are used as they are.

        Yields the share that is done, and may be closed between; returns both. Nothing is written to the disk."""
        texts, sentences, questions = _texts(passages)
        every = [*texts, *sentences, *questions]
        order = sorted(range(len(every)), key=lambda i: len(every[i]))  # batches of like length waste no padding
        vectors = np.empty((len(every), self._passages.shape[1]), dtype=np.float32)
        size = sum(map(len, every))
        done = 0
        for start in range(0, len(order), _BATCH):
            yield done / size
            rows = order[start : start + _BATCH]
            vectors[rows] = self._encode([every[i] for i in rows])
            done += sum(len(every[i]) for i in rows)
        yield 1.0
        split = np.cumsum([len(texts), len(sentences)])
        own = (vectors[: split[0]], vectors[split[0] : split[1]], vectors[split[1] :])
        both = (
            np.concatenate([self._passages, own[0]]),
            np.concatenate([self._sentences, own[1]]),
            np.concatenate([self._questions, own[2]]),
        )
        alone = Index(passages, self._encode, known=own)
        yield 1.0
        return alone, Index([*self.passages, *passages], self._encode, known=both)

    @property
    def has_questions(self) -> bool:
        """Whether questions that passages answer are known."""
        return bool(len(self._asked))

    @property
    def texts(self) -> list[str]:
        """All that is encoded of the passages."""
        return [text for kind in _texts(self.passages) for text in kind]

    @property
    def vectors(self) -> Vectors:
        """Unit vectors of `texts`, float32 [texts, width]."""
        return np.concatenate([self._passages, self._sentences, self._questions])

    def understood(self, query: str) -> str:
        """The query with its typing errors mended and its acronyms spelled out, as the course uses them."""
        return self._vocabulary.expand(self._vocabulary.mend(query))

    def match(self, query: str) -> Match:
        """Score every passage against `query`."""
        mended = self._vocabulary.mend(query)
        expanded = self._vocabulary.expand(mended)
        vector = self._encode([expanded])[0]
        passage = self._passages @ vector
        bm25 = np.zeros(len(self.passages), dtype=np.float32)
        if known := [term for term in terms(expanded) if term in self._terms]:
            bm25 = self._bm25.get_scores(known).astype(np.float32) / 10
        asked = set(content_words(mended))
        total = sum(self._idf.get(word, self._unknown) for word in asked) or 1.0
        sentence = self._nearest_sentences(vector, passage, bm25)
        question = self._nearest_questions(vector, sentence)
        near = np.argsort(-(passage + question + bm25))[:20]
        return Match(
            query=vector,
            passage=passage,
            sentence=sentence,
            question=question,
            words=bm25,
            coverage=sum(self._idf[word] for word in asked if word in self._idf) / total,
            best_coverage=max(sum(self._idf[w] for w in asked & self._bags[i]) / total for i in near),
            asked=len(asked),
            unknown=sum(word not in self._idf for word in asked),
            terms=self._glossary,
        )

    def near(self, place: int, vector: Vectors) -> tuple[float, ...]:
        """Cosine of the vector and each sentence of the passage in that place, under its lesson's title."""
        cosines: list[float] = (self._sentences[self._starts[place] : self._starts[place + 1]] @ vector).tolist()
        return tuple(cosines)

    def _nearest_sentences(self, vector: Vectors, passage: Scores, bm25: Scores) -> Scores:
        if len(self.passages) <= _LARGE:
            return np.maximum.reduceat(self._sentences @ vector, self._starts[:-1])
        result = passage.copy()
        for i in np.argpartition(-(passage + bm25), _SHORTLIST)[:_SHORTLIST]:
            result[i] = (self._sentences[self._starts[i] : self._starts[i + 1]] @ vector).max()
        return result

    def _nearest_questions(self, vector: Vectors, otherwise: Scores) -> Scores:
        result = otherwise.copy()
        if len(self._asked):
            result[self._asked] = np.maximum.reduceat(self._questions @ vector, self._first_question)
        return result


def terms(text: str) -> list[str]:
    """What BM25 counts: the words that carry meaning, and each two of them that stand together ("mode collapse")."""
    words = content_words(text)
    return [*words, *(f"{one} {other}" for one, other in pairwise(words))]


def _rarity(bags: Sequence[frozenset[str]]) -> dict[str, float]:
    """BM25's inverse document frequency of each word."""
    frequency: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            frequency[word] = frequency.get(word, 0) + 1
    return {word: float(np.log(1 + (len(bags) - df + 0.5) / (df + 0.5))) for word, df in frequency.items()}


def _texts(passages: Sequence[Passage]) -> tuple[list[str], list[str], list[str]]:
    """What is encoded: each passage under its headings, their sentences under the lesson's title, and the questions that they answer, each
    alone and under the lesson's title ("what does the generator do" is asked of a GAN too, with or without its name)."""
    return (
        [f"{p.lesson}: {p.section}. {p.flat}" for p in passages],
        [f"{p.lesson}: {sentence}" for p in passages for sentence in p.sentences],
        [text for p in passages for question in p.questions for text in (question, f"{p.lesson}: {question}")],
    )


def _vectors(
    texts: list[str], sentences: list[str], questions: list[str], encode: Encoder, cache: Path | None
) -> tuple[Vectors, Vectors, Vectors]:
    every = vectors_of([*texts, *sentences, *questions], encode, cache)
    one, two = len(texts), len(texts) + len(sentences)
    return every[:one], every[one:two], every[two:]
