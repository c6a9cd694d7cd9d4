"""An autoencoder squeezes fruit through a few numbers and rebuilds it, beside PCA, which may use straight directions only.

Both are judged by fresh fruit (Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks, Science, 2006). Then
fruit is broken on purpose: what the network never learned to rebuild gives itself away by its error.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.fruit import SIDE, Pictures, fruit
from tutor.workbench.plot import LIGHT, as_picture, house, sheet, tiles

if TYPE_CHECKING:
    from torch import nn

Array = npt.NDArray[np.float32]
"""[n, 3072]: pictures as rows of numbers."""
_TRAINED, _FRESH = 800, 200
_SHOWN = 6


def autoencoder(bottleneck: int, seed: int) -> "nn.Sequential":
    """Encoder, code of `bottleneck` numbers, decoder; the weights come from the seed alone."""
    import torch
    from torch import nn

    encoder = nn.Sequential(nn.Linear(3072, 192), nn.GELU(), nn.Linear(192, bottleneck))
    decoder = nn.Sequential(nn.Linear(bottleneck, 192), nn.GELU(), nn.Linear(192, 3072), nn.Sigmoid())
    net, noise = nn.Sequential(encoder, decoder), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in net.parameters():
            spread = weight.shape[1] ** -0.5 if weight.dim() > 1 else 0.01
            weight.uniform_(-spread, spread, generator=noise)
    return net


def learn(net: "nn.Sequential", pictures: Array, seed: int, steps: int) -> Iterator[float]:
    """The error (mean squared) of each step of training; no labels, the picture itself is the target."""
    import torch

    noise, x = torch.Generator().manual_seed(seed), torch.tensor(pictures)
    downhill = torch.optim.Adam(net.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(downhill, 0.002, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        some = x[torch.randint(len(x), (32,), generator=noise)]
        error = (net(some) - some).square().mean()
        downhill.zero_grad()
        error.backward()
        downhill.step()
        rate.step()
        yield error.item()


def through(net: "nn.Module", rows: Array) -> Array:
    """Rows of numbers through a network."""
    import torch

    with torch.no_grad():
        return np.asarray(net(torch.tensor(rows)).numpy())


def straight_lines(pictures: Array, most: int) -> tuple[Array, Array]:
    """PCA: the mean picture, and the `most` directions along which pictures vary most, [3072, most]."""
    mean = pictures.mean(0)
    away = pictures - mean
    spread, mixes = np.linalg.eigh(away @ away.T)
    return mean, away.T @ mixes[:, ::-1][:, :most] / np.sqrt(spread[::-1][:most])


def by_lines(rows: Array, mean: Array, lines: Array) -> Array:
    """Pictures rebuilt from as many numbers as there are directions."""
    return np.asarray(mean + (rows - mean) @ lines @ lines.T)


def error_of(rows: Array, rebuilt: Array) -> Array:
    """Mean squared error of each picture."""
    return np.asarray(((rows - rebuilt) ** 2).mean(1))


def oddness(rows: Array, rebuilt: Array, usual: Array) -> Array:
    """How many times the usual error of its place each pixel has, on average: edges always cost much, and would drown a small damage."""
    return np.asarray(((rows - rebuilt) ** 2 / (usual + 1e-4)).mean(1))


def broken(pictures: Pictures, damage: str, seed: int) -> Pictures:
    """The same fruit with a bite out of its side, a spot of mold on it, or a white label."""
    rng, made = np.random.default_rng(seed), pictures.copy()
    y, x = np.mgrid[:SIDE, :SIDE]
    for picture in made:
        right, down = rng.uniform(-2, 2, 2)
        if damage == "bite":
            picture[(x - 25 - right) ** 2 + (y - 16 - down) ** 2 < 36] = 0.97
        elif damage == "mold":
            picture[(x - 16 - right) ** 2 + (y - 19 - down) ** 2 < 12] = (0.30, 0.36, 0.38)
        else:
            picture[(abs(x - 16 - right) < 4) & (abs(y - 18 - down) < 2)] = (0.97, 0.97, 0.97)
    return made


def _flat(pictures: Pictures) -> Array:
    return pictures.reshape(len(pictures), -1)


def _pictures(rows: Array) -> Pictures:
    return rows.reshape(-1, SIDE, SIDE, 3).clip(0, 1)


def _rows_of(axes: Any, rows: list[tuple[str, Pictures]]) -> None:
    """Pictures, one named row under another."""
    axes.imshow(tiles(np.concatenate([pictures for _, pictures in rows]), _SHOWN, 2))
    axes.set_yticks([SIDE / 2 + place * (SIDE + 2) for place in range(len(rows))], [name for name, _ in rows])
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


class _Board:
    """Everything that the frames show, in one scheme."""

    def __init__(self, shown: Pictures, bottleneck: int, steps: int, dark: bool) -> None:
        self.shown, self.bottleneck, self.steps, self.dark = shown, bottleneck, steps, dark
        self.straight = 0.0
        """PCA's error on fresh fruit with as many numbers."""
        self.errors: list[tuple[int, float]] = []
        """(step, the autoencoder's error on fresh fruit)."""

    def learning(self, net: "nn.Sequential", by_pca: Pictures) -> Image.Image:
        codes = through(net[0], _flat(self.shown))
        rebuilt = _pictures(through(net[1], codes))
        with house(self.dark) as look:
            figure, (top, below) = sheet(2, 1, 4.7, height_ratios=(2.5, 1))
            empty = np.full_like(self.shown, 0.97)
            _rows_of(top, [("in", self.shown), ("code", empty), ("out", rebuilt), ("PCA", by_pca)])
            top.set_title(f"Fruit it never saw, in {self.bottleneck} number{'s' * (self.bottleneck > 1)}")
            tall = codes / (np.abs(codes).max() + 1e-6) * SIDE / 2.2
            place = (
                np.arange(_SHOWN)[:, None] * (SIDE + 2) + (np.arange(self.bottleneck) + 0.5) * SIDE / self.bottleneck
            )
            # Bars stand in the empty row, which is light in both schemes; down the page is up the axis.
            middle = SIDE * 1.5 + 2
            top.bar(place.ravel(), -tall.ravel(), SIDE / self.bottleneck * 0.8, bottom=middle, color=LIGHT.model)
            top.hlines(middle, 0, _SHOWN * (SIDE + 2) - 2, color=LIGHT.quiet, linewidth=0.6)
            top.set_xlim(-0.5, _SHOWN * (SIDE + 2) - 2.5)
            steps, errors = zip(*self.errors, strict=True)
            below.plot(steps, errors, color=look.model, marker="o", label="autoencoder")
            below.axhline(self.straight, color=look.data, linestyle="--", label="PCA")
            below.set(xlabel="training steps", ylabel="error", xlim=(0, self.steps), yscale="log", ylim=(0.0008, 0.25))
            below.set_yticks((0.001, 0.01, 0.1), ("0.001", "0.01", "0.1"))
            below.legend(loc="upper right", ncols=2)
            return as_picture(figure)

    def first(self) -> Image.Image:
        with house(self.dark):
            figure, axes = sheet(1, 1, 3.4)
            axes.imshow(tiles(self.shown, 3, 2))
            axes.set_title(f"Each is 3,072 numbers; only {self.bottleneck} may pass")
            axes.axis("off")
            return as_picture(figure)

    def damage(self, net: "nn.Sequential", hurt: Pictures, whole: Array, odd: Array, limit: float) -> Image.Image:
        rebuilt = _pictures(through(net, _flat(hurt[:_SHOWN])))
        with house(self.dark) as look:
            figure, (top, below) = sheet(2, 1, 4.7, height_ratios=(1.9, 1))
            gap = np.abs(hurt[:_SHOWN] - rebuilt).mean(-1, keepdims=True).repeat(3, -1)
            _rows_of(top, [("broken", hurt[:_SHOWN]), ("rebuilt", rebuilt), ("gap", 1 - 2 * gap.clip(0, 0.5))])
            top.set_title("What it cannot rebuild stands out")
            bins = np.geomspace(min(whole.min(), odd.min()), max(whole.max(), odd.max()), 30)
            below.hist(whole, bins, color=look.data, alpha=0.8, label="whole fruit")
            below.hist(odd, bins, color=look.third, alpha=0.7, label="broken fruit")
            below.axvline(limit, color=look.bad, linestyle="--", label="alarm")
            below.set(xlabel="error, as a multiple of what is usual there", ylabel="fruits", xscale="log")
            ticks = [tick for tick in (0.2, 0.5, 1, 2, 5, 10, 20, 50) if bins[0] <= tick <= bins[-1]]
            below.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            below.minorticks_off()
            below.legend(
                loc="upper center", bbox_to_anchor=(0.5, 1.3), ncols=3, columnspacing=1, handlelength=1.4, borderpad=0
            )
            return as_picture(figure)


def run(values: Values, seed: int) -> Iterator[Frame]:
    bottleneck, steps, damage = values.whole("bottleneck"), values.whole("steps"), values.text("damage")
    board = _Board(fruit(_SHOWN, seed + 1).pictures, bottleneck, steps, values.dark)
    caption = f"Six fruits that the network will not learn from. Its code for each has {bottleneck} in place of 3,072 numbers."
    frame = Frame(board.first(), "Six apples and oranges, 32 by 32 pixels, in the original.", caption, share=0.02)
    yield frame
    drawn = []
    for part in range(5):  # Drawing takes a while: a piece at a time.
        drawn.append(fruit((_TRAINED + _FRESH) // 5, seed * 10 + 100 + part).pictures)
        yield frame
    pictures = np.concatenate(drawn)
    rows, fresh = _flat(pictures[:_TRAINED]), _flat(pictures[_TRAINED:])
    mean, lines = straight_lines(rows, bottleneck)
    yield frame
    straight = board.straight = float(error_of(fresh, by_lines(fresh, mean, lines)).mean())
    by_pca = _pictures(by_lines(_flat(board.shown), mean, lines))
    net = autoencoder(bottleneck, seed)
    board.errors.append((0, float(error_of(fresh, through(net, fresh)).mean())))
    looks = {round(steps * share) for share in (0.01, 0.05, 0.12, 0.25, 0.45, 0.7, 1)} | {1}
    for step, _ in enumerate(learn(net, rows, seed, steps), 1):
        if step in looks:
            board.errors.append((step, float(error_of(fresh, through(net, fresh)).mean())))
            error = board.errors[-1][1]
            caption = f"After {step:,} steps. Compare the rows in and out: color comes first, then size and place, last the leaf."
            alt = (
                f"Originals, rebuilt fruit and PCA's; codes of {bottleneck} as bars; after {step} steps the error on fresh fruit is "
                f"{error:.4f}, PCA's with as many numbers {straight:.4f}."
            )
            frame = Frame(board.learning(net, by_pca), alt, caption, share=0.1 + 0.75 * step / steps)
        yield frame
    hurt = broken(_pictures(fresh), damage, seed)
    usual = ((rows - through(net, rows)) ** 2).mean(0)
    whole, odd = (oddness(some, through(net, some), usual) for some in (fresh, _flat(hurt)))
    limit = float(np.quantile(whole, 0.95))
    numbers: dict[str, float | int | str] = {
        "bottleneck": bottleneck,
        "error of the autoencoder": round(error, 5),
        "error of PCA": round(straight, 5),
        "broken fruit found": f"{(odd > limit).mean():.0%}",
        "whole fruit blamed": f"{(whole > limit).mean():.0%}",
    }
    caption = (
        f"With {bottleneck} number{'s' * (bottleneck > 1)} its error is {error:.4f}, PCA's {straight:.4f}. An alarm that one whole fruit "
        f"in twenty sets off finds {numbers['broken fruit found']} of the fruit with a {damage}{' spot' * (damage == 'mold')}."
    )
    alt = (
        f"Broken fruit, how it was rebuilt, and the gap; below, errors of whole and broken fruit on one axis. {caption}"
    )
    yield Frame(board.damage(net, hurt, whole, odd, limit), alt, caption, numbers)


def _right(numbers: Numbers) -> int:
    share = float(numbers["error of the autoencoder"]) / float(numbers["error of PCA"])
    return 0 if share > 1 else 1 if share > 0.75 else 2


def _because(numbers: Numbers) -> str:
    own, straight = float(numbers["error of the autoencoder"]), float(numbers["error of PCA"])
    return f"The autoencoder's error was {own:.4f}, PCA's {straight:.4f}: {own / straight:.0%} of it."


DEMO = Demo(
    name="autoencoder",
    title="An autoencoder squeezes fruit",
    lesson="autoencoder",
    about="Fruit goes through a few numbers and is rebuilt, beside PCA; broken fruit is found by its error.",
    words=(
        *(
            "autoencoder",
            "auto-encoder",
            "auto encoder",
            "bottleneck",
            "principal component",
            "pca",
            "anomaly detection",
        ),
        *("reconstruction error", "reconstruction loss", "encoder and decoder", "dimensionality reduction"),
    ),
    parameters=(
        Number(
            "bottleneck",
            "Numbers in the code (the bottleneck)",
            8,
            1,
            32,
            1,
            ("bottleneck", "code size", "latent size", "code"),
        ),
        Number("steps", "Training steps", 500, 50, 3000, 50, ("training steps", "steps", "iterations")),
        Option("damage", "How fruit is broken", "mold", ("bite", "mold", "label"), ("damage", "broken")),
    ),
    run=run,
    prediction=Prediction(
        "PCA, with straight directions only, gets as many numbers for a fruit as the network. How large will the network's error be?",
        (
            "Larger than PCA's",
            "A little smaller, at least three quarters of it",
            "Under three quarters of PCA's",
        ),
        _right,
        _because,
    ),
    breaks=Break("Squeeze fruit through a single number", {"bottleneck": 1}),
    script=Script(
        """from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch import nn

from tutor.workbench.fruit import fruit

Array = npt.NDArray[np.float32]""",
        (autoencoder, learn, through),
        """pictures = fruit(1000, $seed).pictures.reshape(1000, -1)
net = autoencoder($bottleneck, $seed)
for step, error in enumerate(learn(net, pictures[:800], $seed, $steps), 1):
    if step % 100 == 0:
        print(f"step {step}: error {error:.4f}")
print(f"Fresh fruit, $bottleneck numbers: {((through(net, pictures[800:]) - pictures[800:]) ** 2).mean():.4f}")""",
    ),
)
