"""The conversation: what happens when a learner sends, stops, edits, retries, likes, clears, exports or imports.

Every way of asking runs the same generator, so Stop works for each. Functions here turn records and events into component updates;
`tutor.ui.app` places the components.
"""

import threading
from collections.abc import Iterator
from contextlib import closing
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from tutor.errors import InputError
from tutor.events import Answered, Choices, Event, Failure, Quote, Sources, Status, Text
from tutor.turn import LONGEST_MESSAGE, Tutor
from tutor.ui.pump import pump
from tutor.ui.records import (
    MOST_TURNS,
    Conversation,
    Turn,
    choice_records,
    finished,
    read,
    read_file,
    sentence_record,
    source_record,
)
from tutor.ui.render import messages, source_card, turn_messages

STAGES = {"searching": "Searching the course", "reading": "Reading the passages", "writing": "Writing"}
NO_SOURCES = '<p class="hint">When I answer, the passages it rests on appear here. Choose a number to see one.</p>'

Update = dict[Any, Any]


class Chat:
    """Handlers of one page. `bind` says which components they update."""

    def __init__(self, tutor: Tutor) -> None:
        self._tutor = tutor
        self._stops: dict[str, threading.Event] = {}

    def bind(self, parts: "Parts") -> None:
        self._parts = parts

    # Ways of asking -------------------------------------------------------------------------------------------------

    def send(self, message: str, store: object, request: gr.Request) -> Iterator[Update]:
        """The composer's message. A message that cannot be read stays in the composer."""
        if not message.strip():
            yield {self._parts.stage: _announce("Type a question first.")}
            return
        if len(message) > LONGEST_MESSAGE:
            yield {
                self._parts.stage: _announce(
                    f"The message has {len(message):,} characters; at most {LONGEST_MESSAGE:,} can be sent. Shorten it and send again."
                )
            }
            return
        yield from self._run(message, read(store), request, clear=True)

    def choose(self, store: object, request: gr.Request, chosen: gr.SelectData) -> Iterator[Update]:
        """A follow-up was pressed."""
        yield from self._run(str(chosen.value), read(store), request)

    def example(self, store: object, request: gr.Request, chosen: gr.SelectData) -> Iterator[Update]:
        """A starter question was pressed on the empty page."""
        value = chosen.value
        yield from self._run(str(value["text"] if isinstance(value, dict) else value), read(store), request)

    def retry(self, store: object, request: gr.Request, at: gr.RetryData) -> Iterator[Update]:
        """Ask the question of that message again; what came after it goes."""
        yield from self._again(read(store), int(_first(at.index)) // 2, None, request)

    def edit(self, store: object, request: gr.Request, edited: gr.EditData) -> Iterator[Update]:
        """Ask the changed question instead; what came after it goes."""
        conversation, index = read(store), int(_first(edited.index)) // 2
        message = str(edited.value).strip()
        if not message or len(message) > LONGEST_MESSAGE:
            yield {
                self._parts.chatbot: messages(conversation),
                self._parts.stage: _announce(
                    f"A question needs 1 to {LONGEST_MESSAGE:,} characters; nothing was changed."
                ),
            }
            return
        yield from self._again(conversation, index, message, request)

    def _again(
        self, conversation: Conversation, index: int, message: str | None, request: gr.Request
    ) -> Iterator[Update]:
        if index < len(conversation.turns):
            question = conversation.turns[index].question if message is None else message
            yield from self._run(
                question, conversation.model_copy(update={"turns": conversation.turns[:index]}), request
            )

    def _run(
        self, message: str, conversation: Conversation, request: gr.Request, clear: bool = False
    ) -> Iterator[Update]:
        """Answer `message` and stream it. Whatever ends it, what was checked is kept."""
        parts = self._parts
        session = str(request.session_hash)
        if (running := self._stops.get(session)) is not None:
            running.set()  # one answer at a time in one tab
        stop = self._stops[session] = threading.Event()
        earlier = [turn.question for turn in conversation.turns]
        shown = messages(conversation.model_copy(update={"turns": conversation.turns[-MOST_TURNS + 1 :]}))
        for before in shown:
            before.pop("options", None)
        turn, stage, pending = Turn(question=message.strip()[:LONGEST_MESSAGE]), STAGES["searching"], ""
        yield {
            parts.chatbot: shown + turn_messages(turn, stage),
            parts.stop: gr.update(visible=True),
            parts.send: gr.update(visible=False),
            parts.stage: _announce(stage),
            **({parts.composer: ""} if clear else {}),
        }
        with closing(pump(self._tutor.reply(message, earlier), stop)) as events:
            for event in events:  # a turn that is closed here also closes the model's stream
                if isinstance(event, Status):
                    stage = STAGES[event.stage]
                    yield {parts.stage: _announce(stage)}
                elif event is not None:
                    pending = event.pending if isinstance(event, Text) else pending
                    stage = "" if isinstance(event, Sources | Answered | Failure) else stage
                    turn = _with(turn, event)
                yield {parts.chatbot: shown + turn_messages(turn, stage, pending if stage else "")}
        if stop.is_set() and not turn.written_by:
            turn = turn.model_copy(
                update={"note": "Stopped. What is shown above was checked."} if turn.sentences else {"note": "Stopped."}
            )
        if self._stops.get(session) is stop:
            del self._stops[session]
        kept = Conversation(turns=(*conversation.turns, turn)[-MOST_TURNS:], before=conversation.before)
        yield {
            parts.chatbot: messages(kept),
            parts.store: kept.model_dump(),
            parts.panel: _panel(turn) or gr.skip(),
            parts.stop: gr.update(visible=False),
            parts.send: gr.update(visible=True),
            parts.stage: _announce(
                turn.note if turn.failed else "Stopped." if stop.is_set() else "The answer is complete."
            ),
        }

    # Everything else ------------------------------------------------------------------------------------------------

    def halt(self, request: gr.Request) -> str:
        """Stop was pressed."""
        if (stop := self._stops.get(str(request.session_hash))) is not None:
            stop.set()
        return _announce("Stopping")

    def leave(self, request: gr.Request) -> None:
        """The tab was closed."""
        if (stop := self._stops.pop(str(request.session_hash), None)) is not None:
            stop.set()

    def restore(self, store: object) -> tuple[Any, ...]:
        """The page was opened: draw what the browser kept."""
        conversation = read(store)
        last = _panel(conversation.turns[-1]) if conversation.turns else None
        return messages(conversation), last or NO_SOURCES, gr.update(visible=bool(conversation.before))

    def like(self, store: object, liked: gr.LikeData) -> dict[str, Any]:
        """Keep the learner's opinion of an answer with it."""
        conversation, index = read(store), int(_first(liked.index)) // 2
        turns = list(conversation.turns)
        if index < len(turns):
            opinion = None if liked.liked == "" else liked.liked in (True, "Like")
            turns[index] = turns[index].model_copy(update={"liked": opinion})
        return conversation.model_copy(update={"turns": tuple(turns)}).model_dump()

    def clear(self, store: object) -> tuple[Any, ...]:
        """Start a new conversation; the old one can be brought back once."""
        conversation = read(store)
        kept = Conversation(before=conversation.turns or conversation.before)
        return [], kept.model_dump(), NO_SOURCES, gr.update(visible=bool(kept.before)), _announce("A new conversation.")

    def bring_back(self, store: object) -> tuple[Any, ...]:
        """Undo `clear`; what was asked since is added at the end."""
        conversation = read(store)
        kept = Conversation(turns=(conversation.before + conversation.turns)[-MOST_TURNS:])
        return (
            messages(kept),
            kept.model_dump(),
            gr.update(visible=False),
            _announce("The earlier conversation is back."),
        )

    def take_in(self, path: str | None, store: object) -> tuple[Any, ...]:
        """Import an exported conversation; the present one can be brought back."""
        conversation = read(store)
        try:
            taken = read_file(Path(path).read_bytes() if path else b"")
        except InputError as error:
            return messages(conversation), gr.skip(), gr.skip(), _announce(str(error))
        kept = Conversation(turns=taken.turns, before=conversation.turns)
        notice = f"Imported {len(taken.turns)} questions."
        return messages(kept), kept.model_dump(), gr.update(visible=bool(kept.before)), _announce(notice)


class Parts:
    """The components that the handlers update."""

    def __init__(self, **components: Any) -> None:
        self.chatbot = components["chatbot"]
        self.composer = components["composer"]
        self.send = components["send"]
        self.stop = components["stop"]
        self.stage = components["stage"]
        self.panel = components["panel"]
        self.store = components["store"]

    @property
    def all(self) -> list[Any]:
        return [self.chatbot, self.composer, self.send, self.stop, self.stage, self.panel, self.store]


def _with(turn: Turn, event: Event) -> Turn:
    """`turn` after one event."""
    match event:
        case Quote(source):
            return turn.model_copy(update={"quote": source_record(source)})
        case Text(markdown, sentences, pending):
            if sentences:
                return turn.model_copy(update={"sentences": tuple(map(sentence_record, sentences))})
            return turn if pending or not markdown else turn.model_copy(update={"note": markdown, "sentences": ()})
        case Sources(items):
            return turn.model_copy(update={"sources": tuple(map(source_record, items))})
        case Choices(items):
            return turn.model_copy(update={"choices": choice_records(items)})
        case Failure(message):
            return turn.model_copy(update={"note": message, "failed": True})
        case Answered(answer):
            return finished(turn, answer)
        case _:
            return turn


def _panel(turn: Turn) -> str | None:
    sources = turn.sources or ((turn.quote,) if turn.quote else ())
    return "".join(source_card(source, n) for n, source in enumerate(sources, 1)) or None


def _announce(text: str) -> str:
    return f'<p role="status" aria-live="polite">{escape(text)}</p>'


def _first(index: Any) -> Any:
    return index[0] if isinstance(index, list | tuple) else index
