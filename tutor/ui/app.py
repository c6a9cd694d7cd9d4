"""The page and the server around it: places the components, binds the handlers, adds /healthz and the named API."""

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from tutor.cli import as_json
from tutor.events import Answered, Failure
from tutor.settings import BUILT_IN, Settings
from tutor.text.loading import Loader
from tutor.turn import Tutor, starters
from tutor.ui import look, reader
from tutor.ui.chat import NO_SOURCES, Chat, Parts
from tutor.ui.status import model_line

MODELS = (BUILT_IN, "Qwen/Qwen3-0.6B", "HuggingFaceTB/SmolLM2-360M-Instruct")
"""Offered in the picker; any other name or folder can be typed."""
_MATHS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
_STORE = "tutor-conversation"


def serve(settings: Settings) -> None:
    """Serve the page until stopped. The models load in the background."""
    tutor = Tutor(settings.content_dir, settings.cache_dir, Loader(settings))
    uvicorn.run(make_app(tutor, settings), host=settings.host, port=settings.port, log_level="warning")


def make_app(tutor: Tutor, settings: Settings) -> FastAPI:
    """The whole web application; opening it starts the loading of search and model in the background."""
    app = FastAPI(title="Tutor of generative AI", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        return {"status": "ok", "lessons": len(tutor.course.lessons), "model": tutor.loader.state().stage}

    figures = settings.content_dir / "figures"
    if figures.is_dir():
        app.mount("/course/figures", StaticFiles(directory=figures), name="figures")
    app.router.on_startup.append(lambda: _warm_up(tutor, settings))
    return gr.mount_gradio_app(
        app,
        build(tutor),
        path="/",
        theme=look.theme(),
        css_paths=look.CSS,
        head=look.head(),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        max_file_size="4mb",
        mcp_server=settings.mcp or None,
    )


def _warm_up(tutor: Tutor, settings: Settings) -> None:
    print(f"The tutor is at http://{settings.host}:{settings.port}", flush=True)  # noqa: T201 - the one line a server says
    threading.Thread(target=_load, args=(tutor,), daemon=True, name="warm-up").start()


def _load(tutor: Tutor) -> None:
    """Search first, because quotes need it alone; then the language model."""
    try:
        tutor.warm()
    finally:
        tutor.loader.start()


def build(tutor: Tutor) -> gr.Blocks:
    """The page."""
    chat = Chat(tutor)
    with gr.Blocks(title="Tutor of generative AI", analytics_enabled=False, fill_height=True) as page:
        store = gr.BrowserState({}, storage_key=_STORE, secret=_STORE)
        gr.HTML(
            "<h1>Tutor of generative AI</h1><p>Ask me about generative AI. I answer from a course and show where it says so. "
            "Nothing you type leaves this machine, unless you choose a served model.</p>",
            elem_id="masthead",
        )
        if notice := reader.problems(tutor.course):
            gr.Markdown(notice, elem_id="problems")
        with gr.Tabs(elem_id="places") as places:
            with gr.Tab("Chat", id="chat"), gr.Row(equal_height=False, elem_id="desk"):
                with gr.Column(scale=7, elem_id="chat-column"):
                    parts = _chat_column(tutor)
                with gr.Column(scale=4, elem_id="panel-column"), gr.Column(elem_id="panel"):
                    gr.HTML('<button type="button" id="close-panel">Close</button><h2>Sources</h2>')
                    panel = gr.HTML(NO_SOURCES, elem_id="panel-body")
            with gr.Tab("Course", id="course"), gr.Row(elem_id="library"):
                with gr.Column(scale=2, min_width=220):
                    lessons = gr.Radio(reader.choices(tutor.course), label="Lessons", elem_id="lessons")
                with gr.Column(scale=7):
                    body = gr.Markdown(elem_id="lesson-body", latex_delimiters=_MATHS)
            with gr.Tab("Model", id="model"):
                _model_tab(tutor, parts)
        wanted = gr.Textbox(elem_id="wanted-lesson", elem_classes="bridge", label="Lesson to open", container=False)
        components = Parts(**parts, panel=panel, store=store)
        chat.bind(components)
        _bind_chat(page, chat, components, parts)
        _bind_course(tutor, lessons, body, wanted, places)
        _bind_model(tutor, parts)
        gr.api(_ask(tutor), api_name="ask", concurrency_limit=2)
    return page


def _chat_column(tutor: Tutor) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    first: list[Any] = [{"text": choice.message} for choice in starters(tutor.course)]
    parts["chatbot"] = gr.Chatbot(
        label="Conversation",
        elem_id="chatbot",
        height="100%",
        layout="bubble",
        buttons=[],
        editable="user",
        feedback_options=("Like", "Dislike"),
        latex_delimiters=_MATHS,
        show_label=False,
        examples=first,
        placeholder="Ask in your own words, or begin with one of these.",
        group_consecutive_messages=False,
    )
    parts["stage"] = gr.HTML("", elem_id="stage")
    with gr.Row(elem_id="composer-row"):
        parts["composer"] = gr.Textbox(
            label="Your question",
            show_label=False,
            placeholder="Ask about generative AI",
            lines=1,
            max_lines=6,
            scale=8,
            min_width=120,
            container=False,
            elem_id="composer",
            autofocus=True,
            html_attributes=gr.InputHTMLAttributes(autocapitalize="sentences", spellcheck=True),
        )
        parts["send"] = gr.Button("Send", variant="primary", scale=0, min_width=88, elem_id="send")
        parts["stop"] = gr.Button("Stop", variant="stop", scale=0, min_width=88, elem_id="stop", visible=False)
    gr.HTML("", elem_id="counter")
    with gr.Row(elem_id="tools"):
        parts["line"] = gr.HTML(model_line(tutor.loader.state()), elem_id="model-line")
        parts["new"] = gr.Button("New conversation", size="sm", scale=0, min_width=130)
        parts["back"] = gr.Button("Bring back the last one", size="sm", scale=0, min_width=160, visible=False)
        parts["export"] = gr.Button("Export", size="sm", scale=0, min_width=70)
        parts["import"] = gr.UploadButton("Import", size="sm", scale=0, min_width=70, file_types=[".json"])
    return parts


def _model_tab(tutor: Tutor, parts: dict[str, Any]) -> None:
    parts["picker"] = gr.Dropdown(
        list(MODELS),
        value=tutor.loader.state().name,
        label="Model that writes the answers",
        info="The built-in model needs no download. Type any other hub name, or a folder, and press Enter: it is fetched from the "
        "model hub while the present one goes on answering.",
        allow_custom_value=True,
        elem_id="picker",
    )
    parts["state"] = gr.HTML(model_line(tutor.loader.state()), elem_id="model-state")


def _bind_chat(page: gr.Blocks, chat: Chat, components: Parts, parts: dict[str, Any]) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    run: dict[str, Any] = {"outputs": components.all, "concurrency_limit": 8, **quiet}
    chatbot, composer, store, stage = components.chatbot, components.composer, components.store, components.stage
    asked = [
        composer.submit(chat.send, [composer, store], **run),
        components.send.click(chat.send, [composer, store], **run),
        chatbot.option_select(chat.choose, [store], **run),
        chatbot.example_select(chat.example, [store], **run),
        chatbot.retry(chat.retry, [store], **run),
        chatbot.edit(chat.edit, [store], **run),
    ]
    for event in asked:
        event.then(None, js="() => { window.tutorFocus() }", **quiet)
    components.stop.click(chat.halt, None, [stage], queue=False, **quiet)
    chatbot.like(chat.like, [store], [store], **quiet)
    parts["new"].click(chat.clear, [store], [chatbot, store, components.panel, parts["back"], stage], **quiet)
    parts["back"].click(chat.bring_back, [store], [chatbot, store, parts["back"], stage], **quiet)
    parts["export"].click(None, [store], None, js="(store) => { window.tutorExport(store) }", **quiet)
    parts["import"].upload(chat.take_in, [parts["import"], store], [chatbot, store, parts["back"], stage], **quiet)
    page.load(chat.restore, [store], [chatbot, components.panel, parts["back"]], **quiet)
    page.unload(chat.leave)


def _bind_course(tutor: Tutor, lessons: gr.Radio, body: gr.Markdown, wanted: gr.Textbox, places: gr.Tabs) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def show(slug: str | None) -> str:
        return reader.page(tutor.course, slug or "")

    def open_lesson(target: str) -> tuple[Any, Any]:
        slug = target.split("#")[0].split()[0] if target.split() else ""
        known = slug if any(lesson.slug == slug for lesson in tutor.course.lessons) else None
        return gr.update(value=known), gr.update(selected="course")

    lessons.change(show, [lessons], [body], **quiet)
    wanted.change(open_lesson, [wanted], [lessons, places], **quiet)
    if tutor.course.lessons:
        lessons.value = tutor.course.lessons[0].slug
        body.value = reader.page(tutor.course, tutor.course.lessons[0].slug)


def _bind_model(tutor: Tutor, parts: dict[str, Any]) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    clock = gr.Timer(1.0)

    def look_again() -> tuple[str, str, Any]:
        state = tutor.loader.state()
        line = model_line(state)
        return line, line, gr.Timer(active=state.stage not in ("ready", "failed"))

    def pick(name: str) -> tuple[str, str, Any]:
        tutor.loader.choose(name.strip() or BUILT_IN)
        line = model_line(tutor.loader.state())
        return line, line, gr.Timer(active=True)

    lines = [parts["line"], parts["state"], clock]
    clock.tick(look_again, None, lines, **quiet)
    parts["picker"].input(pick, [parts["picker"]], lines, **quiet)


def _ask(tutor: Tutor) -> Any:
    def ask(question: str) -> Iterator[dict[str, object]]:
        """Answer a question about generative AI from the course, with sources."""
        for event in tutor.reply(question):
            if isinstance(event, Failure):
                raise gr.Error(event.message, print_exception=False)
            if isinstance(event, Answered):
                yield as_json(event.answer)

    return ask
