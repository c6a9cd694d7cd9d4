"""A learner's own file, Markdown, plain text or PDF -> Document: passages like those of the course, marked as the learner's own.

Markdown follows the rules of lessons: a heading begins a section, a paragraph is a passage. Of plain text, a blank line parts paragraphs,
and the place is a line; of PDF the place is a page. What short paragraphs say is put together, what is long is cut, so that every passage
has about 120 words at most.

Everything here is untrusted. `read_document` bounds what it takes, but some files are built to take for ever: `tutor.reading` runs it in a
process of its own. Does not cover: text in pictures (scans), columns that a PDF stores across each other, formulas and tables of a PDF.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

from tutor.course import Passage
from tutor.errors import InputError
from tutor.extraction import INVISIBLE, ITEM, clean_text, decode_text, extract_pages
from tutor.markdown import LONGEST_PASSAGE, slugify, split_sections, syntax_tree
from tutor.sentences import split_sentences

LARGEST = 5 * 1024 * 1024
"""Bytes of a file."""
MOST_PASSAGES = 3_000
MOST_SENTENCES = 12_000
MARKDOWN, TEXT, PDF = (".md", ".markdown"), (".txt", ".text"), (".pdf",)
ENDINGS = (*MARKDOWN, *TEXT, *PDF)
"""Of the names of files that can be read."""

_SHORT = 25
"""Words; a shorter paragraph of plain text or PDF is put together with the next: a heading, a caption, a line of a list."""
_LONGEST_LINE = 1_200
"""Characters of a sentence; what is longer is no prose and is cut anywhere."""
_LONGEST_NAME, _LONGEST_HEADING = 80, 120
_LEAST_LETTERS = 20
"""Of a file that counts as one with text."""
_END = re.compile(r"[.!?]\s")


@dataclass(frozen=True)
class Document:
    """A file as it is searched. `key` is a hash of its name and content."""

    name: str
    key: str
    passages: tuple[Passage, ...]
    pages: int | None = None
    """Of a PDF."""


def read_document(name: str, data: bytes) -> Document:
    """The passages of a file. Raises InputError, which names the fix, when it cannot be read or is too large."""
    name = clean_name(name)
    ending = check(name, data)
    key = hashlib.sha256(name.encode() + b"\0" + data).hexdigest()
    slug = f"file:{slugify(PurePath(name).stem)}{ending}"
    pages = None
    if ending in PDF:
        texts = extract_pages(name, data)
        pages = len(texts)
        found = _placed(name, slug, ((f"page {n}", text) for n, text in enumerate(texts, 1)))
    else:
        raw = decode_text(name, data)
        if _many_pieces(raw):  # said before the parser spends half a minute on it
            raise InputError(_too_many(name))
        text = clean_text(raw)
        found = _markdown(name, slug, text) if ending in MARKDOWN else _placed(name, slug, _by_line(text))
    return Document(name, key, _bounded(name, found, scanned=ending in PDF), pages)


def clean_name(name: str) -> str:
    """What is shown of a file's name: no folder, nothing that cannot be printed, at most 80 characters with the ending."""
    bare = INVISIBLE.sub("", PurePath(name.replace("\\", "/")).name)
    bare = " ".join("".join(c if c.isprintable() else " " for c in bare).split())
    if len(bare) > _LONGEST_NAME:
        ending = PurePath(bare).suffix[:12]
        bare = f"{bare[: _LONGEST_NAME - len(ending) - 1]}…{ending}"
    return bare or "file"


def check(name: str, data: bytes) -> str:
    """The ending of a name that can be read. Raises InputError for another one, an empty file and a file that is too large."""
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            f"{name} can't be read: I take Markdown (.md), plain text (.txt) and PDF (.pdf). Save or export it as one of these."
        )
    if len(data) > LARGEST:
        raise InputError(too_large(name))
    if not data.strip():
        raise InputError(f"{name} is empty. Choose a file with text in it.")
    return ending


def too_large(name: str) -> str:
    """What is said of a file of more than LARGEST bytes."""
    return (
        f"{name} is too large: at most {LARGEST // 1024**2} MB can be read. Keep the part that you want to ask about."
    )


def _many_pieces(text: str) -> bool:
    """Whether it is plain at a glance that text falls into more paragraphs or sentences than are read."""
    return len(re.findall(r"\n[ \t\r]*\n", text)) > 4 * MOST_PASSAGES or len(_END.findall(text)) > 2 * MOST_SENTENCES


def _markdown(name: str, slug: str, text: str) -> Iterator[Passage]:
    taken = Counter[str]()
    for section in split_sections(syntax_tree(text), text, name):
        heading = _shortened(section.heading, _LONGEST_HEADING) or "untitled part"
        short = section.slug[:_LONGEST_HEADING]
        taken[short] += 1
        short = short if taken[short] == 1 else f"{short}-{taken[short]}"
        parts = [piece for chunk in section.chunks for piece in _pieces(chunk.text.splitlines())]
        for index, part in enumerate(parts):
            yield Passage(slug, name, short, heading, index, part, part, own=True)


def _by_line(text: str) -> Iterator[tuple[str, str]]:
    """Paragraphs of plain text, each with the line on which it begins; a short one goes with the next."""
    start, words, held = 0, 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() and words >= _SHORT:
            yield f"line {start}", "\n".join(held)
            words, held = 0, []
        elif line.strip() or held:
            start = start if held else number
            held.append(line)
            words += len(line.split())
    if held:
        yield f"line {start}", "\n".join(held)


def _placed(name: str, slug: str, places: Iterable[tuple[str, str]]) -> Iterator[Passage]:
    """Passages of text that has places instead of headings."""
    for place, text in places:
        for index, part in enumerate(_pieces(_lines(text))):
            yield Passage(slug, name, slugify(place), place, index, part, part, own=True)


def _lines(text: str) -> Iterator[str]:
    """The lines that mean something: paragraphs and items of lists, each on one; a blank one after a paragraph that is long enough."""
    for paragraph in re.split(r"\n\s*\n", text):
        line = ""
        for part in paragraph.split("\n"):
            if line and ITEM.match(part):
                yield " ".join(line.split())
                line = ""
            line += " " + part
        if line.strip():
            yield " ".join(line.split())
        if len(paragraph.split()) >= _SHORT:
            yield ""


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Lines -> passages of at most 120 words, cut between sentences; a blank line ends a passage that is not too short."""
    part, words = list[str](), 0
    for line in lines:
        if not line and words >= _SHORT:
            yield "\n".join(part)
            part, words = [], 0
        fresh = True
        money = line.count("$") % 2 == 1 or bool(re.search(r"\$\d", line))
        for sentence in _sentences(line):
            size = len(sentence.split())
            if part and words + size > LONGEST_PASSAGE:
                yield "\n".join(part)
                part, words, fresh = [], 0, True
            # a dollar that is no maths would hide the ends of sentences from `split_sentences`; a line's end always counts
            if fresh or money:
                part.append(sentence)
            else:
                part[-1] += " " + sentence
            words, fresh = words + size, False
    if part:
        yield "\n".join(part)


def _sentences(line: str) -> Iterator[str]:
    masked = line.replace("$", "0")
    start = 0
    for sentence in split_sentences(masked):
        start = masked.index(sentence, start)
        said = line[start : start + len(sentence)]
        start += len(sentence)
        words = said.split()
        if len(said) <= _LONGEST_LINE and len(words) <= LONGEST_PASSAGE:
            yield said
            continue
        for first in range(0, len(words), LONGEST_PASSAGE):
            run = " ".join(words[first : first + LONGEST_PASSAGE])
            yield from (run[i : i + _LONGEST_LINE].strip() for i in range(0, len(run), _LONGEST_LINE))


def _bounded(name: str, passages: Iterable[Passage], scanned: bool) -> tuple[Passage, ...]:
    """The passages with something in them, numbered anew in their sections. Raises InputError when there are too many or none."""
    kept: list[Passage] = []
    counts = Counter[str]()
    sentences = letters = 0
    for passage in passages:
        count = sum(c.isalpha() for c in passage.text)
        if count < 2:
            continue
        kept.append(replace(passage, index=counts[passage.section_slug]))
        counts[passage.section_slug] += 1
        letters += count
        sentences += len(kept[-1].sentences)
        if len(kept) > MOST_PASSAGES or sentences > MOST_SENTENCES:
            raise InputError(_too_many(name))
    if letters < _LEAST_LETTERS:
        raise InputError(
            f"{name} has no text that I can read; its pages seem to be pictures. Run text recognition (OCR) over it and add that."
            if scanned
            else f"{name} has no text that I can read. Choose a file with some sentences in it."
        )
    return tuple(kept)


def _too_many(name: str) -> str:
    return (
        f"{name} falls into too many pieces: at most {MOST_PASSAGES:,} paragraphs and {MOST_SENTENCES:,} sentences can be read. "
        "Keep the part that you want to ask about."
    )


def _shortened(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
