"""The conversation as a whole: restored, judged, cleared, brought back, imported, and left.

It is kept in the learner's browser: each handler is given what the browser sent, and returns what it shall keep.
"""

from itertools import takewhile
from typing import Any

import gradio as gr

from tutor.errors import InputError
from tutor.ui.busy import Busy
from tutor.ui.files import Files
from tutor.ui.own_file import OwnFile
from tutor.ui.parts import chat_update, shown_if, turn_number
from tutor.ui.records import MOST_TURNS, Conversation, Turn, read, read_file
from tutor.ui.render import opinions
from tutor.ui.status import announcement, notice


class History:
    """Handlers of one page. Those that replace the conversation return updates of the chat, the store, the button that brings back, and
    the stage."""

    def __init__(self, busy: Busy, files: Files, own_file: OwnFile) -> None:
        self._busy = busy
        self._files = files
        self._own_file = own_file

    def restore(self, store: object) -> tuple[Any, ...]:
        """The page was opened: draw what the browser kept."""
        conversation = read(store)
        return chat_update(conversation), shown_if(bool(conversation.before))

    def like(self, store: object, liked: gr.LikeData) -> tuple[Any, ...]:
        """Keep the learner's opinion of an answer with it."""
        conversation, index = read(store), turn_number(liked.index)
        turns = list(conversation.turns)
        if index < len(turns):
            opinion = None if liked.liked == "" else liked.liked in (True, "Like")
            turns[index] = turns[index].model_copy(update={"liked": opinion})
        kept = conversation.model_copy(update={"turns": tuple(turns)})
        return gr.update(feedback_value=opinions(kept)), kept.model_dump()

    def clear(self, store: object, request: gr.Request) -> tuple[Any, ...]:
        """Start a new conversation; the old one can be brought back once."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        conversation = read(store)
        self._own_file.end(str(request.session_hash))
        kept = Conversation(before=conversation.turns or conversation.before)
        said = "A new conversation. The menu can bring back the last one." if kept.before else "A new conversation."
        return *_replaced(kept), announcement(said)

    def bring_back(self, store: object, request: gr.Request) -> tuple[Any, ...]:
        """Undo `clear`, or what an edited question removed; what was asked since is added at the end."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        conversation = read(store)
        since = conversation.turns[_in_common(conversation.before, conversation.turns) :]
        kept = Conversation(turns=(conversation.before + since)[-MOST_TURNS:])
        shown, *others = _replaced(kept)
        if conversation.turns:  # what was asked since may have answers from a file
            shown = chat_update(self._files.whole(str(request.session_hash), kept))
        return shown, *others, announcement("The last conversation is back.")

    def take_in(self, text: str | None, store: object, request: gr.Request) -> tuple[Any, ...]:
        """Import an exported conversation; the present one can be brought back. None: no file was chosen."""
        if text is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        if (refusal := self._refusal(request)) is not None:
            return refusal
        try:
            imported = read_file(text)
        except InputError as error:
            return gr.skip(), gr.skip(), gr.skip(), notice(str(error))
        self._own_file.end(str(request.session_hash))
        kept = Conversation(turns=imported.turns, before=read(store).turns)
        count = len(imported.turns)
        return *_replaced(kept), notice(f"Imported {count} question{'s' if count > 1 else ''}.")

    def leave(self, request: gr.Request) -> None:
        """The tab was closed."""
        self._busy.stop(str(request.session_hash))
        self._own_file.end(str(request.session_hash))

    def _refusal(self, request: gr.Request) -> tuple[Any, ...] | None:
        """What to say instead of replacing a conversation that is being answered."""
        if str(request.session_hash) not in self._busy:
            return None
        return gr.skip(), gr.skip(), gr.skip(), notice("I am still answering. Press Stop first.")


def _in_common(one: tuple[Turn, ...], other: tuple[Turn, ...]) -> int:
    """With how many of the same turns both begin."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].model_copy(update={"liked": pair[1].liked}) == pair[1], pairs))


def _replaced(kept: Conversation) -> tuple[Any, ...]:
    """Updates of chat, store and the button that brings back what was there before."""
    return chat_update(kept), kept.model_dump(), shown_if(bool(kept.before))
