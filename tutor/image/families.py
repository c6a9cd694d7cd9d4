"""What suits a pipeline: the scheduler, the steps and the guidance of its family, told by its own class, settings and name.

- Turbo (Sauer et al., 2023): trained by adversarial distillation for 1 to 4 steps without guidance, at evenly trailing times.
- LCM (Luo et al., 2023): a consistency model, 4 steps. One that was distilled with the guidance as an input takes it as such.
- Stable Diffusion and SDXL otherwise: 20 steps of DPM-Solver++ (Lu et al., 2022), the guidance of their class.
- Anything else keeps its scheduler and what its class was given as defaults.
"""

import inspect
from pathlib import PurePath
from typing import Any

from tutor.image.base import MOST_STEPS, Defaults

_FEW = 4
_PLAIN = 20


def settle(pipeline: Any, name: str) -> Defaults:
    """Give the pipeline of that hub name or folder its family's scheduler; what to paint with unless the learner says otherwise."""
    from diffusers import (
        DPMSolverMultistepScheduler,
        EulerAncestralDiscreteScheduler,
        EulerDiscreteScheduler,
        LCMScheduler,
        StableDiffusionPipeline,
        StableDiffusionXLPipeline,
    )

    scheduler, unet = pipeline.scheduler, getattr(pipeline, "unet", None)
    takes_guidance = unet is not None and unet.config.get("time_cond_proj_dim") is not None
    if takes_guidance or isinstance(scheduler, LCMScheduler):
        pipeline.scheduler = LCMScheduler.from_config(scheduler.config)
        return Defaults(_FEW, 8.0 if takes_guidance else 1.0)
    plain = isinstance(pipeline, StableDiffusionPipeline | StableDiffusionXLPipeline)
    euler = isinstance(scheduler, EulerDiscreteScheduler | EulerAncestralDiscreteScheduler)
    trailing = euler and scheduler.config.timestep_spacing == "trailing"
    if trailing or "turbo" in PurePath(name).name.lower():
        if unet is not None:
            kind = type(scheduler) if euler else EulerDiscreteScheduler
            pipeline.scheduler = kind.from_config(scheduler.config, timestep_spacing="trailing")
        return Defaults(_FEW, 0.0)
    default = {key: value.default for key, value in inspect.signature(type(pipeline).__call__).parameters.items()}
    steps, guidance = default["num_inference_steps"], default["guidance_scale"]
    if plain:
        pipeline.scheduler = DPMSolverMultistepScheduler.from_config(scheduler.config)
        steps = _PLAIN
    return Defaults(min(steps, MOST_STEPS), float(guidance))
