"""The text of a learner's file: of Markdown and plain text its characters, of PDF the paragraphs of each page.

Control characters and invisible marks are taken out. In a PDF, words that a line's end cut are mended, and running heads are left out.
What cannot be read raises InputError, which names the fix.
"""

import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from tutor.errors import InputError

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 300
MOST_CHARACTERS = 400_000
INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Marks that turn or hide text, and hyphens that show only at a line's end."""
ITEM = re.compile(r"\s*(?:[-*•▪‣–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
"""How an item of a list begins."""
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_ENDED = re.compile(r"[.!?:;][\"'”’)\]]*$")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode_text(name: str, data: bytes) -> str:
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
    return text


def clean_text(text: str) -> str:
    """Without control characters and invisible marks; every line ends with a line feed."""
    text = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", text).replace("\f", "\n\n")
    text = INVISIBLE.sub("", text)
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def extract_pages(name: str, data: bytes) -> list[str]:
    """The paragraphs of every page of a PDF, parted by blank lines."""
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
            texts.append(clean_text("".join(_LIGATURES.get(c, c) for c in page.extract_text())))
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
    return list(_mended(texts))


def _strange(text: str) -> int:
    """Control characters, which text does not have."""
    return sum(not c.isprintable() and not c.isspace() and not INVISIBLE.match(c) for c in text)


def _check_length(name: str, length: int) -> None:
    if length > MOST_CHARACTERS:
        raise InputError(
            f"{name} holds too much text: at most {MOST_CHARACTERS:,} characters can be read. Keep the part that you want to ask about."
        )


def _opens(reader: "PdfReader") -> bool:
    """Whether a locked file opens without a password, as one does that only forbids printing."""
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))
    except (DependencyError, NotImplementedError):  # what pypdf raises for a cipher that it lacks
        return False


def _mended(pages: list[str]) -> Iterator[str]:
    """Each page's paragraphs: no running heads, whole words, and no sentence torn by a page's end."""
    hyphenated = _hyphenated(pages)
    kept = [_joined(lines, hyphenated) for lines in _without_heads(pages)]
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
            text += ("" if not text or text.endswith("\n") else "\n" if ITEM.match(line) else " ") + line
        if _ENDED.search(line) and len(line) < 0.75 * width:
            text += "\n\n"
    return text.strip()
