"""The menu's part about models: which one writes the answers, which one draws the pictures, and how far each has loaded."""

from typing import Any

import gradio as gr

from tutor.settings import BUILT_IN
from tutor.turn import Tutor
from tutor.ui.parts import QUIET
from tutor.ui.status import model_line, painter_line

WRITERS = (BUILT_IN, "Qwen/Qwen3-0.6B", "HuggingFaceTB/SmolLM2-360M-Instruct")
PAINTERS = (BUILT_IN, "stabilityai/sd-turbo", "SimianLuo/LCM_Dreamshaper_v7", "stabilityai/sdxl-turbo")
"""Offered in the pickers; any other name or folder can be typed."""


def place(tutor: Tutor, shared: bool) -> dict[str, Any]:
    """The two pickers, each above its line; on a page that others use too the lines alone, because a choice would be everyone's."""
    writer, painter = lines(tutor)
    if shared:
        return {
            "state": gr.HTML(writer, elem_id="model-state"),
            "painter_state": gr.HTML(painter, elem_id="painter-state"),
        }
    return {
        "picker": gr.Dropdown(
            _with(WRITERS, tutor.loader.state().name),
            value=tutor.loader.state().name,
            label="Model that writes the answers",
            info="The built-in model needs no download. Type another hub name, or a folder, and press Enter: it is fetched "
            "from the model hub while the present one goes on answering.",
            allow_custom_value=True,
            elem_id="picker",
            elem_classes="picker",
        ),
        "state": gr.HTML(writer, elem_id="model-state"),
        "painter": gr.Dropdown(
            _with(PAINTERS, tutor.painters.state().name),
            value=tutor.painters.state().name,
            label="Model that draws the pictures",
            info="The built-in painter is small and quick. The others are gigabytes to fetch, and without a graphics card take a minute or "
            "more a picture.",
            allow_custom_value=True,
            elem_id="painter-picker",
            elem_classes="picker",
        ),
        "painter_state": gr.HTML(painter, elem_id="painter-state"),
    }


def lines(tutor: Tutor) -> tuple[str, str]:
    """What is said of the two models now."""
    painter = tutor.painters.model()
    return model_line(tutor.loader.state()), painter_line(
        tutor.painters.state(), painter.name if painter else "no model"
    )


def bind(tutor: Tutor, parts: dict[str, Any]) -> None:
    """A choice begins to load at once; the lines follow it second by second until it is ready or has failed."""
    clock = gr.Timer(1.0)

    def look_again() -> tuple[str, str, str, Any]:
        writer, painter = lines(tutor)
        busy = any(x.state().stage not in ("ready", "failed") for x in (tutor.loader, tutor.painters))
        return writer, writer, painter, gr.Timer(active=busy)

    def pick_writer(name: str | None) -> tuple[str, str, str, Any]:
        tutor.loader.choose((name or "").strip() or BUILT_IN)
        return look_again()

    def pick_painter(name: str | None) -> tuple[str, str, str, Any]:
        tutor.painters.choose((name or "").strip() or BUILT_IN)
        return look_again()

    shown = [parts["line"], parts["state"], parts["painter_state"], clock]
    clock.tick(look_again, None, shown, **QUIET)
    if "picker" in parts:
        parts["picker"].input(pick_writer, [parts["picker"]], shown, **QUIET)
        parts["painter"].input(pick_painter, [parts["painter"]], shown, **QUIET)


def _with(offered: tuple[str, ...], chosen: str) -> list[str]:
    return list(dict.fromkeys((*offered, chosen)))
