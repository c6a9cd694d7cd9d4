"""The conversation: what happens when a learner sends, stops, edits, retries, likes, clears, exports or imports.

Every way of asking runs the same generator, so Stop works for each. Functions here turn records and events into component updates;
`tutor.ui.app` places the components.
"""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from html import escape
from itertools import takewhile
from typing import Any

import gradio as gr

from tutor.document import Document
from tutor.errors import InputError, TutorError
from tutor.events import (
    Answered,
    Choices,
    Event,
    Failure,
    Figure,
    Frame,
    Inside,
    Picture,
    Quote,
    Sentence,
    Showing,
    Shown,
    Sources,
    Status,
    Text,
)
from tutor.library import Attached
from tutor.turn import LONGEST_MESSAGE, Tutor
from tutor.ui.busy import Busy
from tutor.ui.demo_record import begun, ended, with_frame
from tutor.ui.files import Files, chip, reminder, taken
from tutor.ui.pump import pump
from tutor.ui.records import (
    MOST_TURNS,
    Conversation,
    FigureRecord,
    SentenceRecord,
    SourceRecord,
    Turn,
    choice_records,
    finished,
    part_records,
    picture_records,
    read,
    read_file,
    source_record,
    strip_record,
    trimmed,
)
from tutor.ui.render import PAINTING, messages, opinions, turn_messages

STAGES = {
    "adding": "Reading your file",
    "searching": "Searching the course",
    "reading": "Reading the passages",
    "writing": "Writing",
    "painting": PAINTING,
    "inspecting": "Drawing it again to look inside",
    "waiting": "Waiting for its turn",
    "showing": "Running the demo",
}
COMPLETE = "The answer is complete."
THE_REST = "The menu can bring back what came after that question."
STOPPED = "Stopped."

STOPPED_WITH_TEXT = "Stopped. What is shown above was checked."
INTERRUPTED = "Interrupted before the answer was complete. Press the arrows below to ask again."

Update = dict[Any, Any]


class Chat:
    """Handlers of one page. `bind` says which components they update."""

    def __init__(self, tutor: Tutor, busy: Busy) -> None:
        self._tutor = tutor
        self._busy_with = busy
        self._files = Files()

    def bind(self, parts: "Parts") -> None:
        self._parts = parts

    # Ways of asking -------------------------------------------------------------------------------------------------

    def send(self, message: str, store: object, request: gr.Request) -> Iterator[Update]:
        """The composer's message. A message that cannot be sent stays in the composer."""
        if not message.strip():
            yield {self._parts.stage: _notice("Type a question first.")}
        elif len(message) > LONGEST_MESSAGE:
            yield {self._parts.stage: _notice(_too_long(message))}
        else:
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
            wrong = _too_long(message) if message else "A question cannot be empty."
            yield {self._parts.stage: _notice(f"{wrong} Nothing was changed.")}
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
            yield from self._run(question, kept, request, after=after)

    def _run(
        self,
        message: str,
        conversation: Conversation,
        request: gr.Request,
        clear: bool = False,
        after: str = "",
    ) -> Iterator[Update]:
        """Answer `message` unless another answer is on its way in this tab."""
        session = str(request.session_hash)
        stop = self._busy_with.begin(session)
        if stop is None:
            yield {self._parts.stage: _notice("I am still answering. Press Stop first, or wait for the end.")}
            return
        try:
            yield from self._stream(message, conversation, session, stop, clear, after, is_dark(request))
        finally:
            self._busy_with.end(session)

    def _stream(
        self,
        message: str,
        conversation: Conversation,
        session: str,
        stop: threading.Event,
        clear: bool,
        after: str,
        dark: bool,
    ) -> Iterator[Update]:
        """Show the turn as it grows. Whatever ends it, what was checked is kept."""
        parts = self._parts
        earlier = [turn.question for turn in conversation.turns]
        conversation = conversation.model_copy(update={"turns": conversation.turns[-MOST_TURNS + 1 :]})
        shown = messages(self._files.whole(session, conversation), offer=False)
        file = self._files.file(session, len(earlier))
        turn, stage, pending = Turn(question=message.strip()[:LONGEST_MESSAGE]), STAGES["searching"], ""
        yield {
            parts.chatbot: shown + turn_messages(turn, stage),
            # Kept at once, so that a question outlives a page that is closed before its answer.
            parts.store: _added(conversation, turn.model_copy(update={"note": INTERRUPTED})).model_dump(),
            parts.stop: shown_if(True),
            parts.send: shown_if(False),
            parts.stage: _announce(stage),
            parts.back: shown_if(bool(conversation.before)),
            **({parts.composer: ""} if clear else {}),
        }
        with closing(pump(self._tutor.reply(message, earlier, file, dark), stop)) as events:
            for event in events:  # a turn that is closed here also closes the model's stream
                if event is None:
                    yield {parts.chatbot: gr.skip()}  # a closed page is noticed at a yield
                    continue
                if isinstance(event, Status):
                    stage = (
                        f"{STAGES[event.stage]}{'' if file is None or event.stage != 'searching' else ' and your file'}"
                    )
                    if event.stage == "waiting":
                        stage = f"{stage}: {event.detail}"
                if isinstance(event, Picture):
                    stage = f"{PAINTING}, step {event.step} of {event.steps}"
                if isinstance(event, Frame):
                    stage = f"{STAGES['showing']}, {event.share:.0%}"
                pending = event.pending if isinstance(event, Text) else pending
                stage = "" if isinstance(event, Sources | Answered | Failure) else stage
                turn = _with(turn, event)
                told = {parts.stage: _announce(stage)} if isinstance(event, Status) else {}
                yield {parts.chatbot: shown + turn_messages(turn, stage, pending if stage else ""), **told}
        stopped = stop.is_set() and not turn.written_by and not turn.failed
        if stopped:
            turn = turn.model_copy(update={"note": STOPPED_WITH_TEXT if turn.sentences else STOPPED})
        kept = trimmed(_added(conversation, self._files.kept(session, turn)))
        yield {
            parts.chatbot: _shown(self._files.whole(session, kept)),
            parts.store: kept.model_dump(),
            parts.stop: shown_if(False),
            parts.send: shown_if(True),
            parts.stage: _told(turn.note if turn.failed or stopped else COMPLETE, after),
        }

    # The learner's own file -----------------------------------------------------------------------------------------

    def add(self, sent: str | None, store: object, request: gr.Request) -> Iterator[Update]:
        """A file was chosen, dropped or pasted: read it, and ask about it from now on. None: no file was chosen."""
        parts, session = self._parts, str(request.session_hash)
        if sent is None:
            yield {parts.stage: gr.skip()}
            return
        stop = self._busy_with.begin(session)
        if stop is None:
            yield {
                parts.stage: _notice(
                    "I am still answering. Press Stop first, or wait for the end, then add the file again."
                )
            }
            return
        try:
            name, data = taken(sent)
            yield {
                parts.stage: _notice(f"Reading {name}"),
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
            self._busy_with.end(session)
        yield {parts.stage: _notice(said), parts.stop: shown_if(False), parts.send: shown_if(True)}

    def _read(self, name: str, data: bytes, stop: threading.Event) -> Generator[Update, None, Document | None]:
        """The document, or None after Stop."""
        found: list[Document] = []

        def steps() -> Iterator[Event]:
            found.append((yield from self._tutor.add(name, data)))

        told = ""
        with closing(pump(steps(), stop)) as events:
            for event in events:
                share = f": {event.detail}" if isinstance(event, Status) and event.detail else ""
                update = gr.skip() if share in ("", told) else _notice(f"Reading {name}{share}")
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
            parts.stage: _notice("Your file is removed. Answers from it are gone when you leave the page."),
        }

    def file_shown(self, request: gr.Request) -> tuple[Any, ...]:
        """After a conversation was replaced: the line of the file, which is gone with it, unless an answer is still on its way."""
        file = self._files.file(str(request.session_hash), 0)
        return (chip(file) if file else ""), shown_if(file is not None)

    def remind(self, store: object, request: gr.Request) -> Any:
        """The page was opened: a file that the conversation used has to be added again."""
        said = reminder(read(store))
        return _notice(said) if said and self._files.file(str(request.session_hash), 0) is None else gr.skip()

    def _forget(self, files: list[Attached]) -> None:
        for file in files:
            self._tutor.forget(file.document)

    # Everything else ------------------------------------------------------------------------------------------------

    def halt(self, request: gr.Request) -> str:
        """Stop was pressed."""
        self._busy_with.stop(str(request.session_hash))
        return _announce("Stopping")

    def leave(self, request: gr.Request) -> None:
        """The tab was closed."""
        self._busy_with.stop(str(request.session_hash))
        self._forget(self._files.end(str(request.session_hash)))

    def restore(self, store: object) -> tuple[Any, ...]:
        """The page was opened: draw what the browser kept."""
        conversation = read(store)
        return _shown(conversation), shown_if(bool(conversation.before))

    def like(self, store: object, liked: gr.LikeData) -> tuple[Any, ...]:
        """Keep the learner's opinion of an answer with it."""
        conversation, index = read(store), int(_first(liked.index)) // 2
        turns = list(conversation.turns)
        if index < len(turns):
            opinion = None if liked.liked == "" else liked.liked in (True, "Like")
            turns[index] = turns[index].model_copy(update={"liked": opinion})
        kept = conversation.model_copy(update={"turns": tuple(turns)})
        return gr.update(feedback_value=opinions(kept)), kept.model_dump()

    def clear(self, store: object, request: gr.Request) -> tuple[Any, ...]:
        """Start a new conversation; the old one can be brought back once."""
        if (busy := self._busy(request)) is not None:
            return busy
        conversation = read(store)
        self._forget(self._files.end(str(request.session_hash)))
        kept = Conversation(before=conversation.turns or conversation.before)
        said = "A new conversation. The menu can bring back the last one." if kept.before else "A new conversation."
        return *_replaced(kept), _announce(said)

    def bring_back(self, store: object, request: gr.Request) -> tuple[Any, ...]:
        """Undo `clear`, or what an edited question removed; what was asked since is added at the end."""
        if (busy := self._busy(request)) is not None:
            return busy
        conversation = read(store)
        since = conversation.turns[_in_common(conversation.before, conversation.turns) :]
        kept = Conversation(turns=(conversation.before + since)[-MOST_TURNS:])
        shown, *others = _replaced(kept)
        if conversation.turns:  # what was asked since may have answers from a file
            shown = _shown(self._files.whole(str(request.session_hash), kept))
        return shown, *others, _announce("The last conversation is back.")

    def take_in(self, text: str | None, store: object, request: gr.Request) -> tuple[Any, ...]:
        """Import an exported conversation; the present one can be brought back. None: no file was chosen."""
        if text is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        if (busy := self._busy(request)) is not None:
            return busy
        try:
            imported = read_file(text)
        except InputError as error:
            return gr.skip(), gr.skip(), gr.skip(), _notice(str(error))
        self._forget(self._files.end(str(request.session_hash)))
        kept = Conversation(turns=imported.turns, before=read(store).turns)
        count = len(imported.turns)
        return *_replaced(kept), _notice(f"Imported {count} question{'s' if count > 1 else ''}.")

    def _busy(self, request: gr.Request) -> tuple[Any, ...] | None:
        """What to say instead of replacing a conversation that is being answered."""
        if str(request.session_hash) not in self._busy_with:
            return None
        return gr.skip(), gr.skip(), gr.skip(), _notice("I am still answering. Press Stop first.")


class Parts:
    """The components that the handlers update."""

    def __init__(self, **components: Any) -> None:
        self.chatbot = components["chatbot"]
        self.composer = components["composer"]
        self.send = components["send"]
        self.stop = components["stop"]
        self.stage = components["stage"]
        self.store = components["store"]
        self.file = components["file"]
        self.remove = components["remove"]
        self.back = components["back"]

    @property
    def of_file(self) -> list[Any]:
        """What changes when a file is added or removed."""
        return [self.file, self.remove, self.stage, self.stop, self.send]

    @property
    def all(self) -> list[Any]:
        return [self.chatbot, self.composer, self.send, self.stop, self.stage, self.store, self.back]


def is_dark(request: gr.Request) -> bool:
    """Whether the learner's page is dark, which its script says in a cookie."""
    return bool(dict(request.cookies or {}).get("tutor-scheme") == "dark")


def shown_if(seen: bool) -> Any:
    """Update of a component that comes and goes. It stays mounted, so that no click meets a button that gradio has only just added."""
    return gr.update(visible=True if seen else "hidden")


def _with(turn: Turn, event: Event) -> Turn:
    """`turn` after one event."""
    match event:
        case Quote(source):
            return turn.model_copy(update={"quote": source_record(source)})
        case Text(markdown, sentences, pending):
            if sentences:
                return turn.model_copy(update={"sentences": tuple(_early(s, turn.quote) for s in sentences)})
            return turn if pending or not markdown else turn.model_copy(update={"note": markdown, "sentences": ()})
        case Sources(items):
            return turn.model_copy(update={"sources": tuple(map(source_record, items))})
        case Picture(strip=strip):
            shown = {"pictures": picture_records(event), "strip": strip_record(strip) if strip else ""}
            return turn.model_copy(update=shown)
        case Inside(parts):
            return turn.model_copy(update={"inside": part_records(parts)})
        case Figure(file, alt, lesson, section):
            figure = FigureRecord(file=file, alt=alt, lesson=lesson, section=section)
            return turn.model_copy(update={"figure": figure})
        case Showing():
            return turn.model_copy(update={"demo": begun(event)})
        case Frame():
            return turn.model_copy(update={"demo": turn.demo and with_frame(turn.demo, event)})
        case Shown():
            return turn.model_copy(update={"demo": turn.demo and ended(turn.demo, event)})
        case Choices(items):
            return turn.model_copy(update={"choices": choice_records(items)})
        case Failure(message):
            return turn.model_copy(update={"note": message, "failed": True})
        case Answered(answer):
            return finished(turn, answer)
        case _:
            return turn


def _early(sentence: Sentence, quote: SourceRecord | None) -> SentenceRecord:
    """A sentence before the sources are known: only the quote's passage can be opened, as number 1."""
    number = 1 if quote is not None and sentence.source == quote.id else None
    return SentenceRecord(text=sentence.text, number=number, bullet=sentence.bullet)


def _added(conversation: Conversation, turn: Turn) -> Conversation:
    return conversation.model_copy(update={"turns": (*conversation.turns, turn)})


def _in_common(one: tuple[Turn, ...], other: tuple[Turn, ...]) -> int:
    """With how many of the same turns both begin."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].model_copy(update={"liked": pair[1].liked}) == pair[1], pairs))


def _shown(conversation: Conversation) -> Any:
    """Update of the chat."""
    return gr.update(value=messages(conversation), feedback_value=opinions(conversation))


def _replaced(kept: Conversation) -> tuple[Any, ...]:
    """Updates of chat, store and the button that brings back what was there before."""
    return _shown(kept), kept.model_dump(), shown_if(bool(kept.before))


def _too_long(message: str) -> str:
    over = len(message) - LONGEST_MESSAGE
    many = f"{over:,} character{'s' if over > 1 else ''} too long"
    return f"The message is {many}; at most {LONGEST_MESSAGE:,} fit. Shorten it and send again."


def _announce(text: str) -> str:
    """For a screen reader only: the chat shows it already."""
    return f'<p class="unseen">{escape(text)}</p>'


def _told(text: str, more: str) -> str:
    """For a screen reader, and `more` for everyone."""
    return _announce(text) + (_notice(more) if more else "")


def _notice(text: str) -> str:
    """For everyone, above the composer."""
    return f'<p class="notice">{escape(text)}</p>'


def _first(index: Any) -> Any:
    return index[0] if isinstance(index, list | tuple) else index
