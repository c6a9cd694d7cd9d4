"""Vectors of the course's texts: shipped where the text is one of ours, from the user's cache, or computed now.

The cache is one file for a course, keyed by its texts and the encoder's hash, written under a temporary name and renamed, so two
processes or a kill in mid-write cannot harm it. `python -m training.vectors` makes the shipped file, a byte a number, which moves a cosine
by less than 0.005; a text that it does not hold is encoded.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from functools import cache as remember
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from tutor.errors import StorageError
from tutor.search.encoder import WIDTH, Encoder, MiniLM, Vectors
from tutor.settings import MODELS
from tutor.weights import ENCODER_SHA256

SHIPPED = MODELS / "search" / "vectors.npz"
_FORMAT = 5
"""Part of the cache key: raise it when the meaning of the stored file changes."""


def text_key(text: str) -> int:
    """64 bits that stand for a text and the encoder."""
    return int.from_bytes(hashlib.blake2b(f"{ENCODER_SHA256}|{text}".encode(), digest_size=8).digest(), "big")


def vectors_of(texts: Sequence[str], encode: Encoder, cache: Path | None) -> Vectors:
    """Unit vectors, float32 [len(texts), width]. `cache` is the folder for what was computed; None keeps nothing.

    Raises StorageError when it cannot be written."""
    known = _shipped(SHIPPED) if isinstance(encode, MiniLM) else {}
    result = np.empty((len(texts), WIDTH), dtype=np.float32)
    missing = []
    for row, text in enumerate(texts):
        vector = known.get(text_key(text))
        if vector is None:
            missing.append(row)
        else:
            result[row] = vector
    if missing:
        result[missing] = _cached([texts[row] for row in missing], encode, cache)
    return result


@remember
def _shipped(path: Path) -> dict[int, Vectors]:
    """The vector of each text that we ship one for; nothing when the file is missing or damaged."""
    arrays = _stored(path)
    if arrays is None:
        return {}
    vectors = arrays["vectors"].astype(np.float32) * arrays["steps"][:, None]
    return dict(zip(arrays["keys"].tolist(), vectors, strict=True))


def ship(texts: Sequence[str], vectors: Vectors) -> int:
    """Write the vectors of different texts as those that are shipped; returns how many. Raises OSError."""
    found = dict(zip(map(text_key, texts), vectors, strict=True))
    keys = sorted(found)
    rows = np.array([found[key] for key in keys])
    steps = (np.abs(rows).max(1) / 127).astype(np.float32)
    store(
        SHIPPED,
        keys=np.array(keys, dtype=np.uint64),
        vectors=np.rint(rows / steps[:, None]).astype(np.int8),
        steps=steps,
    )
    SHIPPED.chmod(0o644)
    return len(keys)


def _cached(texts: list[str], encode: Encoder, cache: Path | None) -> Vectors:
    if cache is None:
        return encode(texts)
    key = hashlib.sha256(json.dumps([_FORMAT, ENCODER_SHA256, texts]).encode()).hexdigest()[:20]
    path = cache / "index" / f"{key}.npz"
    if (arrays := _stored(path)) is not None:
        return arrays["vectors"].astype(np.float32, copy=False)
    vectors = encode(texts)
    try:
        store(path, vectors=vectors)
    except OSError as error:
        raise StorageError(
            f"The search index cannot be written to {path.parent} ({error.strerror}). "
            "Free some space or set TUTOR_CACHE_DIR to another folder."
        ) from error
    return vectors


def _stored(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    """What was stored before; None when it is not there or damaged."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return found if "vectors" in found else None


def store(path: Path, **arrays: Any) -> None:
    """Write the arrays as one file, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
