"""A variational autoencoder: its map of codes without holes beside a plain autoencoder's, and what its codes are worth as files.

Kingma and Welling, Auto-encoding variational Bayes, 2013, arXiv 1312.6114; beta weighs the KL term (Higgins et al., 2017). To learn in
seconds, both networks read and write a picture as its 64 numbers along the directions in which fruit varies most (PCA). Compression counts
all that a shop would store: codes of one byte a number, and the decoder with its directions, in eight bits a weight.
"""

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.fruit import APPLE, BANANA, ORANGE, SIDE, Pictures, fruit, measured
from tutor.workbench.plot import as_picture, house, sheet, tiles

if TYPE_CHECKING:
    from torch import nn

    Nets = tuple[nn.Sequential, nn.Sequential]

Array = npt.NDArray[np.float32]
_TRAINED, _FRESH = 800, 200
_NOISE = {"map": 0.5, "compression": 0.1}
"""Standard deviation that the decoder allows each pixel: the smaller, the more a detail is worth beside the KL term."""
_STEP = 1 / 16
"""A code's numbers are rounded to this, and stored as one signed byte each."""
_SHOP, _PAGE, _LINE = 100_000, 24, 10e6
"""Pictures of the shop, pictures on a page, bits a second of a customer's line."""
_STRANGERS = {"banana": "A banana", "stripes": "A striped picture", "noise": "A picture of noise"}


def directions(pictures: Array, most: int = 64) -> tuple[Array, Array]:
    """The mean picture, and the directions along which pictures vary most, [3072, most]."""
    mean = pictures.mean(0)
    spread, mixes = np.linalg.eigh((pictures - mean) @ (pictures - mean).T)
    return mean, (pictures - mean).T @ mixes[:, ::-1][:, :most] / np.sqrt(spread[::-1][:most])


def encoder_and_decoder(code: int, seed: int) -> "Nets":
    """The encoder gives a mean and a log variance for each number of the code; weights come from the seed alone."""
    import torch
    from torch import nn

    encoder = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 2 * code))
    decoder = nn.Sequential(nn.Linear(code, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 64))
    noise = torch.Generator().manual_seed(seed)
    for weight in (*encoder.parameters(), *decoder.parameters()):
        weight.data.uniform_(-1, 1, generator=noise).mul_(weight.shape[1] ** -0.5 if weight.dim() > 1 else 0.01)
    return encoder, decoder


def learn(nets: "Nets", rows: Array, seed: int, steps: int, beta: float | None, sd: float) -> Iterator[float]:
    """The loss of each step: squared error / 2 sd^2 + beta KL. Without beta it is a plain autoencoder: no noise and no KL term."""
    import torch

    noise, x = torch.Generator().manual_seed(seed), torch.tensor(rows)
    downhill = torch.optim.Adam([*nets[0].parameters(), *nets[1].parameters()])
    rate = torch.optim.lr_scheduler.OneCycleLR(downhill, 0.004, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        some = x[torch.randint(len(x), (64,), generator=noise)]
        mean, log_variance = nets[0](some).chunk(2, 1)
        code, cost = mean, torch.zeros(())
        if beta is not None:
            code = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=noise)
            cost = beta * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
        loss = (nets[1](code) - some).square().sum(1).mean() / (2 * sd**2) + cost
        downhill.zero_grad()
        loss.backward()
        downhill.step()
        rate.step()
        yield loss.item()


def through(net: "nn.Module", rows: npt.NDArray[Any]) -> Array:
    """Rows of numbers through a network; of an encoder, the first half are the means."""
    import torch

    with torch.no_grad():
        return np.asarray(net(torch.tensor(rows, dtype=torch.float32)).numpy())


def packed(decoder: "nn.Module", mean: Array, lines: Array) -> tuple[bytes, Array]:
    """(what a shop stores of the decoder, its directions as they come out again). Every array in eight bits with one scale, then zlib; the
    decoder is left with the rounded weights, so that its pictures are those that a customer would see."""
    import torch

    parts, kept = [], mean
    with torch.no_grad():
        for weight in (*decoder.parameters(), torch.tensor(mean), torch.tensor(np.ascontiguousarray(lines))):
            scale = float(weight.abs().max()) / 127 + 1e-12
            small = (weight / scale).round().to(torch.int8)
            weight.copy_(small * scale)
            parts.append(np.float32(scale).tobytes() + small.numpy().tobytes())
            kept = weight.numpy()
    return zlib.compress(b"".join(parts), 9), kept


def rounded(codes: Array) -> npt.NDArray[np.int8]:
    """Codes as they are stored: a byte a number."""
    return (codes / _STEP).round().clip(-128, 127).astype(np.int8)


def file_of(picture: npt.NDArray[np.float32], kind: str, quality: int) -> tuple[int, Array]:
    """(bytes of the picture's real file, the picture that comes out of it)."""
    file = BytesIO()
    options: dict[str, Any] = {"optimize": True} if kind == "PNG" else {"quality": quality}
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(file, kind, **options)
    return len(file.getvalue()), np.asarray(Image.open(file).convert("RGB")).astype(np.float32) / np.float32(255)


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


def stranger(kind: str, count: int, seed: int) -> Pictures:
    """Pictures of a kind that no model was shown."""
    if kind == "banana":
        return fruit(count, seed, BANANA).pictures
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.random((count, SIDE, SIDE, 3), dtype=np.float32)
    wave = np.sin(np.arange(SIDE) * rng.uniform(0.5, 1.2, (count, 1)) + rng.uniform(0, 6, (count, 1))) > 0
    return (np.where(wave[:, None, :, None], 0.9, 0.15) * np.ones((1, SIDE, 1, 3))).astype(np.float32)


def _flat(pictures: Pictures) -> Array:
    return pictures.reshape(len(pictures), -1)


class _Space:
    """Pictures as numbers along the directions, and back."""

    def __init__(self, rows: Array) -> None:
        self.mean, self.lines = directions(rows)

    def of(self, pictures: Pictures) -> Array:
        return np.asarray((_flat(pictures) - self.mean) @ self.lines)

    def pictures(self, rows: Array) -> Pictures:
        return (self.mean + rows @ self.lines.T).reshape(-1, SIDE, SIDE, 3).clip(0, 1)


def _rows_of(axes: Any, rows: list[tuple[str, Pictures]], columns: int) -> None:
    """Pictures, one named row under another."""
    axes.imshow(tiles(np.concatenate([pictures[:columns] for _, pictures in rows]), columns, 2))
    axes.set_yticks([SIDE / 2 + place * (SIDE + 2) for place in range(len(rows))], [name for name, _ in rows])
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _rows(
    rows: list[tuple[str, Pictures]], title: str, dark: bool, columns: int = 8, height: float = 3.0
) -> Image.Image:
    with house(dark):
        figure, axes = sheet(1, 1, height)
        _rows_of(axes, rows, columns)
        axes.set_title(title)
        return as_picture(figure)


def _around(codes: Array) -> tuple[Array, Array]:
    """The middle of a map, and how far it reaches to each side."""
    return codes.mean(0), 2 * codes.std(0) + 1e-3


def _maps(kinds: npt.NDArray[np.int64], both: list[tuple[str, Array, Pictures]], dark: bool) -> Image.Image:
    with house(dark) as look:
        figure, grid = sheet(2, 2, 5.0)
        for (name, codes, drawn), (top, below) in zip(both, grid.T, strict=True):
            middle, reach = _around(codes)
            top.scatter(*codes[kinds == APPLE].T, s=9, color=look.data, linewidths=0, label="apple")
            top.scatter(
                *codes[kinds == ORANGE].T, s=11, facecolors="none", edgecolors=look.data, linewidths=0.7, label="orange"
            )
            top.set(
                xlim=(middle[0] - reach[0] * 1.3, middle[0] + reach[0] * 1.3),
                xlabel="first number of the code",
                title=name,
            )
            top.set_ylim(middle[1] - reach[1] * 1.9, middle[1] + reach[1] * 1.3)
            below.imshow(tiles(drawn, 7, 1))
            below.set(xticks=[], yticks=[], xlabel="first number: low to high")
            below.spines[:].set_visible(False)
        grid[0, 0].set_ylabel("second number")
        grid[1, 0].set_ylabel("second number")
        grid[0, 0].legend(loc="lower center", ncols=2, handletextpad=0.1, columnspacing=0.8, borderpad=0)
        return as_picture(figure)


def _map(values: Values, seed: int, pictures: Pictures, kinds: npt.NDArray[np.int64], frame: Frame) -> Iterator[Frame]:
    steps, beta = values.whole("steps"), values.number("beta")
    space = _Space(_flat(pictures[:_TRAINED]))
    rows, fresh, own = space.of(pictures[:_TRAINED]), space.of(pictures[_TRAINED:]), kinds[_TRAINED:]
    yield frame
    plain, varied = encoder_and_decoder(2, seed), encoder_and_decoder(2, seed)
    looks = {round(steps * share) for share in (0.03, 0.1, 0.25, 0.5, 1)}
    line = np.linspace(-1, 1, 7, dtype=np.float32)
    square = np.stack([part.ravel() for part in np.meshgrid(line, line[::-1])], 1)
    fine = np.stack([part.ravel() for part in np.meshgrid(*[np.linspace(-1, 1, 21, dtype=np.float32)] * 2)], 1)
    learning = zip(learn(plain, rows, seed, steps, None, 0.5), learn(varied, rows, seed, steps, beta, 0.5), strict=True)
    for step, _ in enumerate(learning, 1):
        if step in looks:
            both = []
            for name, (encoder, decoder) in (("Autoencoder", plain), (f"VAE, beta {beta:g}", varied)):
                codes = through(encoder, fresh)[:, :2]
                middle, reach = _around(codes)
                both.append((name, codes, space.pictures(through(decoder, middle + square * reach))))
            caption = f"After {step:,} steps: above, where fresh fruit lies on each map; below, what the decoder draws at each place of it."
            alt = f"Two maps after {step} steps, dots for fruit, and 7 by 7 decoded pictures under each."
            frame = Frame(_maps(own, both, values.dark), alt, caption, share=0.15 + 0.7 * step / steps)
        yield frame
    numbers: dict[str, float | int | str] = {}
    shown: list[tuple[str, Pictures]] = []
    rng = np.random.default_rng(seed)
    redness = measured(pictures[_TRAINED:])[:, 0]
    apple, orange = (
        np.where(own == APPLE, redness, -1).argmax(),
        np.where(own == ORANGE, np.abs(redness - 0.66), 9).argmin(),
    )
    random = rng.normal(size=(300, 2)).astype(np.float32)
    for name, (encoder, decoder) in (("autoencoder", plain), ("VAE", varied)):
        codes = through(encoder, fresh)[:, :2]
        # A plain autoencoder says nothing of where its codes lie: they are drawn as wide as they were seen. A VAE's prior is known.
        wanted = random if name == "VAE" else codes.mean(0) + random * codes.std(0)
        walk = codes[apple] + np.linspace(0, 1, 8, dtype=np.float32)[:, None] * (codes[orange] - codes[apple])
        short = "AE" if name == "autoencoder" else name
        shown.append((f"walk, {short}", space.pictures(through(decoder, walk))))
        shown.append((f"random, {short}", space.pictures(through(decoder, wanted[:8]))))
        rebuilt, made = through(decoder, codes), through(decoder, wanted)
        middle, reach = _around(codes)
        everywhere = _nearest(through(decoder, middle + fine * reach), rows)
        # A place is empty where what is drawn is farther from every fruit than nearly all rebuilt fruit is.
        empty = (everywhere > np.quantile(_nearest(rebuilt, rows), 0.95)).mean()
        numbers[f"{name}: empty places on its map"] = f"{empty:.0%}"
        numbers[f"{name}: error"] = round(float(((space.pictures(rebuilt) - pictures[_TRAINED:]) ** 2).mean()), 5)
        numbers[f"{name}: variety of its samples"] = round(float(np.sqrt(made.var(0).sum() / rows.var(0).sum())), 2)
        yield frame
    odd = stranger(values.text("stranger"), 50, seed)
    back = space.pictures(through(varied[1], through(varied[0], space.of(odd))[:, :2]))
    numbers["error of the strangers"] = round(float(((odd - back) ** 2).mean()), 5)
    numbers["error of fresh fruit"] = numbers["VAE: error"]
    shown.append((values.text("stranger"), odd))
    shown.append(("by the VAE", back))
    caption = (
        "Some places on a map draw what is like no fruit: "
        f"{numbers['autoencoder: empty places on its map']} of the autoencoder's, "
        f"{numbers['VAE: empty places on its map']} of the VAE's. {_STRANGERS[values.text('stranger')]} comes back as fruit: no map has a "
        "place for it."
    )
    if float(numbers["VAE: variety of its samples"]) < 0.2:
        caption = f"With beta {beta:g} the code is ignored, and every random code gives nearly the same picture: posterior collapse."
    alt = f"A walk from an apple to an orange, random samples of both models, and strangers rebuilt. {caption}"
    yield Frame(_rows(shown, "A walk from apple to orange", values.dark, height=4.0), alt, caption, numbers)


def _nearest(rows: Array, known: Array) -> Array:
    """Distance from each row to the nearest known one."""
    return np.asarray(np.sqrt(np.maximum((rows**2).sum(1)[:, None] + (known**2).sum(1) - 2 * rows @ known.T, 0).min(1)))


def _compression(values: Values, seed: int, pictures: Pictures, frame: Frame) -> Iterator[Frame]:
    steps, fresh = values.whole("steps"), pictures[_TRAINED:]
    space = _Space(_flat(pictures[:_TRAINED]))
    rows, kept = space.of(pictures[:_TRAINED]), space.of(fresh)
    yield frame
    encoder, decoder = encoder_and_decoder(16, seed)
    looks = {round(steps * share) for share in (0.03, 0.12, 0.4, 1)}
    for step, _ in enumerate(
        learn((encoder, decoder), rows, seed, steps, values.number("beta"), _NOISE["compression"]), 1
    ):
        if step in looks:
            back = space.pictures(through(decoder, through(encoder, kept)[:, :16]))
            caption = f"After {step:,} steps the VAE gives fruit back from 16 numbers with a PSNR of {psnr(fresh, back):.1f} decibels."
            picture = _rows([("in", fresh), ("out", back)], "Fruit it never saw", values.dark, height=1.8)
            frame = Frame(
                picture, f"Eight fruits above, rebuilt below. {caption}", caption, share=0.1 + 0.5 * step / steps
            )
        yield frame
    stored, space.lines = packed(decoder, space.mean, space.lines)
    codes = rounded(through(encoder, kept)[:, :16])
    back = space.pictures(through(decoder, codes * np.float32(_STEP)))
    one = len(codes[0].tobytes())
    own = (float(one), psnr(fresh, back), ssim(fresh, back))
    points: list[tuple[str, float, float, float]] = []
    for kind, qualities in (("PNG", (0,)), ("JPEG", (5, 15, 40, 75, 92)), ("WEBP", (0, 10, 30, 40, 60, 90))):
        for quality in qualities:
            sizes, out = zip(*(file_of(picture, kind, quality) for picture in fresh), strict=True)
            made = np.stack(out)
            points.append((kind, float(np.mean(sizes)), psnr(fresh, made), ssim(fresh, made)))
            yield frame
    good = [point for point in points if point[2] >= own[1]]
    rival = min(good, key=lambda point: point[1])
    saved = rival[1] - one
    even = int(np.ceil(len(stored) / saved)) if saved > 0 else 0
    caption = (
        f"A code is {one} bytes at {own[1]:.1f} dB and SSIM {own[2]:.2f}. The smallest file that is at least as good is a "
        f"{_shown(rival[0])} of {rival[1]:,.0f} bytes; the decoder, {len(stored) / 1000:,.0f} kB, is still to be counted."
    )
    yield Frame(_bytes_plot(points, own, values.dark), f"Bytes against quality. {caption}", caption, share=0.8)
    caption = (
        f"The decoder comes first, so codes pay from {even:,} pictures on. For a small shop, plain files are better."
    )
    alt = f"Two lines of total bytes against number of pictures; they cross at {even:,}."
    yield Frame(_total_plot(one, len(stored), rival, even, values.dark), alt, caption, share=0.9)
    odd = stranger(values.text("stranger"), 50, seed)
    odd_back = space.pictures(through(decoder, rounded(through(encoder, space.of(odd))[:, :16]) * np.float32(_STEP)))
    per_page = [_PAGE * rival[1], _PAGE * one + len(stored), _PAGE * one]
    numbers: dict[str, float | int | str] = {
        "bytes of a code": one,
        "bytes of the decoder": len(stored),
        "rival": _shown(rival[0]),
        "bytes of the rival": round(rival[1]),
        "bytes of a PNG": round(points[0][1]),
        "PSNR of the VAE": round(own[1], 1),
        "SSIM of the VAE": round(own[2], 3),
        "PSNR of the rival": round(rival[2], 1),
        "pictures to break even": even,
        "server space saved, 100,000 pictures, MB": round((_SHOP * saved - len(stored)) / 1e6, 1),
        "milliseconds to load a page, files": round(per_page[0] * 8000 / _LINE, 1),
        "milliseconds to load a first page, codes": round(per_page[1] * 8000 / _LINE, 1),
        "milliseconds to load a later page, codes": round(per_page[2] * 8000 / _LINE, 1),
        "error of fresh fruit": round(float(((fresh - back) ** 2).mean()), 5),
        "error of the strangers": round(float(((odd - odd_back) ** 2).mean()), 5),
        "PSNR of the strangers": round(psnr(odd, odd_back), 1),
    }
    caption = (
        f"100,000 pictures take {numbers['server space saved, 100,000 pictures, MB']} MB less as codes; {_PAGE} pictures travel in "
        f"{numbers['milliseconds to load a later page, codes']} ms, not {numbers['milliseconds to load a page, files']} ms, at 10 Mbit/s, "
        f"but the first page takes {numbers['milliseconds to load a first page, codes']} ms. "
        f"{_STRANGERS[values.text('stranger')]} comes back wrong, "
        f"at {numbers['PSNR of the strangers']} dB instead of {own[1]:.1f}: a VAE keeps only what it knows."
    )
    rows_shown = [("fruit", fresh), ("by code", back), (values.text("stranger"), odd), ("by code", odd_back)]
    yield Frame(
        _rows(rows_shown, "Known fruit, then a stranger", values.dark), f"Rows of pictures. {caption}", caption, numbers
    )


def _shown(kind: str) -> str:
    return "WebP" if kind == "WEBP" else kind


def _bytes_plot(
    points: list[tuple[str, float, float, float]], own: tuple[float, float, float], dark: bool
) -> Image.Image:
    with house(dark) as look:
        figure, axes = sheet(1, 2, 3.2)
        for place, (axis, title) in enumerate(zip(axes, ("PSNR (decibels)", "SSIM (1: same)"), strict=True)):
            for kind, line, mark in (("JPEG", "-", "o"), ("WEBP", "--", "s"), ("PNG", "", "D")):
                mine = [(p[1], min(p[2 + place], 55)) for p in points if p[0] == kind]
                axis.plot(*zip(*mine, strict=True), color=look.data, linestyle=line, marker=mark, label=_shown(kind))
            axis.plot([own[0]], [own[1 + place]], "*", color=look.model, markersize=13, label="VAE code")
            axis.set(xlabel="bytes a picture", xscale="log", title=title, xlim=(10, 2000))
            axis.set_xticks((10, 100, 1000), ("10", "100", "1,000"))
        axes[1].legend(loc="lower left", handlelength=1.4, borderpad=0)
        axes[0].annotate(
            "PNG: no loss", (points[0][1], 55), (-4, -4), textcoords="offset points", ha="right", va="top", fontsize=9
        )
        return as_picture(figure)


def _total_plot(one: int, decoder: int, rival: tuple[str, float, float, float], even: int, dark: bool) -> Image.Image:
    with house(dark) as look:
        figure, axis = sheet(1, 1, 3.0)
        count = np.geomspace(1, _SHOP, 100)
        axis.plot(count, count * rival[1] / 1e6, "--", color=look.data, label=f"{_shown(rival[0])} files")
        axis.plot(count, (decoder + count * one) / 1e6, color=look.model, label="decoder + codes")
        if even:
            axis.axvline(even, color=look.quiet, linewidth=1)
            axis.annotate(f"{even:,} pictures", (even, 0.001), (4, 0), textcoords="offset points")
        axis.set(
            xscale="log",
            yscale="log",
            xlabel="pictures in the shop",
            ylabel="megabytes in all",
            title="When the decoder has paid",
        )
        axis.set_xticks([10**power for power in range(6)], [f"{10**power:,}" for power in range(6)])
        axis.set_yticks([10.0**power for power in range(-3, 2)], [f"{10.0**power:g}" for power in range(-3, 2)])
        axis.legend(loc="upper left")
        return as_picture(figure)


def run(values: Values, seed: int) -> Iterator[Frame]:
    some = fruit(24, seed + 1).pictures
    caption = "Fruit like this is all that the model will ever see. Watch what it makes of codes that no fruit has, or of a stranger."
    alt = "Three rows of apples and oranges, 32 by 32 pixels each."
    frame = Frame(
        _rows([("", some[i * 8 :]) for i in range(3)], "Apples and oranges", values.dark), alt, caption, share=0.03
    )
    yield frame
    drawn = []
    for part in range(5):  # Drawing takes a while: a piece at a time.
        drawn.append(fruit((_TRAINED + _FRESH) // 5, seed * 10 + 100 + part))
        yield frame
    pictures, kinds = np.concatenate([each.pictures for each in drawn]), np.concatenate([each.kinds for each in drawn])
    yield from (
        _map(values, seed, pictures, kinds, frame)
        if values.text("part") == "map"
        else _compression(values, seed, pictures, frame)
    )


def _times(numbers: Numbers) -> float:
    return float(numbers["error of the strangers"]) / float(numbers["error of fresh fruit"])


DEMO = Demo(
    name="vae",
    title="A VAE draws a map of fruit",
    lesson="vae",
    about="A map of codes without holes beside a plain autoencoder's; and what a VAE saves as a way to store pictures, and when not.",
    words=(
        *(
            "variational autoencoder",
            "variational",
            "vae",
            "beta-vae",
            "beta vae",
            "latent space",
            "latent map",
            "kl term",
            "elbo",
        ),
        *(
            "posterior collapse",
            "reparameterization",
            "compress images",
            "image compression",
            "compression",
            "e-commerce",
            "interpolation",
        ),
    ),
    parameters=(
        Option("part", "What to look at", "map", ("map", "compression"), ("part",)),
        Number("beta", "Weight of the KL term (beta)", 1, 0, 100, 0.5, ("beta", "kl weight")),
        Number("steps", "Training steps", 1000, 100, 5000, 100, ("training steps", "steps", "iterations")),
        Option(
            "stranger",
            "Picture of another kind",
            "banana",
            ("banana", "stripes", "noise"),
            ("stranger", "another kind"),
        ),
    ),
    run=run,
    prediction=Prediction(
        "It learned from apples and oranges alone. How large is its error when it stores and redraws a picture of another kind?",
        (
            "Under twice the error of new apples and oranges",
            "Two to five times their error",
            "More than five times their error",
        ),
        lambda numbers: int(np.searchsorted((2, 5), _times(numbers))),
        lambda numbers: (
            f"Its error was {numbers['error of the strangers']} against {numbers['error of fresh fruit']}: {_times(numbers):.1f} times."
        ),
    ),
    breaks=Break("Make the code collapse", {"part": "map", "beta": 100}),
    script=Script(
        """from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch import nn

from tutor.workbench.fruit import fruit

Array = npt.NDArray[np.float32]""",
        (directions, encoder_and_decoder, learn),
        """pictures = fruit(1000, $seed).pictures.reshape(1000, -1)
mean, lines = directions(pictures)
nets = encoder_and_decoder(2, $seed)
*_, loss = learn(nets, (pictures - mean) @ lines, $seed, $steps, $beta, 0.5)
codes = nets[0][0].weight.new_tensor(np.random.default_rng($seed).normal(size=(4, 2)))
samples = mean + nets[1](codes).detach().numpy() @ lines.T
print(f"loss {loss:.1f}; mean color of four new fruits: {samples.reshape(4, -1, 3).mean(1).astype(float).round(2).tolist()}")""",
    ),
)
