"""What is made once and kept under runs/, so that training goes on where it stopped, on this machine or another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from training.machine import DEVICE


def kept(path: Path, resume: bool, make: Callable[[], Any]) -> Any:
    """What an earlier run left in `path`, when resumed; otherwise it is made now, and left there."""
    if resume and path.is_file():
        return torch.load(path, map_location=DEVICE, weights_only=False)  # our own file
    made = make()
    keep(made, path)
    return made


def keep(value: object, path: Path) -> None:
    """Write `value`; a kill in mid-write leaves the earlier file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(value, partial)
    partial.replace(path)
