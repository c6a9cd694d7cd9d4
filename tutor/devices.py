"""Where models run: the device that a setting means."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def device_of(wanted: str) -> "torch.device":
    """`auto` is what accelerate finds: a graphics card, Apple's, or the processor."""
    import torch
    from accelerate import PartialState

    return torch.device(wanted) if wanted != "auto" else PartialState().default_device
