"""The page and the server around it: places the components, binds the handlers, adds /healthz and the named API."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import asdict
from io import BytesIO
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from gradio.events import api

from tutor.catalogue import checked, checked_seed, demo_named
from tutor.demo_request import DemoRequest
from tutor.drawing import as_png
from tutor.errors import InputError, ModelError, TutorError
from tutor.events import Answered, Failure, Frame, Picture, Text, as_json
from tutor.image.loading import ImageLoader
from tutor.request import PictureRequest, checked_prompt, own_seed
from tutor.settings import Settings
from tutor.text.loading import TextLoader
from tutor.turn import LONGEST_MESSAGE, Tutor, starters
from tutor.ui import look, models, reader
from tutor.ui.busy import Busy
from tutor.ui.chat import Chat, Parts
from tutor.ui.lab import Lab
from tutor.ui.listening import address, listen

_MATHS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
_STORE = "tutor-conversation"
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
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
    tutor = Tutor(settings.content_dir, settings.cache_dir, TextLoader(settings), ImageLoader(settings))
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
    busy = Busy()
    chat, lab = Chat(tutor, busy), Lab(tutor, busy)
    page: gr.Blocks
    with gr.Blocks(title="Tutor of generative AI", analytics_enabled=False, fill_height=True) as page:
        store = gr.BrowserState({}, storage_key=_STORE, secret=_STORE)
        with gr.Column(elem_id="page"):
            parts = _header(tutor, shared)
            if notice := reader.problems(tutor.course):
                gr.Markdown(notice, elem_id="problems")
            with gr.Row(elem_id="desk"):
                with gr.Column(elem_id="chat-column"):
                    parts |= _chat_column(tutor, shared)

                gr.HTML(_PANEL, elem_id="panel-column")
            lab.place()
            with gr.Row(elem_id="library"):
                gr.HTML(reader.contents(tutor.course), elem_id="contents")
                body = gr.Markdown(reader.page(tutor.course, ""), elem_id="lesson-body", latex_delimiters=_MATHS)
        wanted = gr.Textbox(elem_id="wanted-lesson", elem_classes="bridge", label="Lesson to open", container=False)
        components = Parts(**parts, store=store)
        chat.bind(components)
        _bind_chat(page, chat, components, parts)
        wanted.change(lambda target: reader.page(tutor.course, target), [wanted], [body], **_QUIET)
        models.bind(tutor, parts)
        lab.bind(_QUIET)
        api(_ask(tutor), api_name="ask", concurrency_limit=2)
        api(_paint(tutor), api_name="paint", concurrency_limit=2)
        api(_demo(tutor), api_name="demo", concurrency_limit=8)
    return page


def _header(tutor: Tutor, shared: bool) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Row(elem_id="top"):
        gr.HTML(_MASTHEAD, elem_id="masthead")
        parts["line"] = gr.HTML(models.lines(tutor)[0], elem_id="model-line")
        gr.HTML(_PICTURES_BUTTON, elem_id="pictures-place")
        parts["new"] = gr.Button("New chat", size="sm", scale=0, min_width=44, elem_id="new")
        gr.HTML(_MENU_BUTTON, elem_id="menu-place")
        with gr.Column(elem_id="menu"):
            parts |= models.place(tutor, shared)

            with gr.Row(elem_id="file-row"):
                parts["export"] = gr.Button("Export", size="sm", min_width=80, elem_id="export")
                parts["import"] = gr.Button("Import", size="sm", min_width=80, elem_id="import")
            parts["back"] = gr.Button("Bring back the last conversation", size="sm", visible="hidden", elem_id="back")
            gr.HTML(_EARLIER, elem_id="earlier-place")
            gr.HTML(_KEYS, elem_id="keys")
    return parts


def _chat_column(tutor: Tutor, shared: bool) -> dict[str, Any]:
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
        container=False,
        examples=first,
        placeholder=_WELCOME_ALL if shared else _WELCOME,
        group_consecutive_messages=False,
    )
    parts["stage"] = gr.HTML("", elem_id="stage")
    with gr.Row(elem_id="own-file"):  # shown while its button is
        parts["file"] = gr.HTML("")
        parts["remove"] = gr.Button(
            "Remove file", size="sm", scale=0, min_width=44, elem_id="remove-file", visible="hidden"
        )
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
            html_attributes=gr.InputHTMLAttributes(autocapitalize="sentences", spellcheck=True, enterkeyhint="send"),
        )
        gr.Button(
            "Add a file to ask about", scale=0, min_width=44, elem_id="attach"
        )  # the page's script opens the dialog
        parts["take"] = gr.Button("Read the file", elem_id="take-file", elem_classes="bridge")
        parts["send"] = gr.Button("Send", variant="primary", scale=0, min_width=88, elem_id="send")
        parts["stop"] = gr.Button("Stop", variant="stop", scale=0, min_width=88, elem_id="stop", visible="hidden")
    gr.HTML(_COUNTER, elem_id="counter")
    return parts


def _bind_chat(page: gr.Blocks, chat: Chat, components: Parts, parts: dict[str, Any]) -> None:
    # "multiple": a second question while one is being answered must reach the server, which says so and keeps it.
    run: dict[str, Any] = {
        "outputs": components.all,
        "concurrency_limit": 8,
        "trigger_mode": "multiple",
        **_QUIET,
    }
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
        event.then(None, js="() => { window.tutorFocus() }", **_QUIET)
    components.stop.click(chat.halt, None, [stage], queue=False, **_QUIET)
    chatbot.like(chat.like, [store], [chatbot, store], **_QUIET)
    shown = [chatbot, store, parts["back"], stage]
    own = [components.file, components.remove]
    replaced: list[Any] = [
        parts["new"].click(chat.clear, [store], shown, **_QUIET),
        parts["back"].click(chat.bring_back, [store], shown, **_QUIET),
    ]
    parts["export"].click(None, [store], None, js="(store) => { window.tutorExport(store) }", **_QUIET)
    chosen = gr.Textbox(visible=False)  # not a State, whose value the server would take from the session
    # A file dialog that is closed may never answer, so it must not block the next one.
    replaced.append(
        parts["import"].click(
            chat.take_in, [chosen, store], shown, js="window.tutorPick", trigger_mode="multiple", **_QUIET
        )
    )
    for event in replaced:
        event.then(chat.file_shown, None, own, **_QUIET)
    added: Any = parts["take"].click(
        chat.add,
        [chosen, store],
        components.of_file,
        js="window.tutorAdd",
        trigger_mode="multiple",
        concurrency_limit=2,
        **_QUIET,
    )
    added.then(None, js="() => { window.tutorFocus() }", **_QUIET)
    parts["remove"].click(chat.remove, None, components.of_file, **_QUIET)
    store.change(None, [store], None, js="(store) => { window.tutorKept(store) }", **_QUIET)
    page.load(chat.remind, [store], [stage], **_QUIET)

    page.load(chat.restore, [store], [chatbot, parts["back"]], **_QUIET)
    page.unload(chat.leave)


def _ask(tutor: Tutor) -> Any:
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


def _paint(tutor: Tutor) -> Any:
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


def _demo(tutor: Tutor) -> Any:
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
                    yield as_result(event)
        except TutorError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return demo


def as_result(frame: Frame) -> dict[str, object]:
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
