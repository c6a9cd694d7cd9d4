"""How fast the built-in painter paints, and in how much memory, beside the plain way and a small Stable Diffusion, in the same run.

The plain way: the same weights, steps and guidance in a loop as one would first write it, in float32: the text encoded for each
picture, and at each step a guess with the words and then one without. For scale, a UNet of the shape of `segmind/tiny-sd` with random
weights: its time does not depend on what it has learned. Its text encoder and decoder are left out, which favors it. Times are
taken by turns in one process, memory in a process of its own for each.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tutor.settings import ROOT

PROMPT = "a red apple on a blue background"
STEPS = (4, 8)
"""Measured beside the painter's own number."""
_TIMES = 5
_GUIDANCE = 2.0
TINY_SD: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280),
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D",) * 3,
    "mid_block_type": None,
    "up_block_types": ("CrossAttnUpBlock2D",) * 3,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
"""The settings in which it differs from diffusers' UNet2DConditionModel, written out by hand: Stable Diffusion 1 without its
innermost level and middle, one layer a block."""


def main() -> None:
    from tutor.image.local import BuiltInPainter

    default = BuiltInPainter.defaults.steps
    counts = (*STEPS, default)
    both = _apart(("tutor", "plain"), counts, _TIMES)["ms"]
    ours, plain = (_apart((what,), (default,), 1) for what in ("tutor", "plain"))
    print("| what | tutor | plain way | ratio |\n|---|---|---|---|")
    for steps in counts:
        note = ", the default" if steps == default else ""
        _row(f"a picture in {steps} guided steps{note}, ms", both["tutor"][str(steps)], both["plain"][str(steps)])
    _row("peak memory of the process, MB", ours["mb"], plain["mb"])
    _row("of it, what came with the model and painting, MB", ours["mb"] - ours["before"], plain["mb"] - plain["before"])
    tiny = _apart(("tiny-sd",), (4,), 1)
    shape = f"a UNet of the shape of segmind/tiny-sd ({tiny['millions']:.0f} million random weights), 512 px, 4 steps"
    print(f"\n| for scale | tutor, 64 px, {default} guided steps | {shape} | ratio |\n|---|---|---|---|")
    _row("a picture, ms", both["tutor"][str(default)], tiny["ms"]["tiny-sd"]["4"])
    _row("peak memory of the process, MB", ours["mb"], tiny["mb"])


def measure(whats: tuple[str, ...], counts: tuple[int, ...], times: int) -> dict[str, Any]:
    """Median milliseconds a picture of each for each number of steps, by turns, so that what else the machine does slows both; peak
    memory in MB, and how much of it torch and diffusers took before."""
    import diffusers  # noqa: F401 - loaded before memory is looked at
    import torch
    import transformers  # noqa: F401
    from diffusers.utils import logging

    logging.disable_progress_bar()
    before = _peak()
    made = {what: {"tutor": _tutor, "plain": _plain, "tiny-sd": _tiny}[what]() for what in whats}
    found: dict[str, dict[str, float]] = {what: {} for what in whats}
    with torch.inference_mode():
        for paint, _ in made.values():
            paint(1, 0)  # loads what is loaded on first use
        for steps in counts:
            taken: dict[str, list[float]] = {what: [] for what in whats}
            for seed in range(times):
                for what, (paint, _) in made.items():
                    start = time.perf_counter()
                    paint(steps, seed)
                    taken[what].append(1000 * (time.perf_counter() - start))
            for what in whats:
                found[what][str(steps)] = statistics.median(taken[what])
    return {"ms": found, "mb": _peak(), "before": before, "millions": made[whats[-1]][1]}


_Painter = tuple[Callable[[int, int], object], float]
"""What paints in so many steps from a seed, and how many million weights it has."""


def _tutor() -> _Painter:
    from tutor.image.base import PaintOptions
    from tutor.image.local import BuiltInPainter

    painter = BuiltInPainter()
    return lambda steps, seed: list(painter.paint(PROMPT, PaintOptions((seed,), steps, _GUIDANCE))), 0.0


def _plain() -> _Painter:
    import torch

    from tutor.image.local import PAINTER
    from tutor.image.pipeline import PainterPipeline, to_pil

    pipeline: Any = PainterPipeline.from_pretrained(PAINTER)
    denoiser, sketch, scheduler = pipeline.denoiser.float().eval(), pipeline.sketch.float().eval(), pipeline.scheduler

    def paint(steps: int, seed: int) -> object:
        texts = [pipeline.text_encoder([text]) for text in (PROMPT, "")]
        sketches = [sketch(*text) for text in texts]
        size = denoiser.config.size
        picture = torch.randn((1, 3, size, size), generator=torch.Generator().manual_seed(seed))
        scheduler.set_timesteps(steps)
        for at, share in zip(scheduler.timesteps, scheduler.sigmas.tolist(), strict=False):
            time = torch.tensor([share])
            wanted, unwanted = (
                denoiser(picture, time, *text, drawn) for text, drawn in zip(texts, sketches, strict=True)
            )
            clean = (unwanted + _GUIDANCE * (wanted - unwanted)).clamp(-1, 1)
            picture = scheduler.step((picture - clean) / share, at, picture).prev_sample
        return to_pil(picture)

    return paint, 0.0


def _tiny() -> _Painter:
    import torch
    from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel

    unet: Any = UNet2DConditionModel(**TINY_SD).eval()
    words = torch.randn((1, 77, TINY_SD["cross_attention_dim"]))

    def paint(steps: int, seed: int) -> object:
        scheduler = DPMSolverMultistepScheduler()
        scheduler.set_timesteps(steps)
        latents = torch.randn((1, 4, 64, 64), generator=torch.Generator().manual_seed(seed))
        for t in scheduler.timesteps:
            latents = scheduler.step(unet(latents, t, words).sample, t, latents).prev_sample
        return latents

    return paint, sum(p.numel() for p in unet.parameters()) / 1e6


def _peak() -> float:
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def _apart(*arguments: Any) -> dict[str, Any]:
    """`measure` in a process of its own."""
    code = f"import json; from benchmarks.images import measure; print(json.dumps(measure(*{arguments!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(name: str, ours: float, other: float) -> None:
    print(f"| {name} | {ours:,.0f} | {other:,.0f} | {other / ours:.2f}x |", flush=True)
