"""Inside a transformer (Vaswani et al., 2017, arXiv 1706.03762): the attention of one layer and head of the language model on the learner's
sentence, the next-token prediction that comes of it, and what happens to it when the words are shuffled, with positions and without.

Positions enter by turning queries and keys (RoPE; Su et al., 2021, arXiv 2104.09864): with every position 0, nothing is turned.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Prediction, Script, Switch, Values
from tutor.workbench.plot import Look, as_picture, house, sheet
from tutor.workbench.words import drawable, stacked

if TYPE_CHECKING:
    import torch

Array = npt.NDArray[np.float32]
_HEIGHT = 4.9
_MOST = 16
"""Tokens that a sheet has room for."""


def passed(
    model: Any, tokens: list[int], positions: bool = True, mask: bool = True
) -> "tuple[list[torch.Tensor], torch.Tensor]":
    """(attention weights of every layer [heads, query, key], probabilities of the next token) of one pass.

    Without `positions` every token stands at place 0; without `mask` tokens see those that come later, too.
    """
    import torch

    with model.lent(attentions=True) as network:
        ids = torch.tensor([tokens], device=network.device)
        places = torch.arange(len(tokens), device=network.device)[None] * positions
        hidden = torch.full((len(tokens), len(tokens)), torch.finfo(network.dtype).min if mask else 0.0).triu(1)
        options = {"attention_mask": hidden[None, None].to(network.device, network.dtype), "position_ids": places}
        made = network(input_ids=ids, output_attentions=True, use_cache=False, **options)
        return [layer[0].float().cpu() for layer in made.attentions], made.logits[0, -1].float().softmax(-1).cpu()


def shift(one: "torch.Tensor", other: "torch.Tensor") -> float:
    """How much probability moves from one prediction to the other: 0 the same, 1 nothing in common (total variation)."""
    return float((one - other).abs().sum()) / 2


def shuffled(tokens: list[int], seed: int) -> list[int]:
    """Another order of all tokens but the last one, which makes the prediction."""
    order = np.random.default_rng(seed).permutation(len(tokens) - 1)
    return [tokens[place] for place in order] + tokens[-1:]


@dataclass(frozen=True, slots=True)
class _Stage:
    """The learner's tokens on a sheet."""

    names: Sequence[str]
    mask: bool
    dark: bool

    def attention(self, weights: Array, title: str, bars: Sequence[tuple[str, float]]) -> Image.Image:
        """Arcs over the tokens; below, the matrix and what may come next."""
        with house(self.dark) as look:
            figure, axes = sheet(2, 2, _HEIGHT, height_ratios=(1.15, 1.35), width_ratios=(1.3, 1))
            spec = axes[0, 0].get_gridspec()
            for axis in axes[0]:
                axis.remove()
            arcs = figure.add_subplot(spec[0, :])
            self._arcs(arcs, look, weights)
            arcs.set_title(title)
            self._matrix(axes[1, 0], look, weights)
            axes[1, 1].barh(range(len(bars)), [100 * share for _, share in bars], color=look.model, height=0.7)
            axes[1, 1].set_yticks(range(len(bars)), [name for name, _ in bars], parse_math=False)
            axes[1, 1].set(title="Next token", xlabel="probability, %", ylim=(len(bars) - 0.4, -0.6))
            return as_picture(figure)

    def _arcs(self, axis: Any, look: Look, weights: Array) -> None:
        from matplotlib.patches import Arc

        count = len(self.names)
        for query in range(count):
            for key in range(count):
                weight = float(weights[query, key])
                if key == query or weight < 0.06:
                    continue
                last = query == count - 1
                wide = abs(query - key)
                center, tall = ((query + key) / 2, 0), min(2.0, 0.35 + 0.16 * wide)
                color, strength = (look.model, 0.95) if last else (look.data, 0.35)
                axis.add_patch(
                    Arc(center, wide, tall, theta1=0, theta2=180, color=color, lw=0.4 + 4 * weight, alpha=strength)
                )
        axis.set(xlim=(-0.6, count - 0.4), ylim=(0, 1.05))
        axis.set_xticks(range(count), self.names, rotation=55, ha="right", rotation_mode="anchor", parse_math=False)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.tick_params(axis="x", length=0)
        axis.get_xticklabels()[-1].set(color=look.model, weight="bold")

    def _matrix(self, axis: Any, look: Look, weights: Array) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        count = len(self.names)
        tint = LinearSegmentedColormap.from_list("tint", [look.paper, look.model])
        axis.imshow(weights, cmap=tint, vmin=0, vmax=1, aspect="auto")
        if self.mask:
            hidden = np.ma.masked_where(~np.triu(np.ones((count, count), bool), 1), np.ones((count, count)))
            axis.imshow(
                hidden, cmap=LinearSegmentedColormap.from_list("grey", [look.quiet] * 2), alpha=0.45, aspect="auto"
            )
            axis.text(count * 0.72, count * 0.2, "masked:\nlater tokens", ha="center", va="center", fontsize=9)
        axis.set(xlabel="columns = key (looked at)", ylabel="rows = query (looks)", title="Attention")
        axis.set_xticks([])
        axis.set_yticks([])

    def orders(self, moved: Sequence[tuple[str, float]], order: Sequence[str]) -> Image.Image:
        """How much the prediction moves when the words are shuffled."""
        with house(self.dark) as look:
            figure, axis = sheet(1, 1, _HEIGHT)
            axis.barh(range(len(moved)), [100 * share for _, share in moved], color=look.model, height=0.6)
            for place, (_, share) in enumerate(moved):
                axis.text(100 * share + 1, place, f"{share:.0%}", va="center")
            axis.set_yticks(range(len(_WAYS)), [name for name, _, _ in _WAYS])
            axis.set(xlim=(0, 112), ylim=(len(_WAYS) - 0.4, -0.6))
            axis.set_title("Shuffled: " + " ".join(order)[:33] + " …", parse_math=False)
            axis.set_xlabel("probability that moves to other next tokens, %")
            return as_picture(figure)


_WAYS = (("with positions", True, True), ("no positions", False, True), ("no positions,\nno mask", False, False))


def run(values: Values, seed: int) -> Iterator[Frame]:
    text, layer, head = values.text("text"), values.whole("layer"), values.whole("head")
    positions = values.on("positions")
    with house(values.dark) as look:
        pieces = [word + " " for word in text.split()]
        fills = [look.data if place % 2 else look.quiet for place in range(len(pieces))]
        picture = as_picture(stacked(_HEIGHT, [("Your sentence, word by word", pieces, fills)], 4)[0])
    caption = (
        "A transformer reads all words of your sentence at once. Next you see which earlier ones each of them looks at."
    )
    yield Frame(picture, f"The words of the sentence: {text}", caption, share=0.02)
    model = values.tools.local()
    tokens: list[int] = model.tokenizer(text, add_special_tokens=False)["input_ids"][-_MOST:]
    names = [drawable(model.tokenizer.decode([token])).strip() or "space" for token in tokens]
    stage = _Stage(names, True, values.dark)
    layers, chances = passed(model, tokens, positions)
    layer, head = min(layer, len(layers)), min(head, len(layers[0]))
    best = chances.topk(6)
    bars = [
        ((drawable(model.tokenizer.decode([token])).strip() or "space")[:10], share)
        for token, share in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
    asked = "Every row adds up to 1." if positions else "Positions are off: every token stands at place 0."
    for number in sorted({1, *range(6, layer, 6), layer}):
        weights = np.asarray(layers[number - 1][head - 1])
        looked = int(weights[-1].argmax())
        title = f"Layer {number} of {len(layers)}, head {head}"
        caption = f"Orange arcs: what “{names[-1]}” looks at, most of all “{names[looked]}” ({weights[-1, looked]:.0%}). {asked}"
        alt = f"{title}. “{names[-1]}” looks at " + ", ".join(
            f"{n} {w:.0%}" for n, w in zip(names, weights[-1], strict=True)
        )
        alt += "; next token: " + ", ".join(f"{name} {share:.0%}" for name, share in bars)
        frame = Frame(stage.attention(weights, title, bars), alt, caption, share=0.1 + 0.5 * number / layer)
        yield frame
    first_share = float(np.mean([float(one[:, 1:, 0].mean()) for one in layers])) if len(tokens) > 1 else 1.0
    moved = []
    other = shuffled(tokens, seed)
    for number, (name, placed, masked) in enumerate(_WAYS):
        before = passed(model, tokens, placed, masked)[1]
        yield frame
        moved.append((name, shift(before, passed(model, other, placed, masked)[1])))
        caption = (
            "The same words in another order: how much does the prediction move? Without positions, the mask still tells early "
            "words from late ones; without both, a text is a bag of words."
        )
        alt = "The share of the prediction that shuffling moves: " + ", ".join(
            f"{w} {m:.0%}" for w, m in moved
        ).replace("\n", " ")
        frame = Frame(
            stage.orders(moved, [names[tokens.index(token)] for token in other]),
            alt,
            caption,
            share=0.65 + 0.1 * number,
        )
        yield frame
    numbers: dict[str, float | int | str] = {
        "tokens": len(tokens),
        "looked at most": f"“{names[looked]}”",
        "its weight": f"{weights[-1, looked]:.0%}",
        "its place": looked + 1,
        "attention to the first token, all heads": f"{first_share:.0%}",
        "likeliest next token": bars[0][0],
        "its probability": f"{bars[0][1]:.0%}",
        **{f"moved by shuffling, {name.replace(chr(10), ' ')}": f"{share:.0%}" for name, share in moved},
    }
    caption = (
        f"In layer {layer}, head {head}, “{names[-1]}” looks most at “{names[looked]}” ({weights[-1, looked]:.0%}). "
        f"Shuffled words move {moved[0][1]:.0%} of the next-token prediction, without positions and mask {moved[2][1]:.0%}."
    )
    alt = f"{title}, arcs, matrix and next tokens. {caption}"
    yield Frame(stage.attention(weights, title, bars), alt, caption, numbers)


def _right(numbers: Numbers) -> int:
    place, count = int(numbers["its place"]), int(numbers["tokens"])
    return 0 if place == count else 1 if place == count - 1 else 2 if place == 1 else 3


def _because(numbers: Numbers) -> str:
    return (
        f"It looked most at {numbers['looked at most']}, token {numbers['its place']} of {numbers['tokens']}, "
        f"with a weight of {numbers['its weight']}. On average all heads give {numbers['attention to the first token, all heads']} "
        "to the first token, where a head rests that finds nothing."
    )


DEMO = Demo(
    name="transformer",
    title="What each word looks at",
    lesson="transformer",
    about="Attention of one layer and head of the language model on your sentence, its prediction, and the same words shuffled.",
    words=(
        *(
            "transformer",
            "self-attention",
            "self attention",
            "attention",
            "attention head",
            "multi-head attention",
            "causal mask",
        ),
        *("positional encoding", "position encoding", "positions", "query key value", "bert", "gpt"),
    ),
    parameters=(
        Line("text", "Your sentence", "The cat did not eat the fish because it", 90),
        Number("layer", "Layer", 14, 1, 30, 1, ("layer",)),
        Number("head", "Attention head", 9, 1, 9, 1, ("head",)),
        Switch("positions", "Tokens know their position", True, ("positions", "positional encoding", "position")),
    ),
    run=run,
    prediction=Prediction(
        "Which token will the last one look at most, in this layer and head?",
        ("Itself", "The one just before it", "The very first one", "Another one, further back"),
        _right,
        _because,
    ),
    breaks=Break("Take the positions away", {"positions": False}),
    script=Script(
        """from typing import TYPE_CHECKING, Any

import numpy as np

from tutor.text.local import LocalModel
from tutor.weights import built_in_folder

if TYPE_CHECKING:
    import torch""",
        (passed, shift, shuffled),
        """model = LocalModel(built_in_folder(), "built-in")
tokens = model.tokenizer($text, add_special_tokens=False)["input_ids"]
layers, chances = passed(model, tokens, $positions)
for token, weight in zip(tokens, layers[$layer - 1][$head - 1][-1].tolist(), strict=True):
    print(f"{model.tokenizer.decode([token]):>12} {weight:.0%}")
print("next:", model.tokenizer.decode([int(chances.argmax())]))
moved = shift(chances, passed(model, shuffled(tokens, $seed), $positions)[1])
print(f"shuffling moves {moved:.0%} of the prediction")""",
    ),
)
