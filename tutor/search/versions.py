"""Names that come in versions, such as GPT-2 and GPT-3: what the course tells of one is no answer about another.

Words alone don't tell them apart: a question about GPT-5 is as near to a passage on GPT-3 as one about GPT-3 is.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

_NAMED = re.compile(r"\b([A-Z][A-Za-z]*(?:[- ][A-Z][A-Za-z]*)*)[- ]?v?(\d{1,2}(?:\.\d+)?)\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Versions:
    """The names of some texts that have two versions or more, however a learner writes them: "gpt 4", "dalle3"."""

    def __init__(self, texts: Iterable[str]) -> None:
        found = defaultdict[str, set[str]](set)
        for text in texts:
            for name, number in _NAMED.findall(text):
                found[name].add(number)
        self._names = {
            name: re.compile(r"[- ]?".join(re.split("[- ]", name)) + r"[- ]?v?(\d{1,2}(?:\.\d+)?)\b", re.I)
            for name, numbers in found.items()
            if len(numbers) > 1 and sum(map(str.isupper, name)) > 1  # no "Figure 1" and "Figure 2"
        }

    def spelled(self, question: str) -> str:
        """The question with these names as the texts write them: "dalle3" is "DALL-E 3"."""
        for name, pattern in self._names.items():
            question = pattern.sub(rf"{name} \1", question)
        return question

    def another(self, question: str, text: str) -> bool:
        """Whether `text` tells of versions of a name in the question, and of none that was asked for."""
        return any(told and not asked & told for asked, told in self._both(question, text))

    def same(self, question: str, text: str) -> bool:
        """Whether `text` tells of a version that was asked for."""
        return any(asked & told for asked, told in self._both(question, text))

    def _both(self, question: str, text: str) -> Iterator[tuple[set[str], set[str]]]:
        """The versions of each name that the question asks for, and those that the text tells of."""
        for name, pattern in self._names.items():
            if asked := set(pattern.findall(question)):
                told = set(_NUMBER.findall(text)) if pattern.search(text) else set[str]()  # all: "DALL-E 2 and 3"
                yield asked, told | ({"1"} if f"first {name}" in text else set())
