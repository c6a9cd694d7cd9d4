"""The line that says which model answers and how far it has loaded."""

from html import escape

from tutor.text.loading import State

_STAGES = {
    "waiting": "Getting ready",
    "downloading": "Downloading",
    "converting": "Unpacking, once on this machine",
    "loading": "Loading",
}


def model_line(state: State) -> str:
    """HTML of one line."""
    if state.stage == "ready":
        text = f"Answers are written by {state.name}, {state.detail}."
    elif state.stage == "failed":
        text = f"{state.error} {state.detail} goes on answering." if state.detail else str(state.error)
    else:
        share = f" ({state.share:.0%})" if state.share is not None else ""
        text = f"{_STAGES[state.stage]} {state.name}{share}. Quotes from the course work already."
    return f"<p>{escape(text)}</p>"
