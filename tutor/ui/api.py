"""The API for programs: the endpoints /ask, /paint and /demo, which MCP clients see as tools of the same names.

What a program sends is untrusted, and gradio checks none of it: what is wrong comes back as one line that names the fix.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import asdict
from io import BytesIO

import gradio as gr
from gradio.events import api

from tutor.catalogue import checked, checked_seed, demo_named
from tutor.demo_request import DemoRequest
from tutor.drawing import as_png
from tutor.errors import InputError, ModelError, TutorError
from tutor.events import Answered, Failure, Frame, Picture, Text, as_json
from tutor.request import PictureRequest, checked_prompt, own_seed
from tutor.turn import Tutor

_Endpoint = Callable[..., Iterator[dict[str, object]]]


def bind(tutor: Tutor) -> None:
    """Register the endpoints; inside a Blocks."""
    api(_ask(tutor), api_name="ask", concurrency_limit=2)
    api(_paint(tutor), api_name="paint", concurrency_limit=2)
    api(_demo(tutor), api_name="demo", concurrency_limit=8)


def _ask(tutor: Tutor) -> _Endpoint:
    def ask(question: str) -> Iterator[dict[str, object]]:
        """Answer a question about generative AI from the course, with sources."""
        if not isinstance(question, str):  # gradio checks nothing
            raise gr.Error("Send the question as text.", print_exception=False)
        for event in tutor.reply(question):
            if isinstance(event, Failure):
                raise gr.Error(event.message, print_exception=False)
            if isinstance(event, Answered):
                yield as_json(event.answer)

    return ask


def _paint(tutor: Tutor) -> _Endpoint:
    def paint(prompt: str, seed: int | None = None, steps: int | None = None) -> Iterator[dict[str, object]]:
        """Draw a picture from a prompt. Gives the PNG file in base64, what repeats it, and what the painter took for what."""
        try:
            if not isinstance(prompt, str):  # gradio checks nothing
                raise InputError("Send the prompt as text, such as: a red apple on a blue background.")
            wanted = checked_prompt(prompt)
            chosen = own_seed(wanted, 0) if seed is None else _whole("seed", seed)
            last: dict[str, object] = {}
            request = PictureRequest(wanted, (chosen,), None if steps is None else _whole("number of steps", steps))
            for event in tutor.drawer().draw(wanted, request):
                if isinstance(event, Picture) and event.step == event.steps and event.images:
                    recipe = event.recipes[0]
                    last = {"png": base64.b64encode(as_png(event.images[0], recipe)).decode(), **asdict(recipe)}
                elif isinstance(event, Text):
                    if not last:
                        raise ModelError(event.markdown)
                    yield last | {"note": event.markdown}
        except TutorError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return paint


def _demo(tutor: Tutor) -> _Endpoint:
    def demo(
        name: str, settings: dict[str, object] | None = None, seed: int | None = None
    ) -> Iterator[dict[str, object]]:
        """Run a live demo, such as gan or sampling. Gives each picture as PNG in base64 with its caption and numbers."""
        try:
            if not isinstance(name, str) or not (settings is None or isinstance(settings, dict)):
                raise InputError(
                    'Send the name of a demo as text, and its settings as an object, such as {"steps": 100}.'
                )
            chosen = demo_named(name)
            number = 0 if seed is None else checked_seed(_whole("seed", seed))
            wanted = DemoRequest(chosen, checked(chosen, settings or {}), number)
            for event in tutor.run(wanted):
                if isinstance(event, Failure):
                    raise ModelError(event.message)
                if isinstance(event, Frame):
                    yield _as_result(event)
        except TutorError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return demo


def _as_result(frame: Frame) -> dict[str, object]:
    """A frame for programs."""
    file = BytesIO()
    frame.picture.save(file, "PNG")
    return {
        "png": base64.b64encode(file.getvalue()).decode(),
        "alt": frame.alt,
        "caption": frame.caption,
        "numbers": dict(frame.numbers),
        "share": frame.share,
        "prepared": frame.prepared,
    }


def _whole(name: str, value: object) -> int:
    """A number as a program sent it. Raises InputError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"Send the {name} as a whole number, or leave it out.")
    return value
