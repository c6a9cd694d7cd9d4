"""What does the learner want? Greetings, thanks, protests and questions about the tutor are answered by code, and so is what the tutor
cannot do; everything else is asked.

Rules only. A message that could be a question about the course is never taken for small talk.
"""

import re
from dataclasses import dataclass

from tutor.events import Intent
from tutor.request import asks_how

_SMALL_TALK = re.compile(
    r"^(?:(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|yo|sup)(?: (?:there|tutor"
    r"|again|all|everyone))*(?:[, ]+(?:how are you|how'?s it going|what'?s up)(?: today| doing)?)?"
    r"|(?:how are you|how'?s it going|what'?s up|nice to meet you)(?: today| doing)?"
    r"|(?:ok(?:ay)?[, ]*)?(?:thanks|thank you|thx|ty|cheers|much appreciated)(?: (?:a lot|so much|very much|again"
    r"|tutor|man|mate|you|for (?:the|your) \w+|that (?:helps|helped)))*"
    r"|(?:great|nice|cool|perfect|awesome|good|got it|ok|okay|i see|understood|makes sense|good job"
    r"|well done)(?:[, ]+(?:thanks|thank you))?"
    r"|(?:bye|goodbye|see you|see ya|good night|cya)(?: (?:later|soon|then|tutor))*)$"
)
_PARTING = re.compile(r"\b(?:bye|goodbye|see (?:you|ya)|good night|cya)\b")
_THANKS = re.compile(r"\b(?:thanks|thank you|thx|ty|cheers|appreciated)\b")
_HEARD = re.compile(
    r"\b(?:great|nice|cool|perfect|awesome|good|good job|well done|got it|i see|understood|makes sense|ok|okay)$"
)
_BAD = r"(?:wrong|incorrect|mistaken|false|nonsense|not (?:right|correct|true))"
_WRONG = re.compile(
    r"^(?:(?:no|nope|but|hm+|sorry|actually|i think|i'm afraid) )*"
    rf"(?:(?:you(?:'re| are)|(?:that|this|it)(?:'s| is| was)|(?:your|the|that|this)(?: last)? answer (?:is|was))"
    rf"(?: (?:just|simply|completely|totally|all|quite|still))* {_BAD}"
    r"|(?:that|this|it|your answer) (?:isn't|wasn't) (?:right|correct|true)"
    r"|you(?: have|'ve)? made an? (?:mistake|error)|wrong(?: answer)?|i (?:don't|do not) (?:agree|believe (?:you|that|it)))$"
)
_PLEASE = (
    r"(?:(?:please|pls|can you|could you|would you|will you|i want(?: you to)?|i'd like(?: you to)?|let's|now|ok|so) )*"
)
_ON = r"(?: (?:on|of|for|about|showing|that shows|with) (?P<subject>.{1,80}?))?(?: please)?$"
_LANGUAGE = r"(?:python|pytorch|tensorflow|keras|jax|numpy|java|javascript|c\+\+)"
_INSTEAD = "Here is what you can ask instead."
_CANNOT: tuple[tuple[Intent, re.Pattern[str], str], ...] = (
    (
        "quiz",
        re.compile(
            rf"^{_PLEASE}(?:(?:quiz|test|examine)(?: me| us| my knowledge)"
            r"|(?:(?:do|give|ask|make|show|start|take|have)(?: me| us)? )?(?:an? |another |some |the )?(?:\w+ )?"
            rf"(?:quiz(?:zes)?|(?:quiz|test|exam|practice) questions?|flash ?cards?)){_ON}"
        ),
        "Quizzes are not built yet. To test yourself, pick a question, answer it in your head, and only then send it to me.",
    ),
    (
        "demo",
        re.compile(
            rf"^{_PLEASE}(?:do you have |(?:is|are) there )?(?:(?:show|give|run|start|open|play|do|see)(?: me| us)? )?"
            rf"(?:an? |any |another |some |the )?(?:(?:live|interactive|little|short|quick) )*demo(?:s|nstrations?)?{_ON}"
        ),
        "There is no demo of that. Ask “which demos are there?” for those that run here, or open the Lab.",
    ),
    (
        "inspect",
        re.compile(
            rf"^{_PLEASE}how (?:did|do|have) you (?:write|written|make|made|get|got|find|found|know|come up with) "
            r"(?:that|this|it|(?:that|this|the|your)(?: last)? answer)(?: answer| up| out)?(?P<subject>)$"
        ),
        "I can't lay an answer open yet. The number after a sentence opens the passage that it rests on, and “How did you draw that?” "
        "lays a picture open.",
    ),
    (
        "ask",
        re.compile(
            rf"^{_PLEASE}(?:(?:write|give|show|generate|create|make)(?: me| us)? (?:some |the |an? )?"
            rf"(?:(?:{_LANGUAGE}|simple|working|example|sample|full|complete|short|source) )*"
            rf"(?:code|scripts?|programs?|implementations?|snippets?)(?: in {_LANGUAGE})?(?: (?:to|that) .{{1,80}}?)?{_ON}"
            rf"|(?:implement|code|program) (?P<thing>.{{1,80}}?) (?:in|with|using) {_LANGUAGE}(?: please)?$)"
        ),
        "I don't write code. I explain what such code has to do, from the course.",
    ),
    (
        "ask",
        re.compile(
            rf"^{_PLEASE}(?:draw|sketch|make|create|generate|plot)(?: me| us)? (?:an? |the |some )?(?:\w+ )?"
            rf"(?:diagrams?|flow ?charts?|charts?|graphs?|mind ?maps?){_ON}"
        ),
        "I don't draw diagrams: my painter knows things, not ideas. The lessons have figures; you find them under Course.",
    ),
)
_SELF = re.compile(
    r"^(?:(?:so|and|but|hey|hi|hello)[, ]+)*(?:(?:what|who) (?:are|r) (?:you|u)|what(?:'s| is) your name"
    r"|tell me about yourself|introduce yourself|(?:which|what) (?:language )?(?:model|llm|ai) (?:are you"
    r"|do you (?:use|run)|is this)"
    r"|are you (?:chatgpt|gpt|an? (?:ai|bot|robot|human|person|language model|llm)|claude|gemini|real"
    r"|human)(?:[ -]?\d+)?|what can (?:you|u) (?:do|help (?:me )?with|answer)|what (?:should|can"
    r"|could) i ask(?: you)?|help(?: me)?"
    r"|how do you work|do you (?:send|store|keep|share|collect|save) (?:my )?(?:data|questions|messages"
    r"|conversations?)(?: anywhere| somewhere| to anyone)?|is (?:this|my data) (?:private|safe|local"
    r"|sent anywhere)"
    r"|do you (?:need|use) (?:the )?internet|where do (?:you|your answers) (?:run|come from|get (?:it|them"
    r"|that) from)|who (?:made|built|created|trained) you)(?: exactly| really| please)?$"
)


@dataclass(frozen=True, slots=True)
class Cannot:
    """What the tutor cannot do, and what it says then; `subject` is what it was wanted for, where that was said."""

    intent: Intent
    said: str
    subject: str


def route(message: str) -> Intent:
    """The intent of a message that asks for no picture; that a picture is there to be laid open is for the caller to see."""
    low = _plain(message)
    if asks_how(message):
        return "inspect"
    if _WRONG.match(low) or all(_SELF.match(part) or _SMALL_TALK.match(part) for part in low.split(" and ")):
        return "chat"
    beyond = cannot(message)
    return beyond.intent if beyond else "ask"


def cannot(message: str) -> Cannot | None:
    """What is asked for, where the tutor does no such thing."""
    text = _bare(message)
    for intent, pattern, said in _CANNOT:
        if found := pattern.match(text.lower()):
            name = next((name for name in ("subject", "thing") if found.groupdict().get(name)), "")
            return Cannot(intent, f"{said} {_INSTEAD}", text[slice(*found.span(name))] if name else "")
    return None


def is_about_tutor(message: str) -> bool:
    """Whether a message of intent chat asks what the tutor is."""
    return any(_SELF.match(part) for part in _plain(message).split(" and "))


def small_talk(message: str) -> str:
    """The reply to a greeting, thanks, a protest or a parting."""
    low = _plain(message)
    if _WRONG.match(low):
        return (
            "You may well be right: I can be wrong, most often in choosing the passage. The number after a sentence opens the passage "
            "that it rests on. Or ask again in other words."
        )
    if _PARTING.search(low):
        return "Goodbye. Your conversation stays in this browser, so you can go on where you left off."
    if _THANKS.search(low):
        return "You're welcome. Ask on whenever you like."
    if _HEARD.search(low):
        return "All right. Ask on whenever you like."

    return "Hello. Ask me anything about generative AI, and I'll answer from the course and show you where it says so."


def _bare(message: str) -> str:
    return " ".join(re.sub(r"[!?.…,;:)(]+", " ", message.replace("’", "'")).split())


def _plain(message: str) -> str:
    return _bare(message).lower()
