"""Which two things a question compares. A small model likes to tell of one alone, so an answer is looked over for the other."""

import re
from collections.abc import Callable

from tutor.conversation import topic_of
from tutor.search.words import content_words

_COMPARED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:differences?|contrast) between (.+?) (?:and|vs\.?|versus) (.+)",
        r"\bcompare (.+?) (?:and|with|to|vs\.?|versus) (.+)",
        r"^(.+?),? (?:vs\.?|versus|compared (?:to|with)|in comparison (?:to|with)) (.+)",
        r"^(.+?) (?:is |are )?(?:different|differs?) (?:from|to|than) (.+)",
    )
)
_LONGEST = 4
"""Words of meaning in a side; what has more is no name."""


def sides(question: str) -> tuple[str, ...]:
    """ "BERT vs GPT?" -> ("BERT", "GPT"); nothing where the question compares no two things."""
    for pattern in _COMPARED:
        if match := pattern.search(question):
            found = tuple(topic_of(side) for side in match.groups())
            return found if all(0 < len(content_words(side)) <= _LONGEST for side in found) else ()
    return ()


def unsaid(question: str, text: str, understood: Callable[[str], str]) -> tuple[str, ...]:
    """The sides of a comparison that `text` does not name; `understood` spells acronyms out, so that either form will do."""
    return tuple(side for side in sides(question) if not names(side, text, understood))


def names(side: str, text: str, understood: Callable[[str], str]) -> bool:
    """Whether `text` has all words of `side`."""
    return set(content_words(side)) <= set(content_words(understood(text)))
