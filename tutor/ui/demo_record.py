"""What is kept of a demo in the learner's browser, and how it looks. What comes back from there is checked as all records are."""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Annotated

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from tutor.events import Frame, Numbers, Showing, Shown

_LARGEST = 400_000
"""Characters of one picture."""
_Base64 = Annotated[str, Field(max_length=_LARGEST, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
_Short = Annotated[str, Field(max_length=300)]
_WIDTH = 480
"""Pixels of a frame in the reel."""
_STRIP_WIDTH, _STRIP_FRAMES = 300, 6
_PAUSE, _LAST_PAUSE = 500, 2500
"""Milliseconds that a frame of the reel stands."""


class DemoRecord(BaseModel):
    """A run as it was shown: its last frame, and a reel of it as one animated WebP."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9-]+$")]
    title: _Short
    settings: Annotated[tuple[tuple[_Short, _Short], ...], Field(max_length=10)] = ()
    seed: int = 0
    again: Annotated[str, Field(max_length=1000)] = ""
    guess: _Short = ""
    picture: _Base64 = ""
    alt: Annotated[str, Field(max_length=2000)] = ""
    caption: Annotated[str, Field(max_length=2000)] = ""
    numbers: Annotated[tuple[tuple[_Short, _Short], ...], Field(max_length=40)] = ()
    prepared: _Short = ""
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    verdict: Annotated[str, Field(max_length=2000)] = ""
    milliseconds: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 0.0
    script: Annotated[str, Field(max_length=10_000)] = ""
    reel: _Base64 = ""
    strip: _Base64 = ""
    """The reel side by side, for those who asked for no motion."""

    @property
    def size(self) -> int:
        """Characters of pictures."""
        return len(self.picture) + len(self.reel) + len(self.strip)


def begun(showing: Showing) -> DemoRecord:
    return DemoRecord(
        name=showing.demo,
        title=showing.title,
        settings=showing.settings,
        seed=showing.seed,
        again=showing.again[:1000],
        guess=showing.guess,
    )


def with_frame(record: DemoRecord, frame: Frame) -> DemoRecord:
    return record.model_copy(
        update={
            "picture": _webp(frame.picture),
            "alt": frame.alt[:2000],
            "caption": frame.caption[:2000],
            "numbers": _told(frame.numbers),
            "prepared": frame.prepared[:300],
            "share": min(1.0, max(0.0, frame.share)),
        }
    )


def ended(record: DemoRecord, shown: Shown) -> DemoRecord:
    several = len(shown.reel) > 1
    return record.model_copy(
        update={
            "verdict": shown.verdict[:2000],
            "milliseconds": shown.milliseconds,
            "script": shown.script[:10_000],
            "reel": _reel(shown.reel) if several else "",
            "strip": _strip(shown.reel) if several else "",
        }
    )


def bare(record: DemoRecord) -> DemoRecord:
    """Without what shows it again, where room is short."""
    return record.model_copy(update={"reel": "", "strip": ""})


def unseen(record: DemoRecord) -> DemoRecord:
    """Without any picture: what it said and measured."""
    return bare(record).model_copy(update={"picture": ""})


def demo_html(record: DemoRecord, lab: bool = True) -> str:
    """The picture with its caption, the numbers, the reel and the code; `lab`: with the way to the sliders."""
    running = record.share < 1 or not record.milliseconds
    parts = [f"<h3>{escape(record.title)}</h3>", f'<p class="how">{_how(record)}</p>']
    if record.picture:
        parts.append(
            f'<figure class="frame"><img src="data:image/webp;base64,{record.picture}" alt="{escape(record.alt)}">'
            f"<figcaption>{escape(record.caption)}</figcaption></figure>"
        )
    else:
        parts.append('<div class="frame room"></div>')
    if running:
        parts.append(f'<div class="bar"><span class="done-{round(20 * record.share) * 5}"></span></div>')
    if record.verdict:
        parts.append(f'<p class="verdict">{escape(record.verdict)}</p>')
    if record.numbers and not running:
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in record.numbers)
        parts.append(f"<details><summary>The numbers</summary><table>{rows}</table></details>")
    if record.reel:
        parts.append(
            '<details class="reel"><summary>Watch it again</summary>'
            f'<img class="moving" src="data:image/webp;base64,{record.reel}" alt="The same run, frame by frame">'
            f'<img class="still" src="data:image/webp;base64,{record.strip}" alt="Frames of the run, side by side"></details>'
        )
    if record.script:
        parts.append(
            '<details class="code"><summary>Take the code</summary><p>It runs by itself where this tutor is installed.</p>'
            f'<pre class="script">{escape(record.script, quote=False)}</pre>'
            '<button type="button" class="copy script-copy">Copy the code</button></details>'
        )
    if not running:
        parts.append(f'<p class="byline">{_measured(record)}{_to_lab(record) if lab else ""}</p>')
    return f'<div class="demo">{"".join(parts)}</div>'


def _how(record: DemoRecord) -> str:
    settings = [f"{title}: {value}" for title, value in record.settings]
    guess = [f"You predict: {record.guess}"] if record.guess and not record.verdict else []
    return escape(" · ".join([*settings, f"Seed {record.seed}", *guess]))


def _measured(record: DemoRecord) -> str:
    seconds = f"{record.milliseconds:,.0f} milliseconds"
    if record.prepared:
        return escape(f"Prepared earlier: {record.prepared} · the rest measured now, in {seconds}")
    return f"Measured now, on this machine, in {seconds}"


def _to_lab(record: DemoRecord) -> str:
    return f' · <a class="lesson-link" href="#lab/{record.name}">Open in the Lab</a>'


def _told(numbers: Numbers) -> tuple[tuple[str, str], ...]:
    def said(value: float | int | str) -> str:
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    return tuple((name[:300], said(value)[:300]) for name, value in list(numbers.items())[:40])


def _webp(picture: Image.Image, quality: int = 82) -> str:
    """As large as may be kept, and no larger."""
    file = BytesIO()
    picture.save(file, "WEBP", quality=quality)
    text = _text(file.getvalue())
    return text if len(text) <= _LARGEST else _webp(_scaled(picture, picture.width // 2), quality)


def _scaled(picture: Image.Image, width: int) -> Image.Image:
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS)


def _reel(pictures: Sequence[Image.Image]) -> str:
    first, *others = [_scaled(picture, _WIDTH).resize(_scaled(pictures[-1], _WIDTH).size) for picture in pictures]
    file = BytesIO()
    pauses = [_PAUSE] * len(others) + [_LAST_PAUSE]
    first.save(file, "WEBP", save_all=True, append_images=others, duration=pauses, loop=0, quality=70)
    text = _text(file.getvalue())
    return text if len(text) <= _LARGEST else ""


def _strip(pictures: Sequence[Image.Image]) -> str:
    count = min(_STRIP_FRAMES, len(pictures))
    chosen = [_scaled(pictures[round(i * (len(pictures) - 1) / (count - 1))], _STRIP_WIDTH) for i in range(count)]
    columns = 2
    height = max(one.height for one in chosen)
    sheet = Image.new("RGB", (columns * _STRIP_WIDTH, -(-count // columns) * height), chosen[0].getpixel((0, 0)))
    for number, one in enumerate(chosen):
        sheet.paste(one, (number % columns * _STRIP_WIDTH, number // columns * height))
    return _webp(sheet, 75)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
