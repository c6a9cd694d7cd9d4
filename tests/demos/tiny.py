"""A painter that is quick and paints nothing: networks of random weights, for what does not depend on what the shipped ones learned."""

import torch

from tutor.image.denoiser import Denoiser
from tutor.image.local import PAINTER, BuiltInPainter
from tutor.image.pipeline import PainterPipeline
from tutor.image.sketch import Sketch


class TinyTools:
    """Tools whose painter is the tiny one, saved in `folder`."""

    def __init__(self, folder):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            networks = Denoiser(width=64, depth=2, patch=16, heads=1), Sketch(hidden=64)
        PainterPipeline.of(*networks).save_pretrained(folder)
        for name in ("things.json", "things.webp"):
            (folder / name).write_bytes((PAINTER / name).read_bytes())
        self._painter = BuiltInPainter(folder)

    def painter(self):
        return self._painter
