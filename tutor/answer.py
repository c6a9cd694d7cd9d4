"""Quote, write, check, cite: an answer that rests on the course or is not given.

The best passage's sentences are said first. The model then writes from the notes; each finished sentence is aligned to a passage, and
one that no passage supports is left out before the learner can rely on it. With too few left, the quote stands alone and says so.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from tutor.about import WHOLE, About
from tutor.comparison import names, unsaid
from tutor.conversation import Resolved
from tutor.course import GLOSSARY, Course, Passage
from tutor.document import Document
from tutor.draft import Draft, Written
from tutor.events import (
    Answer,
    Answered,
    Choice,
    Choices,
    Event,
    Quote,
    Seconds,
    Sentence,
    Source,
    Sources,
    Status,
    Text,
)
from tutor.search.encoder import Encoder
from tutor.search.hybrid import Found, Hit, Searcher
from tutor.search.retold import retold
from tutor.search.words import content_words
from tutor.sentences import split_sentences
from tutor.support import SupportChecker
from tutor.text.base import TextModel
from tutor.writing import UNKNOWN, Form, Note, writing_options, writing_prompt

NOTES = 3
"""Passages the model reads: the right one is among the first three for almost every question, and each costs time."""
_NEAR = 0.8
"""A passage that scores below this share of the best one is no note: it would only mislead a small model. Of the training pairs'
right passages among the first three, 98.6% score higher, and 57% of the others."""
_QUOTED_WORDS = 60
_PROSE = 12
"""Words of the shortest passage with which a document's prose may begin: before it stand titles and names."""
_ABSTRACT = re.compile(r"(?:abstract|(?:executive )?summary|overview|introduction)\b", re.I)


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A learner's file, and the search of it alone."""

    document: Document
    searcher: Searcher


class Answerer:
    """Answers questions from one course, and from a learner's file where there is one."""

    def __init__(self, course: Course, searcher: Searcher, encode: Encoder, own: OwnFile | None = None) -> None:
        """`searcher` searches the course, and the file beside it."""
        self._course = course
        self._searcher = searcher
        self._own = own
        self._checker = SupportChecker(encode)

    def answer(
        self, asked: str, resolved: Resolved, model: TextModel | None, about: About | None = None
    ) -> Iterator[Event]:
        """One turn. `asked` is what was typed; `model` None means that only quotes can be given yet; `about` is what is asked of the
        learner's file where the question names it."""
        start = time.monotonic()
        yield Status("searching")
        found = self._find(resolved, about)
        searched = time.monotonic() - start
        if not found.in_scope:
            yield from self._refuse(asked, found, start, searched, about is not None)
            return
        best = self._quote(found.query, found.hits[0], found.whole or found.query == WHOLE)
        yield Quote(best)
        first_text = time.monotonic() - start
        draft = Draft()
        if model is not None:
            yield Status("reading")
            yield from self._write(resolved, found, model, draft)
        seconds = Seconds(searched, first_text, 0.0)
        answer = _cited(asked, draft, model.name, seconds) if model and draft.enough else _alone(asked, best, seconds)
        yield Text(answer.answer, answer.sentences) if draft.enough else Text(_why_alone(model, best.own))
        yield Sources(answer.sources)
        yield Choices(follow_ups(resolved))
        yield Answered(replace(answer, seconds=replace(seconds, total=time.monotonic() - start)))

    def _find(self, resolved: Resolved, about: About | None) -> Found:
        """What answers the question; of one about the whole file, the file's beginning."""
        if self._own is None or about is None:
            found = self._searcher.search(resolved.query)
            return retold(self._searcher, found, resolved.form, resolved.followed) if found.in_scope else found
        if not about.whole:
            return _by_word(self._own.searcher.search(about.query))
        hits = tuple(Hit(passage, 1.0) for passage in opening(self._own.document))
        return Found(WHOLE, hits, 1.0, True)

    def _write(self, resolved: Resolved, found: Found, model: TextModel, draft: Draft) -> Iterator[Event]:
        """The answer from what was found; where that tells of one side of a comparison alone, the other side too."""
        yield from self._tell(resolved.question, resolved.form, found, model, draft)
        if not draft.enough:
            return
        index, tried = self._searcher.index, frozenset(draft.tried)
        for side in unsaid(resolved.question, draft.text, index.understood):
            other = self._searcher.search(f"What is {side}?")
            named = tuple(hit for hit in other.hits if names(side, hit.passage.text, index.understood))
            if other.in_scope and named:
                yield from self._tell(other.query, resolved.form, replace(other, hits=named), model, draft)
        draft.tried = {*tried, *(one.sentence.text for one in draft.written)}  # what is refused here takes nothing away

    def _tell(self, question: str, form: Form, found: Found, model: TextModel, draft: Draft) -> Iterator[Event]:
        """Text events as the model writes. Each checked sentence goes into the draft."""
        passages = notes_among(found.hits)
        prompt = writing_prompt(question, [Note.of(p) for p in passages], form)
        draft.hits += found.hits
        raw, done = "", 0
        writing = Status("writing")  # always the same one: a sign of life
        with closing(model.stream(prompt, writing_options(found.probability, passages, form, found.whole))) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                if not raw:
                    yield writing
                raw += piece
                if not raw:
                    continue
                *finished, pending = _lines(raw) or [""]
                for sentence in finished[done:]:
                    self._keep(sentence, passages, draft)
                done = max(done, len(finished))
                yield Text(draft.markdown, draft.sentences, pending)
        sentences = _lines(raw)
        for sentence in sentences[done:]:
            if sentence[-1] in ".!?)]\"'" or len(sentences) == 1:  # a tail that was cut off says nothing whole
                self._keep(sentence, passages, draft)

    def _keep(self, sentence: str, passages: Sequence[Passage], draft: Draft) -> None:
        bullet = sentence.startswith(("- ", "* "))
        text = sentence.lstrip("-* ").strip()
        if UNKNOWN in text or draft.repeats(text):
            return
        draft.tried.add(text)
        support = self._checker.best(text, passages) if content_words(text) else None
        if support is None or support.probability < self._checker.threshold:
            return
        said = Sentence(text, round(support.probability, 3), support.passage.id, bullet=bullet)
        draft.written.append(Written(said, support.passage, support.quote))

    def _quote(self, query: str, hit: Hit, from_start: bool) -> Source:
        """The run of the passage's sentences that is closest to the question, word for word, or its beginning: so a comparison is
        to be read, or an example."""
        passage = hit.passage
        sentences = passage.sentences
        wanted = set(content_words(query))
        shared = [len(wanted & set(content_words(s))) / max(1, len(wanted)) for s in sentences]
        start = 0 if from_start else int(np.argmax(np.array(hit.near) + 0.5 * np.array(shared)))
        if start and sentences[start - 1].endswith(":"):
            start -= 1
        end = start + 1
        while end < len(sentences) and len(" ".join(sentences[start : end + 1]).split()) <= _QUOTED_WORDS:
            end += 1
        while end == len(sentences) and start and len(" ".join(sentences[start - 1 :]).split()) <= _QUOTED_WORDS:
            start -= 1
        if end - start > 1 and sentences[end - 1].endswith(":"):
            end -= 1  # what it leads to, a formula, is shown in the lesson alone
        return _source(passage, _span(passage.text, sentences[start], sentences[end - 1]), hit.score)

    def _refuse(self, asked: str, found: Found, start: float, searched: float, of_file: bool) -> Iterator[Event]:
        if of_file and self._own is not None:
            text = f"I can't find that in your file {self._own.document.name}, so I won't guess. Here are questions that I can answer."
        else:
            taught = (hit.passage for hit in found.hits if hit.passage.lesson_slug != GLOSSARY)
            near = list(dict.fromkeys(passage.lesson for passage in taught if not passage.own))
            lessons = near or [x.title for x in self._course.lessons]
            nearest = " and ".join(f"**{title}**" for title in lessons[:2])
            are = "lessons are" if len(lessons) > 1 else "lesson is"
            where = "from the course" if self._own is None else "from the course or from your file"
            text = (
                f"I can't answer that {where}, so I won't guess. "
                f"The nearest {are} {nearest}. Here are questions that I can answer."
            )
        yield Text(text)
        yield Choices(self._answerable(found))
        total = time.monotonic() - start
        yield Answered(Answer(asked, "ask", True, text, (), (), "tutor", Seconds(searched, searched, total)))

    def _answerable(self, found: Found) -> tuple[Choice, ...]:
        """Three headings near the question that the search itself would accept as questions."""
        first = [s.heading for lesson in self._course.lessons for s in lesson.sections[:1] if s.heading.endswith("?")]
        headings = [hit.passage.section for hit in found.hits if hit.passage.section.endswith("?")]
        chosen = [Choice(WHOLE, WHOLE)] if self._own is not None else []
        for question in dict.fromkeys([*headings, *first]):
            if len(chosen) < 3 and self._searcher.search(question, k=1).in_scope:
                chosen.append(Choice(question, question))
        return tuple(chosen)


def _by_word(found: Found) -> Found:
    """In scope, too, when a passage holds every word that was asked for: one word alone, "storage", is a weak question otherwise."""
    wanted = set(content_words(found.query))
    for hit in found.hits if wanted and not found.in_scope else ():
        if wanted <= set(content_words(f"{hit.passage.section} {hit.passage.flat}")):
            others = (other for other in found.hits if other is not hit)
            return replace(found, hits=(hit, *others), in_scope=True)
    return found


def opening(document: Document) -> list[Passage]:
    """The first passages that say what a document is about: its abstract, or else where its prose begins."""
    passages = document.passages
    first = next(
        (i for i, p in enumerate(passages[:12]) if _ABSTRACT.match(p.section) or _ABSTRACT.match(p.text)), None
    )
    if first is None:
        prose = (i for i, p in enumerate(passages) if len(p.text.split()) >= _PROSE and p.text.rstrip()[-1] in '.!?”"')
        first = next(prose, 0)
    return list(passages[first : first + NOTES])


def notes_among(hits: Sequence[Hit]) -> list[Passage]:
    """The passages that the model reads: at most NOTES, and only those that fit nearly as well as the best."""
    return [hit.passage for hit in hits[:NOTES] if hit.score >= _NEAR * hits[0].score]


def follow_ups(resolved: Resolved) -> tuple[Choice, ...]:
    """What can be asked next about the same thing; never the form that was just given."""
    offers = {
        "simpler": Choice("Simpler", "Simpler, please"),
        "example": Choice("Example", "Can you give an example?"),
        "bullets": Choice("In points", "In bullet points, please"),
    }
    return tuple(choice for form, choice in offers.items() if form != resolved.form)


def _lines(raw: str) -> list[str]:
    return list(split_sentences(raw))


def _cited(asked: str, draft: Draft, name: str, seconds: Seconds) -> Answer:
    scores = {hit.passage.key: hit.score for hit in draft.hits}
    sources = []
    for id in draft.numbers:
        mine = [one for one in draft.written if one.passage.id == id]
        quote = "\n".join(dict.fromkeys(one.quote for one in mine))
        sources.append(_source(mine[0].passage, quote, scores.get(mine[0].passage.key, 0.0)))
    return Answer(asked, "ask", False, draft.markdown, draft.sentences, tuple(sources), name, seconds)


def _alone(asked: str, quote: Source, seconds: Seconds) -> Answer:
    sentences = tuple(Sentence(s, 1.0, quote.id, 1) for s in split_sentences(quote.quote))
    text = "> " + quote.quote.replace("\n", "\n> ") + " [1]"
    return Answer(asked, "ask", False, text, sentences, (quote,), "quote", seconds)


def _why_alone(model: TextModel | None, own: bool) -> str:
    if model is None:
        return "No language model is ready yet, so the passage above is the whole answer for now."
    to = "your file" if own else "the course"
    return f"What I wrote did not stay close enough to {to}, so the passage above stands alone."


def _source(passage: Passage, quote: str, score: float) -> Source:
    return Source(
        id=passage.id,
        lesson=passage.lesson,
        section=passage.section,
        quote=quote,
        score=round(max(0.0, min(1.0, score)), 3),
        passage=passage.text,
        lesson_slug=passage.lesson_slug,
        own=passage.own,
    )


def _span(text: str, first: str, last: str) -> str:
    start = text.index(first)
    return text[start : text.index(last, start) + len(last)]
