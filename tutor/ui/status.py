"""The lines that say which model answers, which one draws, and how far each has loaded."""

from html import escape

from tutor.loading import State, progress


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
