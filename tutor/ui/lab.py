"""The lab: every demo with its sliders. One set of sliders, lists and switches serves all demos; each takes as many as it needs.

The same run as in the chat, without the conversation: nothing is kept.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from html import escape
from typing import Any

import gradio as gr

from tutor.catalogue import checked, defaults, demos
from tutor.demo_request import DemoRequest
from tutor.errors import TutorError
from tutor.events import Failure, Frame, Showing, Shown, Status
from tutor.turn import Tutor
from tutor.ui.busy import Busy
from tutor.ui.demo_record import DemoRecord, begun, demo_html, ended, with_frame
from tutor.ui.look import is_dark
from tutor.ui.parts import QUIET, Update, shown_if
from tutor.ui.pump import pump
from tutor.ui.status import STAGES, notice
from tutor.workbench.demo import Demo, Line, Number, Option, Parameter, Switch

_NO_GUESS = "No guess"
_KINDS: tuple[tuple[type, int], ...] = ((Number, 4), (Option, 2), (Switch, 2), (Line, 2))
"""How many controls of each kind there are."""
_EMPTY = '<div class="demo"><div class="frame room"><p>Press Run.</p></div></div>'


class Lab:
    """Handlers of the lab's page."""

    def __init__(self, tutor: Tutor, busy: Busy) -> None:
        self._tutor = tutor
        self._busy = busy
        self._running: set[str] = set()
        """Sessions whose demo runs here, not in the chat."""

    def place(self) -> None:
        """Make the components; inside a Blocks."""
        first = next(iter(demos().values()))
        with gr.Row(elem_id="lab"):
            gr.HTML(_list(), elem_id="lab-list")
            with gr.Column(elem_id="lab-bench"):
                self.about = gr.HTML(_about(self._tutor, first), elem_id="lab-about")
                with gr.Row(elem_id="lab-controls"):
                    self.controls = _controls(first)
                    self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**32 - 1, min_width=120)
                self.guess = gr.Radio(**_question(first), elem_id="lab-guess")
                with gr.Row(elem_id="lab-buttons"):
                    self.run = gr.Button("Run", variant="primary", elem_id="lab-run", scale=0, min_width=88)
                    self.stop = gr.Button(
                        "Stop", variant="stop", elem_id="lab-stop", scale=0, min_width=88, visible="hidden"
                    )
                    self.broken = gr.Button(first.breaks.label, elem_id="lab-break", scale=0, min_width=120)
                    self.reset = gr.Button("Reset", elem_id="lab-reset", scale=0, min_width=88)
                self.stage = gr.HTML("", elem_id="lab-stage")
                self.shown = gr.HTML(_EMPTY, elem_id="lab-shown")
        self.wanted = gr.Textbox(
            first.name, elem_id="wanted-demo", elem_classes="bridge", label="Demo", container=False
        )
        self.chosen = gr.State(first.name)

    def bind(self) -> None:
        """Connect the components; inside the same Blocks."""
        values = [*self.controls, self.seed]
        of_demo = [self.chosen, self.about, *self.controls, self.guess, self.broken, self.shown, self.stage]
        running = [self.shown, self.stage, self.run, self.stop]
        self.wanted.change(self._choose, [self.wanted, self.chosen], of_demo, **QUIET)
        self.reset.click(self._reset, [self.chosen], of_demo, **QUIET)
        self.broken.click(self._break, [self.chosen], self.controls, **QUIET).then(
            self._run, [self.chosen, self.guess, *values], running, concurrency_limit=8, **QUIET
        )
        self.run.click(self._run, [self.chosen, self.guess, *values], running, concurrency_limit=8, **QUIET)
        self.stop.click(self._halt, None, [self.stage], queue=False, **QUIET)

    # Handlers -------------------------------------------------------------------------------------------------------

    def _choose(self, request: gr.Request, wanted: str, chosen: str) -> list[Any]:
        """Another demo was opened, by its name and what makes a second visit a change too."""
        name = wanted.split("/")[0]
        if name not in demos() or name == chosen:
            return [gr.skip() for _ in range(len(self.controls) + 6)]
        return self._reset(request, name)

    def _reset(self, request: gr.Request, name: str) -> list[Any]:
        """The demo as it begins: every control at its default, and nothing running."""
        self._end(str(request.session_hash))
        demo = demos().get(name) or next(iter(demos().values()))
        return [
            demo.name,
            _about(self._tutor, demo),
            *_settings(demo, defaults(demo)),
            gr.update(choices=[*demo.prediction.choices, _NO_GUESS], value=_NO_GUESS, label=demo.prediction.question),
            gr.update(value=demo.breaks.label),
            _EMPTY,
            "",
        ]

    def _break(self, request: gr.Request, name: str) -> list[Any]:
        self._end(str(request.session_hash))
        demo = demos()[name]
        return _settings(demo, defaults(demo) | dict(demo.breaks.values))

    def _run(self, request: gr.Request, name: str, guess: str | None, *values: Any) -> Iterator[Update]:
        session = str(request.session_hash)
        try:
            wanted = self._request(name, guess, values)
        except TutorError as error:
            yield {self.stage: notice(str(error))}
            return
        stop = self._busy.begin(session)
        if stop is None:
            yield {self.stage: notice("Something else is still running for you. Stop it first, here or in the chat.")}
            return
        self._running.add(session)
        record: DemoRecord | None = None
        said, waited = "", False
        yield {self.run: shown_if(False), self.stop: shown_if(True), self.stage: notice(STAGES["showing"])}
        try:
            with closing(pump(self._tutor.run(wanted, is_dark(request)), stop)) as events:
                for event in events:
                    match event:
                        case None:
                            yield {self.stage: gr.skip()}
                            continue
                        case Showing():
                            record = begun(event)
                        case Frame() if record is not None:
                            record = with_frame(record, event)
                        case Shown() if record is not None:
                            record = ended(record, event)
                        case Status("waiting", detail):
                            waited = True
                            yield {self.stage: notice(f"{STAGES['waiting']}: {detail}")}
                            continue
                        case Status("showing") if waited:
                            yield {self.stage: notice(STAGES["showing"])}
                            continue
                        case Failure(message):
                            said = message
                        case _:
                            continue
                    if record is not None:
                        yield {self.shown: demo_html(record, lab=False)}
            said = said or ("Stopped." if stop.is_set() else "The demo is complete.")
        finally:
            self._running.discard(session)
            self._busy.end(session)
        yield {self.run: shown_if(True), self.stop: shown_if(False), self.stage: notice(said)}

    def _request(self, name: str, guess: str | None, values: Sequence[Any]) -> DemoRequest:
        """What the controls say. Raises InputError."""
        demo = demos()[name]
        *controls, seed = values
        places = _places(demo)
        wanted = {demo.parameters[at].name: controls[place] for place, at in places.items()}
        choices = demo.prediction.choices
        return DemoRequest(
            demo,
            checked(demo, wanted),
            min(max(0, int(seed or 0)), 2**32 - 1),
            choices.index(guess) if guess in choices else None,
        )

    def _end(self, session: str) -> None:
        """Stop what runs here, and wait until it has."""
        for _ in range(30):
            if session not in self._running:
                return
            self._busy.stop(session)
            time.sleep(0.1)

    def _halt(self, request: gr.Request) -> str:
        self._busy.stop(str(request.session_hash))
        return notice("Stopping")


def _controls(first: Demo) -> list[Any]:
    """Controls enough for every demo, set for the first one."""
    makers: dict[type, Any] = {
        Number: lambda **known: gr.Slider(min_width=220, **known),
        Option: lambda **known: gr.Dropdown(min_width=180, **known),
        Switch: lambda **known: gr.Checkbox(min_width=180, **known),
        Line: lambda **known: gr.Textbox(min_width=280, max_length=400, **known),
    }
    kinds = [kind for kind, count in _KINDS for _ in range(count)]
    places = _places(first)
    values = defaults(first)
    return [
        makers[kind](**(_settings_of(first.parameters[places[at]], values) if at in places else {"visible": "hidden"}))
        for at, kind in enumerate(kinds)
    ]


def _places(demo: Demo) -> dict[int, int]:
    """Place of a control -> place of the demo's parameter that it serves."""
    found, start = dict[int, int](), 0
    for kind, count in _KINDS:
        mine = [at for at, parameter in enumerate(demo.parameters) if isinstance(parameter, kind)]
        assert len(mine) <= count, f"{demo.name} needs more controls than the lab has"
        found |= {start + number: at for number, at in enumerate(mine)}
        start += count
    return found


def _settings(demo: Demo, values: dict[str, Any]) -> list[Any]:
    """An update for each control."""
    places = _places(demo)
    return [
        gr.update(**_settings_of(demo.parameters[places[at]], values)) if at in places else gr.update(visible="hidden")
        for at in range(sum(count for _, count in _KINDS))
    ]


def _settings_of(parameter: Parameter, values: dict[str, Any]) -> dict[str, Any]:
    common = {"visible": True, "label": parameter.title, "value": values[parameter.name]}
    match parameter:
        case Number(low=low, high=high, step=step):
            return common | {"minimum": low, "maximum": high, "step": step}
        case Option(options=options):
            return common | {"choices": list(options)}
        case _:
            return common


def _question(demo: Demo) -> dict[str, Any]:
    choices = [*demo.prediction.choices, _NO_GUESS]
    return {"choices": choices, "value": _NO_GUESS, "label": demo.prediction.question}


def _list() -> str:
    items = "".join(f'<li><a href="#lab/{demo.name}">{escape(demo.title)}</a></li>' for demo in demos().values())
    return f'<nav aria-label="Demos"><h2>Lab</h2><ol>{items}</ol></nav>'


def _about(tutor: Tutor, demo: Demo) -> str:
    lesson = next((one for one in tutor.course.lessons if one.slug == demo.lesson), None)
    link = f' <a class="lesson-link" href="#course/{lesson.slug}">Lesson: {escape(lesson.title)}</a>' if lesson else ""
    title = f'<h2 id="lab-title">{escape(demo.title)}</h2><span id="lab-at" hidden>{demo.name}</span>'
    return f'<a class="all-demos" href="#lab">All demos</a>{title}<p>{escape(demo.about)}{link}</p>'
