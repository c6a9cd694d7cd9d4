"""The built-in painter: our own pipeline from models/image, loaded on first use, one picture at a time."""

import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import WeightsError
from tutor.image.base import Defaults, ImageStep, PaintOptions, Reading, settled
from tutor.settings import MODELS
from tutor.weights import quiet

if TYPE_CHECKING:
    from tutor.image.pipeline import PainterPipeline

PAINTER = MODELS / "image"


class BuiltInPainter:
    """Paints with the pipeline in `folder`. Loading it takes about a second, at the first picture."""

    name = "our own painter"
    defaults = Defaults(20, 2.0)

    def __init__(self, folder: Path = PAINTER) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pipeline: PainterPipeline | None = None

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        """Raises InputError for options out of range, WeightsError."""
        steps, guidance = settled(options, self.defaults)
        import torch

        from tutor.image.pipeline import to_pil

        with self._lock:
            generators = [torch.Generator().manual_seed(seed) for seed in options.seeds]
            for state in self._loaded().steps(
                [prompt] * len(options.seeds),
                negative_prompt=options.negative,
                num_inference_steps=steps,
                guidance_scale=guidance,
                generator=generators,
            ):
                yield ImageStep(state.step, state.steps, tuple(to_pil(state.noisy)), tuple(to_pil(state.clean)))

    def reading(self, prompt: str) -> Reading:
        """The prompt's tokens, and the sketch that the denoiser sees beside the noise. Raises WeightsError."""
        import torch

        from tutor.image.pipeline import TEXT_TOKENS, to_pil

        with self._lock, torch.inference_mode():
            pipeline = self._loaded()
            encoder = pipeline.text_encoder
            tokens = tuple(token.removeprefix("##") for token in encoder.tokenizer.tokenize(prompt))
            device, dtype = pipeline.sketch.device, pipeline.sketch.dtype
            states, mask, pooled = encoder([prompt])
            sketch = to_pil(pipeline.sketch(states.to(device, dtype), mask.to(device), pooled.to(device, dtype)))[0]
        room = TEXT_TOKENS - encoder.tokenizer.num_special_tokens_to_add()
        return Reading(tokens[:room], tokens[room:], sketch)

    def pipeline(self) -> "PainterPipeline":
        """The pipeline itself. Its networks serve everybody: whoever changes weights copies them first. Raises WeightsError."""
        with self._lock:
            return self._loaded()

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
            pipeline.sketch.float().eval()
            pipeline.denoiser.float().eval()  # these sizes gain nothing from bf16, and fp32 sums are steadier
            self._pipeline = pipeline
        return self._pipeline


@cache
def built_in_painter() -> BuiltInPainter:
    """The one painter of this process."""
    return BuiltInPainter()
