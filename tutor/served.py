"""What can go wrong with a served model, said in one line that names the setting to look at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from tutor.errors import EndpointError
from tutor.settings import is_loopback

TIMEOUT = 60.0
"""Seconds without a byte after which a server counts as gone."""


@dataclass(frozen=True, slots=True)
class Server:
    """A model behind an address. `setting` is the variable that holds the address, `gives` what is asked of it, `hint` how such an
    address looks."""

    address: str
    model: str
    setting: str
    model_setting: str
    gives: str
    hint: str

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Turns the errors of huggingface_hub inside the block into EndpointError."""
        from httpx2 import HTTPError
        from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, OfflineModeIsEnabled

        if is_loopback(urlsplit(self.address).hostname or ""):
            _allow_this_machine()
        try:
            yield
        except InferenceTimeoutError as error:
            raise EndpointError(f"{self.address} did not answer in {TIMEOUT:.0f} seconds. Is it overloaded?") from error
        except OfflineModeIsEnabled as error:
            raise EndpointError(
                f"HF_HUB_OFFLINE keeps me from asking {self.address} too. Unset it and start again, or unset {self.setting}."
            ) from error
        except HfHubHTTPError as error:
            raise EndpointError(self._refused(error.response.status_code)) from error
        except (HTTPError, OSError, ValueError, Image.DecompressionBombError) as error:
            raise EndpointError(
                f"No {self.gives} from {self.address}. Start the server, or correct {self.setting} ({self.hint})."
            ) from error

    def _refused(self, status: int) -> str:
        fixes = {
            401: f"check {self.setting}_KEY",
            403: f"check {self.setting}_KEY",
            404: f"it may not serve {self.model}: check {self.model_setting}, and {self.setting} ({self.hint})",
            429: "it is busy: wait a little, then try again",
        }
        return f"{self.address} refused with status {status}: {fixes.get(status, 'see its log')}."


@dataclass(frozen=True, slots=True)
class _UnlessHere:
    """A hook of huggingface_hub's client that lets requests to this machine pass."""

    hook: Callable[[Any], object]

    def __call__(self, request: Any) -> None:
        if not is_loopback(request.url.host):
            self.hook(request)


def _allow_this_machine() -> None:
    """HF_HUB_OFFLINE works by a hook of the one client that all of huggingface_hub shares; what stays on this machine is no network."""
    from huggingface_hub import get_session

    session = get_session()
    hooks: list[Callable[..., Any]] = [
        hook if isinstance(hook, _UnlessHere) else _UnlessHere(hook) for hook in session.event_hooks["request"]
    ]
    session.event_hooks = {**session.event_hooks, "request": hooks}
