"""The learner's own file: what happens when one is added or removed, or the page is opened again without it.

`tutor.ui.files` remembers the file of each tab; here are the handlers, which turn it into component updates.
"""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import gradio as gr

from tutor.document import Document
from tutor.errors import TutorError
from tutor.events import Event, Status
from tutor.library import Attached
from tutor.turn import Tutor
from tutor.ui.busy import Busy
from tutor.ui.files import Files, chip, reminder, taken
from tutor.ui.parts import Parts, Update, shown_if
from tutor.ui.pump import pump
from tutor.ui.records import read
from tutor.ui.status import notice


class OwnFile:
    """Handlers of one page for the file of each of its tabs."""

    def __init__(self, tutor: Tutor, busy: Busy, files: Files, parts: Parts) -> None:
        self._tutor = tutor
        self._busy = busy
        self._files = files
        self._parts = parts

    def add(self, sent: str | None, store: object, request: gr.Request) -> Iterator[Update]:
        """A file was chosen, dropped or pasted: read it, and ask about it from now on. None: no file was chosen."""
        parts, session = self._parts, str(request.session_hash)
        if sent is None:
            yield {parts.stage: gr.skip()}
            return
        stop = self._busy.begin(session)
        if stop is None:
            said = "I am still answering. Press Stop first, or wait for the end, then add the file again."
            yield {parts.stage: notice(said)}
            return
        try:
            name, data = taken(sent)
            yield {
                parts.stage: notice(f"Reading {name}"),
                parts.stop: shown_if(True),
                parts.send: shown_if(False),
            }
            document = yield from self._read(name, data, stop)
            if document is not None:
                file = Attached(document, len(read(store).turns))
                self._forget(self._files.put(session, file))
                yield {parts.file: chip(file), parts.remove: shown_if(True)}
                said = f"{document.name} is ready. Ask about it, or try: What is my file about?"
            else:
                said = f"Stopped. {name} was not added."
        except TutorError as error:
            said = str(error)
        finally:
            self._busy.end(session)
        yield {parts.stage: notice(said), parts.stop: shown_if(False), parts.send: shown_if(True)}

    def _read(self, name: str, data: bytes, stop: threading.Event) -> Generator[Update, None, Document | None]:
        """The document, or None after Stop."""
        found: list[Document] = []

        def steps() -> Iterator[Event]:
            found.append((yield from self._tutor.add(name, data)))

        told = ""
        with closing(pump(steps(), stop)) as events:
            for event in events:
                share = f": {event.detail}" if isinstance(event, Status) and event.detail else ""
                update = gr.skip() if share in ("", told) else notice(f"Reading {name}{share}")
                told = share or told
                yield {self._parts.stage: update}
        return found[0] if found else None

    def remove(self, request: gr.Request) -> Update:
        """The learner takes the file away. What was answered from it stays on screen until the page is left."""
        self._forget(self._files.put(str(request.session_hash), None))
        parts = self._parts
        return {
            parts.file: "",
            parts.remove: shown_if(False),
            parts.stage: notice("Your file is removed. Answers from it are gone when you leave the page."),
        }

    def shown(self, request: gr.Request) -> tuple[Any, ...]:
        """After a conversation was replaced: the line of the file, which is gone with it, unless an answer is still on its way."""
        file = self._files.file(str(request.session_hash), 0)
        return (chip(file) if file else ""), shown_if(file is not None)

    def remind(self, store: object, request: gr.Request) -> Any:
        """The page was opened: a file that the conversation used has to be added again."""
        said = reminder(read(store))
        return notice(said) if said and self._files.file(str(request.session_hash), 0) is None else gr.skip()

    def end(self, session: str) -> None:
        """The conversation or the tab is over: its file goes, and the answers from it."""
        self._forget(self._files.end(session))

    def _forget(self, files: list[Attached]) -> None:
        for file in files:
            self._tutor.forget(file.document)
