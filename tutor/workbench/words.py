"""Text on a sheet: pieces in boxes, and wrapped sentences, in letters that the house's font has."""

import textwrap
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image

from tutor.workbench.plot import as_picture, house, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = 10
"""Points."""
COLUMNS = 54
"""Letters of a fixed width in a line that is as wide as a sheet."""
LINE = 0.21
"""Inches from one line to the next."""
_MISSING = "□"


@cache
def _known() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans Mono")).get_charmap())


def drawable(text: str) -> str:
    """The text on one line; letters that the font lacks, such as Chinese ones, as empty boxes."""
    shown = (c if ord(c) in _known() and c.isprintable() else " " if c.isspace() else _MISSING for c in text)
    return "".join(shown)


def line_count(pieces: Sequence[str], columns: int = COLUMNS) -> int:
    """How many lines `write_pieces` needs."""
    return 1 + max((row for row, _, _ in _placed(pieces, columns)), default=0)


def write_pieces(
    axis: "Axes",
    pieces: Sequence[str],
    fills: Sequence[str],
    columns: int = COLUMNS,
    rows: int | None = None,
    strength: float = 0.25,
) -> None:
    """Each piece in a box of its color, one after the other, line by line; spaces are drawn as small dots. What is beyond `rows` lines
    is left out, and three dots say so. The axis is given up to the text."""
    from matplotlib.patches import Rectangle

    placed = _placed(pieces, columns)
    count = max(rows or 0, line_count(pieces, columns) if rows is None else rows)
    axis.set(xlim=(0, columns), ylim=(-count, 0))
    axis.axis("off")
    for number, (row, column, piece) in enumerate(placed):
        if row >= count:
            break
        axis.add_patch(
            Rectangle((column + 0.06, -row - 0.92), len(piece) - 0.12, 0.84, color=fills[number], alpha=strength, lw=0)
        )
        last = number + 1 < len(placed) and placed[number + 1][0] >= count
        shown = "…" if last else drawable(piece.replace(" ", "·"))
        axis.text(
            column, -row - 0.52, shown, family="DejaVu Sans Mono", fontsize=SIZE * 0.97, va="center", parse_math=False
        )


def _placed(pieces: Sequence[str], columns: int) -> list[tuple[int, float, str]]:
    """(line, column, piece), cut where a piece is longer than a line."""
    placed: list[tuple[int, float, str]] = []
    row, column = 0, 0
    for piece in pieces:
        shown = piece[: columns - 1] or "▯"
        if column + len(shown) > columns and column:
            row, column = row + 1, 0
        placed.append((row, column, shown))
        column += len(shown)
    return placed


def wrapped(text: str, columns: int = COLUMNS, rows: int = 99) -> list[str]:
    """Lines of at most `columns` letters, at most `rows` of them."""
    lines = textwrap.wrap(" ".join(text.split()), columns, break_long_words=True) or [""]
    if len(lines) > rows:
        lines = [*lines[: rows - 1], lines[rows - 1][: columns - 2] + " …"]
    return [drawable(line) for line in lines]


def write_lines(axis: "Axes", lines: Sequence[tuple[str, str]], rows: int, **font: Any) -> None:
    """Lines of (text, color), from the top; the axis has room for `rows`."""
    axis.set(xlim=(0, COLUMNS), ylim=(-rows, 0))
    axis.axis("off")
    for row, (line, color) in enumerate(lines[:rows]):
        axis.text(0, -row - 0.52, line, color=color, va="center", fontsize=SIZE, parse_math=False, **font)


def stacked(
    height: float, parts: Sequence[tuple[str, Sequence[str], Sequence[str]]], rows: int
) -> tuple["Figure", float]:
    """A sheet with texts from the top down, each (title, pieces, fills), of at most `rows` lines each, and the inches that are free below.

    It is higher than `height` inches only where the texts do not fit.
    """
    counts = [min(rows, line_count(pieces)) for _, pieces, _ in parts]
    used = sum(counts) * LINE * 1.1 + 0.38 * len(parts)
    height = max(height, used + 0.05)
    figure, axis = sheet(1, 1, height)
    axis.remove()
    figure.set_layout_engine("none")
    top = height
    for (title, pieces, fills), count in zip(parts, counts, strict=True):
        top -= 0.3
        figure.text(0.012, (top + 0.1) / height, title, weight="bold", fontsize=11, parse_math=False)
        top -= count * LINE * 1.1
        axis = figure.add_axes((0.012, top / height, 0.976, count * LINE * 1.1 / height))
        write_pieces(axis, pieces, fills, rows=count, strength=0.38)
        top -= 0.08
    return figure, top


def titled(dark: bool, blocks: Sequence[tuple[str, str]]) -> Image.Image:
    """A sheet of up to two texts, each (title, text), at most five lines of each."""
    with house(dark) as look:
        figure, axis = sheet(height=2.9)
        axis.set_axis_off()
        axis.set(xlim=(0, 1), ylim=(14, 0))
        for place, (title, text) in enumerate(blocks):
            lines = textwrap.wrap(text, 56)
            short = "\n".join(lines[:5]) + (" …" if len(lines) > 5 else "")
            axis.text(0, 7 * place, title, va="top", weight="bold", color=look.text, fontsize=11)
            axis.text(
                0, 7 * place + 1.2, short, va="top", color=look.text, fontsize=10, linespacing=1.25, parse_math=False
            )
        return as_picture(figure)
