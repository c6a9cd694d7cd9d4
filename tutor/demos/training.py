"""One small generative model is trained before the learner's eyes: loss on its training pictures and on new ones, the learning rate, its
samples, and beside each sample the training picture that is nearest, so that copying is seen.

The model is a VAE (Kingma and Welling, 2013, arXiv:1312.6114) on pictures of fruit, the optimizer Adam (Kingma and Ba, 2014,
arXiv:1412.6980), the schedule a warm-up and a cosine (Loshchilov and Hutter, 2016, arXiv:1608.03983).
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Prediction, Script, Switch, Values
from tutor.workbench.fruit import fruit
from tutor.workbench.plot import as_picture, house, sheet, tiles

if TYPE_CHECKING:
    from torch import Generator, Tensor

CODE = 4
"""Numbers in between."""
_NEW = 128
"""Pictures that no training step sees."""
_FRAMES, _LOOKS = 12, 48
"""Frames, and how often the new pictures are looked at."""
_SHOWN = 5


def network(data: "Tensor", chance: "Generator") -> Any:
    """[pictures to mean and spread of a code, code to pictures], on pictures as rows of 3,072 numbers. It starts at the average picture."""
    from torch import nn

    encoder = nn.Sequential(nn.Linear(3072, 192), nn.ReLU(), nn.Linear(192, 2 * CODE))
    decoder = nn.Sequential(nn.Linear(CODE, 192), nn.ReLU(), nn.Linear(192, 3072), nn.Sigmoid())
    layers: Any = nn.ModuleList([encoder, decoder])
    for weight in layers.parameters():
        if weight.dim() > 1:
            nn.init.xavier_uniform_(weight, generator=chance)
        else:
            nn.init.zeros_(weight)
    layers[1][2].bias.data[:] = data.mean(0).logit(0.01)
    return layers


def loss_of(layers: Any, pictures: "Tensor", chance: "Generator") -> "Tensor":
    """Per picture: the squared error, and a price for each code that is far from plain noise."""
    import torch

    mean, wide = layers[0](pictures).chunk(2, 1)
    spread = torch.nn.functional.softplus(wide) + 1e-3
    rebuilt = layers[1](mean + spread * torch.randn(mean.shape, generator=chance))
    price = 0.5 * (mean**2 + spread**2 - 1) - spread.log()
    loss: Tensor = (rebuilt - pictures).square().sum(1).mean() + price.sum(1).mean()
    return loss


def rate_at(step: int, steps: int, rate: float, schedule: bool) -> float:
    """A tenth of the steps to warm up, then down along a cosine to a tenth of the rate."""
    warm = max(steps // 10, 1)
    if not schedule:
        return rate
    if step < warm:
        return rate * (step + 1) / warm
    return rate * (0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1))))


def learn(layers: Any, data: "Tensor", steps: int, rate: float, schedule: bool, chance: "Generator") -> Iterator[float]:
    """One training step each time, on a batch of 32; gives its loss."""
    import torch

    adam = torch.optim.Adam(layers.parameters(), rate)
    for step in range(steps):
        adam.param_groups[0]["lr"] = rate_at(step, steps, rate, schedule)
        batch = data[torch.randint(len(data), (32,), generator=chance)]
        loss = loss_of(layers, batch, chance)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        yield float(loss.detach())


def _run(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    chance = torch.Generator().manual_seed(seed)
    steps, rate, schedule = values.whole("steps"), values.number("rate"), values.on("schedule")
    data = torch.from_numpy(fruit(values.whole("pictures"), 2 * seed).pictures).flatten(1)
    new = torch.from_numpy(fruit(_NEW, 2 * seed + 1).pictures).flatten(1)
    layers = network(data, chance)
    rates = [rate_at(step, steps, rate, schedule) for step in range(steps)]
    noise = torch.randn(64, CODE, generator=chance)
    losses: list[tuple[int, float, float]] = []

    def look(step: int) -> None:
        same = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            known, fresh = (float(loss_of(layers, part, same).clip(max=1e5)) for part in (data[:_NEW], new))
        losses.append((step, known, fresh))

    look(0)
    frame = _frame(layers, data, new, noise, losses, rates, 0, values)
    yield frame
    for step, _ in enumerate(learn(layers, data, steps, rate, schedule, chance), 1):
        if step == steps or step % math.ceil(steps / _LOOKS) == 0:
            look(step)
        if step == steps or step % math.ceil(steps / _FRAMES) == 0:
            frame = _frame(layers, data, new, noise, losses, rates, step, values)
        if frame.share * steps == step or step % 10 == 0:
            yield frame


def _frame(
    layers: Any,
    data: "Tensor",
    new: "Tensor",
    noise: "Tensor",
    losses: list[tuple[int, float, float]],
    rates: list[float],
    step: int,
    values: Values,
) -> Frame:
    import torch

    with torch.no_grad():
        made = layers[1](noise).nan_to_num(0.5)
    apart = torch.cdist(made, data)
    nearest = apart.argmin(1)
    usual = torch.cdist(new, data).min(1).values.median()
    looks, known, fresh = (list(column) for column in zip(*losses, strict=True))
    numbers: dict[str, float | int | str] = {
        "loss at the start": round(fresh[0], 1),
        "loss on training pictures": round(known[-1], 1),
        "loss on new pictures": round(fresh[-1], 1),
        "lowest loss on new pictures": round(min(fresh), 1),
        "at step": looks[int(np.argmin(fresh))],
        "distance to the nearest training picture": round(float(apart.min(1).values.median() / usual), 2),
    }
    steps = len(rates)
    with house(values.dark) as look:
        figure, axes = sheet(2, 2, height=3.3, height_ratios=[2.6, 1], width_ratios=[1.15, 1])
        curve, slope = axes[:, 0]
        curve.plot(looks, known, color=look.data, label="training pictures")
        curve.plot(looks, fresh, color=look.model, linestyle="--", label="new pictures")
        curve.set(title="Loss per picture", xlim=(0, steps), ylim=(8, 800), yscale="log", ylabel="loss")
        curve.set_yticks([10, 30, 100, 300], ["10", "30", "100", "300"])
        curve.minorticks_off()
        curve.legend(loc="upper right")
        slope.plot(range(steps), rates, color=look.quiet)
        slope.plot(range(step), rates[:step], color=look.text)
        slope.set(
            xlim=(0, steps), ylim=(0, 1.15 * max(rates)), xlabel="training steps", ylabel="rate", yticks=[max(rates)]
        )
        grid = axes[0, 1].get_gridspec()
        for old in axes[:, 1]:
            old.remove()
        rows = figure.add_subplot(grid[:, 1])
        pairs = torch.stack([made[: 3 * _SHOWN], data[nearest[: 3 * _SHOWN]]], 1).reshape(3, _SHOWN, 2, 3072)
        pictures = (
            pairs.transpose(1, 2).reshape(-1, 32, 32, 3).numpy()
        )  # a row of samples, then the row that is nearest, three times
        rows.imshow(tiles(pictures, _SHOWN))
        rows.set_title("Made and nearest")
        rows.set_yticks([16 + 33 * row for row in range(6)], 3 * ["made", "seen"])
        for row, label in enumerate(rows.get_yticklabels()):
            label.set_color(look.data if row % 2 else look.model)
        rows.set_xticks([])
        rows.spines[:].set_visible(False)
        picture = as_picture(figure)
    alt = (
        f"Curves of the loss and of the learning rate, and samples above the training pictures nearest to them. Step {step} of {steps}: "
        f"loss {known[-1]:.0f} on training pictures, {fresh[-1]:.0f} on new ones, lowest {min(fresh):.0f} at step {numbers['at step']}."
    )
    return Frame(picture, alt, _caption(numbers, step, steps), numbers, step / steps)


def _caption(numbers: Numbers, step: int, steps: int) -> str:
    if step < steps:
        return (
            f"Step {step:,} of {steps:,}: compare the two curves, and each sample with the training picture below it."
        )
    near = float(numbers["distance to the nearest training picture"])
    copies = f"Samples lie {near:.2f} times as far from their nearest training picture as new fruits do"
    return f"{_because(numbers)} {copies}{', so look for copies' if near < 0.7 else ''}."


def _because(numbers: Numbers) -> str:
    return (
        f"The loss on new pictures began at {numbers['loss at the start']:.0f} and ended at {numbers['loss on new pictures']:.0f}; "
        f"on the training pictures it ended at {numbers['loss on training pictures']:.0f}."
    )


def _right(numbers: Numbers) -> int:
    names = ("loss at the start", "loss on training pictures", "loss on new pictures")
    start, known, new = (float(numbers[name]) for name in names)
    return 2 if new > 0.8 * start else 1 if new > 1.3 * known else 0


DEMO = Demo(
    name="training",
    title="Training, step by step",
    lesson="training",
    about="A small generative model is trained on pictures of fruit: loss, learning rate, samples, and whether it learns by heart.",
    words=(
        *(
            "training a model",
            "training loop",
            "overfitting",
            "underfitting",
            "learning rate",
            "validation loss",
            "gradient descent",
        ),
        *("memorization", "warm-up", "training", "optimizer", "epochs"),
    ),
    parameters=(
        Number("pictures", "Training pictures", 20, 5, 2000, 5, ("examples", "data set size", "training pictures")),
        Number("rate", "Learning rate", 0.004, 0.0001, 0.3, 0.0001, ("learning rate", "step size")),
        Number("steps", "Training steps", 480, 48, 2400, 48, ("training steps",)),
        Switch("schedule", "Warm up, then slow down", True, ("schedule", "warm-up", "cosine")),
    ),
    run=_run,
    prediction=Prediction(
        "How will the loss on new pictures, which the model never trains on, end beside the loss on its training pictures?",
        ("About equal", "Clearly higher: it learned its pictures by heart", "Neither: it hardly falls at all"),
        _right,
        _because,
    ),
    breaks=Break("Take far too large steps", {"rate": 0.3, "schedule": False}),
    script=Script(
        "from __future__ import annotations\nimport math\nimport torch\nfrom tutor.workbench.fruit import fruit\nCODE = 4",
        (loss_of, rate_at, learn),
        """chance, nn = torch.manual_seed($seed), torch.nn
encoder = nn.Sequential(nn.Linear(3072, 192), nn.ReLU(), nn.Linear(192, 2 * CODE))
decoder = nn.Sequential(nn.Linear(CODE, 192), nn.ReLU(), nn.Linear(192, 3072), nn.Sigmoid())
data, new = (torch.from_numpy(fruit(n, s).pictures).flatten(1) for n, s in (($pictures, 0), (128, 1)))
for step, loss in enumerate(learn(nn.ModuleList([encoder, decoder]), data, $steps, $rate, $schedule, chance), 1):
    if step % 48 == 0: print(step, "training", round(loss), "new", round(loss_of([encoder, decoder], new, chance).item()))""",
    ),
)
