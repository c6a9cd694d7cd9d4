"""Models from the model hub: fetch a whole repository, say how far it is, and say plainly why it failed.

huggingface_hub resumes what was cut off and keeps what it has fetched. Only safetensors weights are taken: other formats can run code.
"""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tutor.errors import DownloadCause, DownloadError

Progress = Callable[[float], None]
"""Told the share that has arrived, 0 to 1."""

_FILES = ["*.json", "*.jinja", "*.txt", "*.model", "*.safetensors"]
_WHY: dict[DownloadCause, str] = {
    "offline": "the model hub cannot be reached. Check the network, or use a folder or the built-in model",
    "gated": "it is private, or its owner wants you to accept conditions first. Accept them on its page, then run `hf auth login`",
    "missing": "the hub has no model of that name. Check the spelling: owner/name",
    "busy": "the hub refuses requests for now. Wait some minutes, then choose the model again",
    "disk full": "the disk is full. Free some space, then choose the model again",
    "broken": "the download broke off. Choose the model again: what has arrived is kept",
}


def download(name: str, progress: Progress | None = None) -> Path:
    """The folder of the model `owner/name`, fetched first if need be. Raises DownloadError that names the cause."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_FILES, tqdm_class=_bar(progress or (lambda _: None))))
    except (OSError, ValueError, TypeError, KeyError) as error:  # the last two: what answers is not a model hub
        cause = _cause(error)
        raise DownloadError(f"{name} could not be fetched: {_WHY[cause]}.", cause) from error


def _cause(error: BaseException) -> DownloadCause:
    """Why, from the chain of errors: the hub wraps a network error, a refusal and a missing file alike."""
    from huggingface_hub import errors as hub

    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT):
            return "disk full"
        if isinstance(one, hub.GatedRepoError):
            return "gated"
        if isinstance(one, hub.RepositoryNotFoundError | hub.RevisionNotFoundError | hub.HFValidationError):
            status = getattr(getattr(one, "response", None), "status_code", 404)
            return "gated" if status == 403 else "missing"
        if isinstance(one, hub.OfflineModeIsEnabled):
            return "offline"
        if isinstance(one, hub.HfHubHTTPError):
            status = one.response.status_code
            return "gated" if status in (401, 403) else "missing" if status == 404 else "busy"
    names = {type(one).__name__ for one in chain}
    return "offline" if names & {"ConnectError", "ConnectTimeout", "ProxyError"} else "broken"


def _chain(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _bar(progress: Progress) -> type[Any]:
    """A progress bar for huggingface_hub that draws nothing and reports bytes. The total grows as files are found; the share
    that is told never falls."""
    from tqdm import tqdm

    highest = 0.0

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self._bytes = options.get("unit") == "B"
            self._seen = float(options.get("initial") or 0)
            options["disable"] = True
            options.pop("name", None)
            super().__init__(*args, **options)
            self.total = options.get("total")

        def update(self, n: float | None = 1) -> bool | None:
            self._seen += n or 0
            nonlocal highest
            if self._bytes and self.total:
                highest = max(highest, min(1.0, self._seen / self.total))
                progress(highest)
            return None

    return Bar
