"""Plots of bytes against quality: codes of a network beside files, and when its decoder has paid."""

import numpy as np
from PIL import Image

from tutor.workbench.plot import as_picture, house, sheet

Point = tuple[str, int, float, float, float]
"""A way to store a picture: name, quality asked for, bytes, PSNR, SSIM."""


def bytes_plot(points: list[Point], own: Point, dark: bool) -> Image.Image:
    """Files as lines over their bytes, and the VAE's code as a star."""
    with house(dark) as look:
        figure, axes = sheet(1, 2, 3.2)
        for place, (axis, title) in enumerate(zip(axes, ("PSNR (decibels)", "SSIM (1: same)"), strict=True)):
            for kind, line, mark in (("JPEG", "-", "o"), ("WebP", "--", "s"), ("PNG", "", "D")):
                mine = [(p[2], min(p[3 + place], 55)) for p in points if p[0] == kind]
                axis.plot(*zip(*mine, strict=True), color=look.data, linestyle=line, marker=mark, label=kind)
            axis.plot([own[2]], [own[3 + place]], "*", color=look.model, markersize=13, label="VAE code")
            axis.set(xlabel="bytes a picture", xscale="log", title=title, xlim=(10, 2000))
            axis.set_xticks((10, 100, 1000), ("10", "100", "1,000"))
        axes[1].legend(loc="lower left", handlelength=1.4, borderpad=0)
        axes[0].annotate("PNG: no loss", (points[0][2], 55), (-4, -4), textcoords="offset points", ha="right", va="top")
        return as_picture(figure)


def total_plot(one: int, decoder: int, rival: Point, even: int, most: int, dark: bool) -> Image.Image:
    """Bytes of up to `most` pictures in all: as the rival's files, or as the decoder and codes of `one` bytes; level at `even`."""
    with house(dark) as look:
        figure, axis = sheet(1, 1, 3.0)
        count = np.geomspace(1, most, 100)
        axis.plot(count, count * rival[2] / 1e6, "--", color=look.data, label=f"{rival[0]} files")
        axis.plot(count, (decoder + count * one) / 1e6, color=look.model, label="decoder + codes")
        axis.axvline(even, color=look.quiet, linewidth=1)
        axis.annotate(f"{even:,} pictures", (even, 0.001), (4, 0), textcoords="offset points")
        axis.set(xscale="log", yscale="log", xlabel="pictures in the shop", ylabel="megabytes in all")
        axis.set_title("When the decoder has paid")
        axis.set_xticks([10**power for power in range(6)], [f"{10**power:,}" for power in range(6)])
        axis.set_yticks([10.0**power for power in range(-3, 2)], [f"{10.0**power:g}" for power in range(-3, 2)])
        axis.legend(loc="upper left")
        return as_picture(figure)
