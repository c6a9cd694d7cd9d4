"""A question -> the passages that may answer it, best first, and the probability that the course answers it."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tutor.course import Course, Passage
from tutor.search.encoder import Encoder, encoder
from tutor.search.index import Index
from tutor.search.scope import Scope, load_scope
from tutor.search.versions import Versions

_PER_SECTION = 2
"""Passages of one section among the hits; more would crowd out other sections that may answer."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. `score` is the fused score, about 0..1; `near` the cosines of the query and each of its sentences."""

    passage: Passage
    score: float
    near: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """`probability` that the course answers the question; `in_scope` is that it reaches the fitted threshold, and that what was found is
    not about another version of what was asked for."""

    query: str
    hits: tuple[Hit, ...]
    probability: float
    in_scope: bool
    whole: bool = False
    """Whether the first passage is to be told from its beginning, as a comparison or an example is."""


class Searcher:
    """The course's search. Building it encodes the course (a second or two) unless it is cached."""

    def __init__(
        self, course: Course, cache: Path | None = None, encode: Encoder | None = None, scope: Scope | None = None
    ) -> None:
        self.index = Index(course.passages, encode or encoder(), cache)
        self._scope = scope or load_scope(self.index.has_questions)
        self._versions = _versions(self.index)

    @classmethod
    def over(cls, index: Index) -> "Searcher":
        """The search of an index that is there already."""
        searcher = cls.__new__(cls)
        searcher._scope, searcher.index = load_scope(index.has_questions), index
        searcher._versions = _versions(index)
        return searcher

    def beside(self, passages: Sequence[Passage]) -> Generator[float, None, tuple["Searcher", "Searcher"]]:
        """Searches of further passages alone, and of them with the course's. Yields the share that is done; may be closed between."""
        alone, both = yield from self.index.beside(passages)
        return self.over(alone), self.over(both)

    def search(self, query: str, k: int = 6) -> Found:
        """The `k` best passages, at most two of a section. An empty query finds nothing and is out of scope."""
        if not query.strip() or not self.index.passages:
            return Found(query, (), 0.0, False)
        match = self.index.match(self._versions.spelled(query))
        fused = match.fused(self._scope.weights)
        probability = self._scope.probability(match, fused)
        hits = tuple(
            Hit(self.index.passages[i], float(fused[i]), self.index.near(i, match.query)) for i in self._best(fused, k)
        )
        fitting = tuple(hit for hit in hits if not self._versions.another(query, hit.passage.text))
        told = bool(fitting) and (fitting[0] is hits[0] or self._versions.same(query, fitting[0].passage.section))
        return Found(query, fitting or hits, probability, told and probability >= self._scope.threshold)

    def _best(self, fused: np.ndarray[tuple[int], np.dtype[np.float32]], k: int) -> list[int]:
        wide = min(len(fused), 4 * k)
        candidates = np.argpartition(-fused, wide - 1)[:wide]
        chosen: list[int] = []
        taken: dict[str, int] = {}
        for i in sorted(candidates.tolist(), key=lambda i: -fused[i]):
            section = self.index.passages[i].id
            if taken.get(section, 0) < _PER_SECTION and len(chosen) < k:
                taken[section] = taken.get(section, 0) + 1
                chosen.append(i)
        return chosen


def _versions(index: Index) -> Versions:
    return Versions(passage.text for passage in index.passages)
