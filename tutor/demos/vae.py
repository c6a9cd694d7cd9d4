"""A variational autoencoder and random codes: whose decoder makes fruit of all kinds from them, the VAE's or a plain autoencoder's? And
what codes are worth as files.

Both networks stand in `tutor/workbench/autoencoders.py`. A VAE's codes are held near the standard normal distribution, so that is where to
draw from; an autoencoder's lie wherever training left them, and random codes reach the middle of them alone. Compression counts all that a
shop would store: codes of a byte a number, and the decoder.
"""

from collections.abc import Iterator
from timeit import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tutor.workbench.autoencoders import Space, directions, encoder_and_decoder, flat, learn, through
from tutor.workbench.demo import Break, Demo, Frame, Number, Numbers, Option, Prediction, Script, Values
from tutor.workbench.fruit import APPLE, ORANGE, SIDE, Pictures, fruit, measured, stranger
from tutor.workbench.plot import as_picture, house, sheet, tiles
from tutor.workbench.rate_distortion import Point, bytes_plot, total_plot
from tutor.workbench.stored import STEP, as_file, from_file, packed, psnr, rounded, ssim

Array = npt.NDArray[np.float32]
Kinds = npt.NDArray[np.int64]
_TRAINED, _FRESH, _DRAWN = 800, 200, 500
_GREEN = 0.35
"""Redness of a green apple is less."""
_RING = 2.448
"""Ninety-five of a hundred pairs of standard normal numbers are no farther than this from the middle."""
_NOISE = {"map": 0.5, "compression": 0.1}
"""Standard deviation that the decoder allows each pixel: the smaller, the more a detail is worth beside the KL term."""
_SHOP, _PAGE, _LINE = 100_000, 24, 10e6
"""Pictures of the shop, pictures on a page, bits a second of a customer's line."""
_STRANGERS = {"banana": "A banana", "stripes": "A striped picture", "noise": "A picture of noise"}


def _nearest(rows: Array, known: Array) -> Array:
    """Distance from each row to the nearest known one."""
    return np.asarray(np.sqrt(np.maximum((rows**2).sum(1)[:, None] + (known**2).sum(1) - 2 * rows @ known.T, 0).min(1)))


def _error(one: Pictures, other: Pictures) -> float:
    return round(float(((one - other) ** 2).mean()), 5)


def _within(codes: Array) -> float:
    """Share of codes that lie where random codes fall."""
    return float((np.linalg.norm(codes, axis=1) < _RING).mean())


def _rows(rows: list[tuple[str, Pictures]], title: str, dark: bool, height: float = 2.3) -> Image.Image:
    """Eight pictures a row, one named row under another."""
    with house(dark):
        figure, axes = sheet(1, 1, height)
        axes.imshow(tiles(np.concatenate([pictures[:8] for _, pictures in rows]), 8, 2))
        axes.set_yticks([SIDE / 2 + place * (SIDE + 2) for place in range(len(rows))], [name for name, _ in rows])
        axes.set(xticks=[], title=title)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return as_picture(figure)


def _maps(kinds: Kinds, titles: tuple[str, str], codes: list[Array], drawn: list[Pictures], dark: bool) -> Image.Image:
    """Where fruit has its codes and random codes fall, on one scale; below, what is drawn where random codes fall."""
    far = 1.1 * max(3.0, *(float(np.quantile(np.abs(some), 0.995)) for some in codes))
    around = np.linspace(0, 2 * np.pi, 100)
    with house(dark) as look:
        figure, grid = sheet(2, 2, 5.0)
        for title, some, pictures, (top, below) in zip(titles, codes, drawn, grid.T, strict=True):
            top.scatter(*some[kinds == APPLE].T, s=9, color=look.data, linewidths=0, label="apple")
            ring: dict[str, Any] = {"facecolors": "none", "edgecolors": look.data, "linewidths": 0.7}
            top.scatter(*some[kinds == ORANGE].T, s=11, label="orange", **ring)
            top.plot(_RING * np.cos(around), _RING * np.sin(around), color=look.model, label="random codes")
            top.set(xlim=(-far, far), ylim=(-far, far), xlabel="first number of the code", title=title)
            below.imshow(tiles(pictures, 7, 1))
            below.set(xticks=[], yticks=[], xlabel="first number, −2 to 2")
            below.spines[:].set_visible(False)
        grid[0, 0].set_ylabel("second number")
        grid[1, 0].set_ylabel("second, −2 to 2")
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, columnspacing=1)
        return as_picture(figure)


def _map(values: Values, seed: int, pictures: Pictures, kinds: Kinds, frame: Frame) -> Iterator[Frame]:
    steps, beta, kind = values.whole("steps"), values.number("beta"), values.text("stranger")
    space, own = Space(flat(pictures[:_TRAINED])), kinds[_TRAINED:]
    rows, fresh = space.of(pictures[:_TRAINED]), space.of(pictures[_TRAINED:])
    yield frame
    plain, varied = models = encoder_and_decoder(2, seed), encoder_and_decoder(2, seed)
    looks = {round(steps * share) for share in (0.03, 0.1, 0.25, 0.5, 1)}
    line = np.linspace(-2, 2, 7, dtype=np.float32)
    square = np.stack([part.ravel() for part in np.meshgrid(line, line[::-1])], 1)
    learning = (learn(nets, rows, seed, steps, kl, _NOISE["map"]) for nets, kl in ((plain, None), (varied, beta)))
    for step, _ in enumerate(zip(*learning, strict=True), 1):
        if step in looks:
            codes = [through(encoder, fresh)[:, :2] for encoder, _ in models]
            drawn = [space.pictures(through(decoder, square)) for _, decoder in models]
            caption = (
                f"After {step:,} steps the ring, where 95% of random codes fall, holds {_within(codes[0]):.0%} of new fruit on the "
                f"autoencoder's map and {_within(codes[1]):.0%} on the VAE's. Below is what each decoder draws there."
            )
            alt = f"Two maps, dots for fruit and a ring for random codes, and 7 by 7 decoded pictures under each. {caption}"
            picture = _maps(own, ("Autoencoder", f"VAE, beta {beta:g}"), codes, drawn, values.dark)
            frame = Frame(picture, alt, caption, share=0.15 + 0.65 * step / steps)
        yield frame
    rng, redness = np.random.default_rng(seed), measured(pictures[_TRAINED:])[:, 0]
    random = rng.normal(size=(_DRAWN, 2)).astype(np.float32)
    apples, oranges = rng.choice(np.flatnonzero(own == APPLE), 40), rng.choice(np.flatnonzero(own == ORANGE), 40)
    # The walk that is shown: from the reddest apple to an orange of the usual color.
    apples[0] = np.where(own == APPLE, redness, -1).argmax()
    oranges[0] = np.where(own == ORANGE, abs(redness - 0.66), 9).argmin()
    # One measure for both: to be odd or missed is to be farther off than 95% of the fruit that the autoencoder rebuilt.
    rebuilt = through(plain[1], codes[0])
    odd, missed = (np.quantile(_nearest(*pair), 0.95) for pair in ((rebuilt, rows), (fresh, rebuilt)))
    numbers: dict[str, float | int | str] = {"green apples in real fruit": f"{(redness < _GREEN).mean():.0%}"}
    walks, shown = [], []
    for name, short, (_, decoder), where in zip(("autoencoder", "VAE"), ("AE", "VAE"), models, codes, strict=True):
        along = np.linspace(0, 1, 8, dtype=np.float32)[:, None, None]
        walked = through(decoder, (where[apples] * (1 - along) + where[oranges] * along).reshape(-1, 2))
        made, back = through(decoder, random), space.pictures(through(decoder, where))
        samples = space.pictures(made)
        walks.append((f"walk, {short}", space.pictures(walked[::40])))
        shown += [(f"random, {short}", samples), ("", samples[8:])]
        numbers |= {
            f"{name}: real fruit within reach of random codes": f"{_within(where):.0%}",
            f"{name}: real fruit that random codes miss": f"{(_nearest(fresh, made) > missed).mean():.0%}",
            f"{name}: green apples from random codes": f"{(measured(samples)[:, 0] < _GREEN).mean():.0%}",
            f"{name}: odd pictures from random codes": f"{(_nearest(made, rows) > odd).mean():.0%}",
            f"{name}: odd pictures on walks": f"{(_nearest(walked, rows) > odd).mean():.0%}",
            f"{name}: variety from random codes": round(float(np.sqrt(made.var(0).sum() / rows.var(0).sum())), 2),
            f"{name}: error": _error(pictures[_TRAINED:], back),
        }
        yield frame

    def both(what: str) -> str:
        return f"{numbers[f'autoencoder: {what}']} with the autoencoder and {numbers[f'VAE: {what}']} with the VAE"

    caption = (
        "On 40 walks from apple to orange some pictures are odd, farther from all fruit than 95% of rebuilt fruit is: "
        f"{both('odd pictures on walks')}."
    )
    alt = f"A walk from an apple to an orange in eight pictures, by each model. {caption}"
    yield Frame(_rows(walks, "A walk from apple to orange", values.dark, 1.5), alt, caption, share=0.9)
    strangers = stranger(kind, 50, seed)
    back = space.pictures(through(varied[1], through(varied[0], space.of(strangers))[:, :2]))
    numbers |= {"error of fresh fruit": numbers["VAE: error"], "error of the strangers": _error(strangers, back)}
    caption = (
        f"{_DRAWN} random codes, drawn without a look at the data, miss part of real fruit: {both('real fruit that random codes miss')}. "
        f"{_STRANGERS[kind]} comes back wrong, at {_times(numbers):.1f} times the usual error."
    )
    if float(numbers["VAE: variety from random codes"]) < 0.2:
        caption = f"With beta {beta:g} the code is ignored, and every random code gives nearly the same picture: posterior collapse."
    alt = (
        f"Sixteen pictures from random codes by each model, then a {kind} and what the VAE makes of it. Of all pictures green apples are "
        f"{both('green apples from random codes')}, of real fruit {numbers['green apples in real fruit']}. {caption}"
    )
    shown += [(kind, strangers), ("by the VAE", back)]
    yield Frame(_rows(shown, "From random codes; then a stranger", values.dark, 3.5), alt, caption, numbers)


def _compression(values: Values, seed: int, pictures: Pictures, frame: Frame) -> Iterator[Frame]:
    steps, fresh, kind = values.whole("steps"), pictures[_TRAINED:], values.text("stranger")
    space = Space(flat(pictures[:_TRAINED]))
    rows, kept = space.of(pictures[:_TRAINED]), space.of(fresh)
    yield frame
    encoder, decoder = nets = encoder_and_decoder(16, seed)
    looks = {round(steps * share) for share in (0.03, 0.12, 0.4, 1)}
    for step, _ in enumerate(learn(nets, rows, seed, steps, values.number("beta"), _NOISE["compression"]), 1):
        if step in looks:
            back = space.pictures(through(decoder, through(encoder, kept)[:, :16]))
            caption = f"After {step:,} steps the VAE gives fruit back from 16 numbers with a PSNR of {psnr(fresh, back):.1f} decibels."
            picture = _rows([("in", fresh), ("out", back)], "Fruit it never saw", values.dark, 1.5)
            alt = f"Eight fruits above, rebuilt below. {caption}"
            frame = Frame(picture, alt, caption, share=0.1 + 0.5 * step / steps)
        yield frame
    stored, (space.mean, space.lines) = packed(decoder, space.mean, space.lines)

    def opened(codes: npt.NDArray[np.int8]) -> Pictures:
        return space.pictures(through(decoder, codes * np.float32(STEP)))

    codes = rounded(through(encoder, kept)[:, :16])
    back, one, decoder_bytes = opened(codes), len(codes[0].tobytes()), len(stored)
    own: Point = ("VAE", 0, one, psnr(fresh, back), ssim(fresh, back))
    points: list[Point] = []
    for name, qualities in (("PNG", (0,)), ("JPEG", (5, 15, 40, 75, 92)), ("WebP", (0, 10, 30, 40, 60, 90))):
        for quality in qualities:
            files = [as_file(picture, name, quality) for picture in fresh]
            yield frame
            made = np.stack([from_file(file) for file in files])
            points.append((name, quality, float(np.mean([*map(len, files)])), psnr(fresh, made), ssim(fresh, made)))
            yield frame
    good = [point for point in points if point[3] >= own[3] and point[4] >= own[4]]
    rival = min(good, key=lambda point: point[2])
    saved = rival[2] - one
    even = int(np.ceil(decoder_bytes / saved))  # Any file is larger than a code: its header alone is.
    caption = (
        f"A code is {one} bytes at {own[3]:.1f} dB and SSIM {own[4]:.2f}. The smallest file that is at least as good is a {rival[0]} of "
        f"{rival[2]:,.0f} bytes; the decoder, {decoder_bytes / 1000:,.0f} kB, is still to be counted."
    )
    alt = f"Bytes against quality of the code and of files. {caption}"
    yield Frame(bytes_plot(points, own, values.dark), alt, caption, share=0.8)
    page = [as_file(picture, *rival[:2]) for picture in fresh[:_PAGE]]
    works = (lambda: opened(codes[:_PAGE]), lambda: [from_file(file) for file in page])
    decoding = [min(repeat(work, number=1, repeat=5)) * 1000 / _PAGE for work in works]
    travel = [size * 8000 / _LINE for size in (_PAGE * one, _PAGE * rival[2], _PAGE * one + decoder_bytes)]
    caption = (
        f"Codes pay from {even:,} pictures on; {_PAGE} of them travel in {travel[0]:.1f} ms at 10 Mbit/s, files in {travel[1]:.1f} ms, and "
        f"the first {_PAGE}, with the decoder, in {travel[2]:.0f} ms. Decoding, measured here, adds {decoding[0]:.2f} ms a picture to "
        f"codes and {decoding[1]:.2f} ms to a {rival[0]}."
    )
    alt = f"Two lines of total bytes against number of pictures; they cross at {even:,}. {caption}"
    yield Frame(total_plot(one, decoder_bytes, rival, even, _SHOP, values.dark), alt, caption, share=0.9)
    strangers = stranger(kind, 50, seed)
    odd = opened(rounded(through(encoder, space.of(strangers))[:, :16]))
    numbers: dict[str, float | int | str] = {
        "bytes of a code": one,
        "bytes of the decoder": decoder_bytes,
        "rival": rival[0],
        "bytes of the rival": round(rival[2]),
        "PSNR of the VAE": round(own[3], 1),
        "SSIM of the VAE": round(own[4], 3),
        "PSNR of the rival": round(rival[3], 1),
        "pictures to break even": even,
        "server space saved, 100,000 pictures, MB": round((_SHOP * saved - decoder_bytes) / 1e6, 1),
        "transfer of a page as files, ms": round(travel[1], 1),
        "transfer of a first page as codes, ms": round(travel[2], 1),
        "transfer of a later page as codes, ms": round(travel[0], 1),
        "error of fresh fruit": _error(fresh, back),
        "error of the strangers": _error(strangers, odd),
        "PSNR of the strangers": round(psnr(strangers, odd), 1),
    }
    caption = (
        f"100,000 pictures take {numbers['server space saved, 100,000 pictures, MB']} MB less as codes, with the decoder counted. "
        f"{_STRANGERS[kind]} comes back wrong, at {numbers['PSNR of the strangers']} dB instead of {own[3]:.1f}: a VAE keeps what it knows."
    )
    shown = [("fruit", fresh), ("by code", back), (kind, strangers), ("by code", odd)]
    alt = f"Fruit and a {kind} picture, each above what its code gives back. {caption}"
    yield Frame(_rows(shown, "Known fruit, then a stranger", values.dark, 2.5), alt, caption, numbers)


def run(values: Values, seed: int) -> Iterator[Frame]:
    some = fruit(24, seed + 1).pictures
    caption = "Fruit like this is all that the model will ever see. Watch what it makes of codes that no fruit has, or of a stranger."
    alt = "Three rows of apples and oranges, 32 by 32 pixels each."
    picture = _rows([("", some[i * 8 :]) for i in range(3)], "Apples and oranges", values.dark)
    frame = Frame(picture, alt, caption, share=0.03)
    yield frame
    drawn = []
    for part in range(5):  # Drawing takes a while: a piece at a time.
        drawn.append(fruit((_TRAINED + _FRESH) // 5, seed * 10 + 100 + part))
        yield frame
    pictures, kinds = np.concatenate([each.pictures for each in drawn]), np.concatenate([each.kinds for each in drawn])
    if values.text("part") == "map":
        yield from _map(values, seed, pictures, kinds, frame)
    else:
        yield from _compression(values, seed, pictures, frame)


def _times(numbers: Numbers) -> float:
    return float(numbers["error of the strangers"]) / float(numbers["error of fresh fruit"])


DEMO = Demo(
    name="vae",
    title="A VAE draws a map of fruit",
    lesson="vae",
    about="Random codes make more kinds of fruit with a VAE than with a plain autoencoder; and what its codes save as files.",
    words=(
        *("variational autoencoder", "variational", "vae", "beta-vae", "beta vae", "latent space", "latent map"),
        *("kl term", "elbo", "posterior collapse", "reparameterization", "compress images", "image compression"),
        *("compression", "e-commerce", "interpolation"),
    ),
    parameters=(
        Option("part", "What to look at", "map", ("map", "compression"), ("part",)),
        Number("beta", "Weight of the KL term (beta)", 1, 0, 100, 0.5, ("beta", "kl weight")),
        Number("steps", "Training steps", 1000, 100, 5000, 100, ("training steps", "steps", "iterations")),
        Option("stranger", "A stranger", "banana", ("banana", "stripes", "noise"), ("stranger", "another kind")),
    ),
    run=run,
    prediction=Prediction(
        "It learned from apples and oranges alone. How large is its error when it stores and redraws a picture of another kind?",
        ("Under twice that of new apples and oranges", "Two to five times as large", "More than five times as large"),
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

from tutor.workbench.fruit import fruit

Array = npt.NDArray[np.float32]""",
        (directions, encoder_and_decoder, learn),
        """pictures = fruit(1000, $seed).pictures.reshape(1000, -1)
mean, lines = directions(pictures)
*_, loss = learn(nets := encoder_and_decoder(2, $seed), (pictures - mean) @ lines, $seed, $steps, $beta, 0.5)
codes = nets[0][0].weight.new_tensor(np.random.default_rng($seed).normal(size=(4, 2)))
samples = mean + nets[1](codes).detach().numpy() @ lines.T
print(f"loss {loss:.1f}; mean color of four new fruits: {samples.reshape(4, -1, 3).mean(1).astype(float).round(2).tolist()}")""",
    ),
)
