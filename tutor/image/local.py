"""The built-in painter: our own pipeline from models/image, loaded on first use, one picture at a time."""

import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import InputError, WeightsError
from tutor.image.base import LARGEST_SEED, MOST_AT_ONCE, MOST_STEPS, ImageStep, PaintOptions
from tutor.settings import MODELS
from tutor.weights import quiet

if TYPE_CHECKING:
    from tutor.image.pipeline import PainterPipeline

PAINTER = MODELS / "image"


class BuiltInPainter:
    """Paints with the pipeline in `folder`. Loading it takes about a second, at the first picture."""

    name = "our own painter"

    def __init__(self, folder: Path = PAINTER) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pipeline: PainterPipeline | None = None

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        """Raises InputError for options out of range, WeightsError."""
        check_options(options)
        import torch

        from tutor.image.pipeline import to_pil

        with self._lock:
            generators = [torch.Generator().manual_seed(seed) for seed in options.seeds]
            for state in self._loaded().steps(
                [prompt] * len(options.seeds),
                negative_prompt=options.negative,
                num_inference_steps=options.steps,
                guidance_scale=options.guidance,
                generator=generators,
            ):
                yield ImageStep(state.step, state.steps, tuple(to_pil(state.noisy)), tuple(to_pil(state.clean)))

    def _loaded(self) -> "PainterPipeline":
        if self._pipeline is None:
            from diffusers.utils import logging

            from tutor.image.pipeline import PainterPipeline

            quiet()
            logging.disable_progress_bar()
            if not (self._folder / "model_index.json").is_file():
                raise WeightsError(
                    f"{self._folder} holds no painter; run `git checkout models` or `python -m training.image`."
                )
            pipeline: PainterPipeline = PainterPipeline.from_pretrained(self._folder)  # type: ignore[no-untyped-call]
            pipeline.denoiser.float().eval()  # these sizes gain nothing from bf16, and fp32 sums are steadier
            self._pipeline = pipeline
        return self._pipeline


def check_options(options: PaintOptions) -> None:
    """Raises InputError that says what is legal."""
    if not 1 <= options.steps <= MOST_STEPS:
        raise InputError(f"{options.steps:,} steps cannot be painted; choose 1 to {MOST_STEPS}.")
    if not 1 <= len(options.seeds) <= MOST_AT_ONCE:
        raise InputError(f"{len(options.seeds)} pictures at once cannot be painted; choose 1 to {MOST_AT_ONCE}.")
    for seed in options.seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise InputError(f"{seed} is not a seed; choose a whole number from 0 to {LARGEST_SEED:,}.")
    if not 0 <= options.guidance <= 20:
        raise InputError(f"Guidance {options.guidance:g} cannot be used; choose 0 to 20.")


@cache
def built_in_painter() -> BuiltInPainter:
    """The one painter of this process."""
    return BuiltInPainter()
