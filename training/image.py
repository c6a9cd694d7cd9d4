"""Train the painter: a text-conditioned rectified flow (Liu et al., 2022; Esser et al., 2024) on pictures made by `training.pictures`.

    python -m training.image [--preset cpu|gpu] [--pictures N] [--start DIR] [--resume] [--out models/image]

The network guesses the clean picture x0 from x_t = (1 - t) x0 + t noise; the loss is the squared error of the velocity (Li and He, 2025).
Most times t lie near 1, where almost only noise is left: an emoji's outline shows through much noise, so that only there the text has
to say what it will be. One picture in ten is learned without its text, for guidance (Ho and Salimans, 2022). First comes the sketch,
which learns what a text asks for in its typical place and size (`tutor.image.sketch`), then the denoiser, which sees it; `--start` takes
the denoiser of a pipeline to go on from. Resumable: checkpoints go to runs/image every few minutes. The learning rate falls over
`--pictures`. Not deterministic to the bit: the order of floating-point sums on several threads is not.
"""

import argparse
import copy
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.pictures import Scene, any_scene, caption, draw, sheet, things, typical
from tutor.image.denoiser import Denoiser
from tutor.image.nearest import SHEET
from tutor.image.pipeline import PainterPipeline, TextStates
from tutor.image.sketch import Sketch
from tutor.settings import MODELS, ROOT
from tutor.things import THINGS

RUNS = ROOT / "runs" / "image"
_SKETCH_BATCH, _SKETCH_RATE = 256, 1e-3
_SKETCH_EMPTY = 4
"""Of a batch, how many are learned without their text."""
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
        hidden=2048,
    ),
    "gpu": Preset(
        width=512,
        depth=12,
        patch=4,
        captions=200_000,
        batch=256,
        rate=4e-4,
        ema=0.9995,
        pictures=4_000_000,
        sketches=3_000_000,
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

    def batch(self, size: int, rng: random.Random, device: str) -> tuple[Tensor, ...]:
        """(pictures in -1..1 [size, 3, 64, 64], states, mask, pooled)"""
        rows = [rng.randrange(len(self.scenes)) for _ in range(size)]
        pictures = np.stack([draw(self.scenes[row], rng) for row in rows])
        texts = [len(self.scenes) if rng.random() < _NO_TEXT else row for row in rows]
        clean = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        return clean, *self.texts(texts, device)

    def texts(self, rows: Sequence[int], device: str) -> tuple[Tensor, Tensor, Tensor]:
        """(states, mask, pooled)"""
        return (
            self.states[rows].to(device).float(),
            self.mask[rows].to(device),
            self.pooled[rows].to(device).float(),
        )


def make_bank(count: int, encode: TextStates, rng: random.Random) -> Bank:
    """`count` captions of scenes that are not held out."""
    scenes = [any_scene(rng) for _ in range(count)]
    texts = [*(caption(scene, rng) for scene in scenes), ""]
    parts = [encode(texts[start : start + 256]) for start in range(0, len(texts), 256)]
    states, mask, pooled = (torch.cat(part) for part in zip(*parts, strict=True))
    return Bank(scenes, states.half(), mask, pooled.half())


def train_sketch(preset: Preset, bank: Bank, rng: random.Random, device: str) -> Any:
    """The network that draws what a text asks for, at half size. Its rate falls to nothing.

    A text has one picture here, not the many that `draw` makes: what does not vary is learned several times faster than the mean of what
    does. For the empty text, it is the mean of all.
    """
    sketch: Any = Sketch(hidden=preset.hidden).to(device)
    pictures = torch.from_numpy(np.stack([typical(scene) for scene in bank.scenes])).permute(0, 3, 1, 2)
    some = torch.randperm(len(pictures))[:_MEASURED]
    sketch.whiten_by(*bank.texts(some.tolist(), device))
    optimizer = torch.optim.AdamW(sketch.parameters(), lr=_SKETCH_RATE, betas=(0.9, 0.99), weight_decay=0.01)
    steps = preset.sketches // _SKETCH_BATCH
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _SKETCH_RATE * min(1, (step + 1) / 100) * (1 + math.cos(math.pi * step / steps)) / 2
        rows = [rng.randrange(len(pictures)) for _ in range(_SKETCH_BATCH)]
        texts = bank.texts([*rows[:-_SKETCH_EMPTY], *[len(pictures)] * _SKETCH_EMPTY], device)
        with torch.autocast(device, dtype=torch.bfloat16):
            guess = sketch(*texts)
        loss = functional.mse_loss(guess.float(), pictures[rows].to(device).float() / 127.5 - 1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(sketch.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0:
            print(f"sketch: {step} of {steps} steps, error {loss.item():.4f}", flush=True)
    return sketch


def flow_loss(model: Any, sketch: Any, clean: Tensor, states: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
    """Mean squared error of the velocity that follows from the guessed clean picture."""
    t = torch.sigmoid(_TIME_MEAN + _TIME_SPREAD * torch.randn(len(clean), device=clean.device))
    noise = torch.randn_like(clean)
    share = t[:, None, None, None]
    with torch.autocast(clean.device.type, dtype=torch.bfloat16):
        guess = model((1 - share) * clean + share * noise, t, states, mask, pooled, sketch(states, mask, pooled))
    error = (guess.float() - clean) / share.clamp(min=_SMALLEST_TIME)
    return error.square().mean()


def train(preset: Preset, pictures: int, out: Path, seed: int, start: Path | None, resume: bool) -> None:
    """Train on `pictures` and write the pipeline to `out`; `start` is a pipeline to go on from."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    RUNS.mkdir(parents=True, exist_ok=True)
    bank = _kept(RUNS / "bank.pt", resume, lambda: make_bank(preset.captions, TextStates(), rng))
    print(f"{len(bank.scenes)} captions encoded", flush=True)
    sketch = _kept(RUNS / "sketch.pt", resume, lambda: train_sketch(preset, bank, rng, device)).to(device)
    model: Any
    if start is None:
        model = Denoiser(width=preset.width, depth=preset.depth, patch=preset.patch, heads=preset.width // 64)
    else:
        model = Denoiser.from_pretrained(start / "denoiser").float()
    sketch.eval().requires_grad_(False)
    model.to(device).train()
    average = copy.deepcopy(model).requires_grad_(False)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}M parameters", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=preset.rate, betas=(0.9, 0.99), weight_decay=0.01)
    step = 0
    last = RUNS / "last.pt"
    if resume and last.is_file():
        state = torch.load(last, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
        rng.seed(seed + step)
        torch.manual_seed(seed + step)
    compiled = torch.compile(model) if preset.width > 64 else model
    saved, shown = time.monotonic(), 0.0
    while (passed := step * preset.batch / pictures) < 1:
        for group in optimizer.param_groups:
            group["lr"] = preset.rate * min(1, (step + 1) / 200) * (0.03 + 0.97 * (1 + math.cos(math.pi * passed)) / 2)
        loss = flow_loss(compiled, sketch, *bank.batch(preset.batch, rng, device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        keep = min(preset.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
        shown = loss.item() if not shown else 0.98 * shown + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"{step} steps, {passed:.1%}, loss {shown:.4f}", flush=True)
        if time.monotonic() - saved > _SAVE_EVERY:
            saved = time.monotonic()
            _checkpoint(last, model, average, optimizer, step)
    save(average, sketch, out)
    print(f"{step} steps, {step * preset.batch} pictures, loss {shown:.4f}; the pipeline is in {out}")


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
    _write(state | {"step": step}, path)


def _write(value: object, path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(value, partial)
    partial.replace(path)


def _kept(path: Path, resume: bool, make: Callable[[], Any]) -> Any:
    """What an earlier run made and left in `path`, when resumed; otherwise it is made now, and left there."""
    if resume and path.is_file():
        return torch.load(path, weights_only=False)  # our own file
    made = make()
    _write(made, path)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    parser.add_argument("--pictures", type=int, help="to learn from; the preset's unless told")
    parser.add_argument("--out", type=Path, default=MODELS / "image")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="DIR", help="a pipeline whose denoiser to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from what runs/image holds")
    options = parser.parse_args(arguments)
    preset = PRESETS[options.preset]
    train(preset, options.pictures or preset.pictures, options.out, options.seed, options.start, options.resume)


if __name__ == "__main__":
    main()
