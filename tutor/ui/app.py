"""The page and the server around it: places the components, binds the handlers, adds /healthz."""

import threading
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from tutor.errors import TutorError
from tutor.settings import Settings
from tutor.turn import LONGEST_MESSAGE, Tutor, starters
from tutor.ui import api, look, models, reader
from tutor.ui.busy import Busy
from tutor.ui.chat import Chat
from tutor.ui.files import Files
from tutor.ui.history import History
from tutor.ui.lab import Lab
from tutor.ui.listening import address, listen
from tutor.ui.own_file import OwnFile
from tutor.ui.parts import QUIET, Parts

_MATHS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
_STORE = "tutor-conversation"
_MASTHEAD = (
    '<h1>Tutor<span class="rest"> of generative AI</span></h1>'
    '<nav aria-label="Places"><a href="#chat">Chat</a><a href="#lab">Lab</a><a href="#course">Course</a></nav>'
)
_EARLIER = '<section hidden><h2>Earlier conversations</h2><div id="earlier"></div></section>'
_MENU_BUTTON = '<button type="button" id="menu-button" aria-expanded="false" aria-controls="menu">Menu</button>'
_PICTURES_BUTTON = '<button type="button" id="pictures" aria-controls="panel" hidden>Pictures</button>'
_WELCOME = (
    "## Ask me about generative AI\n\nI answer from a course and show where it says so. Nothing you type leaves this machine, "
    "unless you choose a served model."
)
_WELCOME_ALL = (
    "## Ask me about generative AI\n\nI answer from a course and show where it says so. What you type goes to the machine that serves "
    "this page; your conversation is kept in your browser."
)
_PANEL = (
    '<aside id="panel" aria-labelledby="panel-title" hidden><header><h2 id="panel-title">Sources</h2>'
    '<button type="button" id="close-panel">Close</button></header><div id="panel-body"></div></aside>'
)
_KEYS = (
    "<p><kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> breaks the line, <kbd>Esc</kbd> stops an answer, "
    "<kbd>/</kbd> goes to the question box.</p>"
)
_COUNTER = f"<p>0 of {LONGEST_MESSAGE:,} characters</p>"


def serve(settings: Settings) -> None:
    """Serve the page until stopped. The models load in the background."""
    tutor = Tutor.of(settings)
    with listen(settings.host, settings.port) as door:
        server = uvicorn.Server(uvicorn.Config(make_app(tutor, settings), log_level="warning"))
        server.run([door])
    if not server.started:
        raise TutorError("The page could not be started; the lines above say why.")


def make_app(tutor: Tutor, settings: Settings) -> FastAPI:
    """The whole web application; opening it starts the loading of search and model in the background."""
    app = FastAPI(title="Tutor of generative AI", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        stages = {"model": tutor.loader.state().stage, "image_model": tutor.painters.state().stage}
        return {"status": "ok", "lessons": len(tutor.course.lessons), **stages}

    figures = settings.content_dir / "figures"
    if figures.is_dir():
        app.mount("/course/figures", StaticFiles(directory=figures), name="figures")
    app.router.on_startup.append(lambda: _warm_up(tutor, settings))
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build(tutor, settings.shared),
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
    return mounted


def _warm_up(tutor: Tutor, settings: Settings) -> None:
    print(f"The tutor is at {address(settings.host, settings.port)}", flush=True)  # noqa: T201 - the one line a server says
    threading.Thread(target=_load, args=(tutor,), daemon=True, name="warm-up").start()


def _load(tutor: Tutor) -> None:
    """Search first, because quotes need it alone; then the models."""
    try:
        tutor.warm()
    finally:
        tutor.loader.start()
        tutor.painters.start()


def build(tutor: Tutor, shared: bool = False) -> gr.Blocks:
    """The page: a header of one line, and under it three places, of which the page's script shows one at a time. `shared`: others than
    the learner whose machine this is may use it."""
    busy, files = Busy(), Files()
    lab = Lab(tutor, busy)
    page: gr.Blocks
    with gr.Blocks(title="Tutor of generative AI", analytics_enabled=False, fill_height=True) as page:
        store = gr.BrowserState({}, storage_key=_STORE, secret=_STORE)
        with gr.Column(elem_id="page"):
            components = _header(tutor, shared)
            if notice := reader.problems(tutor.course):
                gr.Markdown(notice, elem_id="problems")
            with gr.Row(elem_id="desk"):
                with gr.Column(elem_id="chat-column"):
                    components |= _chat_column(tutor, shared)
                gr.HTML(_PANEL, elem_id="panel-column")
            lab.place()
            with gr.Row(elem_id="library"):
                gr.HTML(reader.contents(tutor.course), elem_id="contents")
                body = gr.Markdown(reader.page(tutor.course, ""), elem_id="lesson-body", latex_delimiters=_MATHS)
        wanted = gr.Textbox(elem_id="wanted-lesson", elem_classes="bridge", label="Lesson to open", container=False)
        parts = Parts.of({**components, "store": store})
        own_file = OwnFile(tutor, busy, files, parts)
        _bind_asking(Chat(tutor, busy, files, parts), parts)
        _bind_conversation(page, History(busy, files, own_file), own_file, parts, components)
        wanted.change(lambda target: reader.page(tutor.course, target), [wanted], [body], **QUIET)
        models.bind(tutor, components)
        lab.bind()
        api.bind(tutor)
    return page


def _header(tutor: Tutor, shared: bool) -> dict[str, Any]:
    components: dict[str, Any] = {}
    with gr.Row(elem_id="top"):
        gr.HTML(_MASTHEAD, elem_id="masthead")
        components["line"] = gr.HTML(models.lines(tutor)[0], elem_id="model-line")
        gr.HTML(_PICTURES_BUTTON, elem_id="pictures-place")
        components["new"] = gr.Button("New chat", size="sm", scale=0, min_width=44, elem_id="new")
        gr.HTML(_MENU_BUTTON, elem_id="menu-place")
        with gr.Column(elem_id="menu"):
            components |= models.place(tutor, shared)
            with gr.Row(elem_id="file-row"):
                components["export"] = gr.Button("Export", size="sm", min_width=80, elem_id="export")
                components["import"] = gr.Button("Import", size="sm", min_width=80, elem_id="import")
            components["back"] = gr.Button(
                "Bring back the last conversation", size="sm", visible="hidden", elem_id="back"
            )
            gr.HTML(_EARLIER, elem_id="earlier-place")
            gr.HTML(_KEYS, elem_id="keys")
    return components


def _chat_column(tutor: Tutor, shared: bool) -> dict[str, Any]:
    components: dict[str, Any] = {}
    first: list[Any] = [{"text": choice.message} for choice in starters(tutor.course)]
    components["chatbot"] = gr.Chatbot(
        label="Conversation",
        elem_id="chatbot",
        height="100%",
        layout="bubble",
        buttons=[],
        editable="user",
        feedback_options=("Like", "Dislike"),
        latex_delimiters=_MATHS,
        show_label=False,
        container=False,
        examples=first,
        placeholder=_WELCOME_ALL if shared else _WELCOME,
        group_consecutive_messages=False,
    )
    components["stage"] = gr.HTML("", elem_id="stage")
    with gr.Row(elem_id="own-file"):  # shown while its button is
        components["file"] = gr.HTML("")
        components["remove"] = gr.Button(
            "Remove file", size="sm", scale=0, min_width=44, elem_id="remove-file", visible="hidden"
        )
    with gr.Row(elem_id="composer-row"):
        components["composer"] = gr.Textbox(
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
            html_attributes=gr.InputHTMLAttributes(autocapitalize="sentences", spellcheck=True, enterkeyhint="send"),
        )
        gr.Button(
            "Add a file to ask about", scale=0, min_width=44, elem_id="attach"
        )  # the page's script opens the dialog
        components["take"] = gr.Button("Read the file", elem_id="take-file", elem_classes="bridge")
        components["send"] = gr.Button("Send", variant="primary", scale=0, min_width=88, elem_id="send")
        components["stop"] = gr.Button("Stop", variant="stop", scale=0, min_width=88, elem_id="stop", visible="hidden")
    gr.HTML(_COUNTER, elem_id="counter")
    return components


def _bind_asking(chat: Chat, parts: Parts) -> None:
    # "multiple": a second question while one is being answered must reach the server, which says so and keeps it.
    run: dict[str, Any] = {
        "outputs": parts.of_turn,
        "concurrency_limit": 8,
        "trigger_mode": "multiple",
        **QUIET,
    }
    chatbot, composer, store = parts.chatbot, parts.composer, parts.store
    asked = [
        composer.submit(chat.send, [composer, store], **run),
        parts.send.click(chat.send, [composer, store], **run),
        chatbot.option_select(chat.choose, [store], **run),
        chatbot.example_select(chat.example, [store], **run),
        chatbot.retry(chat.retry, [store], **run),
        chatbot.edit(chat.edit, [store], **run),
    ]
    for event in asked:
        event.then(None, js="() => { window.tutorFocus() }", **QUIET)
    parts.stop.click(chat.halt, None, [parts.stage], queue=False, **QUIET)


def _bind_conversation(
    page: gr.Blocks, history: History, own_file: OwnFile, parts: Parts, components: dict[str, Any]
) -> None:
    """What concerns the whole conversation, and the file that is asked about in it."""
    chatbot, store, stage = parts.chatbot, parts.store, parts.stage
    chatbot.like(history.like, [store], [chatbot, store], **QUIET)
    shown = [chatbot, store, parts.back, stage]
    replaced: list[Any] = [
        components["new"].click(history.clear, [store], shown, **QUIET),
        parts.back.click(history.bring_back, [store], shown, **QUIET),
    ]
    components["export"].click(None, [store], None, js="(store) => { window.tutorExport(store) }", **QUIET)
    chosen = gr.Textbox(visible=False)  # not a State, whose value the server would take from the session
    # A file dialog that is closed may never answer, so it must not block the next one.
    replaced.append(
        components["import"].click(
            history.take_in, [chosen, store], shown, js="window.tutorPick", trigger_mode="multiple", **QUIET
        )
    )
    for event in replaced:
        event.then(own_file.shown, None, [parts.file, parts.remove], **QUIET)
    added: Any = components["take"].click(
        own_file.add,
        [chosen, store],
        parts.of_file,
        js="window.tutorAdd",
        trigger_mode="multiple",
        concurrency_limit=2,
        **QUIET,
    )
    added.then(None, js="() => { window.tutorFocus() }", **QUIET)
    parts.remove.click(own_file.remove, None, parts.of_file, **QUIET)
    store.change(None, [store], None, js="(store) => { window.tutorKept(store) }", **QUIET)
    page.load(own_file.remind, [store], [stage], **QUIET)
    page.load(history.restore, [store], [chatbot, parts.back], **QUIET)
    page.unload(history.leave)
