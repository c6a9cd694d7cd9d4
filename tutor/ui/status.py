"""The lines that say how things stand: what the tutor is doing, what a learner is told, which model answers and which one draws."""

from html import escape

from tutor.loading import State, progress
from tutor.ui.render import PAINTING

STAGES = {
    "adding": "Reading your file",
    "searching": "Searching the course",
    "reading": "Reading the passages",
    "writing": "Writing",
    "painting": PAINTING,
    "inspecting": "Drawing it again to look inside",
    "waiting": "Waiting for its turn",
    "showing": "Running the demo",
}
"""Stage of a `Status` -> what the tutor is doing."""


def notice(text: str) -> str:
    """HTML for everyone, above the composer or beside a demo."""
    return f'<p class="notice">{escape(text)}</p>'


def announcement(text: str) -> str:
    """HTML for a screen reader only: the page shows it already."""
    return f'<p class="unseen">{escape(text)}</p>'


def model_line(state: State) -> str:
    """HTML of one line about the language model."""
    if state.stage == "ready":
        return _line(f"Answers are written by {state.name}, {state.detail}.")
    if state.stage == "failed":
        return _line(f"Answers are written by {state.detail}. {state.error}" if state.detail else str(state.error))
    return _line(f"{progress(state)}. Quotes from the course work already.")


def painter_line(state: State, painter: str) -> str:
    """HTML of one line about the image model; `painter` is the one that draws now."""
    if state.stage == "ready":
        return _line(f"Pictures are drawn by {state.name}, {state.detail}.")
    if state.stage == "failed":
        return _line(f"{state.error} Pictures are drawn by {painter}.")
    return _line(f"{progress(state)}. Until then, pictures are drawn by {painter}.")


def _line(text: str) -> str:
    return f"<p>{escape(text)}</p>"
