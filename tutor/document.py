"""A learner's own file, Markdown, plain text or PDF -> Document: passages like those of the course, marked as the learner's own.

Markdown follows the rules of lessons: a heading begins a section, a paragraph is a passage. Of plain text, a blank line parts paragraphs,
and the place is a line; of PDF the place is a page, words that a line's end cut are mended, and running heads are left out. What short
paragraphs say is put together, what is long is cut, so that every passage has about 120 words at most.

Everything here is untrusted. `read_document` bounds what it takes, but some files are built to take for ever: `tutor.reading` runs it in a
process of its own. Does not cover: text in pictures (scans), columns that a PDF stores across each other, formulas and tables of a PDF.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING

from tutor.course import LONGEST_PASSAGE, Passage, markdown_sections, slugify
from tutor.errors import InputError
from tutor.sentences import split_sentences

if TYPE_CHECKING:
    from pypdf import PdfReader

LARGEST = 5 * 1024 * 1024
"""Bytes of a file."""
MOST_PAGES = 300
MOST_CHARACTERS = 400_000
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
_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Marks that turn or hide text, and hyphens that show only at a line's end."""
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_ITEM = re.compile(r"\s*(?:[-*•▪‣–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_END = re.compile(r"[.!?]\s")
_ENDED = re.compile(r"[.!?:;][\"'”’)\]]*$")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


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
        texts = _pdf_pages(name, data)
        pages = len(texts)
        found = _placed(name, slug, ((f"page {n}", text) for n, text in enumerate(_mended(texts), 1)))
    else:
        text = _decoded(name, data)
        found = _markdown(name, slug, text) if ending in MARKDOWN else _placed(name, slug, _by_line(text))
    return Document(name, key, _bounded(name, found, scanned=ending in PDF), pages)


def clean_name(name: str) -> str:
    """What is shown of a file's name: no folder, nothing that cannot be printed, at most 80 characters with the ending."""
    bare = _INVISIBLE.sub("", PurePath(name.replace("\\", "/")).name)
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


# Text and Markdown ------------------------------------------------------------------------------------------------------


def _decoded(name: str, data: bytes) -> str:
    """The text of a file that may be UTF-8, UTF-16 with a mark, or Windows-1252."""
    if data.startswith(b"%PDF-"):
        raise InputError(f"{name} is a PDF by its content. Rename it to end in .pdf and add it again.")
    marked = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
    if marked != "utf-16" and b"\0" in data:
        raise InputError(f"{name} is no text file. Save it as Markdown or plain text in UTF-8, or as PDF.")
    text = None
    for encoding in (marked,) if marked == "utf-16" else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or _strange(text) > 3 + 0.01 * len(text):
        raise InputError(f"{name} is no text that I can decode. Save it as UTF-8 and add it again.")
    _check_length(name, len(text))
    if len(re.findall(r"\n[ \t\r]*\n", text)) > 4 * MOST_PASSAGES or len(_END.findall(text)) > 2 * MOST_SENTENCES:
        raise InputError(_too_many(name))  # before the parser spends half a minute on it
    return _clean(text)


def _strange(text: str) -> int:
    """Control characters, which text does not have."""
    return sum(not c.isprintable() and not c.isspace() and not _INVISIBLE.match(c) for c in text)


def _check_length(name: str, length: int) -> None:
    if length > MOST_CHARACTERS:
        raise InputError(
            f"{name} holds too much text: at most {MOST_CHARACTERS:,} characters can be read. Keep the part that you want to ask about."
        )


def _clean(text: str) -> str:
    """Without control characters and invisible marks; every line ends with a line feed."""
    text = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", text).replace("\f", "\n\n")
    text = _INVISIBLE.sub("", text)
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def _markdown(name: str, slug: str, text: str) -> Iterator[Passage]:
    taken = Counter[str]()
    for section in markdown_sections(text, name, slug):
        heading = _shortened(section.heading, _LONGEST_HEADING) or "untitled part"
        short = section.slug[:_LONGEST_HEADING]
        taken[short] += 1
        short = short if taken[short] == 1 else f"{short}-{taken[short]}"
        parts = [piece for passage in section.passages for piece in _pieces(passage.text.splitlines())]
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


# PDF --------------------------------------------------------------------------------------------------------------------


def _pdf_pages(name: str, data: bytes) -> list[str]:
    """The text of every page."""
    if b"%PDF-" not in data[:1024]:
        raise InputError(f"{name} is no PDF, whatever its name says. Export it as PDF again and add that.")
    from pypdf import PdfReader
    from pypdf.errors import LimitReachedError

    texts: list[str] = []
    length = 0
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not _opens(reader):
            raise InputError(f"{name} is locked with a password. Save or print it without the password and add that.")
        if len(reader.pages) > MOST_PAGES:
            raise InputError(
                f"{name} has {len(reader.pages):,} pages; at most {MOST_PAGES} can be read. Keep the pages that you want to ask about."
            )
        for page in reader.pages:
            texts.append(_clean("".join(_LIGATURES.get(c, c) for c in page.extract_text())))
            length += len(texts[-1])
            _check_length(name, length)
    except InputError:
        raise
    except (LimitReachedError, MemoryError):
        raise InputError(f"{name} unpacks to more than I can hold. Print it to a new PDF and add that.") from None
    except Exception:  # noqa: BLE001 - a broken file makes pypdf raise whatever it meets: KeyError, ValueError, RecursionError
        raise InputError(
            f"{name} is damaged and can't be read. Print or export it to a new PDF and add that."
        ) from None
    return texts


def _opens(reader: "PdfReader") -> bool:
    """Whether a locked file opens without a password, as one does that only forbids printing."""
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))
    except (DependencyError, NotImplementedError):
        return False


def _mended(pages: list[str]) -> Iterator[str]:
    """Each page's paragraphs, parted by blank lines: no running heads, whole words, and no sentence torn by a page's end."""
    kept = [_joined(lines, _hyphenated(pages)) for lines in _without_heads(pages)]
    for number, text in enumerate(kept):
        if number + 1 < len(kept) and text and not _ENDED.search(text):
            following = kept[number + 1]
            rest = re.match(r"[a-z(][^\n]{0,600}?[.!?](?=\s|$)", following)
            if rest:  # the sentence goes to the page on which it begins
                text = f"{text} {rest.group()}"
                kept[number + 1] = following[rest.end() :].lstrip()
        yield text


def _without_heads(pages: list[str]) -> list[list[str]]:
    """The lines of each page, without first and last lines that most pages share but for their numbers."""
    lined = [[line.strip() for line in page.split("\n")] for page in pages]
    for end in (0, -1):
        for _ in range(2):  # a head may have two lines
            lined = [_stripped(lines) for lines in lined]
            marks = Counter(_mark(lines[end]) for lines in lined if lines)
            often = {mark for mark, count in marks.items() if count >= 3 and count > 0.4 * len(pages)}
            for lines in lined:
                if lines and (_mark(lines[end]) in often or re.fullmatch(r"[-–— ]*\d{1,4}[-–— ]*", lines[end])):
                    del lines[end]
    return [_stripped(lines) for lines in lined]


def _stripped(lines: list[str]) -> list[str]:
    """Without blank lines at both ends."""
    return "\n".join(lines).strip("\n").split("\n") if any(lines) else []


def _mark(line: str) -> str:
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", line.lower())


def _hyphenated(pages: list[str]) -> frozenset[str]:
    """Words that are written with a hyphen in the middle of a line."""
    return frozenset(word.lower() for page in pages for word in re.findall(r"[^\W\d_]+-[^\W\d_]+", page))


def _joined(lines: list[str], hyphenated: frozenset[str]) -> str:
    """Lines -> paragraphs. A line that is short and ends a sentence ends its paragraph too."""
    width = sorted(map(len, lines))[int(0.8 * len(lines))] if lines else 0
    text = ""
    for line in lines:
        before = re.search(r"([^\W\d_]+)-$", text)
        after = re.match(r"[^\W\d_]+", line)
        if before and after and after.group()[0].islower():
            whole = f"{before.group(1)}-{after.group()}".lower() in hyphenated
            text = (text if whole else text[:-1]) + line
        elif not line:
            text = text.rstrip("\n") + "\n\n"
        else:
            text += ("" if not text or text.endswith("\n") else "\n" if _ITEM.match(line) else " ") + line
        if _ENDED.search(line) and len(line) < 0.75 * width:
            text += "\n\n"
    return text.strip()


# Passages ---------------------------------------------------------------------------------------------------------------


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
            if line and _ITEM.match(part):
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
