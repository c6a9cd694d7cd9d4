"""Plots in the house style: two colors have a meaning everywhere, cool for data and the course, warm for what a model made.

    with house(values.dark) as look:
        figure, axes = sheet(1, 2, height=2.6)
        axes[0].scatter(x, y, color=look.data)
        picture = as_picture(figure)

A sheet is 768 pixels wide and is shown 343 wide on a phone: no more than two plots side by side, and no text smaller than the style's.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = Path(__file__).parent / "house.mplstyle"
_ONE = threading.RLock()
WIDTH = 4.8
"""Inches, of 160 pixels."""


@dataclass(frozen=True, slots=True)
class Look:
    """The colors of one scheme."""

    data: str
    """Cool: what is real, or comes from the course."""
    model: str
    """Warm: what a model made."""
    third: str
    """For a stranger, or a third kind."""
    quiet: str
    """For what steps back: grids, what is cut off."""
    text: str
    paper: str
    good: str
    bad: str


LIGHT = Look("#2563a8", "#a04a0c", "#5b7f2b", "#9aa2ad", "#1f2328", "#ffffff", "#2b7a4b", "#b3261e")
DARK = Look("#8eb5da", "#eba66f", "#b5cf86", "#6d7580", "#e6e8eb", "#1f2226", "#7cc79b", "#ff9d94")


@contextmanager
def house(dark: bool = False) -> Iterator[Look]:
    """The style is in force inside the block, in this thread alone: matplotlib has one for the whole process."""
    import matplotlib

    look = DARK if dark else LIGHT
    colors: Any = {
        "figure.facecolor": look.paper,
        "axes.facecolor": look.paper,
        "savefig.facecolor": look.paper,
        "text.color": look.text,
        "axes.labelcolor": look.text,
        "axes.titlecolor": look.text,
        "axes.edgecolor": look.quiet,
        "xtick.color": look.text,
        "ytick.color": look.text,
        "grid.color": look.quiet,
    }
    with _ONE, matplotlib.rc_context(fname=STYLE), matplotlib.rc_context(colors):
        yield look


def sheet(rows: int = 1, columns: int = 1, height: float = 2.8, **grid: Any) -> tuple["Figure", Any]:
    """(figure, axes as `subplots` gives them), `height` in inches. No window and no global state, so that threads do not meet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **grid)


def as_picture(figure: "Figure") -> Image.Image:
    """The figure in RGB."""
    canvas: Any = figure.canvas
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def tiles(pictures: npt.NDArray[Any], columns: int, gap: int = 1, paper: float = 1.0) -> npt.NDArray[np.float32]:
    """[n, height, width, 3] in 0..1 -> one picture of rows and columns, for `imshow`."""
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    made = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), paper, dtype=np.float32)
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        made[top : top + height, left : left + width] = picture
    return made.clip(0, 1)
