"""Latent diffusion pipelines of diffusers, from a folder: Stable Diffusion, SDXL, their Turbo kin, LCM, PixArt and others alike.

Each picture has a generator on the CPU, so a seed starts from the same noise on every device. Stop is looked at before every layer, so
it need not wait for a step. Not covered: pipelines whose latents are packed (Flux) or that work in several stages, since their steps cannot
be shown.
"""

import inspect
import json
import threading
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFilter

from tutor.devices import device_of
from tutor.errors import InputError, ModelError, first_line
from tutor.hub import PIPELINE, components
from tutor.image.background import steps_of
from tutor.image.base import Defaults, ImageStep, PaintOptions, Reading, settled
from tutor.image.families import settle
from tutor.weights import LOADING, quiet

if TYPE_CHECKING:
    import torch

BESIDE = 3 * 2**30
"""Bytes that painting takes beside the weights. Where a graphics card lacks the room for both, each part of the pipeline visits it in turn;
where the machine's own memory lacks it, the model is refused."""
CHECKER = "safety_checker"
_POLL = 0.1


class _Stopped(Exception):  # noqa: N818 - nothing is wrong
    """Raised inside the pipeline to leave it."""


class LatentPainter:
    """Paints with the pipeline in `folder`. `name` is its hub name, or the folder as it was given."""

    def __init__(self, folder: Path, name: str, device: str = "auto", dtype: str = "auto", safety: bool = True) -> None:
        """Raises ModelError when the folder holds no pipeline that can be shown step by step, or memory is short."""
        from safetensors import SafetensorError

        quiet()
        self.name = name
        self._lock = threading.Lock()
        self._stop = threading.Event()
        try:
            self._pipeline = _load(folder, name, device_of(device), dtype, safety)
            self.defaults: Defaults = settle(self._pipeline, name)
            self._see = _viewer(self._pipeline)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"{name} cannot be loaded: {first_line(error)}. Choose a folder or hub name of a text-to-image pipeline of diffusers."
            ) from error
        for part in self._pipeline.components.values():
            for layer in part.modules() if hasattr(part, "modules") else ():
                layer.register_forward_pre_hook(self._leave_if_stopped)

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        """Small previews after each step, the finished pictures after the last. Raises InputError, ModelError.

        Where the pipeline has a safety checker, which judges finished pictures only, previews are blurred.
        """
        steps, guidance = settled(options, self.defaults)
        taken = inspect.signature(type(self._pipeline).__call__).parameters
        more = {"negative_prompt": [options.negative] * len(options.seeds)} if options.negative else {}
        if more and ("negative_prompt" not in taken or guidance <= 1):
            raise InputError(
                f"{self.name} paints without guidance, so it cannot keep away from “{options.negative}”. Leave that out."
            )

        def work(report: Callable[[ImageStep], None], stop: threading.Event) -> None:
            while not self._lock.acquire(timeout=_POLL):
                if stop.is_set():
                    return
            try:
                self._stop = stop
                self._run([prompt] * len(options.seeds), options.seeds, steps, guidance, more, report)
            except _Stopped:
                self._pipeline.maybe_free_model_hooks()
            except (RuntimeError, ValueError, TypeError, MemoryError) as error:
                raise ModelError(
                    f"{self.name} failed: {first_line(error)}. Try fewer pictures, or choose a smaller model."
                ) from error
            finally:
                self._lock.release()

        return steps_of(work)

    def reading(self, prompt: str) -> Reading | None:
        """The prompt's tokens; such a pipeline makes no sketch."""
        tokenizer = getattr(self._pipeline, "tokenizer", None)
        if tokenizer is None:
            return None
        tokens = tuple(token.removesuffix("</w>").strip("▁") for token in tokenizer.tokenize(prompt))
        room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
        return Reading(tokens[:room], tokens[room:])

    def _run(
        self,
        prompts: list[str],
        seeds: tuple[int, ...],
        steps: int,
        guidance: float,
        more: dict[str, Any],
        report: Callable[[ImageStep], None],
    ) -> None:
        import torch

        def after_step(pipeline: Any, done: int, _: Any, state: dict[str, Any]) -> dict[str, Any]:
            count = len(pipeline.scheduler.timesteps)
            if done + 1 < count:  # the last step is told with the finished pictures
                report(ImageStep(done + 1, count, *self._see(state["latents"])))
            return state

        made = self._pipeline(
            prompt=prompts,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            callback_on_step_end=after_step,
            **more,
        )
        flags = getattr(made, "nsfw_content_detected", None) or ()
        pictures, count = tuple(made.images), len(self._pipeline.scheduler.timesteps)
        report(ImageStep(count, count, pictures, pictures, frozenset(i for i, bad in enumerate(flags) if bad)))

    def _leave_if_stopped(self, *_: Any) -> None:
        if self._stop.is_set():
            raise _Stopped


def _load(folder: Path, name: str, device: "torch.device", dtype: str, safety: bool) -> Any:
    """The pipeline on its device, in half precision on a graphics card unless `dtype` says otherwise."""
    import torch
    from diffusers import AutoPipelineForText2Image
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if not (folder / PIPELINE).is_file():
        raise ValueError(f"it has no {PIPELINE}")
    index = json.loads((folder / PIPELINE).read_text(encoding="utf-8"))
    half = torch.float16 if "unet" in index else torch.bfloat16
    number = getattr(torch, dtype) if dtype != "auto" else torch.float32 if device.type == "cpu" else half
    without = {CHECKER: None, "requires_safety_checker": False} if CHECKER in index and not safety else {}
    parts = components(index, without)
    if missing := [part for part in parts if not (folder / part).is_dir()]:
        raise ValueError(f"its {missing[0]} is missing")
    files = [file for part in parts for file in (folder / part).glob("*.safetensors")]
    plain = [file for file in files if ".fp16" not in file.name]
    needed = number.itemsize * sum(map(_parameters, plain or files)) + BESIDE
    if device.type == "cpu":
        _check_room(name, needed)
    with LOADING:
        pipeline: Any = AutoPipelineForText2Image.from_pretrained(
            folder, dtype=number, variant=None if plain else "fp16", use_safetensors=True, **without
        )
    if "callback_on_step_end" not in inspect.signature(type(pipeline).__call__).parameters or (
        hasattr(pipeline, "_unpack_latents") or not hasattr(pipeline, "vae")
    ):
        raise ValueError(f"a {type(pipeline).__name__} does not show its steps")
    pipeline.set_progress_bar_config(disable=True)
    if hasattr(pipeline.vae, "enable_slicing"):
        pipeline.vae.enable_slicing()  # several pictures are decoded one by one
    if device.type == "cuda" and torch.cuda.mem_get_info(device)[0] < needed:
        pipeline.enable_model_cpu_offload(device=device)
        return pipeline
    return pipeline.to(device)


def _viewer(pipeline: Any) -> Callable[["torch.Tensor"], tuple[tuple[Image.Image, ...], tuple[Image.Image, ...]]]:
    """Latents after a step -> previews of them and of the guess where they lead."""
    from tutor.image.preview import Preview, watch

    preview, look = Preview(pipeline), watch(pipeline.scheduler)
    blurred = getattr(pipeline, CHECKER, None) is not None

    def see(latents: "torch.Tensor") -> tuple[tuple[Image.Image, ...], tuple[Image.Image, ...]]:
        here, there = (preview(one) for one in look(latents))
        return (tuple(map(_blur, here)), tuple(map(_blur, there))) if blurred else (here, there)

    return see


def _blur(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 16))


def _parameters(file: Path) -> int:
    """How many numbers a file of safetensors holds, from its header."""
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(prod(tensor["shape"]) for key, tensor in header.items() if key != "__metadata__")


def _check_room(name: str, needed: int) -> None:
    import psutil

    free = psutil.virtual_memory().available
    if free < needed:
        raise ModelError(
            f"{name} needs about {needed / 2**30:.0f} GB of memory and {free / 2**30:.0f} GB are free. Choose a smaller model."
        )
