"""Two ways to know a fruit: a sorter that learns P(label | features), and a painter that learns P(features | label) and so can draw.

The sorter is a small ReLU network; the painter is a mixture of Gaussians for each kind, fitted by expectation maximization (Dempster, Laird
and Rubin, 1977). A banana, which neither has met, shows the difference: ReLU networks grow sure far from their data (Hein et al., 2019,
arXiv 1812.05720), and a density grows small. The features are noted by hand, or found by a small network in the picture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tutor.workbench.classifier import as_input, eyes_learn, sorter_learns, sure_of_apple
from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.fruit import APPLE, BANANA, ORANGE, Fruit, Pictures, draw, fruit
from tutor.workbench.gaussian_mixture import Blobs, better_blobs, draw_points, first_blobs, log_density, log_parts
from tutor.workbench.plot import Look, as_picture, house, sheet, tiles

if TYPE_CHECKING:
    from torch import nn

Kinds = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]
_BASKET = 500
_RED = 0.8
"""From this redness on a fruit is called red."""
_DRAWN = 22
_NAMES = {"by hand": ("redness (0 green, 1 red)", "width ÷ height"), "by a network": ("first number", "second number")}


class _Desk:
    """What is on the table: two plots over a strip of fruit, in the scheme's colors."""

    def __init__(self, points: Array, basket: Fruit, banana: Array, features: str, dark: bool) -> None:
        self.points, self.basket, self.features, self.dark = points, basket, features, dark
        self.names = _NAMES[features]
        every = np.concatenate([points, banana])
        room = np.ptp(every, axis=0) * 0.08
        self.low, self.high = every.min(0) - room, every.max(0) + room
        axes = [np.linspace(self.low[i], self.high[i], 70) for i in (0, 1)]
        self.grid = np.stack([line.ravel() for line in np.meshgrid(*axes)], 1)

    def frame(
        self,
        strip: Pictures,
        words: str,
        net: "nn.Module | None" = None,
        blobs: dict[int, Blobs] | None = None,
        drawn: Array | None = None,
        banana: Array | None = None,
        prior: float = 0.5,
    ) -> Any:
        with house(self.dark) as look:
            figure, axes = sheet(2, 2, 3.9, height_ratios=(3, 1.05))
            spec = axes[1, 0].get_gridspec()
            for axis in axes[1]:
                axis.remove()
            for axis, title in zip(axes[0], ("Sorter: which?", "Painter: how likely?"), strict=True):
                self._basket(axis, look, title)
            axes[0, 0].set_ylabel(self.names[1])
            if net is not None:
                self._sorter(axes[0, 0], look, net)
            if blobs is not None:
                self._painter(axes[0, 1], look, blobs, prior)
            if drawn is not None:
                axes[0, 1].scatter(*drawn.T, s=13, marker="x", color=look.model, linewidths=1.1, zorder=4)
            if banana is not None:
                for axis in axes[0]:
                    axis.scatter(*banana.T, s=46, marker="*", color=look.third, zorder=5)
                    top = banana[banana[:, 1].argmax()]
                    axis.text(
                        *top, "banana\n", ha="center", va="bottom", linespacing=0.3, color=look.third, weight="bold"
                    )
            below = figure.add_subplot(spec[1, :])
            below.imshow(tiles(strip, 11, 2))
            below.axis("off")
            below.set_title(words)
            return as_picture(figure)

    def _basket(self, axis: Any, look: Look, title: str) -> None:
        apple = self.basket.kinds == APPLE
        axis.scatter(*self.points[apple].T, s=9, color=look.data, linewidths=0, alpha=0.8, label="apple")
        axis.scatter(
            *self.points[~apple].T, s=11, facecolors="none", edgecolors=look.data, linewidths=0.7, label="orange"
        )
        axis.set(title=title, xlabel=self.names[0], xlim=(self.low[0], self.high[0]), ylim=(self.low[1], self.high[1]))
        if title.startswith("Sorter"):
            axis.legend(loc="lower right" if self.features == "by hand" else "best", handletextpad=0.1, borderpad=0.1)

    def _sorter(self, axis: Any, look: Look, net: "nn.Module") -> None:
        from matplotlib.colors import LinearSegmentedColormap

        tint = LinearSegmentedColormap.from_list("tint", [look.paper, look.model])
        lines = self.grid[:70, 0], self.grid[::70, 1], sure_of_apple(net, self.grid).reshape(70, 70)
        axis.contourf(*lines, levels=(0, 0.05, 0.2, 0.5, 0.8, 0.95, 1), cmap=tint, alpha=0.4, vmin=0, vmax=1, zorder=0)
        axis.contour(*lines, levels=(0.5,), colors=[look.model], linewidths=1.6)

    def _painter(self, axis: Any, look: Look, blobs: dict[int, Blobs], prior: float) -> None:
        lines = self.grid[:70, 0], self.grid[::70, 1]
        for kind, style in ((APPLE, "solid"), (ORANGE, "dashed")):
            own = np.sort(log_density(self.points[self.basket.kinds == kind], blobs[kind]))
            levels = np.unique([np.quantile(own, share) for share in (0.02, 0.2, 0.6)])
            height = log_density(self.grid, blobs[kind]).reshape(70, 70)
            axis.contour(*lines, height, levels=levels, colors=[look.model], linestyles=style, linewidths=1.2)
        odds = _by_bayes(self.grid, blobs, prior).reshape(70, 70)
        axis.contour(*lines, odds, levels=(0.5,), colors=[look.quiet], linewidths=1)


def _by_bayes(points: Array, blobs: dict[int, Blobs], prior: float) -> Array:
    """P(apple | x) from both densities and the share of apples: Bayes' rule."""
    gap = log_density(points, blobs[ORANGE]) - log_density(points, blobs[APPLE]) + np.log((1 - prior) / prior)
    return np.asarray(1 / (1 + np.exp(gap.clip(-500, 500))))


def _drawn(count: int, blobs: dict[int, Blobs], prior: float, rng: np.random.Generator) -> tuple[Array, Kinds]:
    """From P(x): first the label, by the prior, then the features, from P(x | label)."""
    kinds = np.where(rng.random(count) < prior, APPLE, ORANGE)
    points = np.empty((count, 2))
    for kind in (APPLE, ORANGE):
        points[kinds == kind] = draw_points(int((kinds == kind).sum()), blobs[kind], rng)
    return points, kinds


def _as_fruit(points: Array, kinds: Kinds, basket: Fruit, seen: Array | None) -> tuple[Any, Array]:
    """(pictures, redness). A network's numbers cannot be drawn, so the nearest fruit of that label stands for them."""
    if seen is None:
        same = np.full(len(points), 1.0)
        columns = [points[:, 0].clip(0, 1), same * 10, points[:, 1].clip(0.4, 1.4), same * 0, same * 0.6]
        return draw(np.stack(columns, 1).astype(np.float32), kinds), points[:, 0]
    far = ((points[:, None] - seen) ** 2).sum(-1) + 1e6 * (kinds[:, None] != basket.kinds)
    return basket.pictures[far.argmin(1)], basket.features[far.argmin(1), 0].astype(np.float64)


def run(values: Values, seed: int) -> Iterator[Frame]:
    features, prior, count = values.text("features"), values.whole("apples") / 100, values.whole("blobs")
    basket, strangers = fruit(_BASKET, seed), fruit(_DRAWN, seed, BANANA)
    by_hand = basket.features[:, [0, 2]].astype(np.float64), strangers.features[:, [0, 2]].astype(np.float64)
    desk = _Desk(by_hand[0], basket, by_hand[1], "by hand", values.dark)
    alt = "Two plots of the same fruit by redness and width over height: apples are red or green and wider, oranges lie between."
    caption = (
        "Five hundred fruits, half of them apples. Both models learn from these dots; watch what each of them keeps."
    )
    frame = Frame(desk.frame(basket.pictures[:_DRAWN], "Some of the basket"), alt, caption, share=0.05)
    yield frame
    (points, bananas), seen = by_hand, None
    if features == "by a network":
        look: Any = None
        for eyes in eyes_learn(basket, seed):
            look = eyes[0]
            yield frame
        points, bananas = (look(as_input(some.pictures)).detach().numpy().astype(float) for some in (basket, strangers))
        seen, desk = points, _Desk(points, basket, bananas, features, values.dark)
    sorter: Any = None
    blobs = {kind: first_blobs(points[basket.kinds == kind], count) for kind in (APPLE, ORANGE)}
    shown = (1, 4, 12, 40, 150, 399)
    for step, learned in enumerate(sorter_learns(points, basket.kinds == APPLE, seed, 400)):
        if step <= 60:
            blobs = {kind: better_blobs(points[basket.kinds == kind], blobs[kind]) for kind in blobs}
        if step in shown:
            sorter = learned
            picture = desk.frame(basket.pictures[:_DRAWN], "Some of the basket", sorter, blobs)
            caption = (
                "The sorter moves one line until it parts the kinds: on the tinted side it says apple. "
                "The painter fits hills to each kind; the contours show how high they are."
            )
            alt = f"After {step + 1} steps: the sorter's line between apples and oranges, and the painter's contours around each kind."
            frame = Frame(picture, alt, caption, share=0.1 + 0.5 * (shown.index(step) + 1) / len(shown))
        yield frame
    rng = np.random.default_rng(seed)
    made, kinds = _drawn(1000, blobs, prior, rng)
    pictures, redness = _as_fruit(made, kinds, basket, seen)
    red = np.flatnonzero(redness > _RED)
    odd = (kinds == APPLE) & (redness > 0.36) & (redness < 0.76)
    numbers = _measured(points, bananas, sorter, blobs, prior) | {
        "apples among the drawn": f"{(kinds == APPLE).mean():.0%}",
        "apples among the red": f"{(kinds[red] == APPLE).mean():.0%}" if len(red) else "none drawn",
        "apples of a color that no apple has": f"{odd.sum() / max(1, (kinds == APPLE).sum()):.0%}",
    }
    how = "It draws the label, then features" if seen is None else "A point is shown by the fruit nearest to it"
    if seen is None and odd.sum() > 0.05 * (kinds == APPLE).sum():
        how = f"{numbers['apples of a color that no apple has']} of its apples have a color between green and red that no apple has"
    for where, of, title, more in (
        (np.arange(_DRAWN), "P(x)", "Drawn from P(x): any fruit", "The sorter has nothing to draw from."),
        (
            *(red[:_DRAWN], "P(x | red)", "Drawn from P(x | red): only red fruit"),
            "The gray line, where Bayes' rule turns from apple to orange, moves with the share of apples.",
        ),
    ):
        if not len(where):
            continue
        picture = desk.frame(pictures[where], title, sorter, blobs, made[where], prior=prior)
        share = (kinds[where] == APPLE).mean()
        caption = f"The painter makes new fruit from {of}: {share:.0%} of these are apples. {how}. {more}"
        alt = f"Orange crosses mark {len(where)} points drawn from {of}; below, the same as fruit, {share:.0%} of them apples."
        yield Frame(picture, alt, caption, share=0.7 if of == "P(x)" else 0.8)
    picture = desk.frame(
        strangers.pictures, "Bananas, which neither has met", sorter, blobs, banana=bananas, prior=prior
    )
    verdict = "says: neither" if numbers["density says"] == "neither" else "is fooled too"
    caption = (
        f"The sorter must choose and calls the banana an {numbers['banana is called']}, {numbers['sorter is sure']} sure. "
        f"For the painter its density is {_lower(numbers)}, so the painter {verdict}."
    )
    if seen is not None and int(numbers["powers of ten below an ordinary fruit"]) < 10:
        caption += " The network's numbers were found for telling apples from oranges, and hold little of what makes a banana strange."
    alt = f"Green stars mark bananas in both plots. {caption}"
    yield Frame(picture, alt, caption, numbers)


def _lower(numbers: Numbers) -> str:
    powers = int(numbers["powers of ten below an ordinary fruit"])
    return f"{powers:,} powers of ten below an ordinary fruit's" if powers > 0 else "as high as an ordinary fruit's"


def _measured(
    points: Array, bananas: Array, sorter: Any, blobs: dict[int, Blobs], prior: float
) -> dict[str, float | int | str]:
    sure = float(sure_of_apple(sorter, bananas).mean())
    usual, stranger = (
        np.logaddexp(
            *(log_density(x, blobs[kind]) + np.log(share) for kind, share in ((APPLE, prior), (ORANGE, 1 - prior)))
        )
        for x in (points, bananas)
    )
    neither = float((stranger < np.quantile(usual, 0.01)).mean()) > 0.5
    return {
        "banana is called": "apple" if sure > 0.5 else "orange",
        "sorter is sure": "over 99.99%" if max(sure, 1 - sure) > 0.9999 else f"{max(sure, 1 - sure):.2%}",
        "density says": "neither" if neither else "a fruit that I know",
        "powers of ten below an ordinary fruit": max(
            0, round(float((np.median(usual) - np.median(stranger)) / np.log(10)))
        ),
    }


def _right(numbers: Numbers) -> int:
    sure = float(str(numbers["sorter is sure"]).strip("over %")) > 90
    return (
        (1 if numbers["density says"] == "neither" else 2)
        if sure
        else (0 if numbers["density says"] == "neither" else 3)
    )


def _because(numbers: Numbers) -> str:
    return (
        f"The sorter said {numbers['banana is called']}, {numbers['sorter is sure']} sure; the density is {_lower(numbers)}, "
        f"which says: {numbers['density says']}."
    )


DEMO = Demo(
    name="apples-and-oranges",
    title="Apples, oranges and a banana",
    lesson="generative-and-discriminative",
    about="A sorter that only tells fruit apart, beside a painter that learns what fruit is like; then a banana comes.",
    words=(
        *(
            "apples and oranges",
            "generative and discriminative",
            "discriminative",
            "generative models differ",
            "naive bayes",
        ),
        *("logistic regression", "bayes rule", "bayes' rule", "banana", "decision boundary", "p(x|y)", "p(y|x)"),
    ),
    parameters=(
        Number(
            "apples",
            "Apples among a hundred fruits (the prior)",
            50,
            1,
            99,
            1,
            ("prior", "share of apples", "percent apples"),
        ),
        Number("blobs", "Hills that the painter has for each kind", 2, 1, 4, 1, ("hills", "gaussians", "bumps")),
        Option(
            "features", "Features noted", "by hand", ("by hand", "by a network"), ("features", "network's own features")
        ),
    ),
    run=run,
    prediction=Prediction(
        "A banana is put on the table. Neither model has ever met one. What will they say?",
        (
            "Both are in doubt",
            "The sorter is sure of a label, the painter says neither",
            "The sorter is sure, and the painter takes it for a fruit it knows",
            "The sorter is in doubt, and the painter takes it for a fruit it knows",
        ),
        _right,
        _because,
    ),
    breaks=Break("Give the painter one hill for each kind", {"blobs": 1, "features": "by hand"}),
    script=Script(
        """import numpy as np
import numpy.typing as npt

from tutor.workbench.fruit import APPLE, BANANA, ORANGE, fruit

Array = npt.NDArray[np.float64]
Blobs = tuple[Array, Array, Array]""",
        (first_blobs, log_parts, log_density, better_blobs, draw_points),
        """basket, prior, learned = fruit(500, $seed), $apples / 100, {}
for kind in (APPLE, ORANGE):
    points = basket.features[basket.kinds == kind][:, [0, 2]].astype(float)  # redness; width by height
    learned[kind] = first_blobs(points, $blobs)
    for _ in range(60):
        learned[kind] = better_blobs(points, learned[kind])
print("Three new apples (redness, roundness):", draw_points(3, learned[APPLE], np.random.default_rng($seed)).round(2).tolist())
banana = fruit(1, $seed, BANANA).features[:, [0, 2]].astype(float)
apple, orange = (log_density(banana, learned[kind])[0] + np.log(share) for kind, share in ((APPLE, prior), (ORANGE, 1 - prior)))
sure = 1 / (1 + np.exp(-min(abs(apple - orange), 500)))
print(f"Bayes' rule is {sure:.3%} sure that the banana is an {'apple' if apple > orange else 'orange'},")
print(f"although its density is only 10 to the power of {np.logaddexp(apple, orange) / np.log(10):.0f}.")""",
    ),
)
