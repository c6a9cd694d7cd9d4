"""Is each question of the quiz fair, and does the lesson prove its key?

What is proved. The cited section exists and holds the evidence word for word. The key goes with that evidence: question, key and
explanation together name a share of its words and are near it in meaning. Whatever a learner must see through, a false statement or a
made-up sentence, does not pass the check that the answers of the tutor pass (`tutor.support`) against the cited section.

What is not. That check is strict on purpose: it turns most paraphrases away, and a good question paraphrases. Of the true statements in
the shipped quiz it accepts one in eight, and it cannot read options or steps, which are no sentences. So it is not asked whether a key is
true; sharing words and meaning with the evidence is a weaker proof, which lets a wrong key through that speaks of the same thing. Of
evidence that belongs to another section of the same lesson, it finds three quarters.

What gives a key away: a right option much longer than the others, or one that alone repeats a rare word of the question; a made-up
sentence much longer or shorter than the true ones; a short answer's fact that stands in the question.
"""

import re
from collections.abc import Iterator
from statistics import mean

from tutor.course import Course, Passage
from tutor.errors import CourseError
from tutor.quizbank import FOLDER, Choice, MadeUp, Order, Question, QuizBank, Short, Truth
from tutor.search.encoder import Encoder
from tutor.search.words import content_words
from tutor.support import SupportChecker

_LONGER = 1.35
"""A right option this many times as long as the longest wrong one stands out; so does one this many times shorter than the shortest."""
_BIG = 12
"""Letters; lengths of shorter options don't stand out."""
_UNLIKE = 1.8
"""A made-up sentence this many times as long as the mean of the true ones, or shorter, stands out."""
_SHARED, _NEAR = 0.15, 0.25
"""Least share of the evidence's words and least cosine of the evidence with question, key and explanation: all but a few questions of
the shipped quiz were above both when this was set, and those few got better evidence."""
_HINTS = 3


def check_questions(course: Course, bank: QuizBank, fewest: int = 0) -> Iterator[CourseError]:
    """What can be seen without a model. `fewest`: questions that each lesson must have."""
    sections = _sections(course)
    for question in bank.questions:
        where = question.place
        for key, said in (*_citation(question, sections), *_form(question), *_giveaways(question)):
            yield CourseError(where.path, where.of(key), f"{question.id}: {said}")
    slugs = {lesson.slug for lesson in course.lessons}
    for lesson, path in bank.files:
        if lesson not in slugs:
            yield CourseError(path, 1, f"there is no lesson '{lesson}'")
        questions = bank.of(lesson)
        if len(questions) < fewest:
            yield CourseError(path, 1, f"the lesson has {len(questions)} questions; it needs {fewest}")
        if (hinted := sum(bool(question.hints) for question in questions)) != 1:
            yield CourseError(path, 1, f"{hinted} questions have hints; one, the hardest, has {_HINTS}")
        truths = {question.answer for question in questions if isinstance(question, Truth)}
        if truths == {True}:
            yield CourseError(path, 1, "every statement is true; make one that is false")
    if fewest:
        for one in course.lessons:
            if one.slug not in {lesson for lesson, _ in bank.files}:
                yield CourseError(one.path, 1, f"the lesson has no questions; write {FOLDER}/{one.slug}.yaml")


def check_keys(course: Course, bank: QuizBank, encode: Encoder) -> Iterator[CourseError]:
    """What needs the sentence encoder: evidence and key belong together, nothing false is supported."""
    sections = _sections(course)
    questions = [question for question in bank.questions if question.passage in sections]
    if not questions:
        return
    checker = SupportChecker(encode)
    told = [_told(question) for question in questions]
    cosines = (encode(told) * encode([question.evidence for question in questions])).sum(1)
    for question, text, cosine in zip(questions, told, cosines, strict=True):
        where, evidence = question.place, set(content_words(question.evidence))
        shared = len(evidence & set(content_words(text))) / max(1, len(evidence))
        if shared < _SHARED or cosine < _NEAR:
            said = f"the evidence speaks of something else than question and key (words shared {shared:.2f}, meaning {cosine:.2f})"
            yield CourseError(where.path, where.of("evidence"), f"{question.id}: {said}")
        for key, false in _falsehoods(question):
            support = checker.best(false, sections[question.passage])
            if support is not None and support.probability >= checker.threshold:
                said = f"'{false}' is false, but the section seems to support it ({support.probability:.2f})"
                yield CourseError(where.path, where.of(key), f"{question.id}: {said}")


def _sections(course: Course) -> dict[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in course.passages:
        found.setdefault(passage.id, []).append(passage)
    return found


def _told(question: Question) -> str:
    """The key as a text: what was asked, what is right, and why."""
    match question:
        case Choice(ask=ask, key=key, why=why):
            return f"{ask} {key.text}. {why}"
        case Truth(ask=ask, why=why):
            return f"{ask} {why}"
        case Short(ask=ask, answer=answer, why=why):
            return f"{ask} {answer} {why}"
        case Order(ask=ask, steps=steps, why=why):
            return f"{ask} {' '.join(steps)} {why}"
        case MadeUp(made_up=made_up, why=why):
            return f"{made_up} {why}"


def _falsehoods(question: Question) -> Iterator[tuple[str, str]]:
    if isinstance(question, Truth) and not question.answer:
        yield "ask", question.ask
    elif isinstance(question, MadeUp):
        yield "made_up", question.made_up


def _citation(question: Question, sections: dict[str, list[Passage]]) -> Iterator[tuple[str, str]]:
    passages = sections.get(question.passage)
    evidence = " ".join(question.evidence.split())
    if passages is None:
        yield "passage", f"there is no section '{question.passage}'"
    elif not any(evidence in passage.flat for passage in passages):
        yield "evidence", f"no passage of '{question.passage}' says this word for word"
    if question.passage.split("#")[0] != question.lesson:
        yield "passage", f"the section is not one of the lesson '{question.lesson}'"
    if not question.id.startswith(f"{question.lesson}-"):
        yield "id", f"the id begins with the lesson's slug, '{question.lesson}-'"


def _form(question: Question) -> Iterator[tuple[str, str]]:
    if question.hints and len(set(map(_plain, question.hints))) != _HINTS:
        yield "hints", f"hints come in {_HINTS} different steps"
    match question:
        case Choice(options=options):
            if (right := sum(option.right for option in options)) != 1:
                yield "options", f"{right} options are right; one must be"
            if any(not option.right and not option.misconception for option in options):
                yield "options", "each wrong option names its misconception"
            yield from _alike("options", [option.text for option in options])
        case Short(facts=facts, answer=answer):
            for wordings in facts:
                if not any(_says(answer, wording) for wording in wordings):
                    yield "facts", f"the model answer says none of: {', '.join(wordings)}"
        case Order(steps=steps):
            yield from _alike("steps", steps)
        case MadeUp(sentences=sentences, made_up=made_up):
            yield from _alike("sentences", [*sentences, made_up])


def _alike(key: str, texts: list[str] | tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(set(map(_plain, texts))) < len(texts):
        yield key, f"two of the {key} are the same"


def _giveaways(question: Question) -> Iterator[tuple[str, str]]:
    if isinstance(question, Choice) and sum(option.right for option in question.options) == 1:
        right = question.key.text
        wrong = [option.text for option in question.options if not option.right]
        lengths = [len(text) for text in wrong]
        if len(right) > _BIG and len(right) > _LONGER * max(lengths):
            yield "options", "the right option is the longest by far"
        elif min(lengths) > _BIG and len(right) * _LONGER * _LONGER < min(lengths):
            yield "options", "the right option is the shortest by far"
        elsewhere = set(content_words(" ".join(wrong)))
        if echoed := [word for word in _rare(question.ask) if word in content_words(right) and word not in elsewhere]:
            yield "options", f"only the right option repeats '{echoed[0]}' from the question"
    elif isinstance(question, MadeUp):
        usual = mean(len(sentence) for sentence in question.sentences)
        if not usual / _UNLIKE < len(question.made_up) < usual * _UNLIKE:
            yield "made_up", "the made-up sentence stands out by its length"
    elif isinstance(question, Short):
        for wordings in question.facts:
            if told := [wording for wording in wordings if _says(question.ask, wording)]:
                yield "ask", f"the question itself says '{told[0]}', which counts as an answer"


def _rare(ask: str) -> list[str]:
    """The question's longer words, as stems: those of fewer than five letters say little."""
    return [stem for word in re.findall(r"[A-Za-z]{5,}", ask) for stem in content_words(word)]


def _says(text: str, wording: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(wording.lower())}(?!\w)", text.lower()) is not None


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()
