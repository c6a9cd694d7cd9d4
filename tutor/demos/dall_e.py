"""The whole road of one picture: words, tokens, numbers, a sketch, noise, picture; and whether it is a copy.

DALL-E itself is far too large for a computer at home, and its weights are not public. The shipped painter goes the road of DALL-E 2 (Ramesh
et al., 2022) in small: a text encoder reads the prompt, and a diffusion model paints what it read. At the end the picture is held against
all that the painter learned from, as Carlini et al. (2023) and Somepalli et al. (2022) did with large models.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.image.local import PAINTER
from tutor.image.nearest import Nearest, Sheet
from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Prediction, Script, Switch, Values
from tutor.workbench.painter import own_pipeline
from tutor.workbench.plot import as_picture, house, sheet

if TYPE_CHECKING:
    from tutor.image.pipeline import PainterPipeline, StepState

_WORDS = ("an apple", "an orange", "a ball", "a dog", "a car", "a house", "the moon", "a guitar")
"""What the prompt is compared with."""
_SHOWN = 6
"""Steps that are drawn."""
_ROW = 5
"""Words in a row."""
_SHORT = 24
"""Numbers of a token that are drawn, of 384."""
_COPY, _LIKE = 20.0, 40.0
"""Distances: a training picture set to another size lies below the first, nine in ten pairs of different things above the second."""
_ROAD = "DALL-E is too large for this machine, so my own small painter goes the same road."


def tokens(pipeline: "PainterPipeline", prompt: str) -> list[tuple[str, int]]:
    """The pieces that the text encoder reads, with their numbers; the marks for start and end are left out."""
    ids = pipeline.text_encoder.tokenizer(prompt, truncation=True, max_length=16)["input_ids"][1:-1]
    return list(zip(pipeline.text_encoder.tokenizer.convert_ids_to_tokens(ids), ids, strict=True))


def alike(pipeline: "PainterPipeline", prompt: str, words: Sequence[str]) -> list[float]:
    """How near in meaning the prompt is to each of the words: the cosine of their vectors, at most 1."""
    vectors = pipeline.text_encoder([prompt, *words])[2]
    cosines: list[float] = (vectors[1:] @ vectors[0]).tolist()
    return cosines


def paint(
    pipeline: "PainterPipeline", prompt: str, steps: int, guidance: float, seeds: Sequence[int]
) -> "Iterator[StepState]":
    """From noise to pictures, one for each seed: `noisy` is the picture on its way, `clean` the guess of how it ends."""
    import torch

    noise = [torch.Generator().manual_seed(seed) for seed in seeds]
    prompts = [prompt] * len(seeds)
    yield from pipeline.steps(prompts, num_inference_steps=steps, guidance_scale=guidance, generator=noise)


def run(values: Values, seed: int) -> Iterator[Frame]:
    prompt, steps, guidance, dark = values.text("prompt"), values.whole("steps"), values.number("guidance"), values.dark
    seeds = (seed % 2**32, (seed + 1) % 2**32)
    words = prompt.split()
    yield Frame(
        _boxes(dark, words, [""] * len(words), "Your words"),
        f"The words of the prompt, each in a box: {prompt}",
        f"This is what you ask for. {_ROAD}",
        {},
        0.0,
    )
    from tutor.image.pipeline import to_pil

    pipeline = own_pipeline(values.tools)
    names = [str(thing["names"][0]) for thing in json.loads((PAINTER / "things.json").read_text(encoding="utf-8"))]
    pieces = tokens(pipeline, prompt)
    numbers: dict[str, float | int | str] = {"tokens": len(pieces)}
    caption = "The words are cut into tokens, and each token has a number in a list. A rare word falls into pieces: look for ##."
    if not _known(prompt, names):
        caption += f" None of the {len(names):,} things that the painter knows is named here, so it can only guess."
    boxes = _boxes(dark, [piece for piece, _ in pieces], [f"{number:,}" for _, number in pieces], "1. Tokens")
    alt = f"{len(pieces)} tokens with their numbers: " + ", ".join(f"{piece} {number}" for piece, number in pieces)
    yield Frame(boxes, alt, caption, numbers, 0.05)
    states, mask, pooled = pipeline.text_encoder([prompt])
    cosines = alike(pipeline, prompt, _WORDS)
    best = int(np.argmax(cosines))
    numbers |= {"nearest meaning": _WORDS[best]}
    meaning = _meaning(dark, [piece for piece, _ in pieces], states[0, 1 : len(pieces) + 1, :_SHORT].numpy(), cosines)
    caption = (
        "The encoder turns each token into 384 numbers; yellow is high, blue is low. Right, what they are good for: near in meaning is "
        f"near in numbers, and nearest is “{_WORDS[best]}”."
    )
    alt = (
        f"Left, {len(pieces)} tokens by {_SHORT} numbers as a heat map. Right, bars: the prompt is nearest to {_WORDS[best]}, "
        f"with a likeness of {cosines[best]:.2f}."
    )
    yield Frame(meaning, alt, caption, numbers, 0.1)
    steered = prompt if values.on("words") else ""
    if not steered:
        states, mask, pooled = pipeline.text_encoder([""])
    sketch = to_pil(_sketch(pipeline, states, mask, pooled))[0]
    frame = Frame(Image.new("RGB", (1, 1)), "", "")
    shown = _chosen(steps)
    state = None
    for state in paint(pipeline, steered, steps, guidance, seeds):
        if state.step in shown:
            way, end = to_pil(state.noisy)[0], to_pil(state.clean)[0]
            if state.step == 1:
                names_shown = ("3. Sketch from words", "Guess at step 1")
                alt = "Left, a blurred sketch; right, the guess of the picture at the first step."
                caption = "Before any noise, a small network makes a blurred sketch of the words. Right, the first guess in pure noise."
            else:
                names_shown = (f"4. Step {state.step} of {steps}", "Guess of its end")
                alt = f"Left, the picture on its way out of noise after step {state.step} of {steps}; right, the guess of its end."
                caption = "Left, the noise goes step by step. Right, the guess of how it ends, which is made over at every step."
            if not steered:
                caption += " It gets no words."
            pictures = _beside(dark, (sketch if state.step == 1 else way, end), names_shown)
            frame = Frame(pictures, alt, caption, numbers, 0.15 + 0.7 * state.step / steps)
        yield frame
    if state is None:
        return
    mine, other = to_pil(state.noisy)
    numbers |= {"difference of two seeds": round(_difference(mine, other), 1)}
    told = (
        f"The same words from other noise: the two differ by {numbers['difference of two seeds']} of 255 on average. What the words leave "
        "open, the noise decides."
    )
    yield Frame(
        _beside(dark, (mine, other), (f"5. Seed {seeds[0]}", f"Seed {seeds[1]}")),
        f"Two pictures. {told}",
        told,
        numbers,
        0.9,
    )
    near = Sheet(PAINTER, names).nearest(mine)
    numbers |= {
        "things compared": len(names),
        "nearest thing": _name(near),
        "distance": round(near.distance, 1) if near else 255.0,
    }
    caption = f"Of {len(names):,} things that it learned from, each in ten colors, “{_name(near)}” is nearest. {_because(numbers)}"
    both = (near.seen, near.thing) if near else (mine, Image.new("RGB", (32, 32), (128, 128, 128)))
    alt = f"Left what was painted, right the nearest training picture. {caption}"
    yield Frame(_beside(dark, both, ("6. What it painted", "Nearest it learned")), alt, caption, numbers)


def _sketch(pipeline: "PainterPipeline", states: Any, mask: Any, pooled: Any) -> Any:
    import torch

    with torch.inference_mode():
        return pipeline.sketch(states, mask, pooled)


def _known(prompt: str, names: Sequence[str]) -> bool:
    said = f" {' '.join(re.findall(r'[a-z]+', prompt.lower()))} "
    return any(f" {name.lower()} " in said or f" {name.lower()}s " in said for name in names)


def _name(near: Nearest | None) -> str:
    if near is None:
        return "nothing"
    return f"{near.name}, tinted {near.tint}" if near.tint else near.name


def _chosen(steps: int) -> set[int]:
    count = min(_SHOWN, steps)
    return {1 + round(place * (steps - 1) / max(1, count - 1)) for place in range(count)} | {steps}


def _difference(one: Image.Image, other: Image.Image) -> float:
    apart = np.asarray(one, dtype=np.float32) - np.asarray(other, dtype=np.float32)
    return float(np.abs(apart).mean())


def _boxes(dark: bool, words: Sequence[str], below: Sequence[str], title: str) -> Image.Image:
    with house(dark) as look:
        figure, axis = sheet(height=2.6)
        rows = max(2, -(-len(words) // _ROW))
        for place, (word, note) in enumerate(zip(words, below, strict=True)):
            x, y = place % _ROW + 0.5, rows - place // _ROW - 0.4
            box = {"boxstyle": "round,pad=0.35", "facecolor": look.paper, "edgecolor": look.data}
            axis.text(x, y, _short(word, 11), ha="center", va="center", color=look.text, fontsize=11, bbox=box)
            axis.text(x, y - 0.36, note, ha="center", va="center", color=look.data, fontsize=9)
        axis.set(xlim=(0, _ROW), ylim=(0, rows), title=title)
        axis.set_axis_off()
        return as_picture(figure)


def _meaning(dark: bool, pieces: Sequence[str], states: npt.NDArray[Any], cosines: Sequence[float]) -> Image.Image:
    with house(dark) as look:
        figure, (left, right) = sheet(1, 2, height=2.8)
        left.imshow(states, aspect="auto", vmin=-1, vmax=1)
        left.set_yticks(range(len(pieces)), [_short(piece, 9) for piece in pieces])
        left.set(
            title="2. As numbers",
            xlabel=f"First {_SHORT} of 384",
            xticks=[0, 11, 23],
            xticklabels=["1", "12", "24"],
        )
        order = np.argsort(cosines)
        colors = [look.model if place == order[-1] else look.data for place in order]
        right.barh([_WORDS[place] for place in order], [cosines[place] for place in order], color=colors)
        right.set(title="Near in meaning", xlabel="Likeness, at most 1", xlim=(min(0.0, *cosines), 1))
        return as_picture(figure)


def _short(word: str, longest: int) -> str:
    return word if len(word) <= longest else f"{word[: longest - 1]}…"


def _beside(dark: bool, pictures: Sequence[Image.Image], names: Sequence[str]) -> Image.Image:
    with house(dark):
        figure, axes = sheet(1, 2, height=2.75)
        for axis, picture, name in zip(axes, pictures, names, strict=True):
            axis.imshow(np.asarray(picture))
            axis.set(title=name, xticks=[], yticks=[], xlabel=f"{picture.width} pixels")
            axis.spines[:].set_visible(False)
        return as_picture(figure)


def _right(numbers: Numbers) -> int:
    distance = float(numbers["distance"])
    return 0 if distance < _COPY else 1 if distance < _LIKE else 2


def _because(numbers: Numbers) -> str:
    if numbers["nearest thing"] == "nothing":
        return "It painted nothing but background, so it is no copy, but no picture either."
    verdict = ("as good as a copy", "that thing, drawn anew", "a copy of none of them: created, though not always well")
    return f"It is {numbers['distance']} of 255 away, where two different things are about 50 apart: {verdict[_right(numbers)]}."


DEMO = Demo(
    name="dall-e",
    title="The road of one picture",
    lesson="text-to-image",
    about="Your words become tokens, numbers, a sketch and, out of noise, a picture; was it copied or created?",
    words=(
        "dall-e",
        "dalle",
        "dall·e",
        "text-to-image",
        "text to image",
        "stable diffusion",
        "midjourney",
        "clip",
        "copied or created",
    ),
    parameters=(
        Line("prompt", "Prompt", "a red apple on a blue background"),
        Number("steps", "Steps", 20, 1, 50, words=("steps", "step")),
        Number("guidance", "Guidance", 2, 1, 20, 0.5, words=("guidance", "guidance scale")),
        Switch("words", "The words reach the painter", True, ("words", "prompt")),
    ),
    run=run,
    prediction=Prediction(
        "How near will the picture come to the nearest thing that the painter learned from?",
        ("As good as a copy", "The same thing, drawn anew", "Like none of them"),
        _right,
        _because,
    ),
    breaks=Break("Keep the words from the painter", {"words": False}),
    script=Script(
        "from __future__ import annotations\n\n"
        "from tutor.image.local import PAINTER\nfrom tutor.image.pipeline import PainterPipeline, to_pil",
        (tokens, alike, paint),
        """
pipeline = PainterPipeline.from_pretrained(PAINTER)
print("Tokens:", *(f"{piece} ({number})" for piece, number in tokens(pipeline, $prompt)))
words = ["an apple", "an orange", "a dog", "a car"]
print("Near in meaning:", *(f"{word} {near:.2f}" for word, near in zip(words, alike(pipeline, $prompt, words))))
for state in paint(pipeline, $prompt if $words else "", $steps, $guidance, [$seed]):
    print(f"step {state.step}: the picture still moves by {(state.noisy - state.clean).abs().mean():.3f}")
to_pil(state.noisy)[0].save("picture.png")
print("See picture.png")
""",
    ),
)
