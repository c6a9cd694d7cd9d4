"""How a turn grows by the events of its answer, and a conversation by a turn. Values in, values out; nothing of gradio."""

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
from tutor.ui.demo_record import begun, ended, with_frame
from tutor.ui.records import (
    Conversation,
    FigureRecord,
    SentenceRecord,
    SourceRecord,
    Turn,
    choice_records,
    finished,
    part_records,
    picture_records,
    source_record,
    strip_record,
)
from tutor.ui.render import PAINTING
from tutor.ui.status import STAGES


def grown(turn: Turn, event: Event) -> Turn:
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


def stage_after(stage: str, event: Event, with_file: bool) -> str:
    """What the tutor is doing after `event`, where it was `stage` before; empty once the answer stands."""
    match event:
        case Status("searching") if with_file:
            return f"{STAGES['searching']} and your file"
        case Status("waiting", detail):
            return f"{STAGES['waiting']}: {detail}"
        case Status(name):
            return STAGES[name]
        case Picture(step=step, steps=steps):
            return f"{PAINTING}, step {step} of {steps}"
        case Frame(share=share):
            return f"{STAGES['showing']}, {share:.0%}"
        case Sources() | Answered() | Failure():
            return ""
        case _:
            return stage


def added(conversation: Conversation, turn: Turn) -> Conversation:
    """`conversation` with one turn more."""
    return conversation.model_copy(update={"turns": (*conversation.turns, turn)})


def _early(sentence: Sentence, quote: SourceRecord | None) -> SentenceRecord:
    """A sentence before the sources are known: only the quote's passage can be opened, as number 1."""
    number = 1 if quote is not None and sentence.source == quote.id else None
    return SentenceRecord(text=sentence.text, number=number, bullet=sentence.bullet)
