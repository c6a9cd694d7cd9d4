"""Turns -> HTML for the chat. Everything that was typed, written or imported is escaped here, and nowhere else.

The chat's own sanitizer keeps class and id and drops data and aria attributes, so what a screen reader needs stands in hidden text.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from tutor.sentences import split_sentences
from tutor.ui.demo_record import demo_html
from tutor.ui.records import Conversation, FigureRecord, PartRecord, PictureRecord, SourceRecord, Turn

PAINTING = "Painting"
"""How the stage of a picture begins."""
_PLACE = re.compile(r"(?:page|line) \d+")
_BLANK = re.compile(r"\n\s*\n")


def messages(conversation: Conversation, offer: bool = True) -> list[dict[str, Any]]:
    """The chat as gradio shows it: two messages a turn; the last one offers its follow-ups."""
    shown = [message for turn in conversation.turns for message in turn_messages(turn)]
    if offer and conversation.turns and (choices := conversation.turns[-1].choices):
        shown[-1]["options"] = [{"value": choice.message, "label": choice.label} for choice in choices]
    return shown


def opinions(conversation: Conversation) -> list[str | None]:
    """What the learner thought of each answer, as gradio names it."""
    return [None if turn.liked is None else "Like" if turn.liked else "Dislike" for turn in conversation.turns]


def turn_messages(turn: Turn, stage: str = "", pending: str = "") -> list[dict[str, Any]]:
    """The learner's message and the tutor's. `stage` is what the tutor is doing; `pending` the sentence not yet checked."""
    # In `pre` the chat leaves Markdown and maths alone: the question stands as it was typed.
    return [
        {"role": "user", "content": _one_block(f'<pre class="asked">{escape(turn.question, quote=False)}</pre>')},
        {"role": "assistant", "content": _one_block(_answer(turn, stage, pending))},
    ]


def _answer(turn: Turn, stage: str, pending: str) -> str:
    sources = turn.sources or ((turn.quote,) if turn.quote else ())
    parts = [_quote(turn.quote, sources) if turn.quote else ""]
    if turn.sentences or pending:
        parts.append(f'<div class="written">{_body(turn, pending)}</div>')
    if turn.figure:
        parts.append(_figure(turn.figure))
    if turn.pictures:
        parts.append(_pictures(turn))
    elif stage.startswith(PAINTING):
        parts.append('<div class="pictures"><span class="canvas"></span></div>')  # room, so that nothing jumps
    if turn.note:
        parts.append(f'<p class="{"failure" if turn.failed else "note"}">{_bold(escape(turn.note))}</p>')
    if turn.inside:
        parts.append(f'<div class="inside">{"".join(map(_part, turn.inside))}</div>')
    if turn.demo:
        parts.append(demo_html(turn.demo))
    if stage:
        parts.append(f'<p class="stage">{escape(stage)}</p>')
    elif turn.sentences or turn.quote:
        parts.append(_byline(turn))
    elif turn.pictures:
        parts.append(f'<p class="byline">Drawn by {escape(turn.written_by)} · {turn.seconds:.1f} s</p>')
    parts.append(_sources(turn.quote, sources))
    return f'<div class="turn">{"".join(parts)}</div>'


def _figure(figure: FigureRecord) -> str:
    place = figure.section.replace("#", "/", 1)
    return (
        f'<figure class="of-course"><img src="/course/figures/{figure.file}" alt="{escape(figure.alt)}"><figcaption>From the course: '
        f'<a class="lesson-link" href="#course/{place}">{escape(figure.lesson)}</a></figcaption></figure>'
    )


def _pictures(turn: Turn) -> str:
    shown = "".join(map(_picture, turn.pictures))
    strip = ""
    if turn.strip:
        strip = (
            '<details class="strip"><summary>See every step</summary><p>Above, the picture on its way from noise. Below, where the '
            f'model thought at that step it would end.</p><img src="data:image/webp;base64,{turn.strip}" '
            'alt="The picture at every step, and below it the model\'s guess of the end"></details>'
        )
    return f'<div class="pictures">{shown}</div>{strip}'


def _picture(picture: PictureRecord) -> str:
    return (
        f'<figure class="made"><img class="canvas" src="data:image/{picture.kind};base64,{picture.png}" alt="{escape(picture.alt)}">'
        f'<figcaption>Seed {picture.seed} · <button type="button" class="copy save">Download</button>'
        f'<span class="again" hidden>{escape(picture.again)}</span></figcaption></figure>'
    )


def _part(part: PartRecord) -> str:
    """One thing about how a picture came about: what to look at, the pictures in a row, the lesson."""
    row = "".join(
        f'<figure class="exhibit"><img src="data:image/webp;base64,{one.webp}" alt="{escape(one.alt)}">'
        f"<figcaption>{escape(one.label)}</figcaption></figure>"
        for one in part.exhibits
    )
    lesson = (
        f' <a class="lesson-link" href="#course/{part.lesson}">Lesson: {escape(part.lesson_title)}</a>'
        if part.lesson
        else ""
    )
    shown = f'<div class="exhibits">{row}</div>' if row else ""
    return f'<section class="part"><h3>{escape(part.title)}</h3>{shown}<p>{escape(part.text)}{lesson}</p></section>'


def _quote(source: SourceRecord, sources: Sequence[SourceRecord]) -> str:
    number = _place(source, sources)
    whence = "From your file" if source.own else "From the course"
    return (
        f'<blockquote class="quote"><p>{_no_maths(_lines(source.quote), source.own)}</p>'
        f'<footer>{whence}: <button type="button" class="chip wide to-{number}">{escape(source.lesson)}{_where(source)}'
        "</button></footer></blockquote>"
    )


def _where(source: SourceRecord) -> str:
    """The section after the lesson's title; of a file its heading, or a place such as "page 3"."""
    if source.own and (source.section == source.lesson or _PLACE.fullmatch(source.section)):
        return "" if source.section == source.lesson else f", {escape(source.section)}"
    return f", “{escape(source.section)}”"


def _no_maths(html: str, own: bool) -> str:
    """In a learner's file a dollar is a dollar: two of them would make the chat set what is between as maths."""
    return html.replace("$", "<span>&#36;</span>") if own else html


def _body(turn: Turn, pending: str) -> str:
    sources = turn.sources or ((turn.quote,) if turn.quote else ())
    own = {number for number, source in enumerate(sources, 1) if source.own}
    plain = " ".join(_sentence(s.text, s.number, s.number in own) for s in turn.sentences if not s.bullet)
    items = "".join(f"<li>{_sentence(s.text, s.number, s.number in own)}</li>" for s in turn.sentences if s.bullet)
    written = _no_maths(escape(pending), turn.quote is not None and turn.quote.own)
    unchecked = f'<span class="pending">{written}</span>' if pending else ""
    listed = f"<ul>{items}</ul>" if items else ""
    return f"<p>{plain}</p>{listed}<p>{unchecked}</p>" if listed else f"<p>{plain} {unchecked}</p>"


def _sentence(text: str, chip: int | None, own: bool) -> str:
    mark = ""
    if chip is not None:
        kind, named = (" own", "Source in your file, ") if own else ("", "Source ")
        mark = f' <button type="button" class="chip{kind} to-{chip}"><span class="unseen">{named}</span>{chip}</button>'
    return f"{_no_maths(escape(text), own)}{mark}"


def _byline(turn: Turn) -> str:
    quoted = "Quoted from your file" if turn.quote and turn.quote.own else "Quoted from the course"
    said = quoted if turn.written_by == "quote" else f"Written from the passages by {turn.written_by}"
    known = f"{escape(said)} · {turn.seconds:.1f} s · " if turn.written_by else ""
    return f'<p class="byline">{known}<button type="button" class="copy">Copy</button></p>'


def _place(source: SourceRecord, sources: Sequence[SourceRecord]) -> int:
    """The number of the source with the same passage, from 1; 0 when the answer does not rest on it."""
    return next(
        (n for n, other in enumerate(sources, 1) if (other.id, other.passage) == (source.id, source.passage)), 0
    )


def _sources(quote: SourceRecord | None, sources: Sequence[SourceRecord]) -> str:
    """The hidden originals of what the panel shows; the page's script copies them there."""
    cards = [source_card(source, n) for n, source in enumerate(sources, 1)]
    if quote is not None and not _place(quote, sources):
        cards.insert(0, source_card(quote, 0))
    return f'<div class="kept" hidden>{"".join(cards)}</div>' if cards else ""


def source_card(source: SourceRecord, number: int) -> str:
    """One passage with its supporting sentences marked, and the way to its lesson. `number` 0 is the quote that nothing cites."""
    mark = f'<span class="number">{number}</span> ' if number else ""
    title = f"Your file: {escape(source.lesson)}" if source.own else escape(source.lesson)
    start = (
        f'<article class="source source-{number}"><h3>{mark}{title}</h3>'
        f"<p class='where'>{escape(source.section)}</p><p>{_no_maths(_marked(source.passage, source.quote), source.own)}</p>"
    )
    return (
        f"{start}</article>"
        if source.own
        else (
            f'{start}<a class="lesson-link" href="#course/{escape(source.id.replace("#", "/", 1))}">Open the lesson</a></article>'
        )
    )


def _marked(passage: str, quote: str) -> str:
    text = escape(passage)
    for sentence in split_sentences(quote):
        text = text.replace(escape(sentence), f"<mark>{escape(sentence)}</mark>", 1)
    return text.replace("\n", "<br>")


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _bold(text: str) -> str:
    return re.sub(r"\*\*([^*]{1,200})\*\*", r"<strong>\1</strong>", text)


def _one_block(html: str) -> str:
    """Without blank lines the chat's Markdown takes it as one block of HTML and reads no marks inside."""
    return _BLANK.sub("\n", html).replace("\n", "&#10;")
