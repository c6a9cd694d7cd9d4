"""Four families of models learn fruit, now and with the same effort, and are judged by quality, diversity and speed.

Quality and diversity are precision and recall (Kynkäänniemi et al., 2019, arXiv:1904.06991); the Fréchet distance is that of FID (Heusel et
al., 2017, arXiv:1706.08500). Both look at the five features of a fruit that are known, in place of a network's. The diffusion model
is a rectified flow (Liu et al., 2022, arXiv:2209.03003) on the autoencoder's codes, as in latent diffusion (Rombach et al., 2021,
arXiv:2112.10752).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Prediction, Script, Values
from tutor.workbench.fruit import Pictures, fruit, measured
from tutor.workbench.plot import as_picture, house, sheet, tiles

if TYPE_CHECKING:
    from torch import Generator, Tensor

Array = npt.NDArray[Any]
FAMILIES = ("autoencoder", "VAE", "GAN", "diffusion")
_CODE = 8
_SEEN = 600
"""Pictures that all four learn from."""
_RANKS = (0, 25, 50, 75, 100)
"""Percent of a family's samples that are better than the one shown."""


def frechet(real: Array, made: Array) -> float:
    """Distance of two crowds of features [n, features], from their means and covariances; 0 for a crowd and itself."""
    one, two = np.cov(real, rowvar=False), np.cov(made, rowvar=False)
    shared = np.sqrt(np.linalg.eigvals(one @ two).real.clip(0)).sum()
    apart = ((real.mean(0) - made.mean(0)) ** 2).sum()
    return max(float(apart + np.trace(one) + np.trace(two) - 2 * shared), 0.0)


def inside(points: Array, crowd: Array, k: int = 3) -> float:
    """The share of `points` in a ball around some member of `crowd` that reaches to its k-th nearest fellow."""
    reach = np.sort(np.linalg.norm(crowd[:, None] - crowd, axis=2), axis=1)[:, k]
    return float((np.linalg.norm(points[:, None] - crowd, axis=2) <= reach).any(1).mean())


def judged(real: Array, made: Array) -> dict[str, float]:
    """Fréchet distance, quality (precision) and diversity (recall) of features, in the spread of the real ones."""
    middle, spread = real.mean(0), real.std(0) + 1e-6
    one, two = (real - middle) / spread, (made - middle) / spread
    return {"distance": frechet(one, two), "quality": inside(two, one), "diversity": inside(one, two)}


def _layers(chance: "Generator", *sizes: int) -> Any:
    from torch import nn

    layers: list[nn.Module] = []
    for old, new in pairwise(sizes):
        linear = nn.Linear(old, new)
        nn.init.kaiming_uniform_(linear.weight, a=1, generator=chance)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def _painter(chance: "Generator", data: "Tensor") -> Any:
    """Code to picture; starts at the average picture."""
    decoder = _layers(chance, _CODE, 192, 3072)
    decoder[2].bias.data[:] = data.mean(0).logit(0.01)
    return decoder


@dataclass
class _Family:
    """Something that learns by steps, and then makes pictures [n, 3072]."""

    learn: Iterator[None]
    make: "Callable[[int], Tensor]"


def _step(adam: Any, loss: "Tensor") -> None:
    import torch

    adam.zero_grad()
    torch.autograd.backward(loss)
    adam.step()


def _coder(data: "Tensor", chance: "Generator", price: float) -> tuple[_Family, Any]:
    """An autoencoder, or with a price a VAE; and its two networks."""
    import torch

    encoder, decoder = _layers(chance, 3072, 192, 2 * _CODE), _painter(chance, data)
    bells: list[torch.Tensor] = []
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 0.003)

    def learn() -> Iterator[None]:
        while True:
            batch = data[torch.randint(len(data), (32,), generator=chance)]
            mean, wide = encoder(batch).chunk(2, 1)
            spread = torch.nn.functional.softplus(wide) + 1e-3
            code = mean + spread * torch.randn(mean.shape, generator=chance) if price else mean
            cost = price * (0.5 * (mean**2 + spread**2 - 1) - spread.log()).sum(1).mean()
            _step(adam, (decoder(code).sigmoid() - batch).square().sum(1).mean() + cost)
            yield

    def make(count: int) -> torch.Tensor:
        code = torch.randn(count, _CODE, generator=chance)
        if not price:  # its codes have no known shape: a bell curve for each number is the best guess
            if not bells:
                codes = encoder(data)[:, :_CODE]
                bells.extend([codes.mean(0), codes.std(0)])
            code = bells[0] + bells[1] * code
        made: torch.Tensor = decoder(code).sigmoid()
        return made

    return _Family(learn(), make), (encoder, decoder)


def _gan(data: "Tensor", chance: "Generator") -> _Family:
    """A small DCGAN (Radford et al., 2015, arXiv:1511.06434)."""
    import torch
    from torch import nn
    from torch.nn.functional import softplus

    def larger(old: int, new: int) -> list[nn.Module]:
        return [nn.ConvTranspose2d(old, new, 4, 2, 1), nn.BatchNorm2d(new), nn.ReLU()]

    def smaller(old: int, new: int) -> list[nn.Module]:
        return [nn.Conv2d(old, new, 4, 2, 1), nn.LeakyReLU(0.2)]

    start = [nn.Linear(_CODE, 64 * 16), nn.Unflatten(1, (64, 4, 4)), nn.ReLU()]
    generator = nn.Sequential(
        *start, *larger(64, 32), *larger(32, 16), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Sigmoid()
    )
    critic = nn.Sequential(*smaller(3, 16), *smaller(16, 32), *smaller(32, 64), nn.Flatten(), nn.Linear(64 * 16, 1))
    for name, weight in [*generator.named_parameters(), *critic.named_parameters()]:
        if weight.dim() > 1:
            nn.init.kaiming_uniform_(weight, a=5**0.5, generator=chance)
        elif name.endswith("bias"):
            nn.init.zeros_(weight)
    forger, detective = (torch.optim.Adam(net.parameters(), 0.002, betas=(0.5, 0.9)) for net in (generator, critic))
    pictures = data.reshape(-1, 32, 32, 3).permute(0, 3, 1, 2)

    def draw(count: int) -> torch.Tensor:
        made: torch.Tensor = generator(torch.randn(count, _CODE, generator=chance))
        return made

    def learn() -> Iterator[None]:
        while True:
            batch, fakes = 2 * pictures[torch.randint(len(data), (32,), generator=chance)] - 1, 2 * draw(32) - 1
            _step(detective, (softplus(-critic(batch)) + softplus(critic(fakes.detach()))).mean())
            _step(forger, softplus(-critic(fakes)).mean())
            yield

    return _Family(learn(), lambda count: draw(count).permute(0, 2, 3, 1).flatten(1))


def _diffusion(data: "Tensor", chance: "Generator", networks: Any, steps: int) -> _Family:
    import torch

    encoder, decoder = networks
    flow = _layers(chance, _CODE + 1, 128, 128, _CODE)
    adam = torch.optim.Adam(flow.parameters(), 0.003)
    with torch.no_grad():
        codes = encoder(data)[:, :_CODE]
    middle, spread = codes.mean(0), codes.std(0) + 1e-6

    def learn() -> Iterator[None]:
        while True:
            for _ in range(8):  # its steps are small ones: codes have 8 numbers, pictures 3,072
                clean = (codes[torch.randint(len(codes), (128,), generator=chance)] - middle) / spread
                noise, t = torch.randn(clean.shape, generator=chance), torch.rand(len(clean), 1, generator=chance)
                guess = flow(torch.cat([(1 - t) * clean + t * noise, t], 1))
                _step(adam, (guess - (noise - clean)).square().mean())
            yield

    def make(count: int) -> torch.Tensor:
        x = torch.randn(count, _CODE, generator=chance)
        for step in range(steps):
            x = x - flow(torch.cat([x, torch.full((count, 1), 1 - step / steps)], 1)) / steps
        made: torch.Tensor = decoder(x * spread + middle).sigmoid()
        return made

    return _Family(learn(), make)


@dataclass(frozen=True)
class _Judged:
    scores: dict[str, float]
    milliseconds: float
    """For a hundred pictures, measured."""
    ranked: Pictures
    """Best, ..., median, ..., worst."""


def _run(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    chance = torch.Generator().manual_seed(seed)
    count, effort = values.whole("pictures"), values.whole("effort")
    data = torch.from_numpy(fruit(_SEEN, 2 * seed).pictures).flatten(1)
    truth = fruit(count, 2 * seed + 1).pictures
    real = measured(truth)
    results: dict[str, _Judged] = {}
    frame = _frame(results, truth, real, 0, values)
    yield frame
    networks: Any = None
    for name in FAMILIES:
        if name == "autoencoder":
            family, networks = _coder(data, chance, 0)
        elif name == "VAE":
            family, _ = _coder(data, chance, 1)
        else:
            family = _gan(data, chance) if name == "GAN" else _diffusion(data, chance, networks, values.whole("steps"))
        for step in range(effort):
            next(family.learn)
            if step % 8 == 0:
                yield frame
        with torch.no_grad():
            spent = []
            for _ in range(3):  # the quickest counts: others may be using the machine
                start = time.perf_counter()
                made = family.make(count)
                spent.append(1e5 * (time.perf_counter() - start) / count)
        results[name] = _judge(real, made.reshape(-1, 32, 32, 3).numpy(), min(spent))
        frame = _frame(results, truth, real, len(results) / len(FAMILIES), values)
        yield frame


def _judge(real: Array, pictures: Pictures, milliseconds: float) -> _Judged:
    features = measured(pictures)
    far = np.linalg.norm(((features[:, None] - real) / (real.std(0) + 1e-6)), axis=2).min(1)
    order = np.argsort(far)
    shown = [order[round((len(order) - 1) * rank / 100)] for rank in _RANKS]
    return _Judged(judged(real, features), milliseconds, pictures[shown])


def _frame(results: dict[str, _Judged], truth: Pictures, real: Array, share: float, values: Values) -> Frame:
    numbers: dict[str, float | int | str] = {"distance, data against itself": round(judged(real, real)["distance"], 3)}
    for name, result in results.items():
        numbers |= {f"{kind}, {name}": round(score, 3) for kind, score in result.scores.items()}
    with house(values.dark) as look:
        figure, (chart, rows) = sheet(1, 2, height=3.3, width_ratios=[1.15, 1])
        for name, result in results.items():
            x, y = 100 * result.scores["diversity"], 100 * result.scores["quality"]
            chart.scatter(x, y, s=30 + 30 * result.milliseconds**0.5, color=look.model, alpha=0.6)
            chart.annotate(
                name,
                (x, y),
                xytext=(0, -19 if name == "diffusion" else 11),
                textcoords="offset points",
                ha="center",
                size=9,
            )
        chart.set(
            xlim=(-18, 118), ylim=(-8, 122), xlabel="diversity: % of data covered", ylabel="quality: % among the data"
        )
        chart.set(xticks=[0, 50, 100], yticks=[0, 50, 100], title="Larger: slower")
        blank = np.ones((len(_RANKS), 32, 32, 3), np.float32)
        shown = [result.ranked for result in results.values()] + [blank] * (len(FAMILIES) - len(results))
        rows.imshow(tiles(np.concatenate([truth[: len(_RANKS)], *shown]), len(_RANKS)))
        rows.set_title("Best to worst")
        labels = ["data", *FAMILIES]
        rows.set_yticks([16 + 33 * row for row in range(len(labels))], labels)
        for label in rows.get_yticklabels():
            label.set_color(look.data if label.get_text() == "data" else look.model)
        rows.set_xticks([16, 16 + 33 * 2, 16 + 33 * 4], ["best", "median", "worst"])
        rows.spines[:].set_visible(False)
        rows.tick_params(length=0)
        picture = as_picture(figure)
    found = "; ".join(
        f"{name}: quality {r.scores['quality']:.0%}, diversity {r.scores['diversity']:.0%}, distance {r.scores['distance']:.2f}, "
        f"{r.milliseconds:.1f} ms for 100 pictures"
        for name, r in results.items()
    )
    alt = f"Chart of quality against diversity, and samples from best to worst. {found or 'Nothing is trained yet'}."
    return Frame(picture, alt, _caption(results, numbers), numbers, share)


def _caption(results: dict[str, _Judged], numbers: Numbers) -> str:
    if len(results) < len(FAMILIES):
        return f"{len(results)} of {len(FAMILIES)} families have learned: look for a small bubble at the upper right."
    speeds = ", ".join(f"{name} {result.milliseconds:.1f}" for name, result in results.items())
    return (
        f"{_because(numbers)} Milliseconds for 100 pictures: {speeds}; which would you choose for a live photo editor?"
    )


def _right(numbers: Numbers) -> int:
    return int(np.argmin([float(numbers[f"distance, {name}"]) for name in FAMILIES]))


def _because(numbers: Numbers) -> str:
    return (
        "Fréchet distance from the data: "
        + ", ".join(f"{name} {numbers[f'distance, {name}']:.2f}" for name in FAMILIES)
        + "."
    )


DEMO = Demo(
    name="evaluation",
    title="Four families, three measures",
    lesson="evaluation",
    about="Autoencoder, VAE, GAN and diffusion model learn fruit with equal effort and are compared by quality, diversity and speed.",
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
        Number("effort", "Training steps for each family", 200, 16, 800, 8, ("training steps", "effort")),
        Number("pictures", "Pictures that are judged", 200, 50, 400, 50, ("samples", "sample size")),
        Number("steps", "Diffusion steps", 20, 1, 60, 1, ("diffusion steps", "denoising steps")),
    ),
    run=_run,
    prediction=Prediction(
        "Whose crowd of pictures will be nearest to the data, by Fréchet distance?",
        ("The autoencoder's", "The VAE's", "The GAN's", "The diffusion model's"),
        _right,
        _because,
    ),
    breaks=Break("Diffusion in a single step", {"steps": 1}),
    script=Script(
        "from __future__ import annotations\nimport numpy as np\nfrom tutor.workbench.fruit import draw, fruit, measured",
        (frechet, inside, judged),
        """rng, data, new = np.random.default_rng($seed), fruit($pictures, 1), fruit($pictures, 2)
middle = np.repeat(data.features.mean(0, keepdims=True), $pictures, 0)
crowds = {
    "the data themselves": data.pictures,
    "new fruits": new.pictures,
    "apples alone, a collapse": fruit($pictures, 3, kind=0).pictures,
    "the average fruit again and again": draw(middle, data.kinds, rng),
    "noisy pictures": (new.pictures + rng.normal(0, 0.1, new.pictures.shape)).clip(0, 1).astype(np.float32),
}
for name, pictures in crowds.items():
    print(name, {k: round(v, 2) for k, v in judged(measured(data.pictures), measured(pictures)).items()})""",
    ),
)
