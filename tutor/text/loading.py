"""Which language model writes: the built-in one, one of a folder or of the hub, or a served one."""

from pathlib import Path

from tutor.hub import download
from tutor.loading import Loader, Report
from tutor.settings import BUILT_IN, Settings
from tutor.text.base import TextModel
from tutor.weights import built_in_folder

BUILT_IN_NAME = "SmolLM2-135M-Instruct with our adapter"


class TextLoader(Loader[TextModel]):
    """Loads language models; before the first is ready there is none."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.text_model)
        self._settings = settings

    def _open(self, name: str, report: Report) -> TextModel:
        if self._settings.text_endpoint and self._is_served(name):
            from tutor.text.endpoint import EndpointModel

            return EndpointModel(self._settings.text_endpoint, name, self._settings.text_endpoint_key)
        from tutor.text.local import LocalModel

        if name == BUILT_IN:
            folder = built_in_folder(report)
        elif Path(name).is_dir():
            folder = Path(name)
        else:
            folder = download(name, lambda share: report("downloading", share))
        report("loading", None)
        shown = BUILT_IN_NAME if name == BUILT_IN else name
        return LocalModel(folder, shown, self._settings.device, self._settings.dtype)

    def _place(self, name: str) -> str:
        return f"at {self._settings.text_endpoint}" if self._is_served(name) else "on this machine"

    def _is_served(self, name: str) -> bool:
        return self._settings.text_endpoint is not None and name == self._settings.text_model
