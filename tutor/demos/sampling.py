"""From scores to words: what the language model finds likely next, how temperature, top-k and top-p (Holtzman et al., 2020,
arXiv 1904.09751) change what can be drawn, and what greedy writing, sampling and beam search make of the same beginning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Prediction, Script, Values
from tutor.workbench.next_token import Array, beam_search, drawn, kept, likeliest, probabilities, written
from tutor.workbench.plot import Look, as_picture, house, sheet
from tutor.workbench.words import SIZE, drawable, stacked, wrapped

_HEIGHT = 3.9
_BARS = 8
_DRAWS = 200
_LONG = 32
"""Tokens that each way of writing goes on for."""
_BEAMS = 3


def scores_after(model: Any, tokens: list[int]) -> Array:
    """The model's score for each possible next token."""
    import torch

    with model.lent() as network:
        made = network(input_ids=torch.tensor([tokens], device=network.device), use_cache=False, logits_to_keep=1)
        return np.asarray(made.logits[0, -1].cpu().double().numpy())


@dataclass(frozen=True, slots=True)
class _Taste:
    """How to draw."""

    temperature: float
    top_k: int
    top_p: float

    def chances(self, scores: Array, temperature: float | None = None) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Probabilities before the cut, and what the cut leaves."""
        chances = probabilities(scores, temperature or self.temperature)
        return chances, kept(chances, self.top_k, self.top_p)


def repeats(tokens: Sequence[int], length: int = 3) -> float:
    """Share of the runs of three tokens that stood there before."""
    runs = [tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


class _Board:
    """Draws everything in one scheme."""

    def __init__(self, prompt: str, tokenizer: Any, dark: bool) -> None:
        self.prompt, self.tokenizer, self.dark = prompt, tokenizer, dark

    def name(self, token: int) -> str:
        word = drawable(self.tokenizer.decode([token]).replace("\n", "↵"))
        return (word.strip() or "space")[:12]

    def beginning(self) -> Image.Image:
        with house(self.dark) as look:
            return as_picture(
                stacked(_HEIGHT, [("The beginning that you gave", [self.prompt + " …"], [look.data])], 4)[0]
            )

    def likely(self, panels: Sequence[tuple[str, Array, npt.NDArray[np.bool_]]], rows: int) -> Image.Image:
        """Bars of the likeliest next tokens, cut ones grey, in one or four panels."""
        with house(self.dark) as look:
            figure, axes = sheet(rows, rows, _HEIGHT, squeeze=False)
            for axis, (title, chances, stays) in zip(axes.flat, panels, strict=True):
                self._bars(axis, look, title, chances, stays, _BARS if rows == 1 else 5)
            for axis in axes[-1]:
                axis.set_xlabel("probability, %")
            return as_picture(figure)

    def _bars(
        self, axis: Any, look: Look, title: str, chances: Array, stays: npt.NDArray[np.bool_], count: int
    ) -> None:
        best = np.argsort(-chances, kind="stable")[:count]
        rest = np.setdiff1d(np.flatnonzero(chances > 0), best)
        heights = [*(100 * chances[best]), 100 * chances[rest].sum()]
        left = 100 * chances[rest[stays[rest]]].sum()
        colors = [look.model if stays[token] else look.quiet for token in best] + [look.quiet]
        axis.barh(range(count + 1), heights, color=colors, height=0.75)
        axis.barh(count, left, color=look.model, height=0.75)
        axis.set_yticks(range(count + 1), [*(self.name(token) for token in best), "all others"], parse_math=False)
        axis.set(title=title, xlim=(0, 100), ylim=(count + 0.6, -0.6))

    def draws(self, chances: Array, tokens: npt.NDArray[np.int64], title: str) -> Image.Image:
        """How often each token was drawn, beside how often it was expected."""
        with house(self.dark) as look:
            figure, axis = sheet(1, 1, _HEIGHT)
            best = np.argsort(-chances, kind="stable")[:10]
            counts = [int((tokens == token).sum()) for token in best]
            expected = [chances[token] * len(tokens) for token in best]
            axis.barh(range(10), counts, color=look.model, height=0.75, label="drawn")
            axis.barh(10, len(tokens) - sum(counts), color=look.model, height=0.75)
            expected.append(len(tokens) * (1 - chances[best].sum()))
            axis.plot(expected, range(11), "o", color=look.text, markersize=5, label="expected from the probabilities")
            axis.set_yticks(range(11), [*(self.name(token) for token in best), "all others"], parse_math=False)
            axis.set(
                title=title, xlabel="times drawn", ylim=(10.6, -0.6), xlim=(0, max(10, 1.1 * max([*counts, *expected])))
            )
            axis.legend(loc="center right")
            return as_picture(figure)

    def texts(self, ways: Sequence[tuple[str, str, float]]) -> Image.Image:
        """What each way of writing made, with its repeated share."""
        with house(self.dark) as look:
            figure, axes = sheet(len(ways), 1, _HEIGHT, squeeze=False)
            for axis, (title, text, share) in zip(axes[:, 0], ways, strict=True):
                axis.axis("off")
                axis.set_title(title, loc="left")
                color = look.bad if share >= 0.1 else look.text
                axis.set_title(f"{share:.0%} repeated", loc="right", color=color, fontsize=SIZE)
                lines = "\n".join(wrapped(f"… {text}", 60, 4))
                axis.text(
                    0, 1, lines, va="top", fontsize=SIZE, color=look.model, parse_math=False, transform=axis.transAxes
                )
            return as_picture(figure)


def run(values: Values, seed: int) -> Iterator[Frame]:
    prompt = values.text("prompt")
    taste = _Taste(values.number("temperature"), values.whole("top_k"), values.number("top_p"))
    caption = "The model reads your beginning and gives every token that it knows a score for coming next."
    yield Frame(_Board(prompt, None, values.dark).beginning(), f"The beginning: {prompt}", caption, share=0.02)
    model = values.tools.local()
    board = _Board(prompt, model.tokenizer, values.dark)
    tokens: list[int] = model.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    scores = scores_after(model, tokens)
    plain, everything = probabilities(scores, 1.0), np.ones(len(scores), bool)
    first = int(plain.argmax())
    caption = f"“{board.name(first)}” is likeliest with {plain[first]:.0%}, but of {len(scores):,} tokens many others are possible."
    alt = "Bars: " + ", ".join(f"{board.name(t)} {plain[t]:.1%}" for t in np.argsort(-plain, kind="stable")[:_BARS])
    yield Frame(board.likely([("What may come next, temperature 1", plain, everything)], 1), alt, caption, share=0.08)
    chances, stays = taste.chances(scores)
    fit = np.where(stays, chances, 0) / chances[stays].sum()
    usual = {0.3, 1.0, 2.0}
    four = usual | {0.6 if taste.temperature in usual else taste.temperature}
    panels = [(f"Temperature {t:g}", *taste.chances(scores, t)) for t in sorted(four)]
    caption = (
        "The same scores at four temperatures: low makes the likeliest win, high makes all alike. "
        "Grey is cut off by your top-k and top-p and can't be drawn."
    )
    alt = "; ".join(f"{title}: likeliest {c.max():.0%}, {s.sum():,} tokens kept" for title, c, s in panels)
    yield Frame(board.likely(panels, 2), alt, caption, share=0.15)
    rng = np.random.default_rng(seed)
    picks = drawn(fit, _DRAWS, rng)
    for count in (10, 50, _DRAWS):
        caption = "Each draw is a throw of weighted dice. The more draws, the closer the bars come to the dots."
        alt = f"Of {count} draws the likeliest token came {(picks[:count] == first).sum()} times; {fit[first] * count:.0f} were expected."
        title = f"{count} draws at temperature {taste.temperature:g}"
        frame = Frame(board.draws(fit, picks[:count], title), alt, caption, share=0.2)
        yield frame

    def by_chance(scores: Array) -> int:
        chances, stays = taste.chances(scores)
        return int(drawn(np.where(stays, chances, 0), 1, rng)[0])

    names = (
        "Greedy: always the likeliest",
        f"Sampled at temperature {taste.temperature:g}",
        f"Beam search, {_BEAMS} texts kept",
    )
    ways: dict[str, list[int]] = {name: [] for name in names}
    side_by_side = written(model, tokens, (likeliest, by_chance), _LONG)
    beams = beam_search(model, tokens, _BEAMS, _LONG)
    for step, new in enumerate(chain(side_by_side, ([*list(ways.values())[:2], text] for text in beams))):
        ways |= zip(names, new, strict=False)
        if step % 16 == 7 or step % _LONG == 0:
            frame = Frame(_told(board, ways), _said(board, ways), _LOOK, share=0.25 + 0.375 * step / _LONG)
        yield frame
    shares = [repeats(new) for new in ways.values()]
    numbers: dict[str, float | int | str] = {
        "draws": _DRAWS,
        "draws of the likeliest token": int((picks == first).sum()),
        "different tokens drawn": len(set(picks.tolist())),
        "tokens that can be drawn": int(stays.sum()),
        "greedy text repeated": f"{shares[0]:.0%}",
        "sampled text repeated": f"{shares[1]:.0%}",
        "beam text repeated": f"{shares[2]:.0%}",
    }
    caption = (
        f"Greedy repeats {shares[0]:.0%} of its runs of three tokens, beam search {shares[2]:.0%}, sampling {shares[1]:.0%}. "
        f"Of {_DRAWS} first draws, {numbers['draws of the likeliest token']} were “{board.name(first)}”; "
        f"{numbers['different tokens drawn']} different tokens came."
    )
    yield Frame(_told(board, ways), _said(board, ways), caption, numbers)


_LOOK = "The same beginning, written on in three ways. Watch for words that come again and again."


def _said(board: _Board, ways: dict[str, list[int]]) -> str:
    return f"After “{board.prompt}”: " + "; ".join(f"{way}: {board.tokenizer.decode(new)}" for way, new in ways.items())


def _told(board: _Board, ways: dict[str, list[int]]) -> Image.Image:
    return board.texts([(way, board.tokenizer.decode(new), repeats(new)) for way, new in ways.items()])


def _right(numbers: Numbers) -> int:
    share = int(numbers["draws of the likeliest token"]) / int(numbers["draws"])
    return 0 if share >= 0.95 else 1 if share >= 0.5 else 2 if share >= 0.1 else 3


def _because(numbers: Numbers) -> str:
    return (
        f"It came {numbers['draws of the likeliest token']} times in {numbers['draws']} draws; "
        f"{numbers['different tokens drawn']} different tokens were drawn."
    )


DEMO = Demo(
    name="sampling",
    title="Drawing the next word",
    lesson="sampling",
    about="The language model's own probabilities for your text, at four temperatures, cut by top-k and top-p, and drawn 200 times.",
    words=(
        *(
            "sampling",
            "temperature",
            "top-k",
            "top-p",
            "top k",
            "top p",
            "nucleus sampling",
            "greedy decoding",
            "greedy",
            "beam search",
        ),
        *("next-token probabilities", "next token", "softmax", "logits"),
    ),
    parameters=(
        Line("prompt", "The beginning of a text", "The cat sat on the", 160),
        Number("temperature", "Temperature", 1.0, 0.1, 5, 0.1, ("temperature", "temp")),
        Number("top_k", "Top-k: keep so many tokens (0 keeps all)", 50, 0, 200, 1, ("top-k", "top k", "k")),
        Number("top_p", "Top-p: keep this share", 0.9, 0.05, 1, 0.05, ("top-p", "top p", "nucleus", "p")),
    ),
    run=run,
    prediction=Prediction(
        "The model draws the next token 200 times with these settings. How often will its likeliest token come?",
        (
            "Practically always",
            "More than half of the time",
            "In a tenth to a half of the draws",
            "In less than a tenth",
        ),
        _right,
        _because,
    ),
    breaks=Break("Temperature 5, nothing cut off", {"temperature": 5.0, "top_k": 0, "top_p": 1.0}),
    script=Script(
        """from typing import Any

import numpy as np
import numpy.typing as npt

from tutor.text.local import LocalModel
from tutor.weights import built_in_folder

Array = npt.NDArray[np.float64]""",
        (probabilities, kept, drawn, scores_after),
        """model = LocalModel(built_in_folder(), "built-in")
tokens = model.tokenizer($prompt, add_special_tokens=False)["input_ids"]
chances = probabilities(scores_after(model, tokens), $temperature)
chances[~kept(chances, $top_k, $top_p)] = 0
for token in drawn(chances, 10, np.random.default_rng($seed)):
    print($prompt + model.tokenizer.decode([token]))""",
    ),
)
