"""How well a language model that reads tokens counts the letters of a word."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from PIL import Image

from tutor.workbench.plot import as_picture, house, sheet
from tutor.workbench.words import drawable

_HEIGHT = 3.5
WORDS = (
    *(
        "banana",
        "mississippi",
        "balloon",
        "committee",
        "success",
        "cinnamon",
        "elephant",
        "pepper",
        "noodle",
        "referee",
    ),
    *("parallel", "giraffe", "coconut", "tomorrow", "eleven", "strength"),
)
"""Words whose letters the model is asked to count, for more than one throw of the dice."""
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def commonest(word: str) -> str:
    """The letter that occurs most often."""
    return max(word, key=lambda letter: (word.count(letter), letter.isalpha()))


def counted(model: Any, word: str, letter: str, apart: bool) -> list[float]:
    """How probable the language model thinks each number, 0 to 10, is, for how often `letter` occurs in `word`."""
    import torch

    shown = "-".join(word) if apart else word
    asked = f'The word "{shown}" is spelled with the letter "{letter}". The number of times that "{letter}" occurs in "{shown}" is'
    tokens = model.tokenizer(asked, add_special_tokens=False)["input_ids"]
    firsts = [model.tokenizer(f" {number}", add_special_tokens=False)["input_ids"][0] for number in _COUNTS]
    with model.lent() as network:
        ids = torch.tensor([tokens], device=network.device)
        scores = network(input_ids=ids, logits_to_keep=1).logits[0, -1].float()
    chances: list[float] = scores[firsts].softmax(-1).tolist()
    return chances


def belief_bars(
    word: str,
    letter: str,
    parts: Sequence[str],
    chances: Sequence[float],
    tested: Sequence[tuple[int, int]],
    dark: bool,
) -> Image.Image:
    """What the model believes of the letters of one word, beside its likeliest counts for other words."""
    truth = min(word.count(letter), len(chances) - 1)
    with house(dark) as look:
        figure, (axis, beside) = sheet(1, 2, _HEIGHT, width_ratios=(1.25, 1))
        colors = [look.good if number == truth else look.model for number in range(len(chances))]
        axis.bar(range(len(chances)), [100 * chance for chance in chances], color=colors, width=0.7)
        axis.text(truth, 100 * chances[truth] + 1, "true", ha="center", va="bottom", color=look.good, weight="bold")
        axis.set_xticks(range(0, len(chances), 2))
        axis.set(ylim=(0, max(30, 118 * max(chances))), ylabel="the model believes, %")
        axis.set_title(drawable(f"How many {letter} in {word}"[:30]), parse_math=False)
        axis.set_xlabel(drawable("read as: " + "|".join(parts).strip())[:36], parse_math=False)
        for (true, found), count in Counter(tested).items():
            color = look.good if true == found else look.model
            beside.scatter(true, found, s=40 + 45 * count, color=color, alpha=0.9, zorder=3)
            beside.annotate(
                str(count),
                (true, found),
                ha="center",
                va="center",
                color=look.paper,
                fontsize=9,
                weight="bold",
                zorder=4,
            )
        high = max(max(pair) for pair in tested) + 0.6
        beside.plot((0, high), (0, high), color=look.quiet, lw=1, ls="--")
        beside.set(
            title=f"{len(tested)} other words",
            xlabel="true count",
            ylabel="the model's count",
            xlim=(0, high),
            ylim=(-0.4, high),
        )
        beside.set_xticks(range(int(high) + 1))
        beside.set_yticks(range(int(high) + 1))
        return as_picture(figure)
