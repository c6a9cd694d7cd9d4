"""The checked sentences of an answer while it is written, and how they are numbered and shown."""

from dataclasses import dataclass, field, replace

from tutor.course import Passage
from tutor.events import Sentence
from tutor.search.hybrid import Hit
from tutor.search.words import content_words

_ENOUGH = 0.5
"""Share of the written sentences that must be supported."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checked sentence and what supports it."""

    sentence: Sentence
    passage: Passage
    quote: str


@dataclass(slots=True)
class Draft:
    """Grows as the model writes. `hits` are the passages that it wrote from, `tried` all its sentences, supported or not."""

    written: list[Written] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    hits: tuple[Hit, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether so much is supported that it may stand as an answer."""
        return bool(self.written) and len(self.written) >= _ENOUGH * len(self.tried)

    @property
    def text(self) -> str:
        return " ".join(one.sentence.text for one in self.written)

    @property
    def numbers(self) -> dict[str, int]:
        """The chip number of each source, in the order of first use."""
        return {id: number for number, id in enumerate(dict.fromkeys(one.passage.id for one in self.written), 1)}

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        numbers = self.numbers
        return tuple(replace(one.sentence, number=numbers[one.passage.id]) for one in self.written)

    @property
    def markdown(self) -> str:
        """The sentences, each with its number, as shown."""
        text = ""
        for sentence in self.sentences:
            start = "\n- " if sentence.bullet else " "
            text += f"{start}{sentence.text} [{sentence.number}]"
        return text.strip()

    def repeats(self, text: str) -> bool:
        """Whether one sentence before has all its words: "A VAE is a model" after "A VAE (variational autoencoder) is a model"."""
        words = set(content_words(text))
        return any(words <= set(content_words(one.sentence.text)) for one in self.written)
