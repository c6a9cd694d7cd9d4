"""The network that guesses the clean picture from a noisy one and a text: a diffusion transformer (Peebles and Xie, 2022).

The picture is cut into patches and the text's tokens are joined to them, as in Stable Diffusion 3 (Esser et al., 2024). Time and the
pooled text set scale, shift and gate of each block through one shared layer, as in PixArt-alpha (Chen et al., 2023). A small convolutional
head that sees the noisy picture again takes the seams between patches away. Beside the noisy picture stands the sketch that
`tutor.image.sketch` makes of the text alone.
"""

from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Self-attention over patches and text together, then a feed-forward part; both set by the condition."""

    qkv: nn.Linear
    out: nn.Linear
    up: nn.Linear
    down: nn.Linear

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.table = nn.Parameter(torch.zeros(6, width))
        """What this block adds to the shared scale, shift and gate."""

    def forward(self, x: Tensor, condition: Tensor, mask: Tensor) -> Tensor:
        """x [batch, tokens, width], condition [batch, 6, width], mask [batch, 1, 1, tokens] -> x."""
        batch, tokens, width = x.shape
        scale1, shift1, gate1, scale2, shift2, gate2 = (condition + self.table).unsqueeze(2).unbind(1)
        normed = functional.layer_norm(x, (width,)) * (1 + scale1) + shift1
        q, k, v = self.qkv(normed).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = functional.rms_norm(q, q.shape[-1:]), functional.rms_norm(k, k.shape[-1:])
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + gate1 * self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        normed = functional.layer_norm(x, (width,)) * (1 + scale2) + shift2
        mixed = self.down(functional.gelu(self.up(normed), approximate="tanh"))
        result: Tensor = x + gate2 * mixed
        return result


class Denoiser(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Noisy picture, time and text -> guess of the clean picture (x-prediction; Li and He, 2025)."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        size: int = 64,
        patch: int = 8,
        width: int = 256,
        depth: int = 8,
        heads: int = 4,
        text_width: int = 384,
        text_tokens: int = 16,
        head_width: int = 24,
    ) -> None:
        """`size` and `patch` in pixels; `text_tokens` is the longest text."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.patch = patch
        self.side = size // patch
        self.into = nn.Conv2d(6, width, patch, stride=patch)
        self.place = nn.Parameter(0.02 * torch.randn(1, self.side**2 + text_tokens, width))
        self.text = nn.Linear(text_width, width)
        self.pooled = nn.Linear(text_width, width)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.shared = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.spread = nn.Linear(width, patch**2 * head_width)
        self.head = nn.Sequential(
            nn.Conv2d(head_width + 6, head_width, 3, padding=1), nn.SiLU(), nn.Conv2d(head_width, 3, 3, padding=1)
        )
        made: Any = self  # modules that torch's annotations cannot tell from tensors
        for block in made.blocks:
            nn.init.zeros_(block.out.weight)
            nn.init.zeros_(block.down.weight)
        nn.init.normal_(made.shared[1].weight, std=0.02)
        with torch.no_grad():
            made.shared[1].bias.view(6, width)[[2, 5]] = 1.0  # open gates, behind layers that begin at nothing

    def forward(
        self, noisy: Tensor, time: Tensor, states: Tensor, mask: Tensor, pooled: Tensor, sketch: Tensor
    ) -> Tensor:
        """noisy [batch, 3, size, size] in -1..1 plus noise, time [batch] in 0 (clean)..1 (noise), states [batch, text_tokens, text_width],
        mask [batch, text_tokens] true for real tokens, pooled [batch, text_width], sketch [batch, 3, any, any] in -1..1
        -> clean picture [batch, 3, size, size]."""
        batch = len(noisy)
        wide = functional.interpolate(sketch, size=noisy.shape[-2:], mode="bilinear", align_corners=False)
        both = torch.cat([noisy, wide.to(noisy.dtype)], 1)
        condition = self.time(_waves(time, self.place.shape[-1])) + self.pooled(pooled)
        condition = self.shared(condition).view(batch, 6, -1)
        patches = self.into(both).flatten(2).transpose(1, 2)  # [batch, side * side, width]
        count = patches.shape[1]
        x = torch.cat([patches, self.text(states)], 1) + self.place
        seen = functional.pad(mask, (count, 0), value=True)[:, None, None, :]
        for block in self.blocks:
            x = block(x, condition, seen)
        x = self.spread(functional.layer_norm(x[:, :count], x.shape[-1:]))
        x = functional.pixel_shuffle(x.transpose(1, 2).reshape(batch, -1, self.side, self.side), self.patch)
        clean: Tensor = self.head(torch.cat([x, both.to(x.dtype)], 1))
        return clean


def _waves(time: Tensor, width: int) -> Tensor:
    """Sines and cosines of the time, [batch, width] (Vaswani et al., 2017)."""
    rates = torch.exp(torch.linspace(0, -9.2, width // 2, device=time.device)) * 1000
    angles = time.float()[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1)
