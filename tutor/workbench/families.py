"""Four families of generators of fruit, small enough to train in minutes: an autoencoder and a VAE (Kingma and Welling, 2013,
arXiv:1312.6114), a GAN (Radford et al., 2015, arXiv:1511.06434), and a diffusion model: a rectified flow (Liu et al., 2022,
arXiv:2209.03003) on the autoencoder's codes, as in latent diffusion (Rombach et al., 2021, arXiv:2112.10752).

`training.demos` trains them, and a demo measures them. The three decoders are of one shape, so that what differs is how they learn.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tutor.settings import MODELS

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Module

FAMILIES = ("autoencoder", "VAE", "GAN", "diffusion")
SHIPPED = MODELS / "demos" / "evaluation.safetensors"
CODE = 16
"""Numbers that a picture is made from."""
_WIDTHS = (64, 48, 32, 3)
_FLOW = 256


def painter() -> "Module":
    """Codes [n, CODE] -> pictures [n, 3, 32, 32] in 0..1."""
    from torch import nn

    layers: list[nn.Module] = [nn.Linear(CODE, _WIDTHS[0] * 16), nn.Unflatten(1, (_WIDTHS[0], 4, 4))]
    for old, new in pairwise(_WIDTHS):
        layers += [nn.BatchNorm2d(old), nn.LeakyReLU(0.2), nn.ConvTranspose2d(old, new, 4, 2, 1)]
    return nn.Sequential(*layers, nn.Sigmoid())


def flow() -> "Module":
    """Noisy codes and their time [n, CODE + 1] -> the direction from data to noise [n, CODE]."""
    from torch import nn

    layers: list[nn.Module] = [nn.Linear(CODE + 1, _FLOW), nn.SiLU()]
    for _ in range(3):
        layers += [nn.Linear(_FLOW, _FLOW), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(_FLOW, CODE))


def walked(network: "Module", noise: "Tensor", steps: int) -> "Tensor":
    """From noise to codes by so many equal steps."""
    import torch

    x = noise
    for step in range(steps):
        x = x - network(torch.cat([x, torch.full((len(x), 1), 1 - step / steps)], 1)) / steps
    return x


class Families:
    """The four, with the weights that `training.demos` wrote. They make pictures and learn nothing more."""

    def __init__(self, weights: "Mapping[str, Tensor]") -> None:
        self._parts: dict[str, Any] = {name: painter() for name in FAMILIES[:3]} | {"diffusion": flow()}
        for name, part in self._parts.items():
            own = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
            part.load_state_dict(own)
            part.float().eval().requires_grad_(False)
        self._middle, self._spread = (weights[f"codes.{name}"].float() for name in ("middle", "spread"))

    def made(self, name: str, count: int, steps: int, chance: "Generator") -> "Tensor":
        """Pictures [n, 32, 32, 3] of the family `name`."""
        import torch

        codes = torch.randn(count, CODE, generator=chance)
        if name == "diffusion":
            codes = walked(self._parts["diffusion"], codes, steps)
        if name in ("autoencoder", "diffusion"):
            # The autoencoder's codes have no known shape: a bell curve for each number is the best guess. Diffusion has learned the shape.
            codes = self._middle + self._spread * codes
        pictures: Tensor = self._parts["autoencoder" if name == "diffusion" else name](codes)
        return pictures.permute(0, 2, 3, 1)


@cache
def shipped() -> Families:
    """The trained four. Shared: they change no weight."""
    from safetensors.torch import load_file

    return Families(load_file(SHIPPED))
