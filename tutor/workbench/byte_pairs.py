"""Byte-pair encoding learned from a text (Sennrich et al., 2015, arXiv 1508.07909) beside the pieces of ready-made tokenizers."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

_PART = "▯"
"""Stands for a token that is only a part of a letter."""


def learned_pairs(text: str, merges: int) -> Iterator[tuple[str, str]]:
    """Byte-pair encoding: the most frequent pair of neighbors becomes one token, again and again (Sennrich et al., 2015)."""
    found = Counter(re.findall(r" ?\w+| ?[^\w\s]+", text))
    words, times = [list(word) for word in found], list(found.values())
    counts: Counter[tuple[str, str]] = Counter()
    holders: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for place, parts in enumerate(words):
        for pair in pairwise(parts):
            counts[pair] += times[place]
            holders[pair].add(place)
    for _ in range(merges):
        best = max(counts, key=lambda pair: (counts[pair], pair), default=("", ""))
        if counts[best] < 2:
            return
        yield best
        for place in holders.pop(best):  # only words that hold the pair are counted again
            for pair in pairwise(words[place]):
                counts[pair] -= times[place]
            words[place] = joined(words[place], best)
            for pair in pairwise(words[place]):
                counts[pair] += times[place]
                holders[pair].add(place)


def joined(parts: Sequence[str], pair: tuple[str, str]) -> list[str]:
    """The same parts, with every place where `pair` stands made one."""
    made: list[str] = []
    for part in parts:
        if made and (made[-1], part) == pair:
            made[-1] += part
        else:
            made.append(part)
    return made


def cut(text: str, rank: Mapping[tuple[str, str], int]) -> list[str]:
    """Cut by the pairs that were learned, the first learned first."""
    pieces = []
    for word in re.findall(r" ?\w+| ?[^\w\s]+|\s", text):
        parts = list(word)
        while pairs := [pair for pair in pairwise(parts) if pair in rank]:
            parts = joined(parts, min(pairs, key=rank.__getitem__))
        pieces += parts
    return pieces


def pieces_of(tokenizer: Any, text: str) -> tuple[list[str], list[int]]:
    """The text in the pieces that a tokenizer of transformers makes of it, and their numbers."""
    made = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    spans, pieces, end = made["offset_mapping"], [], 0
    for place, (_, stop) in enumerate(spans):
        shared = any(0 <= other < len(spans) and spans[other] == spans[place] for other in (place - 1, place + 1))
        pieces.append(_PART if shared or stop <= end else text[end:stop])
        end = max(end, stop)
    return pieces, made["input_ids"]
