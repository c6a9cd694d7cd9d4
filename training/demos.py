"""Train the four families of the demo `evaluation` on fruit: autoencoder, VAE, GAN and latent diffusion.

    python -m training.demos [--effort 1] [--out models/demos/evaluation.safetensors]

Each learns from the same pictures; its figures on fruit that it has not seen are printed. Some minutes on one core.
"""

import argparse
import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from tutor.workbench.families import CODE, FAMILIES, SHIPPED, Families, flow, painter
from tutor.workbench.fruit import fruit, measured
from tutor.workbench.measures import judged

_PICTURES = 8000
_SEEDS = 1_000_000
"""Pictures to learn from have seeds from here on, those to judge by lower ones."""
_BATCH = 32
_STEPS = {"autoencoder": 2000, "VAE": 2000, "GAN": 4000, "diffusion": 6000}
_PRICE = 40.0
"""Of the VAE's code, beside squared errors summed over a picture and divided by twice the variance of a pixel. Of 1, 10 and 40 it gives the
smallest Fréchet distance."""
_VARIANCE = 0.01
_JITTER = 0.05
"""Noise on the autoencoder's codes, as a share of their spread: near codes give near pictures, which forgives the flow small errors."""


def pictures(count: int) -> Tensor:
    """[count, 3, 32, 32], drawn in pieces to spare memory."""
    pieces = [fruit(500, _SEEDS + start).pictures for start in range(count // 500)]
    return torch.from_numpy(np.concatenate(pieces)).permute(0, 3, 1, 2).contiguous()


def down(outputs: int, widths: Sequence[int] = (3, 24, 48, 64)) -> nn.Module:
    """Pictures -> numbers: the encoders and, with one number, the GAN's detective."""
    layers: list[nn.Module] = []
    for old, new in pairwise(widths):
        layers += [nn.Conv2d(old, new, 4, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * 16, outputs))


class _Average:
    """Of a network's weights over its last steps: calmer than any one of them."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.network, self.keep, self.steps = copy.deepcopy(network).requires_grad_(False), keep, 0

    def update(self, network: nn.Module) -> None:
        self.steps += 1
        keep = min(self.keep, self.steps / (self.steps + 10))
        for slow, fast in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if slow.is_floating_point():
                slow.lerp_(fast, 1 - keep)


def _learn(name: str, steps: int, rate: float, betas: tuple[float, float], parts: Sequence[nn.Module]) -> Iterator[Any]:
    """An optimizer for each step, its rate falling as a cosine; says how far it is."""
    optimizer = torch.optim.AdamW([p for part in parts for p in part.parameters()], rate, betas, weight_decay=0.0)
    start = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)
        yield optimizer
        if step % 500 == 499:
            print(f"{name}: {step + 1} of {steps} steps, {time.monotonic() - start:.0f} s", flush=True)


def _take(optimizer: Any, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def coder(data: Tensor, steps: int, price: float) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder of an autoencoder or, with a price, a VAE."""
    encoder, decoder = down(2 * CODE), painter()
    average = _Average(decoder, 0.99)
    for optimizer in _learn("VAE" if price else "autoencoder", steps, 0.002, (0.9, 0.99), (encoder, decoder)):
        batch = data[torch.randint(len(data), (_BATCH,))]
        mean, wide = encoder(batch).chunk(2, 1)
        spread = functional.softplus(wide) + 1e-3 if price else _JITTER * mean.detach().std(0).expand_as(mean)
        error = (decoder(mean + spread * torch.randn_like(mean)) - batch).square().sum((1, 2, 3)).mean() / (
            2 * _VARIANCE
        )
        cost = price * (0.5 * (mean**2 + spread**2 - 1) - spread.log()).sum(1).mean() if price else 0.0
        _take(optimizer, error + cost)
        average.update(decoder)
    return encoder.eval(), average.network


def gan(data: Tensor, steps: int) -> nn.Module:
    """The forger, averaged. The detective's slope on real pictures is held down every few steps (R1; Mescheder et al., 2018,
    arXiv:1801.04406), which keeps the contest from swinging."""
    forger, detective = painter(), down(1)
    average = _Average(forger, 0.995)
    turns = zip(
        _learn("GAN", steps, 0.001, (0.0, 0.99), (forger,)),
        _learn("detective", steps, 0.001, (0.0, 0.99), (detective,)),
        strict=True,
    )
    for step, (forging, detecting) in enumerate(turns):
        batch = data[torch.randint(len(data), (_BATCH,))]
        made = forger(torch.randn(_BATCH, CODE))
        if slope := step % _EVERY == 0:
            batch = batch.clone().requires_grad_(True)
        real = detective(2 * batch - 1)
        loss = (functional.softplus(-real) + functional.softplus(detective(2 * made.detach() - 1))).mean()
        if slope:
            (steep,) = torch.autograd.grad(real.sum(), batch, create_graph=True)
            loss = loss + _EVERY * _R1 / 2 * steep.square().sum((1, 2, 3)).mean()
        _take(detecting, loss)
        _take(forging, functional.softplus(-detective(2 * made - 1)).mean())
        average.update(forger)
    return average.network


_EVERY = 8
_R1 = 0.2


def diffusion(codes: Tensor, steps: int) -> nn.Module:
    """A flow from noise to codes of spread 1, averaged."""
    network = flow()
    average = _Average(network, 0.998)
    for optimizer in _learn("diffusion", steps, 0.002, (0.9, 0.99), (network,)):
        clean = codes[torch.randint(len(codes), (256,))]
        noise, t = torch.randn_like(clean), torch.rand(len(clean), 1)
        guess = network(torch.cat([(1 - t) * clean + t * noise, t], 1))
        _take(optimizer, (guess - (noise - clean)).square().mean())
        average.update(network)
    return average.network


def train(effort: float) -> dict[str, Tensor]:
    """The weights of all four in half precision, as `Families` reads them."""
    data = pictures(_PICTURES)
    steps = {name: max(1, round(effort * count)) for name, count in _STEPS.items()}
    encoder, decoder = coder(data, steps["autoencoder"], 0)
    with torch.no_grad():
        codes = torch.cat([encoder(piece)[:, :CODE] for piece in data.split(1000)])
    middle, spread = codes.mean(0), codes.std(0) + 1e-6
    makers: dict[str, Callable[[], nn.Module]] = {
        "autoencoder": lambda: decoder,
        "VAE": lambda: coder(data, steps["VAE"], _PRICE)[1],
        "GAN": lambda: gan(data, steps["GAN"]),
        "diffusion": lambda: diffusion((codes - middle) / spread, steps["diffusion"]),
    }
    weights = {"codes.middle": middle, "codes.spread": spread}
    for name, make in makers.items():
        weights |= {f"{name}.{key}": value for key, value in make().state_dict().items()}
    return {key: value.to(torch.float16).contiguous() for key, value in weights.items()}


def figures(weights: dict[str, Tensor], count: int = 400) -> None:
    """Print how each family does on fruit that none has seen."""
    real, families = measured(fruit(count, 1).pictures), Families(weights)
    crowds = {name: families.made(name, count, 20, torch.Generator().manual_seed(0)).numpy() for name in FAMILIES}
    for name, crowd in {"fresh fruit": fruit(count, 2).pictures, **crowds}.items():
        print(f"{name}: " + ", ".join(f"{kind} {score:.3f}" for kind, score in judged(real, measured(crowd)).items()))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", type=float, default=1, help="a multiple of the usual steps")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.manual_seed(options.seed)
    weights = train(options.effort)
    figures(weights)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, options.out)
    options.out.chmod(0o644)
    print(
        f"{sum(value.numel() for value in weights.values()):,} numbers, {options.out.stat().st_size:,} bytes in {options.out}"
    )


if __name__ == "__main__":
    main()
