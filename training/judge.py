"""Who judges the painter: a classifier of emoji trained apart, on augmented renderings of the same font (not on painted pictures).

    python -m training.judge [--minutes M]      trains it into runs/judge.pt and prints its accuracy on clean renderings

It tells the common things apart, and every other emoji as "something else". Colors and counts are measured, not judged by a network.
"""

import argparse
import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.kept import keep
from training.machine import DEVICE, half_precision
from training.pictures import COLORS, TINTS, Scene, Thing, draw, things
from tutor.settings import ROOT

JUDGE = ROOT / "runs" / "judge.pt"
_OTHERS = 0.25
_RATE = 2e-3


class Judge(nn.Module):
    """Pictures in -1..1 [batch, 3, 64, 64] -> scores [batch, common things + 1]; the last class is "something else"."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 48, 4, stride=2, padding=1),
            nn.BatchNorm2d(48),
            nn.ReLU(),
            *_stage(48, 96),
            *_stage(96, 160),
            *_stage(160, 256),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(256, classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.layers(pictures)
        return scores


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


def _stage(before: int, after: int) -> list[nn.Module]:
    return [
        nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        _Residual(after),
    ]


def common_things() -> tuple[Thing, ...]:
    return tuple(thing for thing in things() if thing.common)


def _example(rng: random.Random, common: Sequence[Thing], others: Sequence[Thing]) -> tuple[Any, int]:
    """A rendering with noise and shifts, and its class."""
    if rng.random() < _OTHERS:
        thing, label = rng.choice(others), len(common)
    else:
        label = rng.randrange(len(common))
        thing = common[label]
    tint = rng.choice(TINTS) if rng.random() < 0.25 else None
    layout = "one" if rng.random() < 0.8 else rng.choice(("small", "big"))
    picture = draw(Scene((thing,), rng.choice(tuple(COLORS)), tint, layout), rng).astype(np.float32)
    picture = np.roll(picture, (rng.randint(-2, 2), rng.randint(-2, 2)), (0, 1))
    picture += np.random.default_rng(rng.getrandbits(32)).normal(0, rng.choice((0, 4, 10)), picture.shape)
    return np.clip(picture, 0, 255), label


def to_input(pictures: Sequence[Any]) -> Tensor:
    """[batch, 3, 64, 64] in -1..1 from pictures [64, 64, 3] in 0..255."""
    stacked = torch.from_numpy(np.stack([np.asarray(p, dtype=np.float32) for p in pictures]))
    return stacked.permute(0, 3, 1, 2) / 127.5 - 1


def train(minutes: float, seed: int) -> Judge:
    """Train for `minutes` and write the judge. Its rate falls with the share of the time that has passed."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    common = common_things()
    others = [thing for thing in things() if not thing.common]
    judge = Judge(len(common) + 1).to(DEVICE)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=_RATE, weight_decay=0.05)
    begun, step = time.monotonic(), 0
    while (passed := (time.monotonic() - begun) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / 50) * (1 - passed)
        pictures, labels = zip(*(_example(rng, common, others) for _ in range(64)), strict=True)
        with half_precision():
            scores = judge(to_input(pictures).to(DEVICE))
        loss = nn.functional.cross_entropy(scores.float(), torch.tensor(labels, device=DEVICE), label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"{step} steps, {passed:.0%} of the time, loss {loss.item():.3f}", flush=True)
    judge = judge.cpu().eval()
    keep(judge.state_dict(), JUDGE)
    return judge


def load() -> Judge:
    """The trained judge. Raises FileNotFoundError when `python -m training.judge` has not run."""
    judge = Judge(len(common_things()) + 1)
    judge.load_state_dict(torch.load(JUDGE, weights_only=True))
    return judge.eval()


@torch.inference_mode()
def verdicts(judge: Judge, pictures: Sequence[Any]) -> list[str | None]:
    """What each picture shows, as its emoji; None for something else."""
    common = common_things()
    best = [
        row for start in range(0, len(pictures), 64) for row in judge(to_input(pictures[start : start + 64])).argmax(1)
    ]
    return [common[int(row)].char if int(row) < len(common) else None for row in best]


def clean_accuracy(judge: Judge, seed: int = 1) -> tuple[float, float]:
    """(share of clean renderings of common things named rightly, share of the other emoji taken for something else)."""
    rng = random.Random(seed)
    common = common_things()
    backgrounds = tuple(COLORS)
    drawn = [draw(Scene((thing,), rng.choice(backgrounds)), rng) for thing in common for _ in range(2)]
    named = verdicts(judge, drawn)
    right = [name == thing.char for name, thing in zip(named, (t for t in common for _ in range(2)), strict=True)]
    others = [draw(Scene((thing,), rng.choice(backgrounds)), rng) for thing in things() if not thing.common]
    strangers = [name is None for name in verdicts(judge, others)]
    return float(np.mean(right)), float(np.mean(strangers))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    right, strangers = clean_accuracy(train(options.minutes, options.seed))
    print(f"clean renderings named rightly: {right:.1%}; others taken for something else: {strangers:.1%}")


if __name__ == "__main__":
    main()
