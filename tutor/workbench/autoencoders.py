"""A variational autoencoder and, without its KL term and noise, a plain one.

Kingma and Welling, Auto-encoding variational Bayes, 2013, arXiv 1312.6114; beta weighs the KL term (Higgins et al., 2017). To learn in
seconds, both read and write a picture as its 64 numbers along the directions in which fruit varies most (PCA).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tutor.workbench.fruit import SIDE, Pictures

if TYPE_CHECKING:
    from torch import nn

    Nets = tuple[nn.Sequential, nn.Sequential]

Array = npt.NDArray[np.float32]


def directions(pictures: Array, most: int = 64) -> tuple[Array, Array]:
    """The mean picture, and the directions along which pictures vary most, [3072, most]."""
    mean = pictures.mean(0)
    spread, mixes = np.linalg.eigh((pictures - mean) @ (pictures - mean).T)
    return mean, (pictures - mean).T @ mixes[:, ::-1][:, :most] / np.sqrt(spread[::-1][:most])


def encoder_and_decoder(code: int, seed: int) -> "Nets":
    """The encoder gives a mean and a log variance for each number of the code; weights come from the seed alone."""
    import torch
    from torch import nn

    encoder = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 2 * code))
    decoder = nn.Sequential(nn.Linear(code, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 64))
    noise = torch.Generator().manual_seed(seed)
    for weight in (*encoder.parameters(), *decoder.parameters()):
        weight.data.uniform_(-1, 1, generator=noise).mul_(weight.shape[1] ** -0.5 if weight.dim() > 1 else 0.01)
    return encoder, decoder


def learn(nets: "Nets", rows: Array, seed: int, steps: int, beta: float | None, sd: float) -> Iterator[float]:
    """The loss of each step: squared error / 2 sd^2 + beta KL. Without beta it is a plain autoencoder: no noise and no KL term."""
    import torch

    noise, x = torch.Generator().manual_seed(seed), torch.tensor(rows)
    downhill = torch.optim.Adam([*nets[0].parameters(), *nets[1].parameters()])
    rate = torch.optim.lr_scheduler.OneCycleLR(downhill, 0.004, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        some = x[torch.randint(len(x), (64,), generator=noise)]
        mean, log_variance = nets[0](some).chunk(2, 1)
        code, cost = mean, torch.zeros(())
        if beta is not None:
            code = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=noise)
            cost = beta * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
        loss = (nets[1](code) - some).square().sum(1).mean() / (2 * sd**2) + cost
        downhill.zero_grad()
        loss.backward()
        downhill.step()
        rate.step()
        yield loss.item()


def through(net: "nn.Module", rows: npt.NDArray[Any]) -> Array:
    """Rows of numbers through a network; of an encoder, the first half are the means."""
    import torch

    with torch.no_grad():
        return np.asarray(net(torch.tensor(rows, dtype=torch.float32)).numpy())


def flat(pictures: Pictures) -> Array:
    """A row of 3072 numbers for each picture."""
    return pictures.reshape(len(pictures), -1)


class Space:
    """Pictures as numbers along the directions, and back."""

    def __init__(self, rows: Array) -> None:
        self.mean, self.lines = directions(rows)

    def of(self, pictures: Pictures) -> Array:
        """A row of 64 numbers for each picture."""
        return np.asarray((flat(pictures) - self.mean) @ self.lines)

    def pictures(self, rows: Array) -> Pictures:
        """What the rows stand for."""
        return (self.mean + rows @ self.lines.T).reshape(-1, SIDE, SIDE, 3).clip(0, 1)
