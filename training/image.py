"""Train the painter: a text-conditioned rectified flow (Liu et al., 2022; Esser et al., 2024) on pictures made by `training.pictures`.

    python -m training.image [--preset cpu|gpu] [--pictures N | --minutes M] [--start DIR] [--resume] [--out models/image]

The network guesses the clean picture x0 from x_t = (1 - t) x0 + t noise; the loss is the squared error of the velocity (Li and He, 2025).
Most times t lie near 1, where almost only noise is left: an emoji's outline shows through much noise, so that only there the text has
to say what it will be. One picture in ten is learned without its text, for guidance (Ho and Salimans, 2022). First comes the sketch,
which learns what a text asks for in its typical place and size (`tutor.image.sketch`), then the denoiser, which sees it; `--start` takes
the denoiser of a pipeline to go on from. Resumable: checkpoints go to runs/image every few minutes. The learning rate falls over
`--pictures`, or over `--minutes`, where a machine is lent for some time. Not deterministic to the bit: the order of floating-point sums
on several threads is not.
"""

import argparse
import copy
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from training.kept import keep, kept
from training.machine import DEVICE, half_precision, workers
from training.pictures import Scene, any_scene, caption, draw, sheet, things, typical
from tutor.image.denoiser import Denoiser
from tutor.image.nearest import SHEET
from tutor.image.pipeline import PainterPipeline, TextStates
from tutor.image.sketch import Sketch
from tutor.settings import MODELS, ROOT
from tutor.things import THINGS

RUNS = ROOT / "runs" / "image"
_SKETCH_RATE = 1e-3
_SKETCH_EMPTY = 1 / 64
"""Of a batch, the share that is learned without its text."""
_ENCODED = 512
"""Captions that are encoded at a time."""
_MEASURED = 8_000
"""Texts whose spread is measured."""
_NO_TEXT = 0.1
_TIME_MEAN, _TIME_SPREAD = 1.2, 1.6
"""Of the logit of t. A median of 0.77, and a quarter above 0.9."""
_SMALLEST_TIME = 0.25
"""Below it, the velocity's error would outweigh everything else."""
_SAVE_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Preset:
    width: int
    depth: int
    patch: int
    captions: int
    """Encoded once; each is drawn anew whenever its turn comes."""
    batch: int
    rate: float
    ema: float
    pictures: int
    sketches: int
    """Pictures that the sketch learns from, before."""
    sketch_batch: int
    hidden: int
    """Width of the sketch."""


PRESETS = {
    "tiny": Preset(
        width=64,
        depth=2,
        patch=16,
        captions=64,
        batch=16,
        rate=2e-3,
        ema=0.9,
        pictures=1_000,
        sketches=4_000,
        sketch_batch=256,
        hidden=64,
    ),
    "cpu": Preset(
        width=256,
        depth=8,
        patch=8,
        captions=120_000,
        batch=64,
        rate=1e-3,
        ema=0.999,
        pictures=400_000,
        sketches=2_000_000,
        sketch_batch=256,
        hidden=2048,
    ),
    "gpu": Preset(
        width=256,
        depth=8,
        patch=8,
        captions=240_000,
        batch=512,
        rate=6e-4,
        ema=0.999,
        pictures=3_000_000,
        sketches=24_000_000,
        sketch_batch=1024,
        hidden=2048,
    ),
}


@dataclass
class Bank:
    """Captions with their encoded texts; the last one is the empty text.

    states [captions, tokens, 384] in float16, mask [captions, tokens], pooled [captions, 384].
    """

    scenes: list[Scene]
    states: Tensor
    mask: Tensor
    pooled: Tensor

    def texts(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(states, mask, pooled)"""
        return self.states[rows].float(), self.mask[rows], self.pooled[rows].float()


def make_bank(count: int, encode: TextStates, rng: random.Random) -> Bank:
    """`count` captions of scenes that are not held out, on the device that trains."""
    scenes = [any_scene(rng) for _ in range(count)]
    texts = [*(caption(scene, rng) for scene in scenes), ""]
    parts = [encode(texts[start : start + _ENCODED]) for start in range(0, len(texts), _ENCODED)]
    half = [(states.half(), mask, pooled.half()) for states, mask, pooled in parts]
    return Bank(scenes, *(torch.cat(part) for part in zip(*half, strict=True)))


class _Drawn(IterableDataset[tuple[Tensor, Tensor]]):
    """Without end: (pictures uint8 [batch, 64, 64, 3], rows of their texts in the bank [batch])."""

    def __init__(self, scenes: Sequence[Scene], batch: int, seed: int) -> None:
        self._scenes, self._batch, self._seed = scenes, batch, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rng = random.Random(f"{self._seed} {worker.id if worker else 0}")
        while True:
            rows = [rng.randrange(len(self._scenes)) for _ in range(self._batch)]
            pictures = np.stack([draw(self._scenes[row], rng) for row in rows])
            texts = [len(self._scenes) if rng.random() < _NO_TEXT else row for row in rows]
            yield torch.from_numpy(pictures), torch.tensor(texts)


class _Typical(Dataset[Tensor]):
    """The one picture of each scene that the sketch learns, uint8 [3, 32, 32]."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes

    def __len__(self) -> int:
        return len(self._scenes)

    def __getitem__(self, number: int) -> Tensor:
        return torch.from_numpy(typical(self._scenes[number])).permute(2, 0, 1)


def train_sketch(preset: Preset, bank: Bank) -> Any:
    """The network that draws what a text asks for, at half size. Its rate falls to nothing.

    A text has one picture here, not the many that `draw` makes: what does not vary is learned several times faster than the mean of what
    does. For the empty text, it is the mean of all.
    """
    sketch: Any = Sketch(hidden=preset.hidden).to(DEVICE)
    pictures = torch.cat(list(DataLoader(_Typical(bank.scenes), 256, num_workers=workers()))).to(DEVICE)
    sketch.whiten_by(*bank.texts(torch.randperm(len(pictures))[:_MEASURED]))
    optimizer = _optimizer(sketch, _SKETCH_RATE)
    steps = preset.sketches // preset.sketch_batch
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _SKETCH_RATE * min(1, (step + 1) / 100) * (1 + math.cos(math.pi * step / steps)) / 2
        rows = torch.randint(len(pictures), (preset.sketch_batch,), device=DEVICE)
        empty = torch.rand(len(rows), device=DEVICE) < _SKETCH_EMPTY
        texts = bank.texts(rows.masked_fill(empty, len(pictures)))
        with half_precision():
            guess = sketch(*texts)
        loss = functional.mse_loss(guess.float(), pictures[rows].float() / 127.5 - 1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(sketch.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0:
            print(f"sketch: {step} of {steps} steps, error {loss.item():.4f}", flush=True)
    return sketch


def _optimizer(network: Any, rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        network.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=DEVICE == "cuda"
    )


def flow_loss(model: Any, sketch: Any, clean: Tensor, states: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
    """Mean squared error of the velocity that follows from the guessed clean picture."""
    t = torch.sigmoid(_TIME_MEAN + _TIME_SPREAD * torch.randn(len(clean), device=clean.device))
    noise = torch.randn_like(clean)
    share = t[:, None, None, None]
    with half_precision():
        guess = model((1 - share) * clean + share * noise, t, states, mask, pooled, sketch(states, mask, pooled))
    error = (guess.float() - clean) / share.clamp(min=_SMALLEST_TIME)
    return error.square().mean()


def train(
    preset: Preset, out: Path, seed: int, start: Path | None, resume: bool, pictures: int, minutes: float | None
) -> None:
    """Train on `pictures`, or for `minutes`, and write the pipeline to `out`; `start` is a pipeline to go on from."""
    torch.manual_seed(seed)
    bank = kept(RUNS / "bank.pt", resume, lambda: make_bank(preset.captions, TextStates(DEVICE), random.Random(seed)))
    print(f"{len(bank.scenes)} captions encoded", flush=True)
    sketch = kept(RUNS / "sketch.pt", resume, lambda: train_sketch(preset, bank))
    model: Any
    if start is None:
        model = Denoiser(width=preset.width, depth=preset.depth, patch=preset.patch, heads=preset.width // 64)
    else:
        model = Denoiser.from_pretrained(start / "denoiser").float()
    sketch.eval().requires_grad_(False)
    model.to(DEVICE).train()
    average = copy.deepcopy(model).requires_grad_(False)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}M parameters", flush=True)
    optimizer = _optimizer(model, preset.rate)
    step = 0
    last = RUNS / "last.pt"
    if resume and last.is_file():
        state = torch.load(last, map_location=DEVICE, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
        torch.manual_seed(seed + step)
    compiled = torch.compile(model) if preset.width > 64 else model
    drawn = DataLoader(
        _Drawn(bank.scenes, preset.batch, seed + step),
        batch_size=None,
        num_workers=workers(),
        pin_memory=DEVICE == "cuda",
    )
    begun = saved = time.monotonic()
    shown: Tensor | None = None
    for pixels, rows in drawn:
        done = (time.monotonic() - begun) / (60 * minutes) if minutes else step * preset.batch / pictures
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = preset.rate * min(1, (step + 1) / 200) * (0.03 + 0.97 * (1 + math.cos(math.pi * done)) / 2)
        clean = pixels.to(DEVICE, non_blocking=True).permute(0, 3, 1, 2).float() / 127.5 - 1
        loss = flow_loss(compiled, sketch, clean, *bank.texts(rows.to(bank.mask.device)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        rate = 1 - min(preset.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, rate)
            shown = loss.detach() if shown is None else torch.lerp(shown, loss.detach(), 0.02)
        if step % 50 == 0:
            print(f"{step} steps, {done:.1%}, loss {shown.item():.4f}", flush=True)
        if time.monotonic() - saved > _SAVE_EVERY:
            saved = time.monotonic()
            _checkpoint(last, model, average, optimizer, step)
    save(average, sketch, out)
    print(f"{step} steps, {step * preset.batch} pictures; the pipeline is in {out}")


def save(average: Any, sketch: Any, out: Path) -> None:
    """Write the pipeline in bf16, in shards that a repository takes without large-file storage, with the names and pictures of what it
    saw."""
    denoiser, small = (copy.deepcopy(network).to(torch.bfloat16) for network in (average, sketch))
    PainterPipeline.of(denoiser, small).save_pretrained(out, max_shard_size="9MB")
    rows = [json.dumps({"char": t.char, "names": t.names}, ensure_ascii=False) for t in things()]
    (out / THINGS).write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    sheet().save(out / SHEET, lossless=True, method=6)
    for file in out.rglob("*"):
        if file.is_file():
            file.chmod(0o644)


def _checkpoint(path: Path, model: Any, average: Any, optimizer: Any, step: int) -> None:
    state = {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
    keep(state | {"step": step}, path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--pictures", type=int, help="for the denoiser to learn from; the preset's unless told")
    length.add_argument("--minutes", type=float, help="for the denoiser, instead")
    parser.add_argument("--out", type=Path, default=MODELS / "image")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="DIR", help="a pipeline whose denoiser to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from what runs/image holds")
    options = parser.parse_args(arguments)
    preset = PRESETS[options.preset]
    pictures = options.pictures or preset.pictures
    train(preset, options.out, options.seed, options.start, options.resume, pictures, options.minutes)


if __name__ == "__main__":
    main()
