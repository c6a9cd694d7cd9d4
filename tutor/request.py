"""Which picture a learner asks for, in plain words: "draw two red apples, seed 7", "again", "same but green", "more steps".

Rules, worked from the learner's own messages alone. A prompt that is asked for again gets the next of its own seeds, so that a
conversation can be played again to the same pictures anywhere.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tutor.errors import InputError

LONGEST_PROMPT = 300
"""Characters."""
COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "gray", "white")
_SYNONYMS = {"grey": "gray", "violet": "purple", "crimson": "red", "scarlet": "red", "magenta": "pink", "navy": "blue"}
_COLOR = "|".join((*COLORS, *_SYNONYMS))
_POLITE = r"(?:(?:please|pls|can you|could you|would you|will you|i want you to|i'?d like(?: you to)?|now|then|ok(?:ay)?|and)[, ]+)*"
_STYLE = r"(?:(?:an? |the |some |your )?(?:dall[- ]?e(?:[- ]?[23])?(?:[- ]style)?|ai(?:[- ]generated)?) )?"
_KIND = r"(?:images?|pictures?|pics?|photos?|drawings?|paintings?|illustrations?|sketch(?:es)?|art(?:work)?)"
_VERB = r"(?:draw|paint|sketch|illustrate|(?:make|create|generate|render|show|give|produce)(?: me| us)?)"
_WANTED = re.compile(
    rf"^{_POLITE}(?:(?:draw|paint|sketch|illustrate)(?: me| us)?\b(?: {_STYLE}(?:an? |the |some )?{_KIND}\b(?: (?:of|showing|with))?)?"
    rf"|{_VERB} {_STYLE}(?:an? |the |some )?{_STYLE}{_KIND}\b(?: (?:of|showing|with|for))?"
    rf"|(?:an? )?{_STYLE}{_KIND} of)[:, ]*",
    re.I,
)
_ABOUT = re.compile(
    r"\b(?:how|why|what|explain|diagram|graph|chart|table|architecture|process|difference|conclusions?|works?)\b", re.I
)
"""What is asked to be drawn up, not painted."""
_SEED = re.compile(r"[, ]*\b(?:with |and |using )*(?:the )?seed(?: number)?[ :=#]*(-?\d+)\b", re.I)
_STEPS = re.compile(r"[, ]*\b(?:with |and |in |using )*(-?\d+) (?:sampling |denoising )?steps?\b", re.I)
_GUIDANCE = re.compile(r"[, ]*\b(?:with |and |using )*(?:a )?guidance(?: scale)?(?: of)?[ :=]*(\d+(?:\.\d+)?)\b", re.I)
_AGAIN = re.compile(
    rf"^{_POLITE}(?:(?:do (?:it|that) |draw (?:it|that) |paint (?:it|that) |try )?(?:again|once more)|another(?: one| seed| try)?"
    r"|(?:with |use |try )?(?:an?other|a new|a different|new) seed|retry|one more)(?:,? (?:please|pls))?$",
    re.I,
)
_MORE_STEPS = re.compile(
    rf"^{_POLITE}(?:(?:with |use |try |do )?more (?:sampling |denoising )?steps)(?:,? (?:please|pls))?$", re.I
)
_VARIATIONS = re.compile(
    rf"^{_POLITE}(?:(?:show|make|give|draw|paint|try)(?: me)? )?(?:some |a few |four |4 |more )?(?:variations?|versions)"
    r"(?: of (?:it|that|this))?(?:,? (?:please|pls))?$",
    re.I,
)
_SAME = re.compile(
    rf"^{_POLITE}(?:(?:draw |paint |make |do )?(?:the )?same(?: (?:one|thing|picture|image|seed|again))*[, ]*(?:but|only|with|in|and|,)?|"
    r"(?:but|now|make it|turn it|paint it|draw it|make that)(?: but| in| into)?) +(?P<change>.+)$",
    re.I,
)


_GROUND = re.compile(
    rf"^{_POLITE}(?P<change>(?:on|with|against|in front of) (?:an? |the )?(?:{_COLOR})(?: colou?red)? background)(?:,? (?:please|pls))?$",
    re.I,
)
"""A background needs no "same but"."""
_MADE_IT = (
    r"(?:(?:that|this|it|them)|(?:the|this|that|your)(?: last| previous)? (?:one|picture|image|drawing|painting)s?)"
)
_PICTURE = r"(?:the|this|that|your)(?: last| previous)? (?:picture|image|drawing|painting)"
_HOW = re.compile(
    rf"^{_POLITE}(?:(?:tell|show) (?:me )?|explain (?:to me )?)?how (?:(?:did|have) )?you (?:draw|drew|drawn|paint|painted) "
    rf"(?:{_MADE_IT}|(?P<made>.+?\bseed\b.+?))(?:,? please)?$"
    rf"|^{_POLITE}(?:(?:tell|show) (?:me )?|explain (?:to me )?)?how (?:(?:did|have) )?you "
    rf"(?:do|did|make|made|create|created|generate|generated) {_PICTURE}(?:,? please)?$"
    rf"|^{_POLITE}(?:explain )?how (?:was|is) (?:(?:that|this|it) (?:drawn|painted)|{_PICTURE} (?:made|drawn|painted|created|generated))$"
    rf"|^{_POLITE}explain {_PICTURE}(?:,? please)?$",
    re.I,
)
_HOW_IT = re.compile(
    rf"^{_POLITE}how (?:did|have) you (?:do|done|make|made|create|created|generate|generated) {_MADE_IT}$", re.I
)
"""Asked right after a picture, this is about the picture."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What to paint: one picture for each seed. Steps and guidance are None where nothing was said of them: the model's own."""

    prompt: str
    seeds: tuple[int, ...]
    steps: int | None = None
    guidance: float | None = None
    longer: int = 1
    """How many times the model's own number of steps, where `steps` is None."""


def requests(messages: Sequence[str]) -> list[PictureRequest | None]:
    """For each message of a conversation the picture it asks for, or None. Raises nothing: a wrong number is taken as it stands."""
    found: list[PictureRequest | None] = []
    asked: dict[str, int] = {}
    for message in messages:
        last = next((request for request in reversed(found) if request), None)
        # a bare "again" counts only right after a picture, or after how it was drawn
        near = next(
            (r for m, r in zip(reversed(messages[: len(found)]), reversed(found), strict=True) if not asks_how(m)), None
        )
        request = _request(" ".join(message.split()), near, last, asked)
        if request is not None:
            asked[request.prompt] = asked.get(request.prompt, 0) + 1
        found.append(request)
    return found


def asks_how(message: str) -> bool:
    """Whether the message asks how one picture was drawn, and not how pictures are."""
    return _HOW.match(_flat(message)) is not None


def explained(message: str, earlier: Sequence[PictureRequest | None]) -> PictureRequest | None:
    """The picture that a learner wants explained: the one that the message writes out with its seed, or the last of `earlier`, which are
    the pictures that each earlier message asked for. None where the message does not ask for that, or there is no picture."""
    found = _HOW.match(_flat(message))
    if found is not None and found["made"]:
        return _written_out(found["made"], {})
    if found is not None:
        return next((request for request in reversed(earlier) if request), None)
    return earlier[-1] if earlier and _HOW_IT.match(_flat(message)) else None


def own_seed(prompt: str, turn: int) -> int:
    """The seed of the `turn`-th time that a prompt is asked for: 32 bits that depend on both."""
    return int.from_bytes(hashlib.sha256(f"{turn}|{prompt.lower()}".encode()).digest()[:4], "big")


def checked_prompt(prompt: str) -> str:
    """The prompt without surplus space. Raises InputError when it is empty or too long."""
    text = " ".join("".join(c if c.isprintable() else " " for c in prompt).split())
    if not text.strip(" .,;:!?"):
        raise InputError("There is nothing to draw. Name a thing, such as: draw a red apple on a blue background.")
    if len(text) > LONGEST_PROMPT:
        raise InputError(
            f"The prompt has {len(text):,} characters; the painter reads at most {LONGEST_PROMPT}. Shorten it and send again."
        )
    return text


def _flat(message: str) -> str:
    return " ".join(message.split()).rstrip(" .!?")


def _request(
    message: str, near: PictureRequest | None, last: PictureRequest | None, asked: dict[str, int]
) -> PictureRequest | None:
    bare = message.rstrip(" .!?")
    wanted = _WANTED.match(bare)
    if wanted and not _ABOUT.search(bare[wanted.end() :]) and not _refers(bare[wanted.end() :]):
        return _written_out(bare[wanted.end() :], asked)
    if last is not None and wanted and _refers(bare[wanted.end() :]):
        return replace(last, seeds=_next_seeds(last, asked, 1))
    if near is None:
        return None
    if _AGAIN.match(bare):
        return replace(near, seeds=_next_seeds(near, asked, 1))
    if _MORE_STEPS.match(bare):
        if near.steps is None:
            return replace(near, longer=2 * near.longer)
        return replace(near, steps=min(50, 2 * near.steps))
    if _VARIATIONS.match(bare):
        return replace(near, seeds=_next_seeds(near, asked, 4))
    if same := _SAME.match(bare) or _GROUND.match(bare):
        return _changed(near, same["change"])
    only = _written_out(f"{near.prompt} {bare}", asked)
    if only.prompt == near.prompt:  # nothing but a seed, a number of steps or a guidance was said
        seeds = only.seeds if _SEED.search(bare) else near.seeds
        steps = only.steps if _STEPS.search(bare) else near.steps
        guidance = only.guidance if _GUIDANCE.search(bare) else near.guidance
        return replace(near, seeds=seeds, steps=steps, guidance=guidance)
    return None


def _refers(rest: str) -> bool:
    return rest.strip().lower() in ("it again", "that again", "again", "it", "that", "this", "another", "another one")


def _next_seeds(request: PictureRequest, asked: dict[str, int], count: int) -> tuple[int, ...]:
    turn = asked.get(request.prompt, 0)
    first = [own_seed(request.prompt, turn if count == 1 else 1000 * (turn + 1) + i) for i in range(count)]
    return tuple(first)


def _written_out(text: str, asked: dict[str, int]) -> PictureRequest:
    seed, steps, guidance = _SEED.search(text), _STEPS.search(text), _GUIDANCE.search(text)
    prompt = text
    for pattern in (_SEED, _STEPS, _GUIDANCE):
        prompt = pattern.sub("", prompt)
    prompt = prompt.strip(" ,.;:")
    return PictureRequest(
        prompt,
        (int(seed[1]) if seed else own_seed(prompt, asked.get(prompt, 0)),),
        int(steps[1]) if steps else None,
        float(guidance[1]) if guidance else None,
    )


def _changed(request: PictureRequest, change: str) -> PictureRequest:
    """The request with another color, background, number of steps or thing; seed kept, so that only the change shows."""
    seed, steps = _SEED.search(change), _STEPS.search(change)
    kept = _STEPS.sub("", _SEED.sub("", change)).strip(" ,.;:")
    prompt = request.prompt
    background = re.search(rf"\b({_COLOR})(?: colou?red)? background\b", kept, re.I)
    color = re.fullmatch(rf"(?:in |more |it )?(?:an? )?({_COLOR})(?: one)?", kept, re.I)
    if background:
        prompt, count = re.subn(rf"\b(?:{_COLOR})(?= (?:colou?red )?background)", background[1], prompt, flags=re.I)
        if not count:
            prompt = f"{prompt} on a {background[1]} background"
    elif color:
        thing, on, place = prompt.partition(" on a ") if "background" in prompt else (prompt, "", "")
        thing, count = re.subn(rf"\b(?:{_COLOR})\b", color[1], thing, count=1, flags=re.I)
        if not count:
            thing = re.sub(
                r"^((?:an?|the|one|two|three|four|\d|small|big|large|tiny)\s+)*", lambda m: f"{m[0]}{color[1]} ", thing
            )
        prompt = f"{thing}{on}{place}"
    elif kept:
        prompt = f"{prompt} {kept}" if kept.startswith(("on ", "with ", "and ")) else f"{kept} {prompt}"
    return replace(
        request,
        prompt=prompt,
        seeds=(int(seed[1]),) if seed else request.seeds,
        steps=int(steps[1]) if steps else request.steps,
    )
