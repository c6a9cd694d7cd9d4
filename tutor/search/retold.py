"""Passages that tell the same thing otherwise: by a comparison for who finds it hard, by an example for who wants to see it.

Both are known by plain marks of the text, which a lesson's author can set: a heading "An analogy: …" or "A worked example …", a first
sentence "X is like …", or "for example" anywhere.
"""

import re
from dataclasses import replace

from tutor.course import GLOSSARY
from tutor.search.hybrid import Found, Hit, Searcher
from tutor.search.words import content_words
from tutor.writing import Form

_HINTS: dict[Form, str] = {"simpler": ": a simple comparison, an analogy", "example": ": an example with numbers"}
"""What is searched for beside the question; other forms tell the same passages."""
_NEAR = 0.71
"""A passage that scores below this share of the best one may tell of something else in the lesson. Read off 45 questions on the lessons."""
_WIDE = 24
"""Passages looked through: comparisons and examples are seldom among the very first."""
_COMPARES = re.compile(
    r"\banalogy\b|\b(?:is|are|works?|acts?|behaves?) like\b|\b(?:imagine|think of|picture (?:an?|yourself))\b", re.I
)
_SHOWS = re.compile(r"\bexample\b|\bwork through\b|\bwith numbers\b|\bby hand\b|\bsuppose\b", re.I)


def retold(searcher: Searcher, plain: Found, form: Form, followed: bool) -> Found:
    """`plain`, which has hits, with what fits the form first; where it was told plainly before (`followed`), with that alone.

    What fits comes from one section of the lesson that answers plainly, in reading order. Where a thing is to be made easy and no
    comparison is found, the glossary's line on it does."""
    if form not in _HINTS:
        return plain
    hits = searcher.search(plain.query + _HINTS[form], _WIDE).hits
    told = _told(plain, hits, form) or (
        _defined(searcher.index.understood(plain.query), hits) if form == "simpler" else []
    )
    usual = hits[: len(plain.hits)]
    if told and followed:
        return replace(plain, hits=tuple(told), whole=True)
    return replace(plain, hits=(*told, *(hit for hit in usual if hit not in told)))


def _told(plain: Found, hits: tuple[Hit, ...], form: Form) -> list[Hit]:
    """Where a heading says so, or else a first sentence, or else any."""
    mark = _COMPARES if form == "simpler" else _SHOWS
    lesson = next((h.passage.lesson_slug for h in plain.hits if h.passage.lesson_slug != GLOSSARY), GLOSSARY)
    near = [h for h in hits if h.passage.lesson_slug == lesson and h.score >= _NEAR * hits[0].score]
    fitting = (
        [h for h in near if mark.search(h.passage.section)]
        or [h for h in near if mark.search(h.passage.sentences[0])]
        or [h for h in near if mark.search(h.passage.text)]
    )
    return sorted((h for h in fitting if h.passage.id == fitting[0].passage.id), key=lambda hit: hit.passage.index)


def _defined(query: str, hits: tuple[Hit, ...]) -> list[Hit]:
    """The glossary's entry on a term that the query has whole."""
    asked = set(content_words(query))
    terms = ((hit, set(content_words(hit.passage.section))) for hit in hits if hit.passage.lesson_slug == GLOSSARY)
    return [hit for hit, term in terms if term and term <= asked][:1]
