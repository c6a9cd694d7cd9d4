"""A blurred first picture from the words alone, as plain regression would draw it.

From pure noise a denoiser can only guess the mean of all pictures that fit the text, and it learns that mean slowly, because noise fills
all it sees. A small network that sees nothing but the text learns in minutes what the text asks for. The denoiser gets its sketch beside
the noisy picture and has the rest to do: place, size, edges and detail.
"""

from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class Sketch(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Text -> picture. A few learned queries gather the tokens of the text, each by its own attention; three fully connected layers, the
    last apart for each color, draw what they and the pooled text say.

    All text is whitened first: vectors of sentences lie close together, and what tells one thing from another are small differences."""

    mean: Tensor
    whiten: Tensor
    token_mean: Tensor
    token_whiten: Tensor

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        text_width: int = 384,
        text_tokens: int = 16,
        queries: int = 8,
        gathered: int = 256,
        hidden: int = 2048,
        size: int = 32,
    ) -> None:
        """`gathered`: width of what each query brings; `size` in pixels."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = size
        for name in ("mean", "token_mean"):
            self.register_buffer(name, torch.zeros(text_width))
        for name in ("whiten", "token_whiten"):
            self.register_buffer(name, torch.eye(text_width))
        self.scores: Any = nn.Linear(text_width, queries)
        self.place = nn.Parameter(torch.zeros(text_tokens, queries))
        self.mapped = nn.Parameter(torch.randn(queries, text_width, gathered) / text_width**0.5)
        self.by_pooled: Any = nn.Linear(text_width, hidden)
        self.by_tokens: Any = nn.Linear(queries * gathered, hidden, bias=False)  # apart, so that a shard stays small
        self.body: Any = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.colors: Any = nn.ModuleList(nn.Linear(hidden, size**2) for _ in "rgb")

    def forward(self, states: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
        """states [batch, text_tokens, text_width], mask [batch, text_tokens] true for real tokens, pooled [batch, text_width]
        -> picture [batch, 3, size, size], about -1..1."""
        tokens = (states - self.token_mean) @ self.token_whiten
        scores = (self.scores(tokens) + self.place).masked_fill(~mask[..., None], -1e4)
        attention = scores.softmax(1).to(tokens.dtype)  # [batch, text_tokens, queries]
        gathered = torch.einsum("btq,btw->bqw", attention, tokens)
        gathered = torch.einsum("bqw,qwg->bqg", gathered, self.mapped.to(tokens.dtype)).flatten(1)
        inside = self.body(self.by_pooled((pooled - self.mean) @ self.whiten) + self.by_tokens(gathered))
        return torch.stack([color(inside) for color in self.colors], 1).view(-1, 3, self.size, self.size)

    @torch.no_grad()
    def whiten_by(self, states: Tensor, mask: Tensor, pooled: Tensor) -> None:
        """Measure mean and spread of texts, as `forward` takes them."""
        self.mean.copy_(pooled.mean(0))
        self.whiten.copy_(_whitening(pooled - self.mean))
        tokens = states[mask]
        self.token_mean.copy_(tokens.mean(0))
        self.token_whiten.copy_(_whitening(tokens - self.token_mean))


def _whitening(centered: Tensor, ridge: float = 0.05) -> Tensor:
    """[rows, width] -> matrix [width, width] that makes the spread even; directions that hardly vary are stretched less, by `ridge` of the
    mean variance."""
    values, vectors = torch.linalg.eigh(centered.T @ centered / len(centered))
    matrix: Tensor = (vectors * (values + ridge * values.mean()).rsqrt()) @ vectors.T
    return matrix
