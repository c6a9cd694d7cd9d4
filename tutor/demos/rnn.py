"""An LSTM and a plain RNN learn to write the course's own text, letter by letter: what they write as they learn, the text colored by one
hidden unit (Karpathy et al., 2015, arXiv:1506.02078), and how far back the learning signal reaches.

In the plain RNN the signal vanishes within some letters (Bengio et al., 1994); the LSTM's cell state keeps it for longer (Hochreiter and
Schmidhuber, 1997), the more so if its forget gate starts open (Jozefowicz et al., 2015).
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Prediction, Script, Values
from tutor.workbench.plot import Look, as_picture, house, sheet

if TYPE_CHECKING:
    from torch import Generator, Tensor

_LETTERS = "\n abcdefghijklmnopqrstuvwxyz.,:;()-'\"?0123456789"
WINDOW = 64
"""Letters that are learned at a time."""
_FRAMES = 9
_FAR = 30
"""Letters back where the two are compared."""
_LEFT = 0.01
"""The signal counts as gone where less than this share of it is left."""
_ROWS, _COLUMNS = 2, 44
"""Of the colored text."""
_WRITTEN = 46


def network(kind: str, letters: int, size: int, chance: "Generator") -> Any:
    """[letters to numbers, an "LSTM" or "RNN" of `size` hidden units, hidden state to the next letter]"""
    from torch import nn

    layers: Any = nn.ModuleList(
        [nn.Embedding(letters, 32), getattr(nn, kind)(32, size, batch_first=True), nn.Linear(size, letters)]
    )
    for weight in layers.parameters():
        nn.init.uniform_(weight, -(size**-0.5), size**-0.5, generator=chance)
    if kind == "LSTM":
        layers[1].bias_hh_l0.data[size : 2 * size] = 3  # the forget gate starts open: sigmoid(3) is 0.95
    return layers


def learn(layers: Any, text: "Tensor", rate: float, chance: "Generator") -> Iterator[float]:
    """One step of truncated backpropagation through time each time; gives the loss, in nats for each letter."""
    import torch

    embed, cell, out = layers
    adam = torch.optim.Adam(layers.parameters(), rate)
    while True:
        starts = torch.randint(len(text) - WINDOW - 1, (24, 1), generator=chance)
        window = text[starts + torch.arange(WINDOW + 1)]
        states, _ = cell(embed(window[:, :-1]))
        loss = torch.nn.functional.cross_entropy(out(states).flatten(0, 1), window[:, 1:].flatten())
        adam.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(layers.parameters(), 1.0)
        adam.step()
        yield float(loss.detach())


def write(layers: Any, start: int, count: int, chance: "Generator") -> list[int]:
    """Letters drawn one by one at a temperature of 0.6, each read back in."""
    import torch

    embed, cell, out = layers
    written, state = [start], None
    with torch.no_grad():
        for _ in range(count):
            states, state = cell(embed(torch.tensor([[written[-1]]])), state)
            written.append(int(torch.multinomial((out(states[0, -1]) / 0.6).softmax(-1), 1, generator=chance)))
    return written[1:]


def signal(layers: Any, windows: "Tensor") -> "Tensor":
    """How strongly each letter moves the loss of the last one: size of the gradient, 0 letters back first, as a share of the largest.
    All zeros where units that are driven to their ends let nothing through."""
    import torch

    embed, cell, out = layers
    letters = embed(windows[:, :-1]).detach().requires_grad_()
    states, _ = cell(letters)
    loss = torch.nn.functional.cross_entropy(out(states[:, -1]), windows[:, -1], reduction="sum")
    size: Tensor = torch.autograd.grad(loss, letters)[0].norm(dim=2).mean(0).flip(0)
    return size / size.max().clamp_min(torch.finfo(size.dtype).tiny)


def _reach(sizes: "npt.NDArray[Any]") -> int:
    """Letters back until less than a hundredth of the signal is left."""
    gone = np.flatnonzero(sizes < _LEFT)
    return int(gone[0]) if len(gone) else len(sizes)


def _word_places(text: str) -> "npt.NDArray[np.float64]":
    """How many letters into a word each place is."""
    places, place = [], 0
    for letter in text:
        place = place + 1 if letter.isalnum() else 0
        places.append(place)
    return np.array(places, dtype=float)


def _run(values: Values, seed: int) -> Iterator[Frame]:
    import torch

    chance = torch.Generator().manual_seed(seed)
    prose = "\n".join(
        p.flat for lesson in values.tools.course.lessons for s in lesson.sections for p in s.passages
    ).lower()
    prose = "".join(letter for letter in prose if letter in _LETTERS)
    text = torch.tensor([_LETTERS.index(letter) for letter in prose])
    size, steps = values.whole("size"), values.whole("steps")
    networks = {kind: network(kind, len(_LETTERS), size, chance) for kind in ("LSTM", "RNN")}
    learning = {kind: learn(layers, text, values.number("rate"), chance) for kind, layers in networks.items()}
    losses: dict[str, list[float]] = {kind: [] for kind in networks}
    windows = text[torch.arange(32)[:, None] * (len(text) // 40) + torch.arange(WINDOW + 1)]
    frame = _frame(networks, losses, text, windows, 0, steps, values, seed)
    yield frame
    for step in range(1, steps + 1):
        for kind, one in learning.items():
            losses[kind].append(next(one))
        if step == steps or step % math.ceil(steps / _FRAMES) == 0:
            frame = _frame(networks, losses, text, windows, step, steps, values, seed)
        if frame.share * steps == step or step % 8 == 0:
            yield frame


def _frame(
    networks: dict[str, Any],
    losses: dict[str, list[float]],
    text: "Tensor",
    windows: "Tensor",
    step: int,
    steps: int,
    values: Values,
    seed: int,
) -> Frame:
    import torch

    same = torch.Generator().manual_seed(seed)
    start = _LETTERS.index("\n")
    wrote = {
        kind: "".join(_LETTERS[i] for i in write(layers, start, _WRITTEN, same)).replace("\n", " ")
        for kind, layers in networks.items()
    }
    sizes = {kind: signal(layers, windows).numpy() for kind, layers in networks.items()}
    shown = text[: _ROWS * _COLUMNS]
    lstm = networks["LSTM"]
    with torch.no_grad():
        states = lstm[1](lstm[0](text[None, :600]))[0][0].numpy()  # [600, size]
    read = "".join(_LETTERS[i] for i in text[:600].tolist())
    unit, follows = _unit(states, read, values.whole("unit"))
    late: dict[str, float] = {
        kind: float(np.mean(found[-20:])) if found else math.log(len(_LETTERS)) for kind, found in losses.items()
    }
    numbers: dict[str, float | int | str] = {
        "loss of the LSTM": round(late["LSTM"], 3),
        "loss of the plain RNN": round(late["RNN"], 3),
        "letters back, LSTM": _reach(sizes["LSTM"]),
        "letters back, plain RNN": _reach(sizes["RNN"]),
        f"LSTM, {_FAR} letters back: one part in": _part(sizes["LSTM"]),
        f"plain RNN, {_FAR} letters back: one part in": _part(sizes["RNN"]),
        "unit": unit + 1,
        "follows the word": round(follows, 2),
    }
    with house(values.dark) as look:
        colors = {"LSTM": look.model, "RNN": look.third}
        figure, axes = sheet(3, 2, height=4.5, height_ratios=[2.1, 0.62, 0.9])
        for kind, found in losses.items():
            smooth = np.array(found[: len(found) // 5 * 5]).reshape(-1, 5).mean(1) if len(found) >= 5 else np.array([])
            axes[0, 0].plot(5 * np.arange(1, len(smooth) + 1), smooth, color=colors[kind], label=kind)
            axes[0, 1].semilogy(sizes[kind].clip(1e-9), color=colors[kind], label=kind)
        axes[0, 0].set(
            title="Learning", xlabel="training steps", ylabel="loss per letter", xlim=(0, steps), ylim=(1, 4.2)
        )
        axes[0, 1].set(
            title="How far back",
            xlabel="letters back",
            ylabel="share of signal",
            xlim=(0, WINDOW),
            ylim=(1e-8, 2),
        )
        axes[0, 1].axhline(_LEFT, color=look.quiet, linestyle=":")
        axes[0, 1].set_yticks([1, 1e-2, 1e-4, 1e-6, 1e-8], ["100%", "1%", "0.01%", "", ""])
        axes[0, 0].legend(loc="upper right")
        wide, colored = _joined(figure, axes, 1), _joined(figure, axes, 2)
        wide.set_title("What they write", color=look.model)
        wide.set_axis_off()
        for row, (kind, words) in enumerate(wrote.items()):
            wide.text(
                0,
                0.75 - 0.6 * row,
                f"{kind:<4} {words}",
                family="DejaVu Sans Mono",
                size=9,
                color=colors[kind],
                parse_math=False,
            )
        _color(colored, look, states[: len(shown), unit], read[: len(shown)])
        colored.set_title(f"Course text, colored by unit {unit + 1} of the LSTM")
        picture = as_picture(figure)
    lstm_left, plain_left = _left(numbers)
    alt = (
        f"Curves of an LSTM and a plain RNN after {step} of {steps} steps: loss {late['LSTM']:.2f} and {late['RNN']:.2f}; "
        f"{_FAR} letters back 1/{lstm_left:,} and 1/{plain_left:,} of the signal is left. The LSTM writes: {wrote['LSTM']}"
    )
    return Frame(picture, alt, _caption(numbers, step, steps), numbers, step / steps)


def _unit(states: "npt.NDArray[Any]", read: str, wanted: int) -> tuple[int, float]:
    """The unit to show, from 0, and how closely it follows the place in a word; with 0 wanted, the one that follows it most."""
    places = _word_places(read)
    spread = states - states.mean(0)
    follow = spread.T @ (places - places.mean()) / (len(places) * (spread.std(0) + 1e-6) * (places.std() + 1e-6))
    unit = min(wanted, len(follow)) - 1 if wanted else int(np.abs(follow).argmax())
    return unit, float(follow[unit])


def _part(sizes: "npt.NDArray[Any]") -> int:
    """The n in "one part in n", to two figures."""
    return int(float(f"{1 / max(float(sizes[_FAR]), 1e-12):.2g}"))


def _left(numbers: Numbers) -> tuple[int, int]:
    """Of the LSTM's and the plain RNN's signal one part in so many is left."""
    lstm, plain = (numbers[f"{name}, {_FAR} letters back: one part in"] for name in ("LSTM", "plain RNN"))
    return int(lstm), int(plain)


def _caption(numbers: Numbers, step: int, steps: int) -> str:
    if step < steps:
        return f"Step {step} of {steps}: watch the letters turn into words, and the color change along each word of the course."
    losses = (
        f"{numbers['loss of the LSTM']:.2f} for the LSTM and {numbers['loss of the plain RNN']:.2f} for the plain RNN"
    )
    return f"The loss is {losses}. {_because(numbers)}"


def _joined(figure: Any, axes: Any, row: int) -> Any:
    """One axes in place of the two of a row."""
    grid = axes[row, 0].get_gridspec()
    for old in axes[row]:
        old.remove()
    return figure.add_subplot(grid[row, :])


def _color(axes: Any, look: Look, activity: "npt.NDArray[Any]", read: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("activity", [look.data, look.paper, look.model])
    axes.imshow(activity.reshape(_ROWS, _COLUMNS), cmap=shades, vmin=-2, vmax=2, aspect="auto")
    for place, letter in enumerate(read):
        row, column = divmod(place, _COLUMNS)
        axes.text(column, row, letter, ha="center", va="center", family="DejaVu Sans Mono", size=9, parse_math=False)
    axes.set(xticks=[], yticks=[], xlabel="blue: near −1, brown: near 1")
    axes.spines[:].set_visible(False)


def _right(numbers: Numbers) -> int:
    lstm, plain = _left(numbers)
    return 0 if plain >= 10 * lstm else 1 if lstm >= 10 * plain else 2


def _because(numbers: Numbers) -> str:
    lstm, plain = _left(numbers)
    return (
        f"{_FAR} letters back, 1/{lstm:,} of the learning signal is left in the LSTM and 1/{plain:,} in the plain RNN."
    )


DEMO = Demo(
    name="rnn",
    title="An RNN learns to write",
    lesson="rnn",
    about="An LSTM and a plain RNN learn the course's text letter by letter; how far back does each of them learn?",
    words=(
        *(
            "recurrent neural network",
            "recurrent network",
            "vanishing gradients",
            "vanishing gradient",
            "exploding gradients",
        ),
        *("hidden state", "hidden unit", "lstm", "rnns", "rnn"),
    ),
    parameters=(
        Number("steps", "Training steps", 300, 20, 1200, 20, ("training steps",)),
        Number("size", "Hidden units", 96, 16, 192, 16, ("units", "hidden size", "memory")),
        Number("rate", "Learning rate", 0.005, 0.001, 0.5, 0.001, ("step size",)),
        Number("unit", "Unit that colors the text (0: the one that follows words)", 0, 0, 192, 1, ("neuron",)),
    ),
    run=_run,
    prediction=Prediction(
        f"How much of the learning signal is left {_FAR} letters back?",
        (
            "At least ten times more in the LSTM",
            "At least ten times more in the plain RNN",
            "About equally much in both",
        ),
        _right,
        _because,
    ),
    breaks=Break("Make it babble", {"rate": 0.5}),
    script=Script(
        "from __future__ import annotations\nimport torch\nfrom pydoc_data.topics import topics\nWINDOW = 64",
        (network, learn, write),
        """prose = " ".join(topics.values())[:200_000]  # English that comes with Python; put your own text here
chance, letters = torch.manual_seed($seed), sorted(set(prose))
text = torch.tensor([letters.index(letter) for letter in prose])
layers = network("LSTM", len(letters), $size, chance)
for step, loss in zip(range(1, $steps + 1), learn(layers, text, $rate, chance)):
    if step % 100 == 0: print("step", step, "loss", round(loss, 2))
print("".join(letters[i] for i in write(layers, letters.index(" "), 200, chance)))""",
    ),
)
