"""What training runs on, and what that computes fast."""

import os
from contextlib import AbstractContextManager

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HALF = DEVICE == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Whether bf16 is fast. Processors without it compute it in software, a hundred times slower than float32."""


def workers() -> int:
    """Processes that draw pictures beside a graphics card, which would wait for one alone. None on the CPU, which computes meanwhile."""
    return max(1, (os.cpu_count() or 1) - 2) if DEVICE == "cuda" else 0


def half_precision() -> AbstractContextManager[None]:
    """Automatic bf16 where it is fast."""
    context: AbstractContextManager[None] = torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=HALF)
    return context
