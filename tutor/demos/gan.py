"""A GAN learns a ring of eight groups, or pictures of fruit: a generator makes fakes, a discriminator tells them from data, and each learns
from the other (Goodfellow et al., 2014, arXiv:1406.2661).

A discriminator that learns too slowly lets the generator pile everything onto its weak spot of the moment: mode collapse. The cure shown is
the spread of the batch as an extra input, so that sameness gives fakes away (Karras et al., 2017, arXiv:1710.10196).
"""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Switch, Values
from tutor.workbench.fruit import fruit, measured
from tutor.workbench.plot import Look, as_picture, house, sheet, tiles

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

NOISE = 8
"""Random numbers that the generator turns into one fake."""
_FRAMES = 12
_FEW = 0.02
"""A group counts as hit from this share of the fakes."""
_MADE = 600
_KINDS = ("green", "green, leaf", "orange", "orange, leaf", "red", "red, leaf")
_EDGE = 3.2


def seeded(network: "nn.Module", chance: "Generator") -> "nn.Module":
    """Starting weights from `chance` alone, so that the same seed gives the same run."""
    from torch import nn

    for name, weight in network.named_parameters():
        if weight.dim() > 1:
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=chance)
        elif name.endswith("bias"):
            nn.init.zeros_(weight)
    return network


def ring(count: int, chance: "Generator") -> "Tensor":
    """Points in eight tight groups on a circle, [count, 2]."""
    import torch

    turn = torch.randint(8, (count,), generator=chance) * math.tau / 8
    return 2 * torch.stack([turn.cos(), turn.sin()], 1) + 0.1 * torch.randn(count, 2, generator=chance)


def ring_hits(points: "Tensor") -> "Tensor":
    """How many points lie near each of the eight groups, [8]."""
    import torch

    turn = torch.arange(8) * math.tau / 8
    near = torch.cdist(points, 2 * torch.stack([turn.cos(), turn.sin()], 1)).min(1)
    return torch.bincount(near.indices[near.values < 0.4], minlength=8)


def ring_networks(together: bool) -> "tuple[nn.Module, nn.ModuleList]":
    """(generator, discriminator: a body, a head and, where it sees a crowd together, one more head for the crowd's spread)"""
    from torch import nn

    act, wide = nn.LeakyReLU(0.2), 64
    generator = nn.Sequential(nn.Linear(NOISE, wide), act, nn.Linear(wide, wide), act, nn.Linear(wide, 2))
    body = nn.Sequential(nn.Linear(2, wide), act, nn.Linear(wide, wide), act)
    return generator, nn.ModuleList([body, *(nn.Linear(wide, 1) for _ in range(1 + together))])


def verdict(discriminator: "nn.ModuleList", x: "Tensor", crowd: "Tensor | None" = None) -> "Tensor":
    """How real each x looks, above 0 for real. A crowd that is all alike has no spread, which gives it away."""
    body, head, *more = discriminator
    among = x if crowd is None else crowd
    scores: Tensor = head(body(x)) + sum(layer(body(among).var(0).add(1e-8).sqrt()) for layer in more)
    return scores


def duel(networks: Any, real: "Callable[[], Tensor]", pace: float, rate: float, chance: "Generator") -> Iterator[None]:
    """A round each time: the discriminator learns, at `pace` times the generator's rate, then the generator."""
    import torch
    from torch.nn.functional import softplus

    generator, discriminator = networks
    forger = torch.optim.Adam(generator.parameters(), rate, betas=(0.5, 0.9))
    detective = torch.optim.Adam(discriminator.parameters(), rate * pace, betas=(0.5, 0.9))
    while True:
        data = real()
        fakes = generator(torch.randn(len(data), NOISE, generator=chance))
        detective.zero_grad()
        loss = softplus(-verdict(discriminator, data)) + softplus(verdict(discriminator, fakes.detach()))
        torch.autograd.backward(loss.mean())
        detective.step()
        forger.zero_grad()
        torch.autograd.backward(softplus(-verdict(discriminator, fakes)).mean())
        forger.step()
        yield


def fruit_networks(together: bool) -> "tuple[nn.Module, nn.ModuleList]":
    """A small DCGAN (Radford et al., 2015, arXiv:1511.06434): (generator, discriminator as a body and a head)."""
    from torch import nn

    def larger(old: int, new: int) -> "list[nn.Module]":
        return [nn.ConvTranspose2d(old, new, 4, 2, 1), nn.BatchNorm2d(new), nn.ReLU()]

    def smaller(old: int, new: int) -> "list[nn.Module]":
        return [nn.Conv2d(old, new, 4, 2, 1), nn.LeakyReLU(0.2)]

    start = [nn.Linear(NOISE, 64 * 16), nn.BatchNorm1d(64 * 16), nn.Unflatten(1, (64, 4, 4)), nn.ReLU()]
    end = [nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh()]
    generator = nn.Sequential(*start, *larger(64, 32), *larger(32, 16), *end)
    body = nn.Sequential(*smaller(3, 16), *smaller(16, 32), *smaller(32, 64), nn.Flatten())
    return generator, nn.ModuleList([body, *(nn.Linear(64 * 16, 1) for _ in range(1 + together))])


def fruit_hits(fakes: "Tensor") -> "Tensor":
    """How many pictures [n, 3, 32, 32] in -1..1 show each kind of fruit: three colors, without and with a leaf, [6]."""
    import torch

    features = measured(np.asarray(fakes.permute(0, 2, 3, 1) / 2 + 0.5, np.float32))
    kinds = 2 * np.digitize(features[:, 0], [0.35, 0.8]) + (features[:, 3] > 0.5)
    return torch.bincount(torch.from_numpy(kinds), minlength=6)


def _run(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    chance = torch.Generator().manual_seed(seed)
    on_ring, together = values.text("data") == "ring", values.on("together")
    steps = values.whole("steps") if on_ring else values.whole("steps") // 3  # a step on pictures takes far longer
    networks = ring_networks(together) if on_ring else fruit_networks(together)
    for network in networks:
        seeded(network, chance)
    shown: torch.Tensor = torch.from_numpy(fruit(512, seed).pictures).permute(0, 3, 1, 2) * 2 - 1

    def real() -> torch.Tensor:
        return ring(128, chance) if on_ring else shown[torch.randint(len(shown), (32,), generator=chance)]

    draw = _ring_frame if on_ring else _fruit_frame
    data = ring(300, chance) if on_ring else shown
    noise = torch.randn(_MADE, NOISE, generator=chance)
    frame = draw(networks, data, noise, 0, steps, values)
    yield frame
    rounds = duel(networks, real, values.number("pace"), 0.003 if on_ring else 0.002, chance)
    for step in range(1, steps + 1):
        next(rounds)
        if step == steps or step % math.ceil(steps / _FRAMES) == 0:
            frame = draw(networks, data, noise, step, steps, values)
        if frame.share * steps == step or step % 5 == 0:
            yield frame


def _numbers(hits: "Tensor") -> dict[str, float | int | str]:
    shares = hits.double() / _MADE
    return {
        "groups": len(hits),
        "groups hit": int((shares >= _FEW).sum()),
        "on a group": round(float(shares.sum()), 3),
        "in the fullest group": round(float(shares.max()), 3),
    }


def _caption(numbers: Numbers, step: int, steps: int, look_at: str, last: str) -> str:
    hit = f"{numbers['groups hit']} of {numbers['groups']} groups"
    if step < steps:
        return f"Round {step:,} of {steps:,}: {look_at} It makes {hit} so far."
    return f"After {steps:,} rounds the generator makes {hit}. {last}"


def _ring_frame(networks: Any, data: "Tensor", noise: "Tensor", step: int, steps: int, values: Values) -> Frame:
    import torch
    from matplotlib.colors import LinearSegmentedColormap

    generator, discriminator = networks
    with torch.no_grad():
        fakes = generator(noise)
        line = torch.linspace(-_EDGE, _EDGE, 56)
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(-1, 2)
        belief = verdict(discriminator, grid, fakes).sigmoid().reshape(56, 56).numpy()
    pulled = fakes[:24].clone().requires_grad_()
    (pull,) = torch.autograd.grad(verdict(discriminator, pulled, fakes).sum(), pulled)
    pull = 0.6 * pull / pull.norm(dim=1, keepdim=True).clip(1e-6)
    numbers = _numbers(ring_hits(fakes))
    with house(values.dark) as look:
        figure, (plane, bars) = sheet(1, 2, height=2.9, width_ratios=[1.25, 1])
        shades = LinearSegmentedColormap.from_list("belief", [look.paper, look.quiet])
        plane.imshow(
            belief,
            extent=(-_EDGE, _EDGE, -_EDGE, _EDGE),
            origin="lower",
            cmap=shades,
            vmin=0,
            vmax=1,
            interpolation="bilinear",
        )
        plane.scatter(*data.numpy().T, s=5, color=look.data, label="data")
        plane.scatter(*fakes[:200].numpy().T, s=5, color=look.model, label="fakes")
        arrows = {"color": look.text, "angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006}
        plane.quiver(*fakes[:24].numpy().T, *pull.numpy().T, **arrows)
        plane.set(
            title="Gray: taken for real",
            xlabel="first number",
            ylabel="second number",
            xlim=(-_EDGE, _EDGE),
            ylim=(-_EDGE, _EDGE),
        )
        plane.set_xticks([-2, 0, 2])
        plane.set_yticks([-2, 0, 2])
        plane.legend(
            loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.03), handletextpad=0, columnspacing=0.6, markerscale=2
        )
        _bars(
            bars,
            look,
            ring_hits(fakes),
            torch.full((8,), 1 / 8),
            [str(number + 1) for number in range(8)],
            "group on the ring",
        )
        picture = as_picture(figure)
    words = "the arrows show which way the discriminator pulls each fake."
    near = f"Of its fakes, {numbers['on a group']:.0%} lie on a group of the data"
    last = f"{near}, and {numbers['in the fullest group']:.0%} in the fullest one."
    alt = (
        f"Plane with eight groups of data on a ring, fakes and arrows; bars of the fakes in each group. Round {step} of {steps}: "
        f"{numbers['groups hit']} of 8 groups hit, {numbers['on a group']:.0%} of the fakes on a group."
    )
    return Frame(picture, alt, _caption(numbers, step, steps, words, last), numbers, step / steps)


def _fruit_frame(networks: Any, data: "Tensor", noise: "Tensor", step: int, steps: int, values: Values) -> Frame:
    import torch

    with torch.no_grad():
        fakes = networks[0](noise)
    hits, truth = fruit_hits(fakes), fruit_hits(data)
    numbers = _numbers(hits)
    with house(values.dark) as look:
        figure, (plane, bars) = sheet(1, 2, height=2.9, width_ratios=[1, 1])
        plane.imshow(tiles(fakes[:25].permute(0, 2, 3, 1).numpy() / 2 + 0.5, 5))
        plane.set_axis_off()
        plane.set_title("Fakes", color=look.model)
        _bars(bars, look, hits, truth / len(data), list(_KINDS), "")
        picture = as_picture(figure)
    words = "each place keeps its own noise, so you can watch one fake change."
    full = f"{numbers['in the fullest group']:.0%} of its fakes are of one kind."
    last = f"{full} Trained on one person's face instead of fruit, such a generator can make deepfakes."
    alt = (
        f"25 fakes, and bars of the fakes of each of six kinds of fruit. Round {step} of {steps}: "
        f"{numbers['groups hit']} of 6 kinds made, {numbers['in the fullest group']:.0%} of the fakes in the fullest kind."
    )
    return Frame(picture, alt, _caption(numbers, step, steps, words, last), numbers, step / steps)


def _bars(axes: Any, look: Look, hits: "Tensor", truth: "Tensor", names: list[str], title: str) -> None:
    """Of the fakes, how many fall in each group, with the data's share as a mark."""
    places = np.arange(len(names))
    axes.barh(places, 100 * hits.numpy() / _MADE, color=look.model, label="fakes")
    axes.scatter(100 * truth.numpy(), places, marker="|", s=90, linewidths=2.4, color=look.data, label="data")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set(xlim=(0, max(50, 105 * float(hits.max()) / _MADE)), xlabel="% of the fakes", ylabel=title)
    axes.legend(loc="lower right")
    axes.set_title("Fakes by group")


def _right(numbers: Numbers) -> int:
    hit, groups = int(numbers["groups hit"]), int(numbers["groups"])
    return 0 if hit == groups else 1 if 2 * hit > groups else 2


DEMO = Demo(
    name="gan",
    title="A GAN learns by a duel",
    lesson="gan",
    about="A generator and a discriminator play against each other on eight groups of points, or on pictures of fruit.",
    words=(
        *("generative adversarial network", "mode collapse", "discriminator", "adversarial", "minimax", "gans", "gan"),
        *("forger", "deepfakes", "deepfake"),
    ),
    parameters=(
        Option("data", "What it learns", "ring", ("ring", "fruit"), ("points", "groups")),
        Number(
            "pace",
            "Discriminator's learning rate, times the generator's",
            1,
            0.05,
            2,
            0.05,
            ("discriminator speed", "balance"),
        ),
        Switch("together", "Discriminator sees how varied a batch is", False, ("minibatch", "batch spread", "cure")),
        Number("steps", "Rounds (a third of them for fruit)", 1200, 60, 3000, 60, ("rounds", "training steps")),
    ),
    run=_run,
    prediction=Prediction(
        "The data fall into groups: eight on the ring, six kinds of fruit. How many will the generator make in the end?",
        ("All of them", "More than half, but not all", "Half or fewer"),
        _right,
        lambda n: (
            f"It made {n['groups hit']} of {n['groups']} groups, with {n['in the fullest group']:.0%} of its fakes in the fullest one."
        ),
    ),
    breaks=Break("Make it collapse", {"data": "ring", "pace": 0.1, "together": False, "steps": 1200}),
    script=Script(
        "from __future__ import annotations\nimport math\nimport torch\nNOISE = 8",
        (ring, ring_networks, verdict, duel),
        """chance, networks = torch.manual_seed($seed), ring_networks($together)
for _ in zip(range($steps), duel(networks, lambda: ring(128, chance), $pace, 0.003, chance)): pass
fakes = networks[0](torch.randn(600, NOISE)).detach()
turn = (torch.atan2(fakes[:, 1], fakes[:, 0]) / math.tau * 8).round().long() % 8
print("of 600 fakes, nearest to each of the eight groups:", torch.bincount(turn, minlength=8).tolist())""",
    ),
)
