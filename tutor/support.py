"""Does a passage say what a sentence says? Alignment by meaning and by words, after the sentence is written.

The probability comes from a logistic regression over a few features that a reader can check by eye: closeness of the nearest sentence
of the passage, words in common, numbers and names that the passage lacks, a negation or a direction that is turned round. Fitted by
`python -m training.support` on labelled sentences. Does not cover: inference over several steps, or sums done by the writer.
"""

import json
import math
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from threading import Lock

import numpy as np

from tutor.course import Passage
from tutor.errors import WeightsError
from tutor.search.encoder import Encoder, Vectors
from tutor.search.words import content_words, stem
from tutor.settings import MODELS

SUPPORT_FILE = MODELS / "search" / "support.json"
FEATURES = (
    "closeness",
    "words in passage",
    "words in sentence",
    "pairs",
    "words not said",
    "numbers not said",
    "names not said",
    "negation turned",
    "direction turned",
)

_TOKEN = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*(?:['’][a-z]+)?", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = frozenset(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "hundred", "thousand", "million", "billion", "half", "twice", "once"]
)
_NAME = re.compile(r"\b(?:[A-Z][a-z]*[A-Z][A-Za-z]*|[A-Z]{2,}|[A-Z][a-z]+)(?:-?\d+)?\b")
_NEGATIONS = frozenset(["not", "no", "never", "none", "without", "cannot", "neither", "nor", "hardly", "fails", "lacks", "nothing", "unlike"])
_OPPOSITES: dict[str, str] = {}
for _line in ["more less", "higher lower", "high low", "increase decrease", "increases decreases", "larger smaller", "large small", "long short", "longer shorter\n    before after", "first last", "faster slower", "fast slow", "easy hard", "easier harder", "always never", "with without", "better worse", "early late", "earlier later\n    maximize minimize", "maximizes minimizes", "add remove", "adds removes", "many few", "same different", "stable unstable", "encoder decoder", "input output\n    generator discriminator", "real fake", "left right", "up down", "all none", "strong weak", "wide narrow", "rare common", "good bad", "best worst\n    supervised unsupervised", "vanish explode", "vanishing exploding", "compress expand", "sharp blurry", "above below", "past future", "raises lowers"]:
    _one, _other = _line.split()[-2:]
    _OPPOSITES |= {_one: _other, _other: _one}


@dataclass(frozen=True, slots=True)
class Support:
    """How well a passage supports a sentence, 0..1, and the passage's sentence that does."""

    passage: Passage
    probability: float
    quote: str


@dataclass(frozen=True, slots=True)
class SupportFit:
    """What was fitted. A sentence at or above `threshold` counts as supported."""

    coefficients: tuple[float, ...]
    intercept: float
    threshold: float


class SupportChecker:
    """Aligns sentences to passages. Keeps the vectors of the passages it has met, up to a few hundred."""

    def __init__(self, encode: Encoder, fit: SupportFit | None = None) -> None:
        self._encode = encode
        self._fit = fit or load_support()
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    @property
    def threshold(self) -> float:
        return self._fit.threshold

    def best(self, sentence: str, passages: Sequence[Passage]) -> Support | None:
        """The passage that supports `sentence` best, whatever its probability; None without passages."""
        vector = self._encode([sentence])[0]
        return max((self._support(sentence, vector, p) for p in passages), key=lambda s: s.probability, default=None)

    def features(self, sentence: str, passage: Passage) -> tuple[float, ...]:
        """One number for each of FEATURES."""
        return self._features(sentence, self._encode([sentence])[0], passage)[0]

    def _support(self, sentence: str, vector: np.ndarray, passage: Passage) -> Support:  # type: ignore[type-arg]
        values, quote = self._features(sentence, vector, passage)
        logit = self._fit.intercept + float(np.dot(self._fit.coefficients, values))
        return Support(passage, 1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), quote)

    def _features(self, sentence: str, vector: np.ndarray, passage: Passage) -> tuple[tuple[float, ...], str]:  # type: ignore[type-arg]
        cosines = self._sentence_vectors(passage) @ vector
        words = content_words(sentence)
        shared = [_share(words, set(content_words(s))) for s in passage.sentences]
        nearest = int(np.argmax(cosines + np.array(shared)))
        quote = passage.sentences[nearest]
        said = set(content_words(f"{passage.lesson} {passage.section} {passage.flat}"))
        tokens, passage_tokens = _tokens(sentence), _tokens(f"{passage.section}. {passage.flat}")
        values = (
            float(cosines[nearest]),
            _share(words, said),
            shared[nearest],
            _share(list(pairwise(tokens)), set(pairwise(passage_tokens))),
            float(min(4, len(set(words) - said))),
            float(bool(_numbers(sentence) - _numbers(f"{passage.section} {passage.flat}"))),
            float(bool(_names(sentence) - _names_anywhere(passage))),
            float(_negations(sentence) != _negations(quote)),
            float(_turned(set(_plain(sentence)), set(_plain(quote)))),
        )
        return values, quote

    def _sentence_vectors(self, passage: Passage) -> Vectors:
        with self._lock:
            if passage.text in self._known:
                self._known.move_to_end(passage.text)
                return self._known[passage.text]
        vectors = self._encode(passage.sentences)
        with self._lock:
            self._known[passage.text] = vectors
            while len(self._known) > 500:
                self._known.popitem(last=False)
        return vectors


def _share(items: Sequence[object], known: set[object] | set[str] | set[tuple[str, str]]) -> float:
    return sum(item in known for item in items) / len(items) if items else 1.0


def _plain(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text)]


def _tokens(text: str) -> list[str]:
    return [stem(token) for token in _plain(text)]


def _numbers(text: str) -> set[str]:
    return {n.replace(",", "") for n in _NUMBER.findall(text)} | (set(_plain(text)) & _NUMBER_WORDS)


def _names(sentence: str) -> set[str]:
    """Words written as names. The first word of a sentence is one only if it has a capital inside."""
    first = sentence.split(maxsplit=1)[0] if sentence.split() else ""
    found = {m.group() for m in _NAME.finditer(sentence)}
    if first.istitle() or first.rstrip(",").istitle():
        found.discard(first.rstrip(","))
    return {stem(name.lower().rstrip("s")) for name in found}


def _names_anywhere(passage: Passage) -> set[str]:
    return {stem(token.rstrip("s")) for token in _plain(f"{passage.lesson} {passage.section} {passage.flat}")}


def _negations(text: str) -> int:
    return sum(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in _plain(text)) % 2


def _turned(sentence: set[str], quote: set[str]) -> bool:
    return any(
        opposite in quote and word not in quote and opposite not in sentence
        for word in sentence
        if (opposite := _OPPOSITES.get(word))
    )


@cache
def load_support() -> SupportFit:
    """The shipped fit. Raises WeightsError when the file is missing."""
    try:
        values = json.loads(SUPPORT_FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(
            f"{SUPPORT_FILE} is missing; run `git checkout models` or `python -m training.support`."
        ) from None
    return SupportFit(tuple(values["coefficients"].values()), values["intercept"], values["threshold"])
