"""A blurred first picture from the words alone: what all training pictures of a text have in common.

From pure noise a denoiser can only guess the mean of all pictures that fit the text, and it learns that mean slowly, because noise fills
all it sees. A small network that sees nothing but the text learns it in minutes. The denoiser gets its sketch beside the noisy picture and
has the rest to do: place, edges and detail.
"""

from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class Sketch(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Pooled text -> picture, three fully connected layers, the last apart for each color.

    The text is whitened first: vectors of sentences lie close together, and what tells one thing from another are small differences."""

    mean: Tensor
    whiten: Tensor

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, text_width: int = 384, hidden: int = 2048, size: int = 32) -> None:
        """`size` in pixels."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = size
        self.register_buffer("mean", torch.zeros(text_width))
        self.register_buffer("whiten", torch.eye(text_width))
        self.body: Any = nn.Sequential(nn.Linear(text_width, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.colors: Any = nn.ModuleList(nn.Linear(hidden, size**2) for _ in "rgb")

    def forward(self, pooled: Tensor) -> Tensor:
        """pooled [batch, text_width] -> picture [batch, 3, size, size], about -1..1."""
        inside = self.body((pooled - self.mean) @ self.whiten)
        return torch.stack([color(inside) for color in self.colors], 1).view(-1, 3, self.size, self.size)

    @torch.no_grad()
    def whiten_by(self, pooled: Tensor, ridge: float = 0.05) -> None:
        """Measure mean and spread of texts, [texts, text_width]; directions that hardly vary are stretched less, by `ridge` of the mean
        variance."""
        self.mean.copy_(pooled.mean(0))
        centered = pooled - self.mean
        values, vectors = torch.linalg.eigh(centered.T @ centered / len(pooled))
        self.whiten.copy_((vectors * (values + ridge * values.mean()).rsqrt()) @ vectors.T)
