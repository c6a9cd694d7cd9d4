"""The shipped painter's own pipeline, for demos that look at its networks: its guesses, its loss, and what it was trained on."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tutor.workbench.demo import Tools
from tutor.workbench.flow_matching import Guesses

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from tutor.image.pipeline import PainterPipeline


def own_pipeline(tools: Tools) -> "PainterPipeline":
    """That of the model in use where it is the built-in painter, otherwise the built-in one's. Loading it takes a second, once.

    Raises WeightsError."""
    from tutor.image.local import BuiltInPainter, built_in_painter

    painter = tools.painter()
    return (painter if isinstance(painter, BuiltInPainter) else built_in_painter()).pipeline()


def painter_guesses(pipeline: "PainterPipeline", net: Any, prompts: Sequence[str]) -> Guesses:
    """Those of the painter's denoiser, or of a changed copy of it, for one picture a prompt; not told, it gets an empty prompt."""
    import torch

    count = len(prompts)
    states, mask, pooled = pipeline.text_encoder([*prompts, *[""] * count])
    with torch.inference_mode():
        sketch = pipeline.sketch(states, mask, pooled)

    @torch.inference_mode()
    def guesses(pictures: Any, share: float) -> tuple[Any, Any]:
        clean = net(pictures.repeat(2, 1, 1, 1), torch.full((2 * count,), share), states, mask, pooled, sketch)
        return clean[:count], clean[count:]

    return guesses


def levels(pipeline: "PainterPipeline", steps: int) -> list[float]:
    """The painter's own shares of noise: most steps are spent where most is noise, because there the picture takes shape."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    scheduler.set_timesteps(steps)
    levels: list[float] = scheduler.sigmas.tolist()
    return levels


def denoising_loss(
    pipeline: "PainterPipeline", net: Any, names: Sequence[str], pictures: Any
) -> "Callable[[Generator], Tensor]":
    """The painter's own loss on these pictures: how wrong its guess is of what is under the noise. A function of a generator."""
    import torch

    states, mask, pooled = (
        t.clone() for t in pipeline.text_encoder([f"a {name}" for name in names])
    )  # out of inference mode
    with torch.no_grad():
        sketch = pipeline.sketch(states, mask, pooled)
    clean = 2 * torch.from_numpy(pictures).permute(0, 3, 1, 2) - 1

    def loss(random: Any) -> Any:
        share = 0.3 + 0.65 * torch.rand(len(clean), 1, 1, 1, generator=random)
        noisy = (1 - share) * clean + share * torch.randn(clean.shape, generator=random)
        return (net(noisy, share.flatten(), states, mask, pooled, sketch) - clean).square().mean()

    return loss


def training_pictures(names: Sequence[str]) -> Any:
    """Training pictures of the painter, [n, 64, 64, 3] in 0..1, on white."""
    import json

    from tutor.image.local import PAINTER
    from tutor.image.nearest import Sheet

    known = [str(thing["names"][0]) for thing in json.loads((PAINTER / "things.json").read_text(encoding="utf-8"))]
    things = Sheet(PAINTER, known)
    small = [things.picture(known.index(name)).resize((48, 48), Image.Resampling.BICUBIC) for name in names]
    made = np.ones((len(names), 64, 64, 3), dtype=np.float32)
    made[:, 8:56, 8:56] = np.stack([np.asarray(one, dtype=np.float32) / 255 for one in small])
    return made
