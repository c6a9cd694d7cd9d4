"""Hybrid retrieval: BM25 over words, MiniLM over passages and over their single sentences.

Each passage carries the title of its lesson and the heading of its section into all three. The vectors are cached as one file, keyed by
content and model hash, written under a temporary name and renamed, so two processes or a kill in mid-write cannot harm it.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import bm25s
import numpy as np
import numpy.typing as npt

from tutor.course import Passage
from tutor.errors import StorageError
from tutor.search.encoder import Encoder, Vectors, common_words
from tutor.search.vocabulary import Vocabulary
from tutor.search.words import content_words
from tutor.weights import ENCODER_SHA256

_FORMAT = 4
"""Part of the cache key: raise it when the meaning of the stored file changes."""
_SHORTLIST = 200
"""Passages whose sentences are looked at: in a large course, the best by passage and words."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much sentences and words count in the fused score, beside the passage's 1."""

    sentence: float
    words: float


@dataclass(frozen=True, slots=True)
class Match:
    """Every passage's scores for one query, in the order of the passages."""

    passage: Scores
    """Cosine of the query and the passage with its headings."""
    sentence: Scores
    """Cosine of the query and the passage's nearest sentence; the passage's own cosine outside the shortlist."""
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

    def fused(self, weights: Weights) -> Scores:
        fused: Scores = self.passage + weights.sentence * self.sentence + weights.words * self.words
        return fused


class Index:
    """Scores every passage against a query."""

    def __init__(self, passages: Sequence[Passage], encode: Encoder, cache: Path | None = None) -> None:
        """`cache` is the folder for computed vectors; None keeps nothing. Raises StorageError when it cannot be written."""
        self.passages = tuple(passages)
        self._encode = encode
        texts = [f"{p.lesson}: {p.section}. {p.flat}" for p in self.passages]
        sentences = [f"{p.lesson}: {sentence}" for p in self.passages for sentence in p.sentences]
        self._passages, self._sentences = _vectors(texts, sentences, encode, cache)
        self._starts = np.cumsum([0] + [len(p.sentences) for p in self.passages])
        self._vocabulary = Vocabulary(texts, common_words())
        words = [terms(text) for text in texts]
        self._bags = [frozenset(content_words(text)) for text in texts]
        self._terms = frozenset(term for bag in words for term in bag)
        self._bm25 = bm25s.BM25()
        self._bm25.index(words, show_progress=False)
        self._idf = _rarity(self._bags)
        self._unknown = float(np.log(1 + (len(texts) + 0.5) / 0.5))

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
        near = np.argsort(-(passage + bm25))[:20]
        return Match(
            passage=passage,
            sentence=self._nearest_sentences(vector, passage, bm25),
            words=bm25,
            coverage=sum(self._idf[word] for word in asked if word in self._idf) / total,
            best_coverage=max(sum(self._idf[w] for w in asked & self._bags[i]) / total for i in near),
            asked=len(asked),
            unknown=sum(word not in self._idf for word in asked),
        )

    def _nearest_sentences(self, vector: Vectors, passage: Scores, bm25: Scores) -> Scores:
        if len(self.passages) <= _SHORTLIST:
            return np.maximum.reduceat(self._sentences @ vector, self._starts[:-1])
        result = passage.copy()
        for i in np.argpartition(-(passage + bm25), _SHORTLIST)[:_SHORTLIST]:
            result[i] = (self._sentences[self._starts[i] : self._starts[i + 1]] @ vector).max()
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


def _vectors(texts: list[str], sentences: list[str], encode: Encoder, cache: Path | None) -> tuple[Vectors, Vectors]:
    """(passages, sentences) as unit vectors, from the cache if they are there."""
    key = hashlib.sha256(json.dumps([_FORMAT, ENCODER_SHA256, texts, sentences]).encode()).hexdigest()[:20]
    stored = cache / "index" / f"{key}.npz" if cache is not None else None
    if stored is not None and (known := _stored(stored)) is not None:
        return known
    passages, single = encode(texts), encode(sentences)
    if stored is not None:
        _store(stored, passages, single)
    return passages, single


def _stored(path: Path) -> tuple[Vectors, Vectors] | None:
    """What was computed before; None when it is not there or damaged."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return arrays["passages"], arrays["sentences"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _store(path: Path, passages: Vectors, sentences: Vectors) -> None:
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".partial")
        partial = Path(name)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, passages=passages, sentences=sentences)
        partial.replace(path)
    except OSError as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"The search index cannot be written to {path.parent} ({error.strerror}). "
            "Free some space or set TUTOR_CACHE_DIR to another folder."
        ) from error
