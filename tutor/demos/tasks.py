"""What transformers are used for, on the learner's own text: sentiment, translation, summary and chat.

The sentiment head is a logistic regression on the vectors of MiniLM (Wang et al., 2020, arXiv 2002.10957), fitted by `training.sentiment`.
A table of phrases, used word for word, stands in for the translation model of statistical translation (Koehn et al., 2003). The rest is
asked of the language model in use; the built-in one has 135 million parameters, and where that is too few, the demo says so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from PIL import Image

from tutor.search.encoder import Encoder, encoder
from tutor.settings import MODELS
from tutor.text.base import Message, Options
from tutor.text.loading import BUILT_IN_NAME
from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.plot import Look, as_picture, house, sheet
from tutor.workbench.words import drawable, stacked

HEAD = MODELS / "demos" / "sentiment.json"
_HEIGHT = 5.0
_PREPARED = "the sentiment head and the table of phrases"
_PHRASES = """
the=le|a=un|an=un|and=et|or=ou|but=mais|not=pas|no=non|yes=oui|i=je|you=vous|he=il|she=elle|it=il|we=nous|they=ils
my=mon|your=votre|our=notre|his=son|her=sa|their=leur|this=ce|that=que|these=ces|in=dans|on=sur|at=à|by=par|to=à|of=de
for=pour|from=de|with=avec|without=sans|by the sea=au bord de la mer|is=est|are=sont|was=était|were=étaient|am=suis
be=être|has=a|have=avons|had=avait|do=faire|did=a fait|can=peut|will=va|would=voudrait|there is=il y a
there are=il y a|thank you=merci|good morning=bonjour|a long time=longtemps|very=très|too=trop|so=si|because=parce que
when=quand|where=où|who=qui|what=quoi|how=comment|all=tout|many=beaucoup de|little=petit|small=petit|big=grand
large=grand|white=blanc|black=noir|red=rouge|green=vert|blue=bleu|good=bon|bad=mauvais|beautiful=beau|old=vieux
new=nouveau|young=jeune|hot=chaud|cold=froid|long=long|short=court|happy=heureux|sad=triste|clean=propre
friendly=aimable|rude=impoli|slow=lent|fast=rapide|quiet=calme|house=maison|room=chambre|hotel=hôtel|sea=mer|water=eau
food=nourriture|dinner=dîner|breakfast=petit-déjeuner|bread=pain|coffee=café|wine=vin|fish=poisson|cat=chat|dog=chien
man=homme|woman=femme|child=enfant|children=enfants|people=gens|friend=ami|family=famille|staff=personnel|day=jour
night=nuit|morning=matin|evening=soir|week=semaine|year=année|time=temps|city=ville|street=rue|book=livre|film=film
school=école|work=travail|money=argent|world=monde|language=langue|stayed=sommes restés|waited=avons attendu
eat=manger|love=aime|like=aime|see=voir|go=aller|come=venir|want=veux|know=sais|think=pense|say=dire|sleep=dormir
read=lire|write=écrire|one=un|two=deux
"""


@cache
def _table() -> dict[str, str]:
    pairs = (entry.partition("=") for line in _PHRASES.strip().split("\n") for entry in line.split("|"))
    return {english: french for english, _, french in pairs}


def word_for_word(text: str, table: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """(phrase, its translation or None), the longest phrase of the table first; the order of the words stays."""
    words, found = text.split(), list[tuple[str, str | None]]()
    while words:
        for length in (3, 2, 1):
            phrase = " ".join(words[:length])
            known = table.get(phrase.strip('.,;:?!"').casefold())
            if known is not None or length == 1:
                break
        found.append((phrase, known))
        words = words[length:]
    return found


def gladness(texts: Sequence[str], encode: Encoder, head: Mapping[str, Any]) -> list[float]:
    """How probable it is that each text is glad: a weighted sum of its 384 numbers, through a sigmoid."""
    import numpy as np

    sums = encode(texts) @ np.array(head["weights"]) + head["intercept"]
    chances: list[float] = (1 / (1 + np.exp(-sums))).tolist()
    return chances


def effects(text: str, encode: Encoder, head: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(word, how much gladder the text is with it than without it)."""
    words = text.split()
    whole, *without = gladness([text, *(" ".join(words[:i] + words[i + 1 :]) for i in range(len(words)))], encode, head)
    return [(word, whole - rest) for word, rest in zip(words, without, strict=True)]


def _loose(text: str) -> list[str]:
    return [f"{word} " for word in text.split()] or ["(nothing)"]


def _page(parts: Sequence[tuple[str, Sequence[str], Sequence[bool]]], dark: bool) -> Image.Image:
    """Texts one below the other, each (title, pieces, which of them a model made). Spaces are no dots here: this is prose."""
    with house(dark) as look:
        texts = [
            (title, [piece.replace(" ", "\u00a0") for piece in p], [look.model if m else look.data for m in made])
            for title, p, made in parts
        ]
        return as_picture(stacked(_HEIGHT, texts, 4)[0])


def _feeling(glad: float, words: Sequence[tuple[str, float]], dark: bool) -> Image.Image:
    with house(dark) as look:
        figure, axis = sheet(1, 1, _HEIGHT)
        most = sorted(sorted(range(len(words)), key=lambda i: -abs(words[i][1]))[:12])
        _signed(axis, look, [words[i] for i in most])
        axis.set_title(f"Sentiment: {glad:.0%} glad, {1 - glad:.0%} angry")
        return as_picture(figure)


def _signed(axis: Any, look: Look, words: Sequence[tuple[str, float]]) -> None:
    values = [100 * value for _, value in words]
    axis.barh(range(len(words)), values, color=[look.good if value > 0 else look.bad for value in values], height=0.7)
    axis.axvline(0, color=look.quiet, lw=1)
    axis.set_yticks(range(len(words)), [drawable(word)[:14] for word, _ in words], parse_math=False)
    room = max(10.0, 1.15 * max(abs(value) for value in values))
    axis.set(
        xlim=(-room, room),
        ylim=(len(words) - 0.4, -0.6),
        xlabel="angrier with this word   ←   points of 100   →   gladder with it",
    )


_ASKED = {
    "translation": "Translate into French: {text}",
    "summary": "Summarize in one short sentence: {text}",
    "chat": "{text}",
}
_TITLES = {
    "translation": "The language model, into French",
    "summary": "The language model, a summary",
    "chat": "The language model, a reply in a chat",
}
_TOO_SMALL = {
    "translation": "too small to translate: it has seen hardly any French",
    "summary": "too small to be trusted with a summary",
    "chat": "too small for a good chat: check every sentence",
}


def run(values: Values, seed: int) -> Iterator[Frame]:
    text, task, longest = values.text("text"), values.text("task"), values.whole("longest")
    yours = ("Your text", _loose(text), [False] * len(text.split()))
    caption = "One text, four jobs that transformers do: telling the mood, translating, shortening, and chatting."
    yield Frame(_page([yours], values.dark), f"Your text: {text}", caption, share=0.02, prepared=_PREPARED)
    head = json.loads(HEAD.read_text(encoding="utf-8"))
    words = effects(text, encoder(), head)
    glad = gladness([text], encoder(), head)[0]
    numbers: dict[str, float | int | str] = {
        "glad": f"{glad:.0%}",
        "word that gladdens most": max(words, key=lambda w: w[1])[0].strip(".,;:?!"),
        "word that angers most": min(words, key=lambda w: w[1])[0].strip(".,;:?!"),
        "held-out sentences judged right": f"{head['accuracy']:.0%} of {head['held out']}",
    }
    caption = (
        f"A small head on the search model finds your text {glad:.0%} glad. Each bar is what one word adds. "
        f"It judged {head['accuracy']:.0%} of {head['held out']} held-out sentences right."
    )
    alt = f"Bars for words: {', '.join(f'{w} {100 * v:+.0f}' for w, v in words)}. {caption}"
    jobs = [job for job in _ASKED if task in ("all", job)]
    frame = Frame(_feeling(glad, words, values.dark), alt, caption, numbers, 0.1 if jobs else 1.0, _PREPARED)
    yield frame
    if not jobs:
        return
    parts = [(f"Sentiment: {glad:.0%} glad", yours[1], yours[2])]
    if "translation" in jobs:
        pairs = word_for_word(text, _table())
        known = sum(french is not None for _, french in pairs) / len(pairs)
        numbers["phrases in the table"] = f"{known:.0%}"
        table = [f"{french if french is not None else f'[{english}]'} " for english, french in pairs]
        parts.append((f"Word for word, from a table of {len(_table())} phrases", table, [True] * len(table)))
        cut = [f"{english} " for english, _ in pairs]
        caption = (
            "The table knows words but no grammar: order, gender and agreement stay wrong. "
            "Statistical translation added a language model to choose the most natural order."
        )
        picture = _page([("Your text, cut into phrases", cut, [False] * len(cut)), parts[-1]], values.dark)
        frame = Frame(picture, f"Word for word: {''.join(table)}", caption, share=0.2, prepared=_PREPARED)
        yield frame
    model = values.tools.text()
    for number, job in enumerate(jobs):
        said = ""
        small = (
            f"The built-in model is {_TOO_SMALL[job]}." if model.name == BUILT_IN_NAME else f"Written by {model.name}."
        )
        for step, piece in enumerate(model.stream([Message("user", _ASKED[job].format(text=text))], Options(longest))):
            said += piece
            if step % 20 == 3:
                loose = _loose(said)
                picture = _page([yours, (_TITLES[job], loose, [True] * len(loose))], values.dark)
                share = 0.25 + 0.7 * (number + min(1.0, step / longest)) / len(jobs)
                frame = Frame(picture, f"{_TITLES[job]}: {said}", small, share=share, prepared=_PREPARED)
            yield frame
        loose = _loose(said)
        parts.append((_TITLES[job], loose, [True] * len(loose)))
        numbers |= _measured(job, text, said)
    size = f"The rest was written by {model.name}."
    if model.name == BUILT_IN_NAME:
        size = (
            "The built-in model, with 135 million parameters, is too small for the rest. "
            "Set TUTOR_TEXT_MODEL to a larger one, such as Qwen/Qwen3-0.6B, and run this again."
        )
    caption = f"The head finds the text {glad:.0%} glad. {size}"
    alt = "; ".join(f"{title}: {''.join(pieces)}" for title, pieces, _ in parts)
    yield Frame(_page(parts, values.dark), alt, caption, numbers, prepared=_PREPARED)


def _measured(job: str, text: str, said: str) -> dict[str, float | int | str]:
    words = [word.strip(".,;:?!\"'").casefold() for word in said.split()]
    own = {word.strip(".,;:?!\"'").casefold() for word in text.split()}
    if job == "chat":
        return {"words of the reply": len(words)}
    same = f"{sum(word in own for word in words) / max(1, len(words)):.0%}"
    return (
        {"translation's words that stay English": same}
        if job == "translation"
        else {
            "words of the summary": f"{len(words)} of {len(text.split())}",
            "summary's words that stand in the text": same,
        }
    )


def _right(numbers: Numbers) -> int:
    glad = int(str(numbers["glad"]).rstrip("%"))
    return 0 if glad >= 75 else 2 if glad <= 25 else 1


def _because(numbers: Numbers) -> str:
    return (
        f"It finds the text {numbers['glad']} glad; “{numbers['word that gladdens most']}” pulls it up most and "
        f"“{numbers['word that angers most']}” down. It is right on {numbers['held-out sentences judged right']} held-out sentences."
    )


DEMO = Demo(
    name="tasks",
    title="One text, four jobs",
    lesson="where-it-is-used",
    about="Your text through four jobs of transformers: sentiment, translation beside a table of phrases, summary, and chat.",
    words=(
        *(
            "sentiment analysis",
            "sentiment",
            "translation",
            "translate",
            "machine translation",
            "statistical translation",
        ),
        *(
            "summary",
            "summarization",
            "summarize",
            "chatbot",
            "what transformers are used for",
            "uses of transformers",
            "tasks",
        ),
    ),
    parameters=(
        Line(
            "text",
            "Your text",
            "We stayed in the little white house by the sea. The food was good, but the water was cold and the staff rude.",
            300,
        ),
        Option("task", "Which job", "all", ("all", "sentiment", "translation", "summary", "chat"), ("job", "task")),
        Number("longest", "Longest answer, in tokens", 36, 8, 100, 1, ("length", "tokens")),
    ),
    run=run,
    prediction=Prediction(
        "What will the sentiment head say of this text?",
        ("Glad: at least 75%", "Mixed: between 25% and 75% glad", "Angry: at most 25% glad"),
        _right,
        _because,
    ),
    breaks=Break(
        "Fool it with irony",
        {
            "text": "Great, another delayed flight. How I love spending the night on this lovely airport floor.",
            "task": "sentiment",
        },
    ),
    script=Script(
        """import json
from collections.abc import Mapping, Sequence
from typing import Any

from tutor.search.encoder import Encoder, encoder
from tutor.settings import MODELS""",
        (gladness, effects),
        """text, head = $text, json.loads((MODELS / "demos" / "sentiment.json").read_text())
print(f"{gladness([text], encoder(), head)[0]:.0%} glad")
for word, effect in effects(text, encoder(), head):
    print(f"{100 * effect:+5.0f}  {word}")""",
    ),
)
