"""What a latent diffusion pipeline has on its hands, made visible at almost no cost.

Its decoder takes as long as a step, so a preview does without: a latent's channels are nearly a linear function of the colors under it, and
that function is fitted by least squares, once, to what the model's own encoder makes of some smooth pictures. A preview has one pixel
for each place of the latents. It shows colors and shapes as they are; fine detail it does not.
"""

import copy
import functools
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

_PICTURES = 12
_SIDE = 8
"""Latents a side of each fitted picture."""


class Preview:
    """Latents as the pipeline steps through them -> small pictures."""

    def __init__(self, pipeline: Any) -> None:
        self._processor = pipeline.image_processor
        self._map = _fit(copy.deepcopy(pipeline.vae).float().cpu(), pipeline.vae_scale_factor)

    def __call__(self, latents: Tensor) -> tuple[Image.Image, ...]:
        """latents [batch, channels, height, width] -> pictures of height by width."""
        colors = _with_one(latents.detach().float().cpu()) @ self._map  # [batch, height, width, 3]
        return tuple(self._processor.postprocess(colors.permute(0, 3, 1, 2).clamp(-1, 1)))


def watch(scheduler: Any) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Follow a scheduler from now on. What comes back turns the latents after a step into two that a preview can show: themselves, scaled
    to the spread that the network sees, and the scheduler's guess of where they lead, or themselves again where it makes none."""
    guess: Tensor | None = None
    step = scheduler.step

    @functools.wraps(step)
    def watched(*args: Any, **options: Any) -> Any:
        nonlocal guess
        result = step(*args, **options)
        guess = result[1] if len(result) > 1 else _solver_guess(scheduler)
        return result

    def look(latents: Tensor) -> tuple[Tensor, Tensor]:
        at = getattr(scheduler, "step_index", None)
        ended = at is None or at >= len(scheduler.timesteps)
        here = latents if ended else scheduler.scale_model_input(latents, scheduler.timesteps[at])
        return here, here if guess is None else guess

    scheduler.step = watched
    return look


def _solver_guess(scheduler: Any) -> Tensor | None:
    """DPM-Solver++ keeps the clean pictures that it was given last."""
    if "dpmsolver++" in (scheduler.config.get("algorithm_type") or ""):
        guess: Tensor = scheduler.model_outputs[-1]
        return guess
    return None


@torch.inference_mode()
def _fit(vae: Any, factor: int) -> Tensor:
    """The map [channels + 1, 3] that takes a latent and a one to red, green and blue in -1..1."""
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import retrieve_latents

    chance = torch.Generator().manual_seed(0)
    coarse = 2.4 * torch.rand((_PICTURES, 3, 4, 4), generator=chance) - 1.2
    pictures = functional.interpolate(coarse, size=_SIDE * factor, mode="bicubic", align_corners=False).clamp(-1, 1)
    latents = retrieve_latents(vae.encode(pictures), sample_mode="argmax")
    latents = (latents - (vae.config.get("shift_factor") or 0.0)) * vae.config.scaling_factor
    colors = functional.interpolate(pictures, size=latents.shape[-2:], mode="area").permute(0, 2, 3, 1)
    known = _with_one(latents).flatten(0, 2)
    found: Tensor = torch.linalg.lstsq(known.double(), colors.reshape(-1, 3).double(), driver="gelsd").solution
    return found.float()


def _with_one(latents: Tensor) -> Tensor:
    """[batch, channels, height, width] -> [batch, height, width, channels + 1]."""
    last = latents.permute(0, 2, 3, 1)
    return torch.cat([last, torch.ones_like(last[..., :1])], -1)
