"""Four trained families of picture models, or two ways of writing, are judged by several measures, and what each measure misses.

The measures stand in `tutor/workbench/measures.py`. Pictures are judged by quality, diversity and Fréchet distance of the five features
of a fruit that are known, in place of a network's; texts by perplexity, repetition and faithfulness to a source. `training.demos` trained
the four families.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.course import Passage
from tutor.search.encoder import encoder
from tutor.support import SupportChecker
from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.families import FAMILIES, shipped
from tutor.workbench.fruit import Pictures, fruit, measured
from tutor.workbench.measures import Writer, claims, frechet, inside, judged
from tutor.workbench.next_token import drawn, likeliest, probabilities, surprise, written
from tutor.workbench.paraphrases import JOIN, SOURCES
from tutor.workbench.plot import Look, as_picture, house, sheet, tiles
from tutor.workbench.words import wrapped

Array = npt.NDArray[Any]
_PREPARED = "the four networks"
_FRESH = "new fruit"
"""Drawn by the same code as the data: what a perfect model would get."""
_TIMED = 15
"""Single pictures that are timed; the quickest counts, since others may be using the machine."""


@dataclass(frozen=True)
class _Judged:
    scores: dict[str, float]
    milliseconds: float
    """Until one picture is there; 0 where no model made it."""
    ranked: Pictures
    """Best, median, worst."""


def _run(values: Values, seed: int) -> Iterator[Frame]:
    yield from _texts(values, seed) if values.text("kind") == "text" else _pictures(values, seed)


def _pictures(values: Values, seed: int) -> Iterator[Frame]:
    count, steps = values.whole("pictures"), values.whole("steps")
    real = measured(fruit(count, 2 * seed + 1).pictures)
    results = {_FRESH: _judge(real, fruit(count, 2 * seed + 2).pictures, 0)}
    frame = _frame(results, values.dark)
    yield frame
    import torch

    families, chance = shipped(), torch.Generator().manual_seed(seed)
    yield frame
    for name in FAMILIES:
        spent = []
        for _ in range(_TIMED):
            start = time.perf_counter()
            families.made(name, 1, steps, torch.Generator().manual_seed(0))
            spent.append(1000 * (time.perf_counter() - start))
        yield frame
        made = torch.cat([families.made(name, 50, steps, chance) for _ in range(count // 50)]).numpy()
        yield frame
        results[name] = _judge(real, made, min(spent))
        frame = _frame(results, values.dark)
        yield frame


def _judge(real: Array, pictures: Pictures, milliseconds: float) -> _Judged:
    features = measured(pictures)
    far = np.linalg.norm(((features[:, None] - real) / (real.std(0) + 1e-6)), axis=2).min(1)
    order = np.argsort(far)
    return _Judged(judged(real, features), milliseconds, pictures[order[[0, len(order) // 2, -1]]])


def _frame(results: dict[str, _Judged], dark: bool) -> Frame:
    numbers: dict[str, float | int | str] = {"of": 3}
    for name, result in results.items():
        numbers |= {f"{kind}, {name}": round(score, 2) for kind, score in result.scores.items()}
    models = [name for name in results if name != _FRESH]
    if models:
        rows = [[float(numbers[f"{kind}, {n}"]) for kind in ("quality", "diversity", "distance")] for n in models]
        numbers |= _first(models, np.array(rows) * (1, 1, -1))
    with house(dark) as look:
        picture = _sheet(results, look)
    found = "; ".join(
        f"{name}: quality {r.scores['quality']:.0%}, diversity {r.scores['diversity']:.0%}, Fréchet distance {r.scores['distance']:.2f}"
        + (f", {r.milliseconds:.1f} ms for one picture" if r.milliseconds else "")
        for name, r in results.items()
    )
    alt = f"Bars of quality and diversity, and the best, median and worst sample of each. {found}."
    return Frame(picture, alt, _caption(results, numbers), numbers, (len(results) - 1) / len(FAMILIES), _PREPARED)


def _first(names: Sequence[str], scores: Array) -> dict[str, float | int | str]:
    """Who is best, or level with the best, on most measures; `scores` [names, measures], higher is better."""
    places = (scores >= scores.max(0) - 1e-9).sum(1)
    return {"first on most measures": names[int(places.argmax())], "its first places": int(places.max())}


def _sheet(results: dict[str, _Judged], look: Look) -> Image.Image:
    figure, (chart, rows) = sheet(1, 2, height=3.9, width_ratios=[1.72, 1])
    names = [_FRESH, *FAMILIES]
    for row, name in enumerate(names):
        if (result := results.get(name)) is None:
            continue
        color = look.data if name == _FRESH else look.model
        for kind, up, alpha in (("quality", -0.2, 1.0), ("diversity", 0.2, 0.45)):
            chart.barh(row + up, 100 * result.scores[kind], 0.36, color=color, alpha=alpha)
        fast = f"\n{result.milliseconds:.1f} ms" if result.milliseconds else ""
        chart.text(104, row, f"{result.scores['distance']:.2f}{fast}", va="center", size=9)
    chart.set(
        xlim=(0, 150), ylim=(4.5, -0.5), xticks=[0, 50, 100], xlabel="strong bar: quality, %\npale bar: diversity, %"
    )
    chart.set_yticks(range(5), names)
    chart.set_title("Fréchet distance\nand time a picture", loc="right", size=9, weight="normal")
    blank = np.ones((3, 32, 32, 3), np.float32)
    shown = [results[name].ranked if name in results else blank for name in names]
    rows.imshow(tiles(np.concatenate(shown), 3), aspect="auto")
    rows.set(yticks=[], xticks=[16, 49, 82])
    rows.set_xticklabels(["best", "median", "worst"])
    for axis in (chart, rows):
        axis.tick_params(length=0)
    rows.spines[:].set_visible(False)
    return as_picture(figure)


def _caption(results: dict[str, _Judged], numbers: Numbers) -> str:
    made = len(results) - 1
    if made < len(FAMILIES):
        return f"{made} of 4 families, trained earlier, have drawn: long bars and a small Fréchet distance are good."
    slow = results["diffusion"].milliseconds / results["GAN"].milliseconds
    return (
        f"{_because(numbers)} All of them miss specks and blur, so look too. Diffusion takes {slow:.1f} times as long as the GAN "
        "for one picture: which would you choose for a live photo editor?"
    )


_LONG = 24
"""Tokens that the model writes on each source."""
_PERSON, _FALSE = "person", "person, error"


def _texts(values: Values, seed: int) -> Iterator[Frame]:
    heat = values.number("temperature")
    rng = np.random.default_rng(seed)
    ways = {
        "greedy": likeliest,
        f"temp. {heat:g}": lambda scores: int(drawn(probabilities(scores, heat), 1, rng)[0]),
    }
    writers = {name: Writer([], [], []) for name in (_PERSON, _FALSE, *ways)}
    frame = _text_frame(writers, 0, values.dark)
    yield frame
    model = values.tools.local()
    yield frame
    checker = SupportChecker(encoder())
    yield frame
    for number, (source, said, (right, wrong)) in enumerate(SOURCES):
        before = source + JOIN
        start = model.tokenizer(before, add_special_tokens=False)["input_ids"]
        new = dict.fromkeys(writers, said) | {_FALSE: said.replace(right, wrong)}
        for tokens in written(model, start, list(ways.values()), _LONG):
            new |= {way: model.tokenizer.decode(text) for way, text in zip(ways, tokens, strict=True)}
            yield frame
        passage = Passage("source", "", "source", "", 0, source, source)
        for name, text in new.items():
            writer = writers[name]
            writer.texts.append(text)
            writer.surprises += surprise(model, before, text)
            yield frame
            found = [checker.best(claim, [passage]) for claim in claims(text)]
            writer.supported += [best is not None and best.probability >= checker.threshold for best in found]
            yield frame
        frame = _text_frame(writers, number + 1, values.dark)
        yield frame


def _text_frame(writers: dict[str, Writer], done: int, dark: bool) -> Frame:
    numbers: dict[str, float | int | str] = {"of": 3}
    scored = {name: writer.scores for name, writer in writers.items() if writer.texts}
    for name, (perplexity, again, true) in scored.items():
        numbers |= {f"perplexity, {name}": round(perplexity, 2)}
        numbers |= {f"% repeated, {name}": round(again), f"% supported, {name}": round(true)}
    ways = [name for name in scored if name not in (_PERSON, _FALSE)]
    if ways:
        kinds = ("perplexity", "% repeated", "% supported")
        numbers |= _first(
            ways, np.array([[float(numbers[f"{kind}, {n}"]) for kind in kinds] for n in ways]) * (-1, -1, 1)
        )
    with house(dark) as look:
        picture = _text_sheet(writers, scored, look)
    told = "; ".join(
        f"{name}: perplexity {p:.1f}, {again:.0f}% repeated, {true:.0f}% of the sentences supported, wrote "
        f"“{writers[name].texts[-1].strip()}”"
        for name, (p, again, true) in scored.items()
    )
    alt = f"Three charts of bars: perplexity, repetition, faithfulness. {told or 'Nothing is written yet'}."
    if done < len(SOURCES):
        caption = (
            f"{done} of 3 sources said in other words: by a person, with an error put in, and by the model in two ways."
        )
        return Frame(picture, alt, caption, numbers, 0.02 + done / 4)
    person, error, greedy = (scored[name] for name in (_PERSON, _FALSE, "greedy"))
    caption = (
        f"{_because(numbers)} Greedy writing has a perplexity of {greedy[0]:.1f}, a person's {person[0]:.1f}, and "
        f"{greedy[2]:.0f}% of the greedy counts as supported. The checker is small too: it passes {person[2]:.0f}% of the person's "
        f"true sentences, and {error[2]:.0f}% where an error was put in."
    )
    return Frame(picture, alt, caption, numbers)


def _text_sheet(writers: dict[str, Writer], scored: dict[str, tuple[float, float, float]], look: Look) -> Image.Image:
    figure, grid = sheet(2, 2, height=4.0)
    names = list(writers)
    titles = ("Perplexity", "Repetition", "Faithfulness")
    labels = (
        "surprise (low: good)\nmisses: truth",
        "% said before (low: good)\nmisses: truth",
        "% supported (high: good)\nmisses: style, new words",
    )
    for column, (axis, title, label) in enumerate(zip(grid.flat, titles, labels, strict=False)):
        for row, name in enumerate(names):
            if name in scored:
                value = scored[name][column]
                axis.barh(row, value, 0.7, color=look.data if row < 2 else look.model)
                axis.annotate(
                    f"{value:.1f}" if column == 0 else f"{value:.0f}",
                    (value, row),
                    (3, 0),
                    textcoords="offset points",
                    va="center",
                    size=9,
                )
        most = max((scores[0] for scores in scored.values()), default=10) if column == 0 else 100
        axis.set(title=title, xlabel=label, xlim=(0, 1.25 * most), ylim=(3.6, -0.6))
        axis.set_yticks(range(4), names if column != 1 else [""] * 4)
        axis.tick_params(length=0)
    last = grid.flat[3]
    last.axis("off")
    last.set_title(f"Greedy, text {max(1, len(writers['greedy'].texts))} of {len(SOURCES)}")
    text = writers["greedy"].texts[-1] if writers["greedy"].texts else "…"
    last.text(
        0,
        1,
        "\n".join(wrapped("In other words," + text, 27, 7)) if text != "…" else text,
        va="top",
        size=9,
        color=look.model,
        parse_math=False,
    )
    return as_picture(figure)


def _right(numbers: Numbers) -> int:
    return min(2, int(numbers["of"]) - int(numbers["its first places"]))


def _because(numbers: Numbers) -> str:
    name, places = numbers["first on most measures"], numbers["its first places"]
    return f"The most first places, shared ones included: {name} with {places} of {numbers['of']} measures."


DEMO = Demo(
    name="evaluation",
    title="No single measure is enough",
    lesson="evaluation",
    about="Four trained families of picture models, or a language model's texts, judged by measures that each miss something.",
    words=(
        *(
            "evaluating generative models",
            "quality, diversity and speed",
            "fréchet distance",
            "frechet distance",
            "precision and recall",
        ),
        *("evaluation", "evaluating", "evaluate", "fid", "compare models"),
    ),
    parameters=(
        Option("kind", "What is judged", "pictures", ("pictures", "text"), ("kind", "what is judged")),
        Number("pictures", "Pictures that are judged", 200, 50, 400, 50, ("samples", "sample size")),
        Number("steps", "Diffusion steps", 20, 1, 60, 1, ("diffusion steps", "denoising steps")),
        Number("temperature", "Text: temperature beside greedy writing", 1, 0.1, 2, 0.1, ("temperature", "temp")),
    ),
    run=_run,
    prediction=Prediction(
        "Three measures of what the models make, speed left aside: will one model, or one way of writing, be best at all of them?",
        ("Yes, best or level at all three", "No, the best is first at two", "No, each is first at one at most"),
        _right,
        _because,
    ),
    breaks=Break("Diffusion in a single step", {"kind": "pictures", "steps": 1}),
    script=Script(
        "from __future__ import annotations\nimport numpy as np\nimport torch\n"
        "from tutor.workbench.families import FAMILIES, shipped\nfrom tutor.workbench.fruit import fruit, measured",
        (frechet, inside, judged),
        """data, chance = measured(fruit($pictures, 1).pictures), torch.Generator().manual_seed($seed)
crowds = {
    "new fruit": fruit($pictures, 2).pictures,
    "apples alone, a collapse": fruit($pictures, 3, kind=0).pictures,
    **{name: shipped().made(name, $pictures, $steps, chance).numpy() for name in FAMILIES},
}
for name, pictures in crowds.items():
    print(name, {k: round(v, 2) for k, v in judged(data, measured(pictures)).items()})""",
    ),
)
