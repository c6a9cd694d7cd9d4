"""Asking: what happens when a learner sends a message, presses a follow-up, retries, edits or stops.

Every way of asking runs the same generator, so Stop works for each. `tutor.ui.growth` makes the turn from its events, `tutor.ui.history`
has the handlers of the conversation as a whole, `tutor.ui.own_file` those of the learner's file; `tutor.ui.app` places the components.
"""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import gradio as gr

from tutor.events import Status, Text
from tutor.turn import LONGEST_MESSAGE, Tutor
from tutor.ui.busy import Busy
from tutor.ui.files import Files
from tutor.ui.growth import added, grown, stage_after
from tutor.ui.look import is_dark
from tutor.ui.parts import Parts, Update, chat_update, shown_if, turn_number
from tutor.ui.pump import pump
from tutor.ui.records import MOST_TURNS, Conversation, Turn, read, trimmed
from tutor.ui.render import messages, turn_messages
from tutor.ui.status import STAGES, announcement, notice

COMPLETE = "The answer is complete."
THE_REST = "The menu can bring back what came after that question."
STOPPED = "Stopped."
STOPPED_WITH_TEXT = "Stopped. What is shown above was checked."
INTERRUPTED = "Interrupted before the answer was complete. Press the arrows below to ask again."


@dataclass(frozen=True)
class Asking:
    """What a turn starts from."""

    message: str
    conversation: Conversation
    request: gr.Request
    clear: bool = False
    """Whether the message comes from the composer, which is then emptied."""
    after: str = ""
    """Told below the turn once it has ended."""

    @property
    def session(self) -> str:
        """Of the tab that asks."""
        return str(self.request.session_hash)


class Chat:
    """Handlers of one page for the questions of each of its tabs."""

    def __init__(self, tutor: Tutor, busy: Busy, files: Files, parts: Parts) -> None:
        self._tutor = tutor
        self._busy = busy
        self._files = files
        self._parts = parts

    def send(self, message: str, store: object, request: gr.Request) -> Iterator[Update]:
        """The composer's message. A message that cannot be sent stays in the composer."""
        if not message.strip():
            yield {self._parts.stage: notice("Type a question first.")}
        elif len(message) > LONGEST_MESSAGE:
            yield {self._parts.stage: notice(_too_long(message))}
        else:
            yield from self._run(Asking(message, read(store), request, clear=True))

    def choose(self, store: object, request: gr.Request, chosen: gr.SelectData) -> Iterator[Update]:
        """A follow-up was pressed."""
        yield from self._run(Asking(str(chosen.value), read(store), request))

    def example(self, store: object, request: gr.Request, chosen: gr.SelectData) -> Iterator[Update]:
        """A starter question was pressed on the empty page."""
        value = chosen.value
        message = str(value["text"] if isinstance(value, dict) else value)
        yield from self._run(Asking(message, read(store), request))

    def retry(self, store: object, request: gr.Request, at: gr.RetryData) -> Iterator[Update]:
        """Ask the question of that message again; what came after it goes."""
        yield from self._again(read(store), turn_number(at.index), None, request)

    def edit(self, store: object, request: gr.Request, edited: gr.EditData) -> Iterator[Update]:
        """Ask the changed question instead; what came after it goes."""
        conversation, index = read(store), turn_number(edited.index)
        message = str(edited.value).strip()
        if not message or len(message) > LONGEST_MESSAGE:
            wrong = _too_long(message) if message else "A question cannot be empty."
            yield {self._parts.stage: notice(f"{wrong} Nothing was changed.")}
            return
        yield from self._again(conversation, index, message, request)

    def _again(
        self, conversation: Conversation, index: int, message: str | None, request: gr.Request
    ) -> Iterator[Update]:
        if index < len(conversation.turns):
            question = conversation.turns[index].question if message is None else message
            kept, after = conversation.model_copy(update={"turns": conversation.turns[:index]}), ""
            if index + 1 < len(conversation.turns):
                kept, after = kept.model_copy(update={"before": conversation.turns}), THE_REST
            yield from self._run(Asking(question, kept, request, after=after))

    def _run(self, asking: Asking) -> Iterator[Update]:
        """Answer the message unless another answer is on its way in this tab."""
        stop = self._busy.begin(asking.session)
        if stop is None:
            yield {self._parts.stage: notice("I am still answering. Press Stop first, or wait for the end.")}
            return
        try:
            yield from self._stream(asking, stop)
        finally:
            self._busy.end(asking.session)

    def _stream(self, asking: Asking, stop: threading.Event) -> Iterator[Update]:
        """Show the turn as it grows. Whatever ends it, what was checked is kept."""
        parts = self._parts
        message, session, whole = asking.message, asking.session, asking.conversation
        earlier = [turn.question for turn in whole.turns]
        conversation = whole.model_copy(update={"turns": whole.turns[-MOST_TURNS + 1 :]})
        shown = messages(self._files.whole(session, conversation), offer=False)
        file = self._files.file(session, len(earlier))
        turn, stage, pending = Turn(question=message.strip()[:LONGEST_MESSAGE]), STAGES["searching"], ""
        with closing(pump(self._tutor.reply(message, earlier, file, is_dark(asking.request)), stop)) as events:
            next(events)  # it is searched while the page draws this:
            yield {
                parts.chatbot: shown + turn_messages(turn, stage),
                # Kept at once, so that a question outlives a page that is closed before its answer.
                parts.store: added(conversation, turn.model_copy(update={"note": INTERRUPTED})).model_dump(),
                parts.stop: shown_if(True),
                parts.send: shown_if(False),
                parts.stage: announcement(stage),
                parts.back: shown_if(bool(conversation.before)),
                **({parts.composer: ""} if asking.clear else {}),
            }
            for event in events:  # a turn that is closed here also closes the model's stream
                if event is None:
                    yield {parts.chatbot: gr.skip()}  # a closed page is noticed at a yield
                    continue
                before = turn, stage, pending
                stage = stage_after(stage, event, file is not None)
                pending = event.pending if isinstance(event, Text) else pending
                turn = grown(turn, event)
                if (turn, stage, pending) == before:
                    continue
                told = {parts.stage: announcement(stage)} if isinstance(event, Status) else {}
                yield {parts.chatbot: shown + turn_messages(turn, stage, pending if stage else ""), **told}
        stopped = stop.is_set() and not turn.written_by and not turn.failed
        if stopped:
            turn = turn.model_copy(update={"note": STOPPED_WITH_TEXT if turn.sentences else STOPPED})
        kept = trimmed(added(conversation, self._files.kept(session, turn)))
        yield {
            parts.chatbot: chat_update(self._files.whole(session, kept)),
            parts.store: kept.model_dump(),
            parts.stop: shown_if(False),
            parts.send: shown_if(True),
            parts.stage: announcement(turn.note if turn.failed or stopped else COMPLETE)
            + (notice(asking.after) if asking.after else ""),
        }

    def halt(self, request: gr.Request) -> str:
        """Stop was pressed."""
        self._busy.stop(str(request.session_hash))
        return announcement("Stopping")


def _too_long(message: str) -> str:
    over = len(message) - LONGEST_MESSAGE
    many = f"{over:,} character{'s' if over > 1 else ''} too long"
    return f"The message is {many}; at most {LONGEST_MESSAGE:,} fit. Shorten it and send again."
