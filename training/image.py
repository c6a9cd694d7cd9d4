"""Train the painter: a text-conditioned rectified flow (Liu et al., 2022; Esser et al., 2024) on pictures made by `training.pictures`.

    python -m training.image [--preset cpu|gpu] [--minutes M] [--start DIR] [--resume] [--out models/image]

The network guesses the clean picture x0 from x_t = (1 - t) x0 + t noise; the loss is the squared error of the velocity (Li and He, 2025).
One picture in ten is learned without its text, for guidance (Ho and Salimans, 2022). Resumable: checkpoints go to runs/image every few
minutes. The learning rate follows the share of the time that has passed, so the time has to be said beforehand. Not deterministic
to the bit: neither the time nor the order of floating-point sums on several threads is.
"""

import argparse
import copy
import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.pictures import Scene, any_scene, caption, draw, things
from tutor.image.denoiser import Denoiser
from tutor.image.pipeline import PainterPipeline, TextStates
from tutor.settings import MODELS, ROOT
from tutor.things import THINGS

RUNS = ROOT / "runs" / "image"
_NO_TEXT = 0.1
_SMALLEST_TIME = 0.05
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
    minutes: float


PRESETS = {
    "tiny": Preset(width=64, depth=2, patch=16, captions=64, batch=16, rate=2e-3, ema=0.9, minutes=0.2),
    "cpu": Preset(width=256, depth=8, patch=8, captions=40_000, batch=64, rate=1e-3, ema=0.999, minutes=240),
    "gpu": Preset(width=512, depth=12, patch=4, captions=200_000, batch=256, rate=4e-4, ema=0.9995, minutes=20),
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
        return (
            clean,
            self.states[texts].to(device).float(),
            self.mask[texts].to(device),
            self.pooled[texts].to(device).float(),
        )


def make_bank(count: int, encode: TextStates, rng: random.Random) -> Bank:
    """`count` captions of scenes that are not held out."""
    scenes = [any_scene(rng) for _ in range(count)]
    texts = [*(caption(scene, rng) for scene in scenes), ""]
    parts = [encode(texts[start : start + 256]) for start in range(0, len(texts), 256)]
    states, mask, pooled = (torch.cat(part) for part in zip(*parts, strict=True))
    return Bank(scenes, states.half(), mask, pooled.half())


def flow_loss(model: Any, clean: Tensor, states: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
    """Mean squared error of the velocity that follows from the guessed clean picture."""
    t = torch.sigmoid(0.3 + torch.randn(len(clean), device=clean.device))
    noise = torch.randn_like(clean)
    share = t[:, None, None, None]
    with torch.autocast(clean.device.type, dtype=torch.bfloat16):
        guess = model((1 - share) * clean + share * noise, t, states, mask, pooled)
    error = (guess.float() - clean) / share.clamp(min=_SMALLEST_TIME)
    return error.square().mean()


def train(preset: Preset, minutes: float, out: Path, seed: int, start: Path | None, resume: bool) -> None:
    """Train for `minutes` and write the pipeline to `out`; `start` is a pipeline to go on from."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encode = TextStates()
    bank = make_bank(preset.captions, encode, rng)
    print(f"{preset.captions} captions encoded", flush=True)
    model: Any = Denoiser(width=preset.width, depth=preset.depth, patch=preset.patch, heads=preset.width // 64)
    if start is not None:
        model = PainterPipeline.from_pretrained(start).denoiser.float()
    model.to(device).train()
    average = copy.deepcopy(model).requires_grad_(False)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}M parameters", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=preset.rate, betas=(0.9, 0.99), weight_decay=0.01)
    step, spent = 0, 0.0
    last = RUNS / "last.pt"
    if resume:
        state = torch.load(last, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
        rng.seed(seed + step)
        torch.manual_seed(seed + step)
    compiled = torch.compile(model) if preset.width > 64 else model
    begun, saved, shown = time.monotonic() - spent, time.monotonic(), 0.0
    while (passed := (time.monotonic() - begun) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = preset.rate * min(1, (step + 1) / 200) * (0.03 + 0.97 * (1 + math.cos(math.pi * passed)) / 2)
        loss = flow_loss(compiled, *bank.batch(preset.batch, rng, device))
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
            print(f"{step} steps, {passed:.1%} of the time, loss {shown:.4f}", flush=True)
        if time.monotonic() - saved > _SAVE_EVERY:
            saved = time.monotonic()
            _checkpoint(last, model, average, optimizer, step, saved - begun)
            save(average, out)
    save(average, out)
    print(f"{step} steps, {step * preset.batch} pictures, loss {shown:.4f}; the pipeline is in {out}")


def save(average: Any, out: Path) -> None:
    """Write the pipeline in bf16, in shards that a repository takes without large-file storage, and the names of what it saw."""
    denoiser = copy.deepcopy(average).to(torch.bfloat16)
    PainterPipeline.of(denoiser).save_pretrained(out, max_shard_size="9MB")
    rows = [json.dumps({"char": t.char, "names": t.names}, ensure_ascii=False) for t in things()]
    (out / THINGS).write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    for file in out.rglob("*"):
        if file.is_file():
            file.chmod(0o644)


def _checkpoint(path: Path, model: Any, average: Any, optimizer: Any, step: int, spent: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state | {"step": step, "spent": spent}, partial)
    partial.replace(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    parser.add_argument("--minutes", type=float, help="the preset's unless told")
    parser.add_argument("--out", type=Path, default=MODELS / "image")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="DIR", help="a pipeline to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    options = parser.parse_args(arguments)
    preset = PRESETS[options.preset]
    minutes = options.minutes or preset.minutes
    train(preset, minutes, options.out, options.seed, options.start, options.resume)


if __name__ == "__main__":
    main()
