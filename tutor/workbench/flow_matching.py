"""Flow matching (Lipman et al., 2022, and Liu et al., 2022): a network learns the way from noise to a heart and a ring in the plane. The
way itself, with guidance (Ho and Salimans, 2022), is the same for points and for pictures."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Guesses = Callable[["Tensor", float], Sequence["Tensor"]]
"""Something noisy and its share of noise -> guesses of what is under it, told what is wanted and not told."""


def outline(turn: Any, kinds: Any) -> Any:
    """Places on a heart (kind 0, left) and on a ring (kind 1, right), [points, 2]; `turn` is 0 to 2 pi."""
    import torch

    x = torch.where(kinds == 0, 1.3 * turn.sin() ** 3 - 1.5, 1.2 * turn.cos() + 1.5)
    heart = 1.1 * turn.cos() - 0.4 * (2 * turn).cos() - 0.16 * (3 * turn).cos() - 0.08 * (4 * turn).cos() + 0.1
    return torch.stack([x, torch.where(kinds == 0, heart, 1.2 * turn.sin())], 1)


def guess(net: Any, points: Any, share: Any, kinds: Any) -> Any:
    """Where points with such a share of noise [points, 1] come from: the network knows the way there. Kind 2: not told."""
    import torch

    waves = [(k * share).sin() for k in (1.5, 3, 6, 12)]
    return points - share * net(torch.cat([points, *waves, torch.eye(3)[kinds]], 1))


def learn(net: Any, steps: int, random: Any) -> Iterator[None]:
    """Flow matching (Lipman et al., 2022): mix places with noise, and learn the way from one to the other."""
    import torch

    adam = torch.optim.Adam(net.parameters())
    for step in range(steps):
        adam.param_groups[0]["lr"] = 0.015 * (1 - step / steps)
        kinds, share = torch.randint(0, 2, (512,), generator=random), torch.rand(512, 1, generator=random) ** 1.5
        clean = outline(math.tau * torch.rand(512, generator=random), kinds)
        mixed = (1 - share) * clean + share * torch.randn(512, 2, generator=random)
        kinds[torch.rand(512, generator=random) < 0.15] = 2  # so that it can guess untold
        adam.zero_grad()
        ((guess(net, mixed, share, kinds) - clean) / share.clamp(0.02)).square().mean().backward()
        adam.step()
        yield


def flow(guesses: Guesses, now: Any, shares: Sequence[float], guidance: float, limit: float = 99) -> Iterator[Any]:
    """From noise to what is guessed under it, as its share falls from 1 to 0; guided (Ho and Salimans, 2022)."""
    for share, after in itertools.pairwise(shares):
        told, untold = guesses(now, share)
        better = (untold + guidance * (told - untold)).clamp(-limit, limit)
        now = better + after / share * (now - better)
        yield now, better, told - untold


def network(seed: int) -> Any:
    """One for `guess`; its weights come from the seed alone."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        wide = [layer for _ in range(2) for layer in (nn.Linear(96, 96), nn.SiLU())]
        return nn.Sequential(nn.Linear(9, 96), nn.SiLU(), *wide, nn.Linear(96, 2))


def plane_guesses(net: Any, kinds: Any) -> Guesses:
    """Those of the network, told the kinds of the points and not told."""
    import torch

    def guesses(points: Any, share: float) -> Any:
        with torch.inference_mode():
            return [guess(net, points, torch.full((len(points), 1), share), k) for k in (kinds, 0 * kinds + 2)]

    return guesses


def mean_distance(points: Any, kinds: Any) -> float:
    """Mean distance from the nearest place of the shape that a point was asked to be on."""
    import torch

    turn = torch.linspace(0, math.tau, 500)
    far = [torch.cdist(points[kinds == k], outline(turn, torch.full((500,), k))).amin(1) for k in (0, 1)]
    return float(torch.cat(far).mean())


def mean_spread(points: Any, kinds: Any) -> float:
    """How far the points of one kind lie from their middle, on average."""
    return float(sum((points[kinds == k] - points[kinds == k].mean(0)).norm(dim=1).mean() for k in (0, 1)) / 2)
