"""Vectors of texts, kept between two runs of the checks, so that only what was changed is encoded again.

A file that is missing, damaged or cannot be written costs time and nothing else.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tutor.search.encoder import Encoder, Vectors
from tutor.weights import ENCODER_SHA256


class KeptVectors:
    """An encoder that asks another only for texts that it has not met before. `save` keeps those that were asked for."""

    def __init__(self, encode: Encoder, cache: Path) -> None:
        self._encode = encode
        self._path = cache / "checks" / "vectors.npz"
        self._known = _read(self._path)
        self._used: dict[str, Vectors] = {}
        self._new = False

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 [len(texts), width]."""
        keys = [hashlib.sha256(f"{ENCODER_SHA256} {text}".encode()).hexdigest() for text in texts]
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if unknown or not texts:
            vectors = self._encode([*unknown.values()])
            if not texts:
                return vectors
            self._known |= dict(zip(unknown, vectors, strict=True))
            self._new = True
        self._used |= {key: self._known[key] for key in keys}
        return np.stack([self._known[key] for key in keys])

    def save(self) -> None:
        """Keep the vectors of this run."""
        if not self._new:
            return
        partial = self._path.with_suffix(f".{os.getpid()}.npz")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(partial, keys=np.array([*self._used]), vectors=np.stack([*self._used.values()]))
            partial.replace(self._path)


def _read(path: Path) -> dict[str, Vectors]:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(zip(arrays["keys"].tolist(), arrays["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}
