"""Small networks that tell apples from oranges: by two features, or by features that they find in the picture."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tutor.workbench.fruit import APPLE, Fruit, Pictures

if TYPE_CHECKING:
    from torch import nn

Array = npt.NDArray[np.float64]


def seeded(net: "nn.Module", seed: int) -> None:
    """Weights from the seed alone, whatever else draws random numbers at the same time."""
    import torch

    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in net.parameters():
            spread = (2 / weight[0].numel()) ** 0.5 if weight.dim() > 1 else 0.1
            weight.copy_(torch.randn(weight.shape, generator=noise) * spread)


def sorter_learns(points: Array, apple: npt.NDArray[np.bool_], seed: int, steps: int) -> "Iterator[nn.Module]":
    """A network that answers log-odds of apple, as it is after each step of gradient descent."""
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits as surprise

    x, y = torch.tensor(points, dtype=torch.float32), torch.tensor(apple, dtype=torch.float32)
    scale, middle = nn.Linear(2, 2), (nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
    net = nn.Sequential(scale, *middle, nn.Linear(24, 1), nn.Flatten(0))
    seeded(net, seed)
    with torch.no_grad():  # It begins by putting both features on one scale.
        scale.weight.copy_(torch.diag(1 / x.std(0)))
        scale.bias.copy_(-x.mean(0) / x.std(0))
    downhill = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(steps):
        downhill.zero_grad()
        surprise(net(x), y).backward()  # type: ignore[no-untyped-call]
        downhill.step()
        yield net


def sure_of_apple(net: "nn.Module", points: Array) -> Array:
    """P(apple | x) by the sorter."""
    import torch

    with torch.no_grad():
        return np.asarray(torch.sigmoid(net(torch.tensor(points, dtype=torch.float32))).numpy(), dtype=np.float64)


def eyes_learn(basket: Fruit, seed: int, steps: int = 100) -> "Iterator[nn.Sequential]":
    """A network that looks at pictures and is asked for the label; its last but one layer is two numbers, the features that it found."""
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits as surprise

    layers: list[nn.Module] = []
    for before, after in ((3, 8), (8, 16), (16, 16)):
        layers += [nn.Conv2d(before, after, 4, 2, 1), nn.ReLU()]
    look = nn.Sequential(*layers, nn.Flatten(), nn.Linear(256, 2))
    net = nn.Sequential(look, nn.Linear(2, 1), nn.Flatten(0))
    seeded(net, seed)
    noise = torch.Generator().manual_seed(seed)
    pictures, apple = as_input(basket.pictures), torch.tensor(basket.kinds == APPLE, dtype=torch.float32)
    downhill = torch.optim.Adam(net.parameters(), lr=0.003)
    for _ in range(steps):
        some = torch.randint(len(pictures), (64,), generator=noise)
        downhill.zero_grad()
        surprise(net(pictures[some]), apple[some]).backward()  # type: ignore[no-untyped-call]
        downhill.step()
        yield net


def as_input(pictures: Pictures) -> Any:
    """[n, 32, 32, 3] in 0..1 -> a tensor [n, 3, 32, 32], centered."""
    import torch

    return torch.tensor(pictures).permute(0, 3, 1, 2) - 0.5
