"""Question-and-answer examples made by code from prose about machine learning.

A corpus is a folder of `*.txt.xz` files of English prose whose pages begin with `# SOURCE path`. Every sentence of a paragraph that
defines, explains or names something becomes an answer; a template turns its subject into a question as a learner might type it. The
examples teach three things only: find the note that holds the answer, copy from it faithfully, and say so when no note does.
"""

import lzma
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tutor.search.words import content_words
from tutor.sentences import split_sentences
from tutor.writing import Form, Note

_BAD = re.compile(
    r"https?:|[`{}<>|\\_=]|::|\bclick\b|\bI'm\b|\bI \b|\bchapter\b|\bcourse\b|\bEpisode\b"
    r"|\bthis (?:chapter|section|video|notebook|tutorial|guide|course|unit)\b|import |🤗|^\W",
    re.I,
)
_SUBJECT = r"(?:The |A |An )?((?:[A-Za-z][\w-]*)(?: [\w-]+){0,4}?)"
_DEFINES = re.compile(rf"^{_SUBJECT} (?:is|are|refers to|means|stands for) (?:a |an |the |one |used |when |how )")
_USED = re.compile(rf"^{_SUBJECT} (?:is|are|can be) (?:often |commonly |mainly |typically )?used (?:to|for|in|as|by) ")
_DOES = re.compile(
    rf"^{_SUBJECT} (?:can|helps?|allows?|lets|enables?|makes|reduces|improves|learns|takes|uses|consists) "
)
_BECAUSE = re.compile(r"^(.{20,90}?),? because ")
_EXAMPLE = re.compile(r"\b(?:for example|for instance|such as)\b", re.I)
_VAGUE = re.compile(
    r"^(?:it|this|that|these|those|they|we|you|he|she|there|here|one|what|which|if|when|but|and|so|then|now|in|as|for|note|each|both|other|another|some|all|its|our|your|let|to|first|second|next|finally)\b",
    re.I,
)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_COMMON_TOPIC = 5
"""A pair of words is a topic when the corpora use it at least this often: chance neighbors are rarer."""
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")
_SYLLABLES = (
    "vel",
    "kor",
    "ban",
    "tri",
    "mol",
    "zan",
    "per",
    "dus",
    "lin",
    "gra",
    "fex",
    "ron",
    "tal",
    "qui",
    "sor",
    "net",
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question on some notes, and the answer that is wanted."""

    question: str
    answer: str
    form: Form = "answer"


@dataclass(frozen=True, slots=True)
class Fact:
    """A note with the questions that it answers."""

    note: Note
    asks: tuple[Ask, ...]


def read_corpora(folder: Path, seed: int) -> list[Fact]:
    """Facts from every `*.txt.xz` of `folder`, in a seeded order. Raises FileNotFoundError when there is none."""
    files = sorted(folder.glob("*.txt.xz"))
    if not files:
        raise FileNotFoundError(f"No *.txt.xz in {folder}; name the folder with --corpora.")
    rng = random.Random(seed)
    texts = [lzma.decompress(file.read_bytes()).decode("utf-8") for file in files]
    counts = Counter(pair for text in texts for pair in _pairs(text))
    topics = frozenset(pair for pair, count in counts.items() if count >= _COMMON_TOPIC)
    facts = [fact for text in texts for fact in _facts(text, topics, rng)]
    rng.shuffle(facts)
    return facts


def disguise(fact: Fact, rng: random.Random) -> Fact:
    """The same fact with other numbers and an invented name for its subject, so that only the note can tell."""
    text = fact.note.text
    swaps = {number: _other_number(number, rng) for number in set(_NUMBER.findall(text))}
    words = [word for word in re.findall(r"\b[A-Z][A-Za-z]{3,}\b", text) if text.count(word) >= 2]
    if words:
        swaps[rng.choice(words)] = "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3))).capitalize()
    if not swaps:
        return fact
    pattern = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, swaps)) + r")(?!\w)")

    def change(string: str) -> str:
        return pattern.sub(lambda match: swaps[match.group()], string)

    note = Note(fact.note.lesson, change(fact.note.section), change(text))
    return Fact(note, tuple(Ask(change(ask.question), change(ask.answer), ask.form) for ask in fact.asks))


def _other_number(number: str, rng: random.Random) -> str:
    digits = "".join(rng.choice("123456789") if c.isdigit() else c for c in number)
    return digits if digits != number else number + "1"


def _pairs(text: str) -> Iterator[str]:
    """Neighboring words of which both carry meaning."""
    for line in re.split(r"[\n.,;:()!?]", text.lower()):
        words = _WORD.findall(line)
        for first, second in pairwise(words):
            if all(len(w) > 3 and content_words(w) and not w.endswith(("ly", "ing")) for w in (first, second)):
                yield f"{first} {second}"


def _topics(text: str, topics: frozenset[str]) -> list[str]:
    return [pair for pair in _pairs(text) if pair in topics]


def _facts(text: str, topics: frozenset[str], rng: random.Random) -> Iterator[Fact]:
    title = ""
    for block in re.split(r"\n\s*\n", text):
        block = " ".join(block.replace("**", "").replace(" * ", " ").split())
        if block.startswith("# SOURCE"):
            title = re.sub(r"[-_]|^\d+", " ", Path(block.split()[-1]).stem).strip().capitalize()
            continue
        sentences = [s for s in split_sentences(block.lstrip("- ")) if 5 <= len(s.split()) <= 45 and s[-1] in ".!"]
        body = " ".join(sentences)
        if (
            not 30 <= len(body.split()) <= 100
            or _BAD.search(body)
            or sum(c.isalpha() or c == " " for c in body) < 0.93 * len(body)
        ):
            continue
        asks = tuple(_asks(sentences, topics, rng))
        if asks:
            yield Fact(Note(title, _heading(sentences, topics, rng), body), asks)


def _heading(sentences: Sequence[str], topics: frozenset[str], rng: random.Random) -> str:
    found = _topics(" ".join(sentences[:2]), topics)
    return rng.choice(found).capitalize() if found else "Overview"


def _asks(sentences: Sequence[str], topics: frozenset[str], rng: random.Random) -> Iterator[Ask]:
    for i, sentence in enumerate(sentences):
        follow = sentences[i + 1] if i + 1 < len(sentences) else ""
        answer = (
            f"{sentence} {follow}"
            if follow and len((sentence + follow).split()) < 45 and rng.random() < 0.35
            else sentence
        )
        if _VAGUE.match(sentence):
            continue
        if match := _DEFINES.match(sentence):
            x = match.group(1)
            yield Ask(
                _typed(
                    rng.choice(
                        (
                            f"What is {x}?",
                            f"what is {x}",
                            f"{x}?",
                            f"define {x}",
                            f"Explain {x}",
                            f"What does {x} mean?",
                        )
                    ),
                    rng,
                ),
                answer,
            )
        elif match := _USED.match(sentence):
            x = match.group(1)
            yield Ask(
                _typed(rng.choice((f"What is {x} used for?", f"why use {x}", f"when do people use {x}?")), rng), answer
            )
        elif match := _DOES.match(sentence):
            x = match.group(1)
            yield Ask(
                _typed(
                    rng.choice((f"What does {x} do?", f"how does {x} help", f"what can {x} do?", f"tell me about {x}")),
                    rng,
                ),
                answer,
            )
        elif match := _BECAUSE.match(sentence):
            yield Ask(_typed(f"Why {match.group(1)[0].lower()}{match.group(1)[1:]}?", rng), sentence)
        elif found := _topics(sentence, topics):
            topic = rng.choice(found)
            yield Ask(
                _typed(
                    rng.choice((f"{topic}", f"tell me about {topic}", f"What about {topic}?", f"how about {topic}")),
                    rng,
                ),
                answer,
            )
        if _EXAMPLE.search(sentence) and (found := _topics(sentence, topics)):
            yield Ask(_typed(f"Give me an example of {found[0]}", rng), sentence, "example")
    if 2 <= len(sentences) <= 4 and (found := _topics(sentences[0], topics)):
        points = "\n".join(f"- {sentence}" for sentence in sentences[:3])
        if not _VAGUE.match(sentences[0]) and rng.random() < 0.3:
            yield Ask(_typed(f"main points about {found[0]}", rng), points, "bullets")


def _typed(question: str, rng: random.Random) -> str:
    """As people type: sometimes lower case, without a mark, with two letters swapped."""
    if rng.random() < 0.4:
        question = question.lower()
    if rng.random() < 0.3:
        question = question.rstrip("?")
    if rng.random() < 0.1 and len(question) > 12:
        i = rng.randrange(6, len(question) - 2)
        question = question[:i] + question[i + 1] + question[i] + question[i + 2 :]
    return question
