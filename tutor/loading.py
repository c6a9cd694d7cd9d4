"""One model at a time, loaded in the background while the page is up. How a model is opened is for a subclass to say.

The model that serves goes on serving until another is ready; one that cannot be had leaves it in place and says why.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from tutor.errors import ModelError, TutorError
from tutor.settings import BUILT_IN

Stage = Literal["waiting", "downloading", "converting", "loading", "ready", "failed"]
Report = Callable[[Stage, float | None], None]
"""Told what is being done and, where known, its share."""


class Named(Protocol):
    """All that a loader asks of a model."""

    name: str


Model = TypeVar("Model", bound=Named)


@dataclass(frozen=True, slots=True)
class State:
    """What the loader is at. `share` is 0..1 where known; `detail` says where a ready model runs, or which model serves
    though loading failed; `error` says what to do then."""

    stage: Stage
    name: str
    share: float | None = None
    detail: str = ""
    error: TutorError | None = None


def progress(state: State) -> str:
    """What a loader is doing, as the beginning of a sentence."""
    doing = {"downloading": "Downloading", "converting": "Unpacking", "loading": "Loading"}
    name = "the built-in model" if state.name == BUILT_IN else state.name
    share = f" ({state.share:.0%})" if state.share is not None else ""
    once = ", once on this machine" if state.stage == "converting" else ""
    return f"{doing.get(state.stage, 'Getting ready')} {name}{share}{once}"


class Loader(ABC, Generic[Model]):
    """Loads one model at a time. All methods may be called from any thread."""

    def __init__(self, chosen: str, first: Model | None = None) -> None:
        """`chosen` is what `start` loads; `first` serves until it is ready."""
        self._chosen = chosen
        self._state = State("waiting", chosen)
        self._model = first
        self._turn = 0
        self._changed = threading.Condition()

    @abstractmethod
    def _open(self, name: str, report: Report) -> Model:
        """The model of that name, fetched first if need be. Raises TutorError."""

    @abstractmethod
    def _place(self, name: str) -> str:
        """Where the model of that name runs, in words."""

    def start(self) -> None:
        """Begin to load what the settings name; returns at once."""
        self.choose(self._chosen)

    def choose(self, name: str) -> None:
        """Begin to load another model: `built-in`, a folder, or a hub name; returns at once. The last choice wins."""
        with self._changed:
            self._turn += 1
            self._state = State("waiting", name)
            turn = self._turn
        threading.Thread(target=self._load, args=(name, turn), name="loader", daemon=True).start()

    def wait(self, seconds: float | None = None) -> State:
        """The state once the choice is ready or has failed, or when `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.stage in ("ready", "failed"), seconds)
            return self._state

    def state(self) -> State:
        with self._changed:
            return self._state

    def model(self) -> Model | None:
        """The model that serves now; None before the first is ready."""
        with self._changed:
            return self._model

    def _load(self, name: str, turn: int) -> None:
        try:
            model = self._open(name, self._report(name, turn))
        except Exception as error:  # noqa: BLE001 - a thread that dies unseen would leave the page waiting for ever
            if self.model() is None and name != BUILT_IN:
                self._fall_back(turn)
            serving = self.model()
            self._say(turn, State("failed", name, detail=serving.name if serving else "", error=_told(error, name)))
            return
        self._say(turn, State("ready", model.name, detail=self._place(name)), model)

    def _fall_back(self, turn: int) -> None:
        """Let the built-in model serve when what was asked for at the start cannot be had."""
        try:
            model = self._open(BUILT_IN, self._report(BUILT_IN, turn))
        except TutorError:  # what is said is why the model that was asked for is not there
            return
        with self._changed:
            if turn == self._turn and self._model is None:
                self._model = model

    def _report(self, name: str, turn: int) -> Report:
        return lambda stage, share: self._say(turn, State(stage, name, share))

    def _say(self, turn: int, state: State, model: Model | None = None) -> None:
        with self._changed:
            if turn != self._turn:
                return
            self._state = state
            if model is not None:
                self._model = model
            self._changed.notify_all()


def _told(error: Exception, name: str) -> TutorError:
    if isinstance(error, TutorError):
        return error
    return ModelError(f"{name} cannot be loaded ({type(error).__name__}: {error}). Choose another model.")
