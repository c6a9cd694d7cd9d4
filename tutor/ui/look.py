"""How the page looks: theme, light or dark, style sheets and the small scripts, as files beside this one."""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent
CSS = [_HERE / "page.css", _HERE / "glossary.css", _HERE / "file.css", _HERE / "picture.css", _HERE / "lab.css"]
SCRIPTS = (_HERE / "tabs.js", _HERE / "page.js", _HERE / "glossary.js", _HERE / "file.js", _HERE / "picture.js")

_BLUE = gr.themes.Color(
    "#eef4fa",
    "#dbe8f4",
    "#b9d2e9",
    "#8eb5da",
    "#5b93c7",
    "#2f73b0",
    "#2563a8",
    "#1d4f88",
    "#183f6c",
    "#14345a",
    "#0d2240",
)
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")


def theme() -> gr.themes.Base:
    """System fonts, one accent; light and dark."""
    return gr.themes.Base(primary_hue=_BLUE, secondary_hue=_BLUE, neutral_hue="gray", font=_SANS, font_mono=_MONO).set(
        body_background_fill="#fbfaf7",
        body_background_fill_dark="#16181c",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1d2025",
        block_border_width="0px",
        block_shadow="none",
        button_primary_background_fill="#2563a8",
        button_primary_background_fill_hover="#1d4f88",
        button_primary_background_fill_dark="#2f73b0",
        button_primary_text_color="#ffffff",
        button_large_radius="8px",
        input_radius="10px",
    )


def head() -> str:
    """What goes into the page's head: the scripts."""
    return "".join(f"<script>{script.read_text(encoding='utf-8')}</script>" for script in SCRIPTS)


def is_dark(request: gr.Request) -> bool:
    """Whether the learner's page is dark, which its script says in a cookie."""
    return bool(dict(request.cookies or {}).get("tutor-scheme") == "dark")
