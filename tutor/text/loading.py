"""Which language model writes, loaded in the background while the page is up.

The model that serves goes on serving until another is ready; one that cannot be had leaves it in place and says why.
"""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tutor.errors import ModelError, TutorError
from tutor.hub import download
from tutor.settings import BUILT_IN, Settings
from tutor.text.base import TextModel
from tutor.weights import built_in_folder

Stage = Literal["waiting", "downloading", "converting", "loading", "ready", "failed"]
BUILT_IN_NAME = "SmolLM2-135M-Instruct with our adapter"


@dataclass(frozen=True, slots=True)
class State:
    """What the loader is at. `share` is 0..1 where known; `detail` says where a ready model runs, or which model serves
    though loading failed; `error` says what to do then."""

    stage: Stage
    name: str
    share: float | None = None
    detail: str = ""
    error: TutorError | None = None


class Loader:
    """Loads one model at a time. All methods may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = State("waiting", settings.text_model)
        self._model: TextModel | None = None
        self._turn = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin to load what the settings name; returns at once."""
        self.choose(self._settings.text_model)

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

    def model(self) -> TextModel | None:
        """The model that serves now; None before the first is ready."""
        with self._changed:
            return self._model

    def _load(self, name: str, turn: int) -> None:
        try:
            model = self._open(name, turn)
        except Exception as error:  # noqa: BLE001 - a thread that dies unseen would leave the page waiting for ever
            if self.model() is None and name != BUILT_IN:
                self._fall_back(turn)
            serving = self.model()
            self._say(turn, State("failed", name, detail=serving.name if serving else "", error=_told(error, name)))
            return
        address = self._settings.text_endpoint if self._is_served(name) else None
        self._say(turn, State("ready", model.name, detail=f"at {address}" if address else "on this machine"), model)

    def _fall_back(self, turn: int) -> None:
        """Let the built-in model serve when what was asked for at the start cannot be had."""
        try:
            model = self._open(BUILT_IN, turn)
        except TutorError:  # what is said is why the model that was asked for is not there
            return
        with self._changed:
            if turn == self._turn and self._model is None:
                self._model = model

    def _is_served(self, name: str) -> bool:
        return self._settings.text_endpoint is not None and name == self._settings.text_model

    def _open(self, name: str, turn: int) -> TextModel:
        if self._settings.text_endpoint and self._is_served(name):
            from tutor.text.endpoint import EndpointModel

            return EndpointModel(self._settings.text_endpoint, name, self._settings.text_endpoint_key)
        from tutor.text.local import LocalModel

        if name == BUILT_IN:
            folder = built_in_folder(lambda stage, share: self._say(turn, State(stage, name, share)))
        elif Path(name).is_dir():
            folder = Path(name)
        else:
            folder = download(name, lambda share: self._say(turn, State("downloading", name, share)))
        self._say(turn, State("loading", name))
        shown = BUILT_IN_NAME if name == BUILT_IN else name
        return LocalModel(folder, shown, self._settings.device, self._settings.dtype)

    def _say(self, turn: int, state: State, model: TextModel | None = None) -> None:
        with self._changed:
            if turn != self._turn:
                return
            self._state = replace(state)
            if model is not None:
                self._model = model
            self._changed.notify_all()


def _told(error: Exception, name: str) -> TutorError:
    if isinstance(error, TutorError):
        return error
    return ModelError(f"{name} cannot be loaded ({type(error).__name__}: {error}). Choose another model.")
