"""The course's glossary: `glossary.yaml` -> Term, and the words by which a text names a term.

An entry has `term`, `lesson` (the slug of the lesson that explains it), `text` (one or two sentences) and perhaps `also` (other names).
A broken entry becomes a CourseError with file and line; the others are still there. A folder without the file has no glossary.

A term is shown as a card where a text names it, in the singular or plural. Words of everyday language ("key", "noise") name a term only
in a text of the term's own lesson; elsewhere they mostly mean what they always mean.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutor.errors import CourseError
from tutor.lines import Lined, line_of, read_yaml

FILE = "glossary.yaml"
_WORDS = """
adapter, agent, ai, alignment, attention, automation, baseline, batch, benchmark, bias, bottleneck, calibration, caption,
chatbot, checkpoint, citation, content creation, content generation, copyright, critic, data set, dataset, decoding,
disinformation, distillation, distribution, diversity, evaluation, faithfulness, feature, fluency, forgetting, gate, gating,
grounding, guidance, inference, interpolation, key, label, loss, misinformation, noise, objective, outlier, parameter,
passage, precision, prior, privacy, quality, query, recall, reconstruction, refusal, retrieval, sampling, seed, speed,
temperature, test data, threshold, training, training data, training set, value, vocabulary, watermark, watermarking, weight
"""
EVERYDAY = frozenset(" ".join(word.split()) for word in _WORDS.split(","))
"""Names, in lower case, that everyday texts use too."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the course. `lesson` is the slug of a lesson, `slug` its own; `path` and `line` say where the entry stands."""

    name: str
    also: tuple[str, ...]
    lesson: str
    text: str
    slug: str
    path: Path
    line: int

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.also)

    @property
    def forms(self) -> tuple[str, ...]:
        """Each name and its plural. A form in lower case may begin a sentence; one with capitals is written just so."""
        return tuple(dict.fromkeys(form for name in self.names for form in (name, _plural(name)) if form))


def is_everyday(form: str) -> bool:
    """Whether a form of a term is an everyday word too."""
    low = form.lower()
    return bool({low, low.removesuffix("s"), low.removesuffix("es"), low.removesuffix("ies") + "y"} & EVERYDAY)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)

    term: str = Field(min_length=1, max_length=80)
    also: list[str] = []
    lesson: str = Field(min_length=1)
    text: str = Field(min_length=1)


def read_glossary(folder: Path, lessons: Collection[str]) -> tuple[tuple[Term, ...], tuple[CourseError, ...]]:
    """The terms of the folder's glossary, in its order, and what is wrong with the others. `lessons` are the known slugs."""
    path = folder / FILE
    if not path.is_file():
        return (), ()
    try:
        entries = read_yaml(path)
    except CourseError as error:
        return (), (error,)
    if not isinstance(entries, list):
        return (), (CourseError(path, 1, "a glossary is a list of entries: - term, lesson, text"),)
    terms, problems = list[Term](), list[CourseError]()
    taken: dict[str, Term] = {}
    for number, entry in enumerate(entries):
        try:
            term = _term(path, entry, line_of(entries, [number]), lessons, {term.slug for term in terms})
            names = [*dict.fromkeys(_plain(name) for name in term.names)]
            for name in names:
                if (other := taken.get(name)) is not None:
                    raise CourseError(
                        path, term.line, f"'{name}' is already a name of '{other.name}' (line {other.line})"
                    )
        except CourseError as error:
            problems.append(error)
            continue
        taken |= dict.fromkeys(names, term)
        terms.append(term)
    return tuple(terms), tuple(problems)


def _term(path: Path, entry: object, line: int, lessons: Collection[str], slugs: Collection[str]) -> Term:
    if not isinstance(entry, Lined):
        raise CourseError(path, line, "an entry has lines of 'name: value': term, lesson, text")
    try:
        made = _Entry.model_validate(dict(entry))
    except ValidationError as error:
        first = error.errors()[0]
        place = line_of(entry, first["loc"], line)
        raise CourseError(path, place, f"glossary '{first['loc'][0]}': {first['msg'].lower()}") from None
    if made.lesson not in lessons:
        raise CourseError(path, entry.lines["lesson"], f"there is no lesson '{made.lesson}'; name the slug of one")
    slug = re.sub(r"[^a-z0-9]+", "-", made.term.lower()).strip("-") or f"term-{line}"
    while slug in slugs:
        slug += "-again"
    return Term(made.term, tuple(made.also), made.lesson, made.text, slug, path, line)


def _plain(name: str) -> str:
    """Names that differ in case, hyphens, dots or apostrophes alone are one name."""
    return re.sub(r"[\s·.'’-]+", " ", name.casefold()).strip()


def _plural(name: str) -> str:
    if not name[-1].isalpha():
        return ""
    if name[-1] in "yY" and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch", "sh")) else "s")
