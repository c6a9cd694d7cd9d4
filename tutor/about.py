"""Is a question about the learner's own file, and about the whole of it? "What is this document about?", "what does my file say of tides?"

Rules, as in `tutor.conversation`: they cost nothing and can be read. Of a question about the whole, no word is left but the file's name
and words such as "summarize" or "main points". Does not cover: questions that count or compare, such as how many pages a file has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.search.words import content_words

WHOLE = "What is my file about?"
"""How a question about the whole file stands in a conversation."""

_NOUN = (
    r"(?:files?|documents?|docs?|pdfs?|attachments?|uploads?|papers?|texts?|articles?|essays?|reports?|notes?|chapters?|stor(?:y|ies)|letters?"
    r"|handouts?|slides?|manuals?|homework|script)"
)
_GIVEN = r"(?:attached|uploaded|added|given)"
_MINE = (
    rf"(?:my|our)(?: own)?(?: \w+)? {_NOUN}|(?:this|that|these|those|your|the|an?) (?:\w+ )?{_GIVEN} {_NOUN}|{_GIVEN} {_NOUN}"
    r"|(?:what|the (?:thing|one)) i(?:'ve| have)?(?: just)? (?:uploaded|added|attached|sent|dropped)(?: here)?"
)
_THIS = rf"(?:this|that|these|those) {_NOUN}"
_THE = r"the (?:whole |entire )?(?:files?|documents?|docs?|pdfs?|attachments?|uploads?)"
_SAYS = r"(?:say|tell|mention|explain|claim|state|write|report|teach|cover)s?"
_ON = r"(?:about|on|of|regarding|concerning)"
_OVERVIEW = frozenset(
    content_words(
        """summarize summarise summary sum up overview outline recap gist tldr tl dr main key central chief points ideas takeaways message
        topic subject theme title content cover contain include discuss deal treat talk say tell teach state short brief briefly quick
        quickly simple simpler easy plain words terms english read introduce introduction whole entire full general overall inside kind
        sort type bullet list form sentence sentences paragraph one two three four five few please pls learn know want need help
        understand try write create provide"""
    )
)
_FILE = "§"
_FURTHER = re.compile(
    r"(?:(?:and|but|so|ok(?:ay)?)[, ]+)*(?:what|how) about (?:the )?(.+)$|(?:and )(?:the )?(\w+(?: \w+)?)$", re.I
)


@dataclass(frozen=True, slots=True)
class About:
    """What is asked of a file: the `whole`, or what to search in it."""

    whole: bool
    query: str


def about_file(question: str, name: str) -> About | None:
    """What `question` asks of the file `name`; None when it does not speak of it."""
    low = _named(question, name)
    if _FILE not in low:
        return None
    if not set(content_words(low)) - _OVERVIEW:
        return About(True, WHOLE)
    rest = low
    for pattern in (
        rf"(?:(?:what|does|do|did|how) )*{_FILE} {_SAYS}(?: (?:me|us))?(?: {_ON}| that)?\b",
        rf"(?:according to|based on|in|from|of|inside|within|on|by|with) {_FILE}",
    ):
        rest = re.sub(pattern, " ", rest)
    if rest == low and not re.search(rf"\b(?:{_MINE}|{_THIS})\b|{re.escape(name.lower())}", _plain(question)):
        return None  # "how does a transformer read the document?" may well be a question about transformers
    rest = " ".join(rest.replace(_FILE, " ").split()).strip(" ,;:?.!")
    return About(False, rest if content_words(rest) else question)


def speaks_of_own_file(question: str) -> bool:
    """Whether a question speaks of the learner's file although there is none."""
    return re.search(rf"\b(?:{_MINE})\b", _plain(question)) is not None


def as_meant(messages: Sequence[str], name: str) -> list[str]:
    """What was asked since the file was added, with the file named where it is meant: "summarize it" right after it was added, and
    "what about storage?" after a question about something in it."""
    told: list[str] = []
    for message in messages:
        before = about_file(told[-1], name) if told else None
        further = _FURTHER.match(message.strip(" ?.!"))
        if not told:
            message = _first(message, name)
        elif before is not None and not before.whole and further:
            message = f"what does my file say about {further.group(1) or further.group(2)}?"
        told.append(message)
    return told


def subject(message: str, name: str) -> str:
    """An earlier message as later ones go on from it: without the file, where it asked for something in it."""
    about = about_file(message, name)
    return message if about is None else about.query


def _first(message: str, name: str) -> str:
    low = _named(message, name)
    if _FILE in low:
        return message
    pronoun = re.search(r"\b(?:it|this|that|these|them)\b", message, re.I)
    overview = not set(content_words(low)) - _OVERVIEW
    if pronoun and (overview or re.search(rf"\b(?:does|did) (?:it|this|that) {_SAYS}\b", low)):
        return f"{message[: pronoun.start()]}my file{message[pronoun.end() :]}"
    return f"{message.rstrip(' ?.!')} of my file" if overview and content_words(low) else message


def _named(question: str, name: str) -> str:
    """In lower case, with whatever means the file replaced by one sign."""
    low = _plain(question).replace(_FILE, " ")
    stem = name.rpartition(".")[0].lower()
    names = [name.lower(), *([stem] if re.search(r"[\d_ -]", stem) else [])]
    for known in filter(None, names):
        low = low.replace(known, _FILE)
    return re.sub(rf"\b(?:{_MINE}|{_THIS}|{_THE})\b|(?:the |my |this )?{_FILE}(?: {_NOUN}\b)?", _FILE, low)


def _plain(question: str) -> str:
    return " ".join(question.lower().replace("’", "'").split())
