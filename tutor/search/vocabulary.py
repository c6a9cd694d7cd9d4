"""What a course's own words tell about a question: its acronyms are spelled out, its clipped words made whole, its typing
errors mended.

Both come from the lessons themselves, so another folder of lessons brings its own.
"""

import re
from collections.abc import Iterable, Iterator

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from tutor.search.words import content_words

_BEFORE = re.compile(r"((?:[A-Za-z-]+ ){1,6})\(([A-Z][A-Za-z]{1,6}?)s?\)")  # long name (LN)
_AFTER = re.compile(
    r"\b([A-Z][A-Za-z]{1,6}) (?:stands for|\()\s*((?:[A-Za-z-]+ ?){1,6})"
)  # LN (long name), LN stands for …
_SIMILAR = 0.78
"""Least share of letters that agree before one word is taken for another: one slip in five letters, two in ten."""

_CLIPPED = 5
"""Letters of the shortest beginning that is taken for the whole word."""


class Vocabulary:
    """The words and acronyms of some texts. Words of `known` are never mended."""

    def __init__(self, texts: Iterable[str], known: frozenset[str] = frozenset()) -> None:
        texts = list(texts)
        self._known = known
        self._words = sorted({word for text in texts for word in re.findall(r"[a-z]{3,}", text.lower())})
        self._stems = {stem for word in self._words for stem in content_words(word)}
        self.acronyms = {
            acronym: name for text in texts for acronym, name in _acronyms(text) if content_words(acronym)
        }  # not "is", though IS stands for the Inception score: every other question holds it
        self._written = {
            word for text in texts for word in re.findall(r"[A-Za-z0-9]+", text) if word.lower() in self.acronyms
        }

    def mend(self, question: str) -> str:
        """`question` with each unknown word of four letters or more replaced by the course's word that it is likely to mean."""
        return re.sub(r"[A-Za-z]{4,}", lambda match: self._mended(match.group()), question)

    def expand(self, question: str) -> str:
        """`question` with the long name of each acronym, or the acronym of each long name, added in brackets."""
        low = question.lower()
        words = re.findall(r"[A-Za-z0-9]+", question)
        added = [name for word in words if (name := self._long_name(word)) and name not in low]
        words = [word.lower() for word in words]
        added += [acronym for acronym, name in self.acronyms.items() if name in low and acronym not in words]
        return f"{question} ({', '.join(dict.fromkeys(added))})" if added else question

    def _long_name(self, word: str) -> str | None:
        """Of an acronym in the usual letter case; "GaN", the material of chargers, is not the GAN of the course."""
        if word.islower() or word.isupper() or word.removesuffix("s").isupper() or word in self._written:
            return self.acronyms.get(word.lower()) or self.acronyms.get(word.lower().removesuffix("s"))
        return None

    def _mended(self, word: str) -> str:
        stems = content_words(word)
        if not stems or stems[0] in self._stems or word.lower() in self._known:
            return word
        whole: list[str] = [w for w in self._words if len(word) >= _CLIPPED and w.startswith(word.lower())]
        if whole:  # "backprop" for backpropagation
            return min(whole, key=len)
        near = process.extract(
            word.lower(), self._words, scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=_SIMILAR, limit=5
        )
        # of words equally near, one of the same letters: two letters that changed places are the commonest slip
        best = min(
            (str(match[0]) for match in near),
            key=lambda w: (DamerauLevenshtein.distance(w, word.lower()), sorted(w) != sorted(word.lower()), -len(w)),
            default=word,
        )
        return best


def _acronyms(text: str) -> Iterator[tuple[str, str]]:
    for match in _BEFORE.finditer(text):
        words, acronym = match.group(1).split(), match.group(2)
        for count in range(1, len(words) + 1):
            if _stands_for(acronym.lower(), _parts(words[-count:])):
                yield acronym.lower(), " ".join(words[-count:]).lower()
                break
    for match in _AFTER.finditer(text):
        acronym, words = match.group(1), match.group(2).split()
        for count in range(len(words), 0, -1):
            if _stands_for(acronym.lower(), _parts(words[:count])):
                yield acronym.lower(), " ".join(words[:count]).lower()
                break


def _parts(words: list[str]) -> list[str]:
    return [part.lower() for word in words for part in word.split("-") if part]


def _stands_for(letters: str, words: list[str]) -> bool:
    """Whether the letters are the words' first letters, each word giving one or more: VAE, variational autoEncoder."""
    if not letters or not words:
        return not letters and not words
    if len(letters) < 2 and len(words) > 1:
        return False
    word, rest = words[0], letters[1:]
    if word[0] != letters[0]:
        return False
    position = 1
    while True:
        if _stands_for(rest, words[1:]):
            return True
        found = word.find(rest[0], position) if rest else -1
        if found < 0:
            return False
        rest, position = rest[1:], found + 1
