"""Which of several beginnings a model likes best, where these come in groups, such as the sentences of each note.

A single likeliest token is a poor judge: many sentences begin alike ("A …"), and a note with three fitting sentences splits its share
among them. So every beginning is followed until no other begins so, and their shares are added up by group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_FURTHER = 5
"""Tokens beyond those that set a beginning apart, which have to be likely too: "A VAE is" may also lead to what no note says."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The first `known` tokens of a text, which no other text begins with."""

    group: int
    text: tuple[int, ...]
    known: int
    share: float
    """The probability of these tokens."""
    settled: bool = False
    """Whether that was followed further."""


@dataclass(frozen=True, slots=True)
class _Fork:
    """Tokens that several texts begin with, and their probability."""

    tokens: tuple[int, ...]
    share: float
    texts: tuple[tuple[int, tuple[int, ...]], ...]
    """(group, tokens)."""


class Openings:
    """Asks step by step for the model's probabilities after some tokens: while there is a `wanted`, `learn` what follows it."""

    def __init__(self, groups: Sequence[Iterable[Sequence[int]]]) -> None:
        """`groups` hold the tokens of texts; a text of two groups counts for the first."""
        groups_of: dict[tuple[int, ...], int] = {}
        for group, members in enumerate(groups):
            for text in members:
                groups_of.setdefault(tuple(text), group)
        texts = tuple((group, text) for text, group in groups_of.items() if text)
        self._forks = [_Fork((), 1.0, texts)] if texts else []
        self._beginnings: list[_Beginning] = []

    @property
    def wanted(self) -> list[int] | None:
        """Tokens whose next ones have to be known; None when all is."""
        if self._forks:
            return list(_shared(self._forks[-1]))
        best = self._best()
        if best is None or best.settled:
            return None
        return list(best.text[: best.known + _FURTHER][:-1])

    def learn(self, logits: "torch.Tensor") -> None:
        """`logits`, float [1 + wanted tokens, vocabulary], are those of the first wanted token, of each further one, and of the next."""
        shares = logits.softmax(-1)
        if self._forks:
            self._branch(self._forks.pop(), shares)
            return
        best = self._best()
        assert best is not None
        further = range(best.known, min(best.known + _FURTHER, len(best.text)))
        share = best.share
        for place in further:
            share *= float(shares[place, best.text[place]])
        self._beginnings.remove(best)
        self._beginnings.append(replace(best, known=further.stop, share=share, settled=True))

    def best(self) -> tuple[int, ...]:
        """The likeliest beginning of the likeliest group; nothing where there is no text."""
        best = self._best()
        return best.text[: best.known] if best is not None else ()

    def _branch(self, fork: _Fork, shares: "torch.Tensor") -> None:
        tokens, share = _shared(fork), fork.share
        for place in range(len(fork.tokens), len(tokens)):
            share *= float(shares[place, tokens[place]])
        here = len(tokens)
        longer = sorted((text[here], (group, text)) for group, text in fork.texts if len(text) > here)
        for token, branch in groupby(longer, key=lambda one: one[0]):
            texts = tuple(text for _, text in branch)
            reached = share * float(shares[here, token])
            if len(texts) == 1:
                self._beginnings.append(_Beginning(*texts[0], here + 1, reached))
            else:
                self._forks.append(_Fork((*tokens, token), reached, texts))

    def _best(self) -> _Beginning | None:
        by_group: dict[int, float] = {}
        for one in self._beginnings:
            by_group[one.group] = by_group.get(one.group, 0.0) + one.share
        largest = max(by_group, key=by_group.__getitem__, default=None)
        likeliest = (one for one in self._beginnings if one.group == largest)
        return max(likeliest, key=lambda one: one.share, default=None)


def _shared(fork: _Fork) -> tuple[int, ...]:
    """The tokens that all texts of the fork begin with; of a single text, all but its last."""
    first, *others = (text for _, text in fork.texts)
    if not others:
        return first[:-1]
    same = next((n for n, column in enumerate(zip(first, *others, strict=False)) if len(set(column)) > 1), None)
    return first[: min(map(len, (first, *others))) if same is None else same]
