"""The learner's own file in a tab: what it is, and the answers that came from it. In memory only, gone with the tab.

The browser keeps a conversation through reloads, but nothing of a file: of an answer that quotes one it is given the question and a note,
and the whole answer stays here until the tab closes.
"""

import base64
import binascii
import json
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from html import escape

from tutor.document import LARGEST, clean_name, too_large
from tutor.errors import InputError
from tutor.library import Attached
from tutor.ui.records import Conversation, Turn

MOST_TABS = 32
"""Tabs whose files are remembered at once; whoever was away longest must add the file again."""
_MOST_ANSWERS = 200


@dataclass
class _Tab:
    file: Attached | None = None
    answers: OrderedDict[str, Turn] = field(default_factory=OrderedDict)


class Files:
    """By tab. Safe to call from many threads."""

    def __init__(self) -> None:
        self._tabs: OrderedDict[str, _Tab] = OrderedDict()
        self._lock = threading.Lock()

    def file(self, session: str, questions: int) -> Attached | None:
        """The file of this tab's conversation, which has so many questions by now."""
        with self._lock:
            tab = self._tabs.get(session)
            if tab is None or tab.file is None:
                return None
            self._tabs.move_to_end(session)
            return Attached(tab.file.document, min(tab.file.after, questions))

    def put(self, session: str, file: Attached | None) -> list[Attached]:
        """The tab's file from now on; returns those that are used no more."""
        with self._lock:
            tab = self._tabs.setdefault(session, _Tab())
            self._tabs.move_to_end(session)
            gone, tab.file = [tab.file], file
            while len(self._tabs) > MOST_TABS:
                gone.append(self._tabs.popitem(last=False)[1].file)
            used = {t.file.document.key for t in self._tabs.values() if t.file is not None}
        return [old for old in gone if old is not None and old.document.key not in used]

    def end(self, session: str) -> list[Attached]:
        """The conversation or the tab is over; returns files that are used no more."""
        gone = self.put(session, None)
        with self._lock:
            self._tabs.pop(session, None)
        return gone

    def kept(self, session: str, turn: Turn) -> Turn:
        """What the browser may keep of `turn`; the rest is kept here."""
        shown = [source for source in (*turn.sources, *([turn.quote] if turn.quote else [])) if source.own]
        if not shown:
            return turn
        name, key = shown[0].lesson, secrets.token_hex(8)
        with self._lock:
            tab = self._tabs.setdefault(session, _Tab())
            tab.answers[key] = turn
            while len(tab.answers) > _MOST_ANSWERS:
                tab.answers.popitem(last=False)
        note = f"I answered this from your file {name}, which is not kept. Add it again, then press the arrows below to ask once more."
        return Turn(question=turn.question, note=note, file=name, key=key)

    def whole(self, session: str, conversation: Conversation) -> Conversation:
        """The conversation with the answers that the browser does not have, where they are still here."""
        with self._lock:
            answers = dict(self._tabs[session].answers) if session in self._tabs else {}
        turns = (
            answers[t.key].model_copy(update={"liked": t.liked}) if t.key in answers else t for t in conversation.turns
        )
        return conversation.model_copy(update={"turns": tuple(turns)})


def taken(sent: str) -> tuple[str, bytes]:
    """Name and content of a file as the page's script sends it. Raises InputError."""
    try:
        values = json.loads(sent)
        name, data, size = clean_name(str(values["name"])), str(values.get("data") or ""), int(values["size"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError("That file did not arrive whole. Add it again.") from None
    if size > LARGEST or len(data) > 4 * LARGEST // 3 + 4:
        raise InputError(too_large(name))
    if values.get("failed"):
        raise InputError(f"The browser could not read {name}. Choose a file, not a folder, and add it again.")
    try:
        return name, base64.b64decode(data, validate=True)
    except binascii.Error:
        raise InputError(f"{name} did not arrive whole. Add it again.") from None


def chip(file: Attached) -> str:
    """HTML of the line that says which file is asked about."""
    pages = file.document.pages
    long = f", {pages} page{'s' if pages > 1 else ''}" if pages else ""
    return f'<p class="own-file">Your file: <strong>{escape(file.document.name)}</strong>{long}</p>'


def reminder(conversation: Conversation) -> str:
    """What a learner is told whose reloaded conversation used a file; empty where none did."""
    name = next((turn.file for turn in reversed(conversation.turns) if turn.file), "")
    return f"Your file {name} was not kept. Add it again to go on asking about it." if name else ""
