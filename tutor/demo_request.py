"""Which demo a message asks for, and with what: "show me how a GAN learns", "now with half the steps", "bottleneck of 2".

Rules only, over the names and words that each demo gives itself. A follow-up edits the run before it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tutor.catalogue import defaults
from tutor.workbench.demo import Demo, Line, Number, Option, Parameter, Switch, Value

_POLITE = r"(?:please |pls |can you |could you |can i |could i |i want(?: you)? to |i'd like to |let'?s |now |ok |so |and |then )*"
_SHOW = re.compile(
    rf"^{_POLITE}(?:show(?: me| us)?|let me see|see(?: it happen)?|run|start|open|play(?: with)?|watch|demonstrate|give me|try|break|do)"
    r"\b[: ]+",
    re.I,
)
_DEMO = re.compile(r"\bdemo(?:s|nstrations?)?\b", re.I)
_NOT_A_DEMO = re.compile(
    r"\b(?:pictures?|images?|drawings?|difference|definition|lesson|example|sources?|passage|quiz|why|code|script|glossary|figure)\b",
    re.I,
)
_EVERY = re.compile(
    rf"^{_POLITE}(?:do you have |(?:is|are) there |which |what |show(?: me| us)? |give me |list )*(?:an? |any |another |some |the |all )*"
    r"(?:(?:live|interactive|little|short|quick) )*demo(?:s|nstrations?)?(?: are there| do you have| can i (?:see|run)| please)*$",
    re.I,
)
_GUESS = re.compile(r"[ .;,(]*\bI predict: *(?P<guess>.+?)[ .)]*$", re.I | re.S)
_JUST = re.compile(
    r"^(?:(?:please|just|ok|yes|go|skip|no idea|i don'?t know)[, ]*)*(?:(?:run|show|start|do)(?: it| me| that)?|skip(?: it)?)?$",
    re.I,
)
_AGAIN = re.compile(
    r"^(?:(?:run|show|do|play)(?: it| that| me)? )?(?:once )?(?:again|once more|one more time|the same)$", re.I
)
_ANOTHER = re.compile(r"\b(?:another|a different|a new|other) seed\b", re.I)
_SEED = re.compile(r"\bseed(?: of| =| is|:)? *(\d{1,10})\b", re.I)
_BREAK = re.compile(r"\b(?:break (?:it|the|this|that|a)|make it (?:break|fail|worse))\b|^break\b", re.I)
_FOLLOWS = re.compile(
    r"^(?:(?:ok|now|and|but|again|same|then|please|instead|try|use|set|make(?: it)?|run(?: it)?|show(?: it| me)?|with|without|what if"
    r"|what about|how about|seed|turn|switch|half|twice|double|more|fewer|less|no|another|break|the|a|it|that|this)\b[, ]*)+",
    re.I,
)
_NUMBER = r"(-?\d+(?:[.,]\d+)?)"
_QUOTED = re.compile(r"[\"“«]([^\"“”«»]{1,400})[\"”»]|: +(\S.{0,400})$", re.S)
_NO_QUOTES = str.maketrans('“”«»"', "'''''")
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """A run that is wanted. `fresh`: the first of its demo in the conversation, so that a prediction is asked for unless there is a
    `guess`; `told` says what had to be changed, such as a value out of bounds."""

    demo: Demo
    values: Mapping[str, Value]
    seed: int = 0
    guess: int | None = None
    fresh: bool = False
    told: tuple[str, ...] = ()


def wants_list(message: str) -> bool:
    """Whether the message asks what demos there are."""
    return _EVERY.match(_flat(message)) is not None


def demo_requests(messages: Sequence[str], known: Mapping[str, Demo]) -> list[DemoRequest | None]:
    """For each message of a conversation the run that it asks for, or None."""
    found: list[DemoRequest | None] = []
    seen = set[str]()
    for message in messages:
        request = _request(message, found[-1] if found else None, known)
        if request is not None:
            request = replace(request, fresh=request.fresh and request.demo.name not in seen)
            seen.add(request.demo.name)
        found.append(request)
    return found


def as_message(request: DemoRequest) -> str:
    """The message that repeats the run."""
    changed = [
        f"{parameter.name} {_written(parameter, request.values[parameter.name])}"
        for parameter in request.demo.parameters
        if request.values[parameter.name] != parameter.default
    ]
    changed += [f"seed {request.seed}"] if request.seed else []
    return f"Run the {request.demo.name} demo{' with ' if changed else ''}{', '.join(changed)}"


def _written(parameter: Parameter, value: Value) -> str:
    if isinstance(parameter, Switch):
        return "on" if value else "off"
    return f"“{str(value).translate(_NO_QUOTES)}”" if isinstance(parameter, Line) else f"{value}"


def _flat(message: str) -> str:
    return " ".join(message.replace("’", "'").split()).rstrip(" .!?")


def _request(message: str, near: DemoRequest | None, known: Mapping[str, Demo]) -> DemoRequest | None:
    guess = _GUESS.search(message)
    text = _flat(message[: guess.start()] if guess else message)
    demo = _named(text, known.values())
    if demo is not None:
        return _with(DemoRequest(demo, defaults(demo), fresh=True), text, guess["guess"] if guess else "")
    if near is None:
        return None
    near = replace(near, guess=None, fresh=False, told=())
    if (typed := _choice(near.demo, text)) is not None:  # the answer to the question, typed
        return replace(near, guess=typed)
    if _JUST.match(text) or _AGAIN.match(text):
        return near
    if _ANOTHER.search(text):
        return replace(near, seed=(near.seed + 1) % _LARGEST_SEED)
    if len(text.split()) > 14 and not _QUOTED.search(text):
        return None
    if text.casefold() == near.demo.breaks.label.casefold() or (
        _BREAK.search(text) and not message.rstrip().endswith("?")
    ):
        return replace(near, values={**near.values, **near.demo.breaks.values})
    edited = _with(near, text, "")
    begins = _FOLLOWS.match(text) or re.match(rf"^(?:{'|'.join(_every_name(near.demo))})\b", text, re.I)
    if not begins or (edited.values == near.values and edited.seed == near.seed and not edited.told):
        return None
    question = message.rstrip().endswith("?") and not re.match(
        r"(?:and |but )?(?:what (?:if|about)|how about)\b", text, re.I
    )
    return None if question else edited


def _named(text: str, known: Iterable[Demo]) -> Demo | None:
    """The demo that the message asks to see, by the longest of its names in the text."""
    asks = _SHOW.match(text)
    if not asks and not _DEMO.search(text):
        return None
    bare = _QUOTED.sub(" ", text)
    if not _DEMO.search(bare) and _NOT_A_DEMO.search(bare):
        return None
    return _longest(bare, known) or _longest(text, known)


def _longest(text: str, known: Iterable[Demo]) -> Demo | None:
    low, best = f" {re.sub(r'[^a-z0-9]+', ' ', text.lower())} ", ("", None)
    for demo in known:
        for word in (demo.name, *demo.words):
            plain = re.sub(r"[^a-z0-9]+", " ", word.lower()).strip()
            if any(f" {form} " in low for form in (plain, f"{plain}s", f"{plain}es")) and len(plain) > len(best[0]):
                best = (plain, demo)  # type: ignore[assignment]
    return best[1]


def _choice(demo: Demo, text: str) -> int | None:
    low = text.casefold()
    return next((n for n, choice in enumerate(demo.prediction.choices) if _flat(choice).casefold() == low), None)


def _with(request: DemoRequest, text: str, guess: str) -> DemoRequest:
    """The request with what the text says of its parameters."""
    values, told = dict(request.values), list[str]()
    quoted = [" ".join((found[1] or found[2]).split()) for found in _QUOTED.finditer(text)]
    bare = _QUOTED.sub(" … ", text)
    lines = [p for p in request.demo.parameters if isinstance(p, Line)]
    if _BREAK.search(bare):
        values.update(request.demo.breaks.values)
    for parameter in request.demo.parameters:
        match parameter:
            case Number():
                wanted = _number(parameter, bare, float(values[parameter.name]))
                if wanted is not None:
                    values[parameter.name] = fitting = parameter.fitting(wanted)
                    if not parameter.low <= wanted <= parameter.high:
                        told.append(
                            f"{parameter.title} goes from {parameter.low:g} to {parameter.high:g}, so I took {fitting:g}."
                        )
            case Option():
                for option in sorted(parameter.options, key=len):
                    if re.search(rf"\b{re.escape(option)}\b", text, re.I):
                        values[parameter.name] = option
            case Switch():
                names = "|".join(_names(parameter))
                if found := re.search(
                    rf"\b(?P<no>no |not |without (?:the |any )?)?\b(?:{names})\b(?: (?P<off>off|no|false))?", bare, re.I
                ):
                    values[parameter.name] = not (found["no"] or found["off"])
            case Line(longest=longest) if quoted:
                place = _place(parameter, lines, bare)
                if place is not None and place < len(quoted):
                    values[parameter.name] = quoted[place][:longest]
    seed = _SEED.search(bare)
    return replace(
        request,
        values=values,
        seed=min(int(seed[1]), _LARGEST_SEED) if seed else request.seed,
        guess=_choice(request.demo, guess) if guess else None,
        told=tuple(told),
    )


def _place(parameter: Line, lines: Sequence[Line], bare: str) -> int | None:
    """Which of the quoted texts, shown as … in `bare`, is this parameter's: the one after its name; the first parameter takes one that has
    no name before it."""
    before = [part.rstrip(" :=,") for part in bare.split("…")[:-1]]
    named = {
        line.name: place
        for line in lines
        for place, part in enumerate(before)
        if re.search(rf"\b(?:{'|'.join(_names(line))})$", part, re.I)
    }
    free = [place for place in range(len(before)) if place not in named.values()]
    if parameter.name in named:
        return named[parameter.name]
    return free[0] if parameter is lines[0] and free else None


def _number(parameter: Number, text: str, now: float) -> float | None:
    names = rf"(?:{'|'.join(_names(parameter))})"
    if re.search(
        rf"\bhalf (?:of )?(?:the |as many |as much |that )?(?:number of )?{names}\b|\b{names} halved\b", text, re.I
    ):
        return now / 2
    if re.search(rf"\b(?:twice|double)(?: of)?(?: the| as many| as much| that)?(?: number of)? {names}\b", text, re.I):
        return now * 2
    found = re.search(rf"\b{names}\b(?: (?:of|to|at|is|be|only|just|set to))*[ =:]*{_NUMBER}", text, re.I) or re.search(
        rf"{_NUMBER}[ -](?:\w+ )?{names}\b", text, re.I
    )
    return float(found[1].replace(",", ".")) if found else None


def _names(parameter: Parameter) -> list[str]:
    """What a parameter may be called, as alternatives of a regular expression; the longest first."""
    words = getattr(parameter, "words", ())
    plain = {name.lower().replace("_", " ").replace("-", " ") for name in (parameter.name, parameter.title, *words)}
    forms = plain | {parameter.name}
    return [rf"{re.escape(name)}s?" for name in sorted(forms, key=len, reverse=True)]


def _every_name(demo: Demo) -> list[str]:
    return [name for parameter in demo.parameters for name in _names(parameter)]
