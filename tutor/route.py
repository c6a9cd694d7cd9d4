"""What does the learner want? Greetings, thanks and questions about the tutor are answered by code; everything else is asked.

Rules only. A message that could be a question about the course is never taken for small talk.
"""

import re

from tutor.events import Intent

_SMALL_TALK = re.compile(
    r"^(?:(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|yo|sup)(?: (?:there|tutor"
    r"|again|all|everyone))*"
    r"|(?:how are you|how'?s it going|what'?s up|nice to meet you)(?: today| doing)?"
    r"|(?:ok(?:ay)?[, ]*)?(?:thanks|thank you|thx|ty|cheers|much appreciated)(?: (?:a lot|so much|very much|again"
    r"|tutor|man|mate|you|for (?:the|your) \w+|that (?:helps|helped)))*"
    r"|(?:great|nice|cool|perfect|awesome|good|got it|ok|okay|i see|understood|makes sense|good job"
    r"|well done)(?:[, ]+(?:thanks|thank you))?"
    r"|(?:bye|goodbye|see you|see ya|good night|cya)(?: (?:later|soon|then|tutor))*)$"
)
_PARTING = re.compile(r"\b(?:bye|goodbye|see (?:you|ya)|good night|cya)\b")
_THANKS = re.compile(
    r"\b(?:thanks|thank you|thx|ty|cheers|appreciated|great|nice|cool|perfect|awesome|good job|well done|got it"
    r"|i see|understood|makes sense|ok|okay)\b"
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


def route(message: str) -> Intent:
    """The intent of a message that asks for no picture: chat or ask."""
    low = " ".join(re.sub(r"[!?.…,;:)(]+", " ", message.lower().replace("’", "'")).split())
    if _SMALL_TALK.match(low) or _SELF.match(low):
        return "chat"
    return "ask"


def is_about_tutor(message: str) -> bool:
    """Whether a message of intent chat asks what the tutor is."""
    return bool(_SELF.match(" ".join(re.sub(r"[!?.…,;:)(]+", " ", message.lower().replace("’", "'")).split())))


def small_talk(message: str) -> str:
    """The reply to a greeting, thanks or a parting."""
    low = message.lower()
    if _PARTING.search(low):
        return "Goodbye. Your conversation stays in this browser, so you can go on where you left off."
    if _THANKS.search(low):
        return "You're welcome. Ask on whenever you like."
    return "Hello. Ask me anything about generative AI, and I'll answer from the course and show you where it says so."
