"""Cut plain English text into sentences. Rules only: lessons and answers are edited prose, so no model is needed.

Does not cover: quotations that end inside a sentence, languages that do not end sentences with . ! ?
"""

import re

_ABBREVIATIONS = ("e.g", "i.e", "et al", "etc", "vs", "cf", "approx", "Fig", "Eq", "Dr", "Mr", "Ms", "Mrs", "St", "No")
_END = re.compile(r"[.!?][\"')\]]*(?=\s+[\"'(\[$]*[A-Z0-9$])")


def split_sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text` in order, stripped; each line break ends a sentence."""
    found: list[str] = []
    for line in text.splitlines():
        start = 0
        for match in _END.finditer(line):
            if _is_abbreviation(line[start : match.start()]) or _in_maths(line[: match.start()]):
                continue
            found.append(line[start : match.end()].strip())
            start = match.end()
        found.append(line[start:].strip())
    return tuple(sentence for sentence in found if sentence)


def _is_abbreviation(before: str) -> bool:
    last = before.rsplit(None, 1)[-1].lstrip("(") if before.strip() else ""
    initial = len(last) == 1 and last.isalpha() and last.isupper() and last not in "AI"
    return initial or before.endswith(_ABBREVIATIONS)


def _in_maths(before: str) -> bool:
    return before.count("$") % 2 == 1
