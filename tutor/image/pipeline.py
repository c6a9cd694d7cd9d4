"""Text to picture with our own weights: a rectified flow (Liu et al., 2022) run from noise to a picture, steered by the text.

    pipeline = PainterPipeline.from_pretrained("models/image")
    picture = pipeline("a red apple on a blue background", generator=torch.Generator().manual_seed(7)).images[0]

The text encoder is the project's sentence encoder, frozen; it comes from its own package and is not saved with the pipeline.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.pipeline_utils import ImagePipelineOutput
from PIL import Image
from torch import Tensor

from tutor.image.denoiser import Denoiser
from tutor.image.sketch import Sketch
from tutor.weights import LOADING, encoder_folder, quiet

TEXT_TOKENS = 16
"""Tokens of a prompt that are read; the rest is cut."""


class TextStates:
    """Texts -> (token states [texts, 16, 384], mask [texts, 16], pooled vectors [texts, 384]) of all-MiniLM-L6-v2."""

    def __init__(self, device: str = "cpu") -> None:
        from transformers import AutoModel, AutoTokenizer

        quiet()
        folder = encoder_folder()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        with LOADING:
            self._model: Any = AutoModel.from_pretrained(folder).eval().to(device)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        batch = self.tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=TEXT_TOKENS, return_tensors="pt"
        ).to(self._model.device)
        states = self._model(**batch).last_hidden_state
        mask = batch["attention_mask"].bool()
        weights = mask.unsqueeze(-1).to(states.dtype)
        pooled = torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)
        return states, mask, pooled


@dataclass(frozen=True, slots=True)
class StepState:
    """One step as the callback sees it. `noisy` and `clean` [batch, 3, size, size]: the picture on its way, and the network's guess
    of where it leads."""

    step: int
    steps: int
    noisy: Tensor
    clean: Tensor


class PainterPipeline(DiffusionPipeline):
    """Our text-to-image pipeline. Call it with a prompt or several."""

    denoiser: Any
    sketch: Any
    scheduler: Any

    def __init__(self, denoiser: Denoiser, sketch: Sketch, scheduler: FlowMatchEulerDiscreteScheduler) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.register_modules(  # type: ignore[attr-defined]
            denoiser=denoiser, sketch=sketch, scheduler=scheduler
        )
        self._encode: TextStates | None = None
        self._interrupt = False

    @classmethod
    def of(cls, denoiser: Denoiser, sketch: Sketch) -> "PainterPipeline":
        """The pipeline around trained networks. The shift lets more of the steps go where almost only noise is left, because there the
        picture takes shape (Esser et al., 2024)."""
        return cls(denoiser, sketch, FlowMatchEulerDiscreteScheduler(shift=3.0))

    def interrupt(self) -> None:
        """Stop after the step that is running; may be called from another thread or from the callback."""
        self._interrupt = True

    @property
    def text_encoder(self) -> TextStates:
        """Loaded on first use."""
        if self._encode is None:
            self._encode = TextStates()
        return self._encode

    def __call__(
        self,
        prompt: str | Sequence[str],
        *,
        negative_prompt: str = "",
        num_inference_steps: int = 20,
        guidance_scale: float = 2.0,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        callback_on_step_end: Callable[[StepState], None] | None = None,
    ) -> ImagePipelineOutput:
        """Paint each prompt once. `generator` lives on the CPU: one for all, or one for each prompt.

        `guidance_scale` 1 follows the text alone, more also moves away from `negative_prompt` (Ho and Salimans, 2022).
        """
        self._interrupt = False
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        state = None
        for state in self.steps(
            prompts,
            negative_prompt=negative_prompt,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            generator=generator,
        ):
            if callback_on_step_end is not None:
                callback_on_step_end(state)
            if self._interrupt:
                break
        return ImagePipelineOutput(images=[] if state is None else to_pil(state.noisy))

    def steps(
        self,
        prompts: Sequence[str],
        *,
        negative_prompt: str = "",
        num_inference_steps: int = 20,
        guidance_scale: float = 2.0,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
    ) -> Iterator[StepState]:
        """What `__call__` does, step by step; closing the iterator ends the work."""
        count, size = len(prompts), self.denoiser.config.size
        guided = guidance_scale != 1
        texts = self.text_encoder([*prompts, *([negative_prompt] * count if guided else [])])
        device, dtype = self.denoiser.device, self.denoiser.dtype
        states, mask, pooled = (t.to(device) if t.dtype == torch.bool else t.to(device, dtype) for t in texts)
        with torch.inference_mode():
            sketch = self.sketch(states, mask, pooled)
        picture = _noise(count, size, generator).to(device)
        scheduler = FlowMatchEulerDiscreteScheduler.from_config(self.scheduler.config)
        scheduler.set_timesteps(num_inference_steps, device=device)
        for number, at in enumerate(scheduler.timesteps, 1):
            share = scheduler.sigmas[number - 1].item()
            with torch.inference_mode():
                twice = torch.cat([picture, picture]) if guided else picture
                time = torch.full((len(twice),), share, device=device)
                clean = self.denoiser(twice.to(dtype), time.to(dtype), states, mask, pooled, sketch).float()
                if guided:
                    wanted, unwanted = clean.chunk(2)
                    clean = unwanted + guidance_scale * (wanted - unwanted)
                clean = clean.clamp(-1, 1)
                picture = scheduler.step((picture - clean) / share, at, picture, return_dict=False)[0]
            yield StepState(number, num_inference_steps, picture, clean)


def _noise(count: int, size: int, generator: torch.Generator | Sequence[torch.Generator] | None) -> Tensor:
    """[count, 3, size, size] drawn on the CPU, so that a seed gives the same on every device."""
    if isinstance(generator, torch.Generator) or generator is None:
        return torch.randn((count, 3, size, size), generator=generator)
    return torch.cat([torch.randn((1, 3, size, size), generator=one) for one in generator])


def to_pil(pictures: Tensor) -> list[Image.Image]:
    """[batch, 3, height, width] in -1..1 -> pictures in RGB."""
    pixels = ((pictures.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(one) for one in pixels]
