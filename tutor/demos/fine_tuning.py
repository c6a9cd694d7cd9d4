"""LoRA at work (Hu et al., 2021): beside every frozen layer, a thin way down to a few numbers and up again is trained.

With "examples", the shipped painter learns from six pictures, in seconds, to paint in shades of gray. With "tutor", the adapter that makes
this tutor answer from notes is taken off and put on again. Both show how few numbers are trained, where they change the network, how their
strength can be turned up and down, and what of the old task is forgotten.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.flow_matching import flow
from tutor.workbench.lora import MATRICES, attach, changes, shipped, thin, tune
from tutor.workbench.next_token import greedy, mean_surprise, own_copy
from tutor.workbench.painter import denoising_loss, own_pipeline, painter_guesses, training_pictures
from tutor.workbench.plot import as_picture, house, sheet, tiles
from tutor.workbench.words import titled

if TYPE_CHECKING:
    from tutor.image.pipeline import PainterPipeline

_EXAMPLES = ("cat face", "rose", "rocket", "fish", "lemon", "crab")
_OTHERS = ("dog face", "strawberry", "carrot", "frog", "tomato", "bus")
"""What the tasks are measured on; no example."""
_PAINTED = ("a tomato", "a frog", "a sunflower")
_STRENGTHS = (0.0, 0.5, 1.0, 1.5)
_QUESTION = "Who painted the Mona Lisa?"
"""The note does not tell; the adapter was trained to say so."""
_EVERYDAY = (
    "The old man walked down to the harbor every morning before the sun came up. He mended his nets, drank a cup of coffee, and talked "
    "with the gulls as if they were his neighbors. When the weather was bad he stayed at home and wrote letters to his daughter, who "
    "lived in a city far away and came to see him every summer."
)
_LONGEST = 40
"""Tokens of an answer."""


def run(values: Values, seed: int) -> Iterator[Frame]:
    yield from (_tutor if values.text("part") == "tutor" else _examples)(values, seed)


def _examples(values: Values, seed: int) -> Iterator[Frame]:
    import copy

    import torch

    dark, rank, steps, strength = values.dark, values.whole("rank"), values.whole("steps"), values.number("strength")
    gray = _gray(training_pictures(_EXAMPLES))
    caption = "Six examples in shades of gray. The painter has only ever painted in color; from these it is to learn a new style."
    frame = Frame(
        _row(dark, gray, "The examples"), f"Six small gray pictures: {', '.join(_EXAMPLES)}.", caption, {}, 0.0
    )
    yield frame
    pipeline = own_pipeline(values.tools)
    net = copy.deepcopy(pipeline.denoiser).requires_grad_(False)  # the painter itself stays as it is
    dial, adapter = [0.0], thin(net, ("qkv", "out", "up", "down", "spread"), rank, seed)
    attach(net, adapter, dial)
    before, after = np.empty(0), np.empty(0)
    for before in _paint(pipeline, net, seed):  # noqa: B007  # the last is meant
        yield frame
    few, all_ = sum(n.numel() for pair in adapter.values() for n in pair), sum(p.numel() for p in net.parameters())
    told = f"{few:,} numbers will be trained beside {all_:,} frozen ones: {few / all_:.1%}."
    caption = f"Before: {', '.join(_PAINTED)}, in color. {told}"
    frame = Frame(_row(dark, before, "Before"), f"Three painted pictures in color. {told}", caption, {}, 0.2)
    yield frame
    dial[0], losses = 1.0, list[float]()
    random = torch.Generator().manual_seed(seed)
    task = denoising_loss(pipeline, net, _EXAMPLES, gray)
    for step, loss in enumerate(tune(adapter, lambda: task(random), steps, 0.01), 1):
        losses.append(loss)
        if step % max(1, steps // 4) == 0:
            caption = f"Learning from the six examples, with all of the painter's own numbers frozen. {told}"
            alt = f"The error on the examples, step by step: {losses[0]:.3f} at first, {loss:.3f} at step {step} of {steps}."
            frame = Frame(_learning(dark, losses, steps), alt, caption, {}, 0.2 + 0.5 * step / steps)
        yield frame
    dial[0] = strength
    for after in _paint(pipeline, net, seed):  # noqa: B007
        yield frame
    pale = f"Their color, 0 to 255: {_color(before):.0f} before, {_color(after):.0f} now."
    caption = f"The same words and the same noise, with the adapter at strength {strength:g}. {pale}"
    both = np.concatenate([before, after])
    frame = Frame(
        _row(dark, both, "Before and after", columns=3),
        f"Three pictures before, and the same three after. {pale}",
        caption,
        {},
        0.8,
    )
    yield frame
    clean = training_pictures(_OTHERS)
    old, new = denoising_loss(pipeline, net, _OTHERS, clean), denoising_loss(pipeline, net, _OTHERS, _gray(clean))
    curve = list[tuple[float, float]]()
    for dial[0] in (*_STRENGTHS, strength):
        with torch.inference_mode():
            curve.append((float(old(torch.Generator().manual_seed(1))), float(new(torch.Generator().manual_seed(1)))))
        yield frame
    numbers = _found(few, all_, curve) | {
        "color before": round(_color(before), 1),
        "color after": round(_color(after), 1),
    }
    found = changes(net, adapter)
    rows = [f"blocks.{n}" for n in range(len(net.blocks))]
    shares = np.array([[found[f"{row}.{name}"] for name in ("qkv", "out", "up", "down")] for row in rows])
    yield _last(dark, shares, ("qkv", "out", "up", "down"), "Block", curve, strength, numbers, "Error of the guess")


def _tutor(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    dark, strength = values.dark, values.number("strength")
    note = next(p for p in values.tools.course.passages if "bottleneck is the narrowest" in p.text)
    frame = Frame(
        titled(dark, (("The question", _QUESTION), ("A note from the course", note.text))),
        f"The question: {_QUESTION} And a note: {note.text}",
        "This tutor's own small model gets a note that does not hold the answer. An adapter taught it to say so; now it is taken off.",
        {},
        0.0,
    )
    yield frame
    from tutor.weights import ADAPTER, built_in_folder
    from tutor.writing import UNKNOWN, Note, writing_prompt

    model, tokenizer = own_copy(built_in_folder())
    adapter, few = shipped(ADAPTER)
    dial = [-1.0]  # the weights have the adapter in them: -1 takes it off, 0 leaves it, 0.5 is strength 1.5
    attach(model, adapter, dial)
    yield frame
    chat = [{"role": m.role, "content": m.content} for m in writing_prompt(_QUESTION, [Note.of(note)])]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]
    answers = {"Without the adapter": "", f"With it, strength {strength:g}": ""}
    for place, (title, dial[0]) in enumerate(zip(answers, (-1.0, strength - 1), strict=True)):
        for count, text in enumerate(greedy(model, tokenizer, prompt, _LONGEST)):
            answers[title] = text
            if count % 10 == 9:
                frame = _answers(dark, answers, 0.1 + 0.35 * (place + count / _LONGEST))
            yield frame
    frame = _answers(dark, answers, 0.8)
    yield frame
    everyday = tokenizer(_EVERYDAY)["input_ids"]
    wanted = tokenizer(UNKNOWN, add_special_tokens=False)["input_ids"]
    curve = list[tuple[float, float]]()
    for at in (*_STRENGTHS, strength):
        dial[0] = at - 1
        curve.append((mean_surprise(model, everyday[:1], everyday[1:]), mean_surprise(model, prompt, wanted)))
        yield frame
    all_ = sum(p.numel() for p in model.parameters())
    said = [int(UNKNOWN in text) for text in answers.values()]
    numbers = _found(few, all_, curve) | {"says so without": said[0], "says so with": said[1]}
    with torch.inference_mode():
        found = changes(model, adapter)
    shares = np.array(
        [[v for n, v in found.items() if f".{layer}." in n] for layer in range(model.config.num_hidden_layers)]
    )
    yield _last(
        dark,
        shares,
        tuple(m.removesuffix("_proj") for m in MATRICES),
        "Layer",
        curve,
        strength,
        numbers,
        "Surprise a token",
    )


def _last(
    dark: bool,
    shares: Any,
    names: tuple[str, ...],
    rows: str,
    curve: list[tuple[float, float]],
    strength: float,
    numbers: dict[str, float | int | str],
    error: str,
) -> Frame:
    caption = (
        f"Left, where the adapter changes the network. Right, what it costs: at strength {strength:g} the new task's error goes from "
        f"{numbers['new task before']} to {numbers['new task after']}, the old one's from {numbers['old task before']} to "
        f"{numbers['old task after']}."
    )
    alt = (
        f"A heat map, {shares.shape[0]} rows by {shares.shape[1]} matrices, the largest change {shares.max():.0%}; beside it two curves "
        f"over the strength. {caption}"
    )
    with house(dark) as look:
        figure, (left, right) = sheet(1, 2, height=2.9)
        left.imshow(shares, aspect="auto", vmin=0)
        left.set_xticks(range(len(names)), names, rotation=60)
        left.set(title="The update", xlabel=f"Matrix (brightest: {shares.max():.0%})", ylabel=rows)
        for place, (name, color) in enumerate((("old task", look.data), ("new task", look.model))):
            right.plot(_STRENGTHS, [pair[place] for pair in curve[:-1]], color=color, label=name)
            right.plot(strength, curve[-1][place], "o", color=color, markersize=6)
        right.set(title="Learned, forgotten", xlabel="Strength of the adapter", ylabel=error)
        right.set_ylim(0, 1.5 * max(max(pair) for pair in curve))
        right.legend(loc="upper left")
        return Frame(as_picture(figure), alt, caption, numbers)


def _found(few: int, all_: int, curve: list[tuple[float, float]]) -> dict[str, float | int | str]:
    return {
        "numbers trained": few,
        "share trained in percent": round(100 * few / all_, 2),
        "old task before": round(curve[0][0], 3),
        "old task after": round(curve[-1][0], 3),
        "new task before": round(curve[0][1], 3),
        "new task after": round(curve[-1][1], 3),
    }


def _gray(pictures: Any) -> Any:
    return np.repeat(pictures.mean(-1, keepdims=True), 3, -1)


def _color(pictures: Any) -> float:
    return float((pictures.max(-1) - pictures.min(-1)).mean() * 255)


def _paint(pipeline: "PainterPipeline", net: Any, seed: int, steps: int = 6, guidance: float = 2.0) -> Iterator[Any]:
    """The three pictures after each step, [3, 64, 64, 3] in 0..1, from the same noise every time."""
    import torch

    noise = torch.randn((len(_PAINTED), 3, 64, 64), generator=torch.Generator().manual_seed(seed))
    even = np.linspace(1, 0, steps + 1)
    shares = (3 * even / (1 + 2 * even)).tolist()  # most steps where most is noise, as the painter does
    for now, *_ in flow(painter_guesses(pipeline, net, _PAINTED), noise, shares, guidance, 1.0):
        yield ((now.clamp(-1, 1) + 1) / 2).permute(0, 2, 3, 1).numpy()


def _answers(dark: bool, answers: dict[str, str], share: float) -> Frame:
    alt = " ".join(f"{title}: {text}" for title, text in answers.items())
    caption = "The same question and note, without and with the adapter. Does it rest on the note, or on what the model half remembers?"
    return Frame(titled(dark, tuple(answers.items())), alt, caption, {}, share)


def _learning(dark: bool, losses: list[float], steps: int) -> Image.Image:
    with house(dark) as look:
        figure, axis = sheet(height=2.9)
        axis.plot(range(1, len(losses) + 1), losses, color=look.model)
        axis.set(title="Learning from the examples", xlabel="Step", ylabel="Error of the guess")
        axis.set(xlim=(0, steps), ylim=(0, 1.1 * max(losses)))
        return as_picture(figure)


def _row(dark: bool, pictures: Any, title: str, columns: int = 0) -> Image.Image:
    with house(dark) as look:
        figure, axis = sheet(height=2.9)
        paper = int(look.paper[1:3], 16) / 255
        axis.imshow(tiles(pictures, columns or len(pictures), gap=4, paper=paper))
        axis.set(title=title, xticks=[], yticks=[])
        if columns:
            axis.set_yticks([32, 100], ["Before", "After"])
            axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        return as_picture(figure)


def _right(numbers: Numbers) -> int:
    ratio = float(numbers["old task after"]) / float(numbers["old task before"])
    return 0 if ratio < 1.05 else 1 if ratio < 1.5 else 2


def _because(numbers: Numbers) -> str:
    return (
        f"The error on the old task went from {numbers['old task before']} to {numbers['old task after']}, on the new one from "
        f"{numbers['new task before']} to {numbers['new task after']}; {numbers['share trained in percent']}% of the numbers were trained."
    )


DEMO = Demo(
    name="fine-tuning",
    title="A small adapter changes a model",
    lesson="fine-tuning",
    about="A few trained numbers beside frozen ones teach a model a new task, and make it forget some of the old.",
    words=(
        "fine-tuning",
        "fine tuning",
        "finetuning",
        "lora",
        "adapter",
        "peft",
        "catastrophic forgetting",
        "transfer learning",
    ),
    parameters=(
        Option("part", "What is tuned", "examples", ("examples", "tutor")),
        Number("strength", "Strength of the adapter", 1, 0, 1.5, 0.25, words=("strength", "scale")),
        Number("rank", "Rank (for examples)", 4, 1, 16, words=("rank",)),
        Number("steps", "Training steps (for examples)", 30, 10, 150, words=("steps", "training steps")),
    ),
    run=run,
    prediction=Prediction(
        "The model learns a new task. What happens to its old one?",
        ("It stays as good as it was", "It gets a little worse", "It gets much worse"),
        _right,
        _because,
    ),
    breaks=Break("Train it until it forgets", {"part": "examples", "rank": 16, "steps": 120, "strength": 1.5}),
    script=Script(
        "from __future__ import annotations\n\nimport torch",
        (thin, attach, tune),
        """
random = torch.Generator().manual_seed($seed)
model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Tanh(), torch.nn.Linear(8, 8)).requires_grad_(False)
inputs, dial = torch.randn(64, 8, generator=random), [1.0]
wanted = -model(inputs)  # the new task: the opposite of what it does
adapter = thin(model, ("0", "2"), $rank, $seed)
attach(model, adapter, dial)
*_, loss = tune(adapter, lambda: (model(inputs) - wanted).square().mean(), 10 * $steps, 0.03)
for dial[0] in (0.0, 0.5, 1.0, 1.5):
    print(f"strength {dial[0]}: error on the new task {(model(inputs) - wanted).square().mean():.3f}")
""",
    ),
)
