"""Models from the model hub: fetch a whole repository, say how far it is, and say plainly why it failed.

huggingface_hub resumes what was cut off and keeps what it has fetched. Only safetensors weights are taken: other formats can run code.
"""

import errno
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tutor.errors import DownloadCause, DownloadError, ModelError

Progress = Callable[[float], None]
"""Told the share that has arrived, 0 to 1."""

PIPELINE = "model_index.json"
"""The file that makes a folder a pipeline of diffusers."""
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
    return _fetch(name, _FILES, progress)


def download_pipeline(name: str, without: Collection[str] = (), progress: Progress | None = None) -> Path:
    """The folder of a pipeline of diffusers, fetched first if need be: its components but `without`, in half precision where all
    have it, which is half the bytes. Raises DownloadError that names the cause, and ModelError when it is no such pipeline."""
    from huggingface_hub import get_cached_repo_tree

    folder = _fetch(name, [PIPELINE], None)
    if not (folder / PIPELINE).is_file():
        raise ModelError(f"{name} holds no {PIPELINE}, so it is no pipeline of diffusers. Choose another model.")
    index = json.loads((folder / PIPELINE).read_text(encoding="utf-8"))
    listed = [file.path for file in get_cached_repo_tree(name, revision=folder.name)]  # kept by the fetch above
    return _fetch(name, [PIPELINE, *_files_of(name, components(index, without), listed)], progress)


def components(index: Mapping[str, Any], without: Collection[str] = ()) -> list[str]:
    """The names in a pipeline's index that are folders with files, but `without`."""
    return [key for key, at in index.items() if isinstance(at, list) and at[1] is not None and key not in without]


def _files_of(name: str, parts: Collection[str], listed: Sequence[str]) -> list[str]:
    """Of all files those that the components need. Raises ModelError when one has its weights in other formats only."""
    mine = [PurePosixPath(path) for path in listed if path.count("/") == 1 and path.split("/")[0] in parts]
    texts = [str(path) for path in mine if path.suffix in (".json", ".txt", ".model", ".jinja")]
    weights = [path for path in mine if path.suffix == ".safetensors"]
    for part in sorted({str(path.parent) for path in mine if path.suffix in (".bin", ".msgpack", ".onnx", ".ckpt")}):
        if part not in {str(path.parent) for path in weights}:
            raise ModelError(
                f"{name} has no safetensors for its {part}, and other formats can run code. Choose another model."
            )
    plain = [path for path in weights if path.stem.split("-0")[0].count(".") == 0]
    half = [path for path in weights if ".fp16" in path.name]
    chosen = half if {p.parent for p in half} == {p.parent for p in weights} else plain
    return [*texts, *map(str, chosen)]


def _fetch(name: str, patterns: list[str], progress: Progress | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=patterns, tqdm_class=_bar(progress or (lambda _: None))))
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
