"""The sentence encoder: all-MiniLM-L6-v2 (Wang et al., 2020), mean pooling over the mask, then unit length.

Loaded with transformers from the pinned package; importing this module loads nothing. Safe to call from many threads.
"""

import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from tutor.weights import LOADING, encoder_folder, quiet

if TYPE_CHECKING:
    import torch

Vectors = npt.NDArray[np.float32]
WIDTH = 384
_BATCH = 32
_LONGEST = 256
"""Tokens; what all-MiniLM-L6-v2 was trained for."""


class Encoder(Protocol):
    """Texts -> unit vectors, float32 [len(texts), width]."""

    def __call__(self, texts: Sequence[str]) -> Vectors: ...


class MiniLM:
    """The encoder of the pinned package, on the CPU."""

    def __init__(self) -> None:
        from transformers import AutoModel, AutoTokenizer

        quiet()
        folder = encoder_folder()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        with LOADING:
            self._model: Any = AutoModel.from_pretrained(folder).eval()
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 [len(texts), 384]; texts beyond 256 tokens are cut."""
        if not texts:
            return np.zeros((0, WIDTH), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # batches of like length waste no padding
        result = np.empty((len(texts), WIDTH), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            with self._lock:
                result[rows] = self._encode([texts[i] for i in rows]).numpy()
        return result

    def _encode(self, texts: list[str]) -> "torch.Tensor":
        import torch

        with torch.inference_mode():
            batch = self._tokenizer(texts, padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt")
            states = self._model(**batch).last_hidden_state  # [batch, tokens, 384]
            mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
            pooled = (states * mask).sum(1) / mask.sum(1)
            return torch.nn.functional.normalize(pooled, dim=-1)


@cache
def common_words() -> frozenset[str]:
    """The 20,000 or so whole English words of the encoder's vocabulary: what is in it is no typing error."""
    lines = (encoder_folder() / "vocab.txt").read_text(encoding="utf-8").split()
    return frozenset(line for line in lines if line.isalpha())


@cache
def encoder() -> MiniLM:
    """The one encoder of this process, loaded on the first call."""
    return MiniLM()
