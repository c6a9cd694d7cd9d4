"""Vectors of texts, kept between two runs of the checks, so that only what was changed is encoded again.

For the course as it was last fitted they are shipped (`python -m training.vectors`). A file that is missing, damaged or cannot be
written costs time and nothing else.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tutor.search.encoder import Encoder, Vectors
from tutor.search.vectors import store, text_key
from tutor.settings import MODELS

SHIPPED = MODELS / "search" / "checks.npz"


class KeptVectors:
    """An encoder that asks another only for texts that it has not met before. `save` keeps those that were asked for."""

    def __init__(self, encode: Encoder, cache: Path, shipped: Path = SHIPPED) -> None:
        self._encode = encode
        self._path = cache / "checks" / "vectors.npz"
        self._known = _read(shipped) | _read(self._path)
        self._used: dict[int, Vectors] = {}
        self._new = False

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 [len(texts), width]."""
        keys = [text_key(text) for text in texts]
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
        """Keep the vectors of this run in the cache, if any is new."""
        if self._new:
            with suppress(OSError):
                self._write(self._path, np.dtype(np.float32))

    def ship(self, path: Path = SHIPPED) -> int:
        """Write the vectors of this run, in half precision, as those that are shipped; returns how many."""
        self._write(path, np.dtype(np.float16))
        path.chmod(0o644)
        return len(self._used)

    def _write(self, path: Path, kind: np.dtype[np.floating]) -> None:
        keys = sorted(self._used)
        vectors = np.stack([self._used[key] for key in keys]).astype(kind)
        store(path, keys=np.array(keys, dtype=np.uint64), vectors=vectors)


def _read(path: Path) -> dict[int, Vectors]:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            vectors = arrays["vectors"].astype(np.float32)
            return dict(zip(arrays["keys"].tolist(), vectors, strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}
