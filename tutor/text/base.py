"""What a language model is to this project: a name and one method that streams text.

`ScriptedModel` is the fake that ships beside the real ones: it replays what it is given, word by word.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to write. `temperature` 0 is greedy; `seed` counts only above 0.

    `openings` are groups of texts, such as the sentences of each note: a local model begins as one of them, of the group that is likeliest
    as a whole, and goes on as it likes. A served model can't be held to them.
    """

    max_new_tokens: int = 160
    temperature: float = 0.0
    seed: int = 0
    openings: tuple[tuple[str, ...], ...] = ()


@runtime_checkable
class TextModel(Protocol):
    """A back-end. Closing the iterator of `stream` stops the work within half a second."""

    name: str

    def stream(self, messages: Sequence[Message], options: Options = Options()) -> Iterator[str]:
        """Yield the answer piece by piece. Raises ModelError."""
        ...


class ScriptedModel:
    """Replays `replies` in turn, word by word, waiting `delay` seconds before each; remembers what it was asked."""

    name = "scripted"

    def __init__(self, replies: Sequence[str], delay: float = 0.0) -> None:
        self._replies = list(replies)
        self._delay = delay
        self.asked: list[tuple[Message, ...]] = []

    def stream(self, messages: Sequence[Message], options: Options = Options()) -> Iterator[str]:
        reply = self._replies[len(self.asked) % len(self._replies)]
        self.asked.append(tuple(messages))
        for word in re.findall(r"\S+\s*", reply)[: options.max_new_tokens]:
            time.sleep(self._delay)
            yield word
