"""What the built-in painter can paint: the things that its training pictures showed, and which of them a prompt names.

A thing that it never saw is taken for the known one with the nearest name, by the sentence encoder, and this is said out loud.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tutor.errors import InputError, StorageError
from tutor.request import COLORS
from tutor.search.encoder import Encoder, Vectors

THINGS = "things.json"
"""In the painter's folder: a list of {"char", "names"}."""
_COLOR = "|".join((*COLORS, "grey"))
_BACKGROUND = re.compile(
    rf"(?:,|\b(?:on|with|against|in front of|over))?\s*(?:an? |the )?(?:plain )?(?:{_COLOR})\s+(?:colou?red )?(?:background|backdrop)\b"
    rf"|\bon (?:an? )?(?:{_COLOR})$",
    re.I,
)
_BETWEEN = re.compile(r"\s*(?:,|\band\b|\bnext to\b|\bbeside\b|\bwith\b)\s*", re.I)
_BEFORE = re.compile(
    rf"^(?:(?:an?|the|some|one|two|three|four|[1-4]|a pair of|small|tiny|little|big|large|huge|very|{_COLOR}"
    r"|(?:picture|image|drawing|illustration|emoji) of)\s+)+",
    re.I,
)
_SPECIAL = {"mice": "mouse", "geese": "goose", "wolves": "wolf", "leaves": "leaf", "knives": "knife"}


@dataclass(frozen=True, slots=True)
class Swap:
    """A thing that the painter does not know, and the one it takes it for."""

    said: str
    taken: str


@dataclass(frozen=True, slots=True)
class Understood:
    """The prompt as the painter gets it, and what was put in another thing's place."""

    prompt: str
    swaps: tuple[Swap, ...] = ()


class KnownThings:
    """The names of everything in `folder`/things.json."""

    def __init__(self, folder: Path, encode: Encoder) -> None:
        """Raises StorageError when the file is missing or broken."""
        self.folder = folder
        path = folder / THINGS
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            self._chars = {str(row["char"]): str(row["names"][0]) for row in rows}
            self._names = tuple(dict.fromkeys(str(name) for row in rows for name in row["names"]))
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise StorageError(f"{path} cannot be read ({error}); run `git checkout models`.") from error
        self._known = {name.lower() for name in self._names}
        self._encode = encode
        self._vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self._chars)

    @property
    def names(self) -> tuple[str, ...]:
        """What each thing is called first, in the order of the file."""
        return tuple(self._chars.values())

    def read(self, prompt: str) -> Understood:
        """The prompt with emoji spelled out and unknown things replaced. Raises InputError for what is not Latin script."""
        text = self._spelled(prompt)
        letters = [c for c in text if c.isalpha()]
        if not letters or sum(ord(c) < 0x250 for c in letters) < 0.8 * len(letters):
            raise InputError("The built-in painter reads English only. Name the thing in English, such as: draw a dog.")
        swaps = []
        bare = _BACKGROUND.sub(" ", text)
        for phrase in filter(None, (part.strip(" .!?") for part in _BETWEEN.split(bare))):
            thing = self._thing(phrase)
            if thing and not self._knows(thing):
                taken = self.nearest(thing)
                swaps.append(Swap(thing, taken))
                text = text.replace(thing, taken, 1)
        return Understood(text, tuple(swaps))

    def nearest(self, name: str) -> str:
        """The known name that means most nearly the same."""
        if self._vectors is None:
            self._vectors = self._encode(self._names)
        return self._names[int(np.argmax(self._vectors @ self._encode([name])[0]))]

    def _spelled(self, prompt: str) -> str:
        text = prompt.replace("\ufe0f", "")
        for char in dict.fromkeys(text):
            if char in self._chars and not char.isascii():
                text = text.replace(char, f" {self._chars[char]} ")
        return " ".join(text.split())

    def _thing(self, phrase: str) -> str:
        """What is left of "two small red apples": "apples", unless the whole, such as "green apple", is a name itself."""
        words = phrase.split()
        for start in range(len(words)):
            if self._knows(" ".join(words[start:])):
                return " ".join(words[start:])
        return _BEFORE.sub("", phrase)

    def _knows(self, name: str) -> bool:
        low = name.lower()
        return any(form in self._known for form in _singulars(low)) or low in COLORS


def _singulars(name: str) -> list[str]:
    head, space, last = name.rpartition(" ")
    forms = [last, _SPECIAL.get(last, last)]
    if last.endswith("ies"):
        forms.append(last[:-3] + "y")
    if last.endswith("es"):
        forms.append(last[:-2])
    if last.endswith("s"):
        forms.append(last[:-1])
    return [f"{head}{space}{form}" for form in forms]
