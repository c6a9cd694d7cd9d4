"""Read a learner's file in a process of its own, so that a file that was built to take for ever, or all of the memory, harms nothing.

The file goes in by standard input and its passages come back as JSON; the process may write no file, and ends when the reading is
stopped.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress

from tutor.course import Passage
from tutor.document import Document, check, clean_name, read_document
from tutor.errors import InputError

SECONDS = 40.0
"""The longest that a file may take; 300 pages of a book take about ten."""
MEMORY = 1024**3
"""Bytes of address space of the process, where the system can bound it."""
_LOOK = 0.1
_FIELDS = ("lesson_slug", "lesson", "section_slug", "section", "index", "text", "markdown")
"""Of a passage, as they come back."""


def read_apart(name: str, data: bytes, seconds: float = SECONDS) -> Generator[None, None, Document]:
    """`read_document` in another process: yields about ten times a second, returns the document. Closing it ends the process.

    Raises InputError as `read_document` does, and when the file takes longer than `seconds`.
    """
    from tutor.settings import ROOT

    name = clean_name(name)
    check(name, data)
    process = subprocess.Popen(
        [sys.executable, "-m", "tutor.reading", name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    said: list[bytes] = []
    talk = threading.Thread(target=lambda: said.append(process.communicate(data)[0]), daemon=True, name="reading")
    talk.start()
    try:
        end = time.monotonic() + seconds
        while talk.is_alive():
            if time.monotonic() > end:
                raise InputError(
                    f"{name} takes too long to read. Print it to a new PDF, or keep a part of it, and add that."
                )
            yield
            talk.join(_LOOK)
    finally:
        process.kill()
        talk.join()
    return _told(name, said[0] if said else b"")


def _told(name: str, answer: bytes) -> Document:
    """What the process said. When it died without a word, the file was too much for it."""
    try:
        told = json.loads(answer)
    except ValueError:
        raise InputError(
            f"{name} is more than I can read. Keep a part of it, or print it to a new PDF, and add that."
        ) from None
    if "error" in told:
        raise InputError(told["error"])
    passages = (dict(zip(_FIELDS, values, strict=True)) for values in told["passages"])
    return Document(told["name"], told["key"], tuple(Passage(**p, own=True) for p in passages), told["pages"])


def _values(document: Document) -> dict[str, object]:
    passages = [[getattr(passage, name) for name in _FIELDS] for passage in document.passages]
    return {"name": document.name, "key": document.key, "pages": document.pages, "passages": passages}


def _bind() -> None:
    """Bounds on what this process may take and do."""
    with suppress(ImportError):  # Windows has no such bounds; there only the time counts
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (int(2 * SECONDS), int(2 * SECONDS)))


def main() -> None:
    """The process: the name is its argument, the file its input."""
    sys.dont_write_bytecode = True
    _bind()
    try:
        told: dict[str, object] = _values(read_document(sys.argv[1], sys.stdin.buffer.read()))
    except InputError as error:
        told = {"error": str(error)}
    except (MemoryError, RecursionError):
        told = {"error": f"{sys.argv[1]} is more than I can read. Keep a part of it and add that."}
    sys.stdout.buffer.write(json.dumps(told).encode())


if __name__ == "__main__":
    main()
