"""Pictures, and the network that reads them, as real files, and how like the original is what comes out."""

import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.workbench.fruit import Pictures

if TYPE_CHECKING:
    from torch import nn

Array = npt.NDArray[np.float32]
STEP = 1 / 16
"""A code's numbers are rounded to this, and stored as one signed byte each."""


def as_file(picture: npt.NDArray[np.float32], kind: str, quality: int) -> bytes:
    """A picture [height, width, 3] in 0..1 as a PNG (whatever the quality), JPEG or WebP."""
    file = BytesIO()
    options: dict[str, Any] = {"optimize": True} if kind == "PNG" else {"quality": quality}
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(file, kind, **options)
    return file.getvalue()


def from_file(file: bytes) -> Array:
    return np.asarray(Image.open(BytesIO(file)).convert("RGB")).astype(np.float32) / np.float32(255)


def psnr(one: Pictures, other: Pictures) -> float:
    """Peak signal to noise, in decibels, of the mean squared error of all pictures."""
    return float(-10 * np.log10(((one - other) ** 2).mean() + 1e-10))


def ssim(one: Pictures, other: Pictures) -> float:
    """Structural similarity of brightness, with a Gaussian window of 11 pixels (Wang et al., 2004): 1 for the same picture."""
    from scipy.ndimage import gaussian_filter

    a, b = (pictures @ np.array((0.299, 0.587, 0.114), dtype=np.float32) for pictures in (one, other))

    def near(values: Array) -> Array:
        return np.asarray(gaussian_filter(values, (0, 1.5, 1.5), truncate=3.5))

    mean_a, mean_b = near(a), near(b)
    both = near(a * b) - mean_a * mean_b
    own = near(a * a) - mean_a**2, near(b * b) - mean_b**2
    top = (2 * mean_a * mean_b + 1e-4) * (2 * both + 9e-4)
    return float((top / ((mean_a**2 + mean_b**2 + 1e-4) * (own[0] + own[1] + 9e-4))).mean())


def packed(net: "nn.Module", *arrays: Array) -> tuple[bytes, list[Array]]:
    """(the file of a network and of arrays that it needs, the arrays as they come out again). Each is in eight bits with one scale, then
    zlib; the net is left with the rounded weights, so that it gives what a reader of the file would get."""
    import torch

    parts, out = [], [torch.tensor(np.ascontiguousarray(array)) for array in arrays]
    with torch.no_grad():
        for weight in (*net.parameters(), *out):
            scale = float(weight.abs().max()) / 127 + 1e-12
            small = (weight / scale).round().to(torch.int8)
            weight.copy_(small * scale)
            parts.append(np.float32(scale).tobytes() + small.numpy().tobytes())
    return zlib.compress(b"".join(parts), 9), [array.numpy() for array in out]


def rounded(codes: Array) -> npt.NDArray[np.int8]:
    """Codes as they are stored: a byte a number."""
    return (codes / STEP).round().clip(-128, 127).astype(np.int8)
