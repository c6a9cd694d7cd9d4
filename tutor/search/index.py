"""Hybrid retrieval: BM25 over words and MiniLM over meaning, fused with fitted weights.

Each passage carries the title of its lesson and the heading of its section into both. The index is cached as one folder, keyed by
content and model hash, written under a temporary name and renamed, so two processes or a kill in mid-write cannot harm it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt

from tutor.course import Passage
from tutor.errors import StorageError
from tutor.search.encoder import Encoder, Vectors
from tutor.search.words import content_words
from tutor.weights import ENCODER_SHA256

_FORMAT = 3
"""Part of the cache key: raise it when the meaning of the stored files changes."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts in the fused score: cosine with the passage, with its heading, and BM25."""

    passage: float = 1.0
    heading: float = 0.5
    words: float = 0.5


@dataclass(frozen=True, slots=True)
class Match:
    """Every passage's scores for one query, in the order of the passages."""

    passage: Scores
    """Cosine of the query and the passage with its headings."""
    heading: Scores
    """Cosine of the query and `lesson: heading`."""
    words: Scores
    """BM25 divided by the score a passage of exactly the query's words would get; 0..about 1."""
    coverage: float
    """Share of the query's words, weighted by rarity, that the course uses anywhere."""
    vector: Scores

    def fused(self, weights: Weights) -> Scores:
        return weights.passage * self.passage + weights.heading * self.heading + weights.words * self.words


class Index:
    """Scores every passage against a query."""

    def __init__(self, passages: Sequence[Passage], encode: Encoder, cache: Path | None = None) -> None:
        """`cache` is the folder for computed indexes; None keeps nothing. Raises StorageError when it cannot be written."""
        self.passages = tuple(passages)
        self._encode = encode
        texts = [f"{p.lesson}: {p.section}. {p.flat}" for p in self.passages]
        headings = [f"{p.lesson}: {p.section}" for p in self.passages]
        self._passage_vectors, self._heading_vectors = _vectors(texts, headings, encode, cache)
        words = [content_words(text) for text in texts]
        self._bm25 = bm25s.BM25()
        self._bm25.index(words, show_progress=False)
        frequency: dict[str, int] = {}
        for passage_words in words:
            for word in set(passage_words):
                frequency[word] = frequency.get(word, 0) + 1
        n = len(words)
        self._idf = {word: float(np.log(1 + (n - df + 0.5) / (df + 0.5))) for word, df in frequency.items()}
        self._unknown_idf = float(np.log(1 + (n + 0.5) / 0.5))

    def match(self, query: str) -> Match:
        """Score every passage against `query`."""
        vector = self._encode([query])[0]
        words = content_words(query)
        known = [word for word in words if word in self._idf]
        total = sum(self._idf.get(word, self._unknown_idf) for word in words)
        bm25 = np.zeros(len(self.passages), dtype=np.float32)
        if known:
            bm25 = self._bm25.get_scores(known).astype(np.float32)
        return Match(
            passage=self._passage_vectors @ vector,
            heading=self._heading_vectors @ vector,
            words=bm25 / max(total, 1e-6) / 2.5,  # k1 + 1 with k1 = 1.5: the most that a repeated word can bring
            coverage=sum(self._idf[word] for word in known) / total if total else 0.0,
            vector=vector,
        )


def _vectors(texts: list[str], headings: list[str], encode: Encoder, cache: Path | None) -> tuple[Vectors, Vectors]:
    key = hashlib.sha256(json.dumps([_FORMAT, ENCODER_SHA256, texts]).encode()).hexdigest()[:20]
    stored = cache / "index" / f"{key}.npz" if cache is not None else None
    if stored is not None and stored.is_file():
        with np.load(stored) as arrays:
            return arrays["passages"], arrays["headings"]
    distinct = sorted(set(headings))
    encoded = encode(distinct)
    row = {heading: i for i, heading in enumerate(distinct)}
    passages, heading_vectors = encode(texts), encoded[[row[heading] for heading in headings]]
    if stored is not None:
        _store(stored, passages, heading_vectors)
    return passages, heading_vectors


def _store(path: Path, passages: Vectors, headings: Vectors) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".partial")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, passages=passages, headings=headings)
        Path(name).replace(path)
    except OSError as error:
        free = shutil.disk_usage(path.anchor).free // 2**20
        raise StorageError(
            f"The search index cannot be written to {path.parent} ({error.strerror}; {free} MiB free). "
            "Free some space or set TUTOR_CACHE_DIR to another folder."
        ) from error
