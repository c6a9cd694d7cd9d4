"""The files that learners have added, ready to be asked about: an answering part over the course and one file, in memory only.

At most a few at once, the least used goes first; a file that went is prepared again when its conversation asks next, because the
conversation keeps the passages. Nothing of a file is written to the disk.
"""

import threading
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass

from tutor.answer import Answerer, OwnFile
from tutor.course import Course
from tutor.document import Document
from tutor.search.encoder import Encoder
from tutor.search.hybrid import Searcher

MOST = 4
"""Files that are ready at once; each takes about 20 MB beside the course's own vectors."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of one conversation, added after `after` of the learner's messages."""

    document: Document
    after: int = 0


class Library:
    """Safe to call from many threads."""

    def __init__(self, course: Course, searcher: Searcher, encode: Encoder) -> None:
        self._course = course
        self._searcher = searcher
        self._encode = encode
        self._ready: OrderedDict[str, Answerer] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ready)

    def open(self, document: Document) -> Generator[float, None, Answerer]:
        """The answering part with this file. Yields the share that is done while the file is encoded; closing it gives up."""
        with self._lock:
            if document.key in self._ready:
                self._ready.move_to_end(document.key)
                return self._ready[document.key]
        alone, both = yield from self._searcher.beside(document.passages)
        answerer = Answerer(self._course, both, self._encode, OwnFile(document, alone))
        with self._lock:
            self._ready[document.key] = answerer
            while len(self._ready) > MOST:
                self._ready.popitem(last=False)
        return answerer

    def close(self, document: Document) -> None:
        """Forget the file."""
        with self._lock:
            self._ready.pop(document.key, None)
