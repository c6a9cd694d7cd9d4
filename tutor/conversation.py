"""What a learner means, given what was said before: "simpler please" or "how is it different from a GAN?" alone say too little.

Rules, not a model: they cost nothing, and a learner can see why a question was understood as it was. A follow-up takes the topic of
the question before it; a message that names its own subject stands alone. Works from the learner's own words only, because a
conversation that comes back from a browser is not to be trusted with anything else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.search.words import content_words
from tutor.writing import Form

_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    (
        "simpler",
        re.compile(
            r"\b(?:(?:in |use |with )?(?:much |more )?(?:simple|simpler|simply|easy|easier|plain|layman'?s?)"
            r"(?: (?:words?|terms?|language|english|way))?|eli5|dumb it down"
            r"|like i'?m (?:five|5|a (?:child|kid|beginner))|for (?:dummies|beginners|a (?:child|kid|beginner))"
            r"|(?:i |still )*(?:don'?t|do not|didn'?t) (?:get|understand|follow)(?: (?:it|this|that))?|(?:i'?m )?(?:lost|confused))\b"
        ),
    ),
    (
        "example",
        re.compile(
            r"\b(?:(?:give|show|got|have|need|see) (?:me |us |you )?(?:an?|another|any|some|one)? ?(?:\w+ )?examples?"
            r"|for example|an? example|examples?)\b"
        ),
    ),
    (
        "bullets",
        re.compile(
            r"\b(?:(?:in|as|with) (?:a )?(?:bullet points?|bullets?|list|points)(?: form)?|bullet points?|list the|main points)\b"
        ),
    ),
)
_WISHED = re.compile(
    r"\b(?:give|show) (?:me|us) (?:[\w-]+ ){0,3}examples\b"
    r"|^(?:(?:please|can|could|you) )*(?:give|show|list|name) (?:[\w-]+ ){0,3}examples\b"
    r"|^(?:(?:and|any|some|more|other|good|real|world|typical) )*examples\b|\b(?:any|you have(?: some)?) examples\b|, examples\b"
    r"|^(?!.*\b(?:the|this|that|each|every|which) (?:[\w'-]+ ){0,3}example\b).*\bexample\b"
)
"""An example that the learner wants to see; not "the example" that was read, nor examples to train on."""
_ASIDES = frozenset(
    re.findall(
        r"[\w']+",
        """please pls plz thanks thank ok okay hmm hmmm well so and but now then again can could you would that it this me us explain say
        tell put make in more bit much of for the a an i don't dont get understand still what do mean about give i'm im way even another
        one longer shorter detail details go on continue elaborate huh really why how else""",
    )
)
"""Words that a message can be made of without naming a subject."""
_POINTS_BACK = re.compile(
    r"\b(?:it|its|it's|they|them|their|that|this|those|these|that one|this one|both"
    r"|the (?:former|latter|first|second|other|same)(?: one)?"
    r"|(?:this|that|these|those|the) (?:model|network|method|one|thing|approach|technique|part|idea|loss|architecture)s?)\b"
)
_OWN_REFERENCE = re.compile(
    r"\b(?:(?:is|does|was|will|can|did) (?:it|this|that) (?:true|mean|possible|the case) (?:that|to)|the way (?:that )?(?:it|they))\b"
    r"|\b(?:model|network|method|one|loss|layer|unit|gate|part|way|thing|something|anything|idea|fact|noise|code|data|\w+s) that\b"
)
_CONTINUES = re.compile(
    r"^(?:and|but|so|then|or|also|what about|how about|why|how come|how so|since when|who|when|where|really|what else|how"
    r"|compared (?:to|with)|versus|vs|any|which)\b"
)
_WHAT_ABOUT = re.compile(
    r"^(?:(?:and|but|so|ok(?:ay)?|then)[, ]+)*(?:what|how) about |^(?:and|or)\s+(?:for |in |with )?(?=\w+(?: \w+){0,3}\s*\??$)"
)
_LEADS = (
    r"(?:please |pls )?(?:explain|describe|define|tell me(?: more)?|teach me|help me understand"
    r"|i (?:want|need|would like) to (?:know|understand|learn))(?: to me)?(?: about| what| how| why| when)?(?: is| are)?",
    r"what(?:'s|s| is| are| was| were| does| do| did)?|who(?:'s| is| invented| introduced| made)?|when(?: is| are| do| does| was| were)?",
    r"where(?: is| are)?|how (?:do|does|did|is|are|can|to|many|much)|how",
    r"why (?:do|does|is|are|did|can|can't|would)|why|is|are|do|does|can|which",
)
_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|so|and|but|well|please|pls|now|then|also|actually)[, ]+)*"
    r"(?:(?:can|could|would|will) you (?:please )?)?"
    rf"(?:{'|'.join(_LEADS)})?\b\s*(?:the )?"
    r"(?:(?:main |basic )?(?:difference|point|idea|purpose|role|meaning|definition|use|concept)s? (?:between|of|behind|in|for) )?"
    r"(?:an? |the )?",
    re.I,
)
_TAIL = re.compile(
    r"\s*\b(?:works?|working|used|use|useful|means?|do|does|happens?"
    r"|so (?:important|good|popular)|important|exactly|really|again|please|pls"
    r"|stands? for|about"
    r"|in (?:simple|plain|easy|short|a nutshell)\b.*|for (?:beginners|dummies)|like i'?m.*|used for|good for|for)\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A message as it was understood. `question` is shown to the model, `query` to the search."""

    question: str
    query: str
    topic: str
    form: Form
    followed: bool
    """Whether the question before was needed."""


def resolve(message: str, earlier: Sequence[str] = ()) -> Resolved:
    """`message` in the light of the learner's `earlier` messages, oldest first."""
    before: Resolved | None = None
    for text in earlier[-8:]:
        before = _resolve(text, before)
    return _resolve(message, before)


def names_nothing(message: str) -> bool:
    """Whether a message lives from the one before it: "why?", "simpler", "I don't get it"."""
    return not _own_words(_form(message.lower().strip(" ?!."))[1])


def topic_of(question: str) -> str:
    """The subject of a question: "How does mode collapse happen?" -> "mode collapse"."""
    topic = " ".join(question.split()).strip(" ?!.")
    topic = _LEAD.sub("", topic, count=1)
    shorter = _TAIL.sub("", topic)
    while shorter != topic and shorter:
        topic, shorter = shorter, _TAIL.sub("", shorter)
    return topic.strip(" ?!.,") or question.strip(" ?!.")


def _resolve(message: str, before: Resolved | None) -> Resolved:
    text = " ".join(message.split())
    low = text.lower().strip(" ?!.")
    form, rest = _form(low)
    own = _own_words(rest)
    if before is None:
        return Resolved(text, _without_form(text, form), topic_of(_without_form(text, form)), form, False)
    if not own or (form != "answer" and _POINTS_BACK.search(rest) and len(own) <= 1):
        if re.match(r"(?:but |and |so )*(?:why|how)\b", low) and form == "answer":  # a bare "why?"
            question = f"{text.rstrip('?')}: {before.question}"
            return Resolved(question, before.query, before.topic, form, True)
        shown = {
            "simpler": f"What is {before.topic}, in simple words?",
            "example": f"Give an example of {before.topic}.",
        }
        question = shown.get(form, before.question) if before.form == "answer" else before.question
        return Resolved(before.question if form == "simpler" else question, before.query, before.topic, form, True)
    if match := _WHAT_ABOUT.match(low):
        subject = text[match.end() :].strip(" ?!.")
        if _same_kind(before):
            swapped = f"{before.question.rstrip('?')} and {subject}?"
            return Resolved(f"What about {subject}: {before.question}", swapped, subject, form, True)
    if _POINTS_BACK.search(low) and not _OWN_REFERENCE.search(low):
        replaced = _POINTS_BACK.sub(_replacement(before.topic), text, count=1)
        return Resolved(replaced, _without_form(replaced, form), before.topic, form, True)
    if _CONTINUES.match(low) and len(own) <= 3 and not _names_subject(low):
        question = f"{text.rstrip('?')} ({before.topic})?"
        return Resolved(question, f"{before.topic}: {text}", before.topic, form, True)
    return Resolved(text, _without_form(text, form), topic_of(_without_form(text, form)), form, False)


def _own_words(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w'’]+", text) if word.replace("’", "'") not in _ASIDES]


def _replacement(topic: str) -> str:
    return topic.replace("\\", "\\\\")


def _same_kind(before: Resolved) -> bool:
    """Whether the earlier question says more than its topic, so that another subject can take the topic's place."""
    return len(content_words(before.question)) > len(content_words(before.topic))


def _names_subject(low: str) -> bool:
    """`why is vae training stable` names its own subject; `why so slow` and `how to fix` do not."""
    return bool(
        re.match(r"^(?:how|why|when|where|who) (?:is|are|do|does|did|can|was|were|to \w+) (?:a |an |the )?\w+", low)
    ) and not re.match(r"^(?:how|why|when) (?:to|can (?:i|we|you)|do (?:i|we|you)|is|are) \w+$", low)


def _form(low: str) -> tuple[Form, str]:
    for form, pattern in _FORMS:
        if pattern.search(low) and (form != "example" or _WISHED.search(low)):
            return form, pattern.sub(" ", low)
    return "answer", low


def _without_form(text: str, form: Form) -> str:
    for name, pattern in _FORMS:
        if name == form:
            stripped = " ".join(re.sub(pattern.pattern, " ", text, flags=re.I).split())
            return stripped if content_words(stripped) else text
    return text
