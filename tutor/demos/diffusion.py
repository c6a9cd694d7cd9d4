"""Noise flows to a shape, and to a picture, by the same few lines.

In the plane, a small network learns on the spot how to get from noise to a heart and a ring (flow matching; Lipman et al., 2022, and Liu et
al., 2022); for pictures the shipped painter does the same with 12,288 numbers in place of two. Guidance moves every guess further in the
direction in which the words change it (Ho and Salimans, 2022). At the end a run is held against one of twice as many steps that is stopped
half-way: as many steps taken, but the noise is still in it.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.flow_matching import (
    flow,
    guess,
    learn,
    mean_distance,
    mean_spread,
    network,
    outline,
    plane_guesses,
)
from tutor.workbench.painter import levels, own_pipeline, painter_guesses
from tutor.workbench.plot import as_picture, house, sheet, tiles

_POINTS = 400
_TRAINING = 1500
_COLUMNS = 6
"""Steps that are shown of a picture's way."""
_AT_ONCE = 150
"""Steps of training between two looks at whether the learner has left."""


def run(values: Values, seed: int) -> Iterator[Frame]:
    yield from (_pictures if values.text("kind") == "pictures" else _points)(values, seed)


def _points(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    steps, guidance, dark = values.whole("steps"), values.number("guidance"), values.dark
    random = torch.Generator().manual_seed(seed)
    kinds = torch.arange(_POINTS) % 2
    real = outline(math.tau * torch.rand(_POINTS, generator=random), kinds)
    start = torch.randn(_POINTS, 2, generator=random)
    frame = Frame(Image.new("RGB", (1, 1)), "", "")
    for number, share in enumerate((0.0, 0.3, 0.7, 1.0)):
        planes = _planes(
            dark,
            ((1 - share) * real + share * start, real),
            kinds,
            (f"Forward: {share:.0%} noise", "Where they began"),
            True,
        )
        alt = f"A heart and a ring of {_POINTS} points, mixed with {share:.0%} noise; beside them the clean shapes."
        caption = (
            "The way forward is easy: each point is mixed with noise, until nothing is left of the heart and the ring."
        )
        frame = Frame(planes, alt, caption, {}, 0.03 * number)
        yield frame
    net = network(seed)
    for step, _ in enumerate(learn(net, _TRAINING, random)):
        if step % _AT_ONCE == 0:
            caption = (
                "A small network now learns the way back: for every place, where do points that pass here come from?"
            )
            yield Frame(frame.picture, frame.alt, caption, {}, 0.1 + 0.4 * step / _TRAINING)
    guesses, shown = plane_guesses(net, kinds), _shown(steps, 8)
    now = start
    for step, (now, better, _) in enumerate(flow(guesses, start, _even(steps), 1.0), 1):
        if step in shown:
            caption = (
                "Left, the way back out of noise; the orange points are asked to be a heart, the green ones a ring. Right, the guess of "
                "where each will end: first all in the middle, then on the shape."
            )
            alt = (
                f"Step {step} of {steps}: on average {mean_distance(now, kinds):.2f} away from the shapes, the guesses "
                f"{mean_distance(better, kinds):.2f}."
            )
            planes = _planes(dark, (now, better), kinds, (f"Back: step {step} of {steps}", "Guess of their end"))
            frame = Frame(planes, alt, caption, {"step": step}, 0.5 + 0.4 * step / steps)
        yield frame
    *_, (pushed, _, _) = flow(guesses, start, _even(steps), guidance)
    spread, narrow = mean_spread(now, kinds), mean_spread(pushed, kinds)
    told = (
        f"From the same noise, with guidance {guidance:g} at the right: each guess goes {guidance:g} times as far towards what was asked. "
        f"Look how far the points of a shape are spread: {spread:.2f} before, {narrow:.2f} after."
    )
    planes = _planes(dark, (now, pushed), kinds, ("Guidance 1", f"Guidance {guidance:g}"))
    yield Frame(planes, told, told, {}, 0.95)
    *_, (half, _, _) = flow(guesses, start, _even(2 * steps)[: steps + 1], 1.0)
    numbers: dict[str, float | int | str] = {
        "steps": steps,
        "error of the run": round(mean_distance(now, kinds), 3),
        "error half-way": round(mean_distance(half, kinds), 3),
        "noise left half-way": 0.5,
        "spread without guidance": round(spread, 3),
        "spread with guidance": round(narrow, 3),
    }
    caption = (
        f"{_steps(steps).capitalize()} on both sides. At step {steps} of {2 * steps}, half of it is still noise, "
        f"{numbers['error half-way']} away from the shapes; the whole run of {_steps(steps)} ended {numbers['error of the run']} off."
    )
    names = (f"Step {steps} of {2 * steps}", f"A run of {_steps(steps)}")
    yield Frame(
        _planes(dark, (half, now), kinds, names), f"Left {names[0]}, right {names[1]}. {caption}", caption, numbers
    )


def _pictures(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    steps, guidance, prompt, dark = values.whole("steps"), values.number("guidance"), values.text("prompt"), values.dark
    start = torch.randn((1, 3, 64, 64), generator=torch.Generator().manual_seed(seed))
    frame = Frame(
        _beside(dark, (start,), ("Pure noise",)),
        "A square of colored noise.",
        f"It begins with noise, 64 by 64 pixels of it. Underneath it there is no picture yet; “{prompt}” will steer it.",
        {},
        0.0,
    )
    yield frame
    pipeline = own_pipeline(values.tools)
    guesses, shares = painter_guesses(pipeline, pipeline.denoiser, [prompt]), levels(pipeline, steps)
    shown, rows = _shown(steps, _COLUMNS), list[tuple[int, Any, Any, Any]]()
    now = start
    for step, (now, better, pull) in enumerate(flow(guesses, start, shares, guidance, 1.0), 1):
        if step in shown:
            rows.append((step, now, better, pull))
            numbers_shown = ", ".join(str(row[0]) for row in rows)
            alt = f"Steps {numbers_shown} of {steps}: “{prompt}” out of noise, the guess of its end, and what the words change in that."
            caption = (
                "Top: the picture on its way. Middle: the guess of how it ends, made over at every step. Bottom: what your words change in "
                "the guess; gray means nothing. Guidance makes that larger."
            )
            frame = Frame(_rows(dark, rows, shown), alt, caption, {"step": step}, 0.05 + 0.45 * step / steps)
        yield frame
    end = half = start
    for step, (end, _, _) in enumerate(flow(guesses, start, levels(pipeline, 2 * steps), guidance, 1.0), 1):
        half = end if step == steps else half
        yield Frame(
            frame.picture,
            frame.alt,
            f"Now a run of {_steps(2 * steps)} from the same noise.",
            frame.numbers,
            0.5 + 0.24 * step / steps,
        )
    left = levels(pipeline, 2 * steps)[steps]
    pulls = [float(pull.abs().mean()) * 127.5 for *_, pull in rows]
    numbers: dict[str, float | int | str] = {
        "steps": steps,
        "error of the run": round(_apart(now, end), 1),
        "error half-way": round(_apart(half, end), 1),
        "noise left half-way": round(left, 3),
        "words change the guess by": round(sum(pulls) / len(pulls), 1),
    }
    caption = (
        f"{_steps(steps).capitalize()} on both sides. At step {steps} of {2 * steps}, {left:.0%} of it is still noise, and it is "
        f"{numbers['error half-way']} of 255 away from its end. The whole run of {_steps(steps)} is {numbers['error of the run']} away."
    )
    names = (f"Step {steps} of {2 * steps}", f"A run of {_steps(steps)}")
    yield Frame(_beside(dark, (half, now), names), f"Left {names[0]}, right {names[1]}. {caption}", caption, numbers)


def _even(steps: int) -> list[float]:
    return [1 - step / steps for step in range(steps + 1)]


def _shown(steps: int, most: int) -> list[int]:
    """The first, the last, and some steps between."""
    count = min(most, steps)
    return sorted({1 + round(place * (steps - 1) / max(1, count - 1)) for place in range(count)} | {steps})


def _steps(count: int) -> str:
    return f"{count} step{'s' if count > 1 else ''}"


def _apart(one: Any, other: Any) -> float:
    """Root mean square difference of two pictures, 0..255 a color value."""
    return float((one.clamp(-1, 1) - other.clamp(-1, 1)).square().mean().sqrt()) * 127.5


def _planes(dark: bool, both: tuple[Any, Any], kinds: Any, names: tuple[str, str], real: bool = False) -> Image.Image:
    with house(dark) as look:
        figure, axes = sheet(1, 2, height=2.6, sharey=True)
        for axis, points, name in zip(axes, both, names, strict=True):
            for kind, marker, size in ((0, "o", 7), (1, "^", 9)):
                x, y = points[kinds == kind].T
                color = look.third if kind else look.data if real else look.model
                axis.scatter(x, y, s=size, marker=marker, color=color, linewidths=0)
            axis.set(title=name, xlim=(-3.2, 3.2), ylim=(-2.8, 2.8), xlabel="From left to right", aspect="equal")
        axes[0].set(ylabel="From below to above")
        return as_picture(figure)


def _rows(dark: bool, rows: list[tuple[int, Any, Any, Any]], shown: list[int]) -> Image.Image:
    with house(dark) as look:
        figure, axis = sheet(height=2.75)
        paper = float(int(look.paper[1:3], 16) / 255)
        blank = np.full((64, 64, 3), paper, dtype=np.float32)
        cells = [
            *(_pixels(rows[c][1]) if c < len(rows) else blank for c in range(len(shown))),
            *(_pixels(rows[c][2]) if c < len(rows) else blank for c in range(len(shown))),
            *(_pixels(2 * rows[c][3]) if c < len(rows) else blank for c in range(len(shown))),
        ]
        axis.imshow(tiles(np.stack(cells), len(shown), gap=4, paper=paper))
        axis.set_xticks([68 * c + 32 for c in range(len(shown))], [str(step) for step in shown])
        axis.set_yticks([32, 100, 168], ["On its\nway", "Guess of\nits end", "What words\nchange"])
        axis.set(xlabel="Step", title="From noise to picture")
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        return as_picture(figure)


def _beside(dark: bool, pictures: Sequence[Any], names: Sequence[str]) -> Image.Image:
    with house(dark):
        figure, axes = sheet(1, len(names), height=2.75, squeeze=False)
        for axis, picture, name in zip(axes[0], pictures, names, strict=True):
            axis.imshow(_pixels(picture))
            axis.set(title=name, xticks=[], yticks=[], xlabel="64 pixels")
            axis.spines[:].set_visible(False)
        return as_picture(figure)


def _pixels(picture: Any) -> Any:
    """[1, 3, height, width] in -1..1 -> [height, width, 3] in 0..1."""
    return ((picture[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).numpy()


def _right(numbers: Numbers) -> int:
    half, whole = float(numbers["error half-way"]), float(numbers["error of the run"])
    return 1 if half > 1.3 * whole else 2 if whole > 1.3 * half else 0


def _because(numbers: Numbers) -> str:
    half, whole = numbers["error half-way"], numbers["error of the run"]
    left = f"{float(numbers['noise left half-way']):.0%}"
    verdict = ("equally far off", "further off", "nearer")[_right(numbers)]
    return f"Stopped half-way, {left} of it was noise and its error {half}; the whole run ended with {whole}: half-way it was {verdict}."


DEMO = Demo(
    name="diffusion",
    title="Noise flows to a shape",
    lesson="diffusion",
    about="Points, or a picture, go from noise to what was asked, step by step, and guidance pushes them.",
    words=(
        "diffusion model",
        "diffusion",
        "denoising",
        "denoiser",
        "flow matching",
        "rectified flow",
        "guidance",
        "noise schedule",
    ),
    parameters=(
        Option("kind", "What flows", "points", ("points", "pictures")),
        Number("steps", "Steps", 20, 1, 50, words=("steps", "step")),
        Number("guidance", "Guidance", 3, 1, 20, 0.5, words=("guidance", "guidance scale", "cfg")),
        Line("prompt", "Prompt (for pictures)", "a red apple on a blue background"),
    ),
    run=run,
    prediction=Prediction(
        "A run of twice as many steps is stopped half-way, so both have taken equally many. How does it compare with the whole run?",
        ("Just as good: the steps are equally many", "Worse: noise is left in it", "Better: its steps are finer"),
        _right,
        _because,
    ),
    breaks=Break("Jump there in one step", {"steps": 1}),
    script=Script(
        "from __future__ import annotations\nimport itertools, math\nimport torch\nfrom torch import nn",
        (outline, guess, learn, flow),
        """
random, kinds = torch.Generator().manual_seed($seed), torch.arange(400) % 2
net = nn.Sequential(nn.Linear(9, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 2))
*_, last = learn(net, 1500, random)
def guesses(points, share):
    with torch.inference_mode():
        return [guess(net, points, torch.full((400, 1), share), k) for k in (kinds, 0 * kinds + 2)]
shares = [1 - step / $steps for step in range($steps + 1)]
for points, *_ in flow(guesses, torch.randn(400, 2, generator=random), shares, $guidance):
    print(*(f"({x:.1f}, {y:.1f})" for x, y in points[:8].tolist()))
""",
    ),
)
