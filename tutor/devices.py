"""Where models run: the device that a setting means, and in which numbers."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch


def device_of(wanted: str) -> "torch.device":
    """`auto` is what accelerate finds: a graphics card, Apple's, or the processor."""
    import torch
    from accelerate import PartialState

    return torch.device(wanted) if wanted != "auto" else PartialState().default_device


def dtype_of(wanted: str, device: "torch.device") -> "torch.dtype | Literal['auto']":
    """`auto` is what the file holds, except on processors that compute bf16 slowly, in software."""
    import torch

    if wanted != "auto":
        dtype: torch.dtype = getattr(torch, wanted)
        return dtype
    slow = device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.float32 if slow else "auto"
