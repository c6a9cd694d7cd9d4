"""Does a passage say what a sentence says? Alignment by meaning and by words, after the sentence is written.

The probability comes from a logistic regression over a few features that a reader can check by eye: closeness of the nearest sentence
of the passage, words in common, numbers and names that the passage lacks, words swapped or moved in what is otherwise a copy, a negation
or a direction that is turned round, a "because" between things that the passage does not connect. Fitted by `python -m training.support`
on labelled sentences. Does not cover: inference over several steps, or sums done by the writer.
"""

import json
import math
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from threading import Lock

import numpy as np
from rapidfuzz.distance import Indel, LCSseq

from tutor.course import Passage
from tutor.errors import WeightsError
from tutor.search.encoder import Encoder, Vectors
from tutor.search.words import content_words, stem
from tutor.settings import MODELS

SUPPORT_FILE = MODELS / "search" / "support.json"
FEATURES: dict[str, int] = {
    "closeness": 1,
    "words in passage": 1,
    "copied": 1,
    "numbers not said": -1,
    "names not said": -1,
    "words swapped": -1,
    "words moved": -1,
    "negation turned": -1,
    "direction turned": -1,
    "cause added": -1,
}
"""Each feature and the sign that its coefficient may have."""
_SWAPS = 2
"""So many new words in a near copy look like a swap; more look like a paraphrase."""

_TOKEN = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*(?:['’][a-z]+)?", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = frozenset(
    [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "hundred",
        "thousand",
        "million",
        "billion",
        "half",
        "twice",
        "once",
    ]
)
_NAME = re.compile(r"\b(?:[A-Z][a-z]*[A-Z][A-Za-z]*|[A-Z]{2,}|[A-Z][a-z]+)(?:-?\d+)?\b")
_NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "without",
        "cannot",
        "neither",
        "nor",
        "hardly",
        "fails",
        "lacks",
        "nothing",
        "unlike",
    ]
)
_CAUSES = re.compile(
    r"\b(?:because|since|therefore|thus|hence|so that|which is why|that is why|as a result|due to|so)\b", re.I
)
_PAIRS = (
    "more less, higher lower, high low, increase decrease, increases decreases, larger smaller, large "
    "small, long short, longer shorter, before after, first last, faster slower, fast slow, easy hard, "
    "easier harder, always never, with without, better worse, early late, earlier later, maximize "
    "minimize, maximizes minimizes, add remove, adds removes, many few, same different, stable unstable, "
    "encoder decoder, input output, generator discriminator, real fake, left right, up down, all none, "
    "strong weak, wide narrow, rare common, good bad, best worst, supervised unsupervised, vanish "
    "explode, vanishing exploding, compress expand, sharp blurry, above below, past future, raises lowers"
)
_OPPOSITES = {word: other for pair in _PAIRS.split(", ") for word, other in permutations(pair.split())}


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

    def _support(self, sentence: str, vector: np.ndarray, passage: Passage) -> Support:
        values, quote = self._features(sentence, vector, passage)
        logit = self._fit.intercept + float(np.dot(self._fit.coefficients, values))
        return Support(passage, 1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), quote)

    def _features(self, sentence: str, vector: np.ndarray, passage: Passage) -> tuple[tuple[float, ...], str]:
        cosines = self._sentence_vectors(passage) @ vector
        words = content_words(sentence)
        shared = [_share(words, set(content_words(s))) for s in passage.sentences]
        order = np.argsort(-(cosines + np.array(shared)))
        quote = passage.sentences[int(order[0])]
        nearest_two = " ".join(passage.sentences[i] for i in sorted(order[:2].tolist()))
        heading = f"{passage.lesson} {passage.section}"
        copy = _align(sentence, passage.sentences)
        values = (
            float(cosines[order[0]]),
            _share(words, set(content_words(f"{heading} {passage.flat}"))),
            float(copy.share == 1),
            float(bool(_numbers(sentence) - _numbers(f"{passage.section} {passage.flat}"))),
            float(bool(_names(sentence) - _stems(f"{heading} {nearest_two}"))),
            copy.share * (0 < copy.new <= _SWAPS),
            copy.share * (copy.moved > 0),
            copy.share * (_negations(sentence) != _negations(quote)),
            copy.share * _turned(set(_plain(sentence)), set(_plain(nearest_two))),
            float(bool(_CAUSES.search(sentence)) and not _CAUSES.search(nearest_two)),
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


def _stems(text: str) -> set[str]:
    return {stem(token.rstrip("s")) for token in _plain(text)}


def _negations(text: str) -> int:
    return sum(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in _plain(text)) % 2


def _turned(sentence: set[str], quote: set[str]) -> bool:
    return any(
        opposite in quote and word not in quote and opposite not in sentence
        for word in sentence
        if (opposite := _OPPOSITES.get(word))
    )


@dataclass(frozen=True, slots=True)
class _Copy:
    """A sentence laid along the one it resembles most: the share of its tokens kept in order, its content words that are
    new there, and those that stand there in another place."""

    share: float
    new: int
    moved: int


def _align(sentence: str, others: Sequence[str]) -> _Copy:
    tokens = _tokens(sentence)
    best = max((_tokens(other) for other in others), key=lambda other: _kept(tokens, other))
    blocks = Indel.opcodes(tokens, best)
    left_out = [t for block in blocks if block.tag == "delete" for t in tokens[block.src_start : block.src_end]]
    put_in = {t for block in blocks if block.tag == "insert" for t in best[block.dest_start : block.dest_end]}
    content = [token for token in left_out if content_words(token)]
    moved = sum(token in put_in for token in content)
    return _Copy(_kept(tokens, best), len(content) - moved, moved)


def _kept(tokens: Sequence[str], other: Sequence[str]) -> float:
    return LCSseq.similarity(tokens, other) / max(1, len(tokens))


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
