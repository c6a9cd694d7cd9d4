"""Measures of what generative models make.

Quality and diversity of pictures are precision and recall (Kynkäänniemi et al., 2019, arXiv:1904.06991); the Fréchet distance is that of
FID (Heusel et al., 2017, arXiv:1706.08500). Texts are judged by perplexity, by repetition, which likely writing falls into (Holtzman et
al., 2019, arXiv:1904.09751), and by faithfulness: the share of their claims that a source supports.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tutor.sentences import split_sentences

Array = npt.NDArray[Any]


def frechet(real: Array, made: Array) -> float:
    """Distance of two crowds of features [n, features], from their means and covariances; 0 for a crowd and itself."""
    one, two = np.cov(real, rowvar=False), np.cov(made, rowvar=False)
    shared = np.sqrt(np.linalg.eigvals(one @ two).real.clip(0)).sum()
    apart = ((real.mean(0) - made.mean(0)) ** 2).sum()
    return max(float(apart + np.trace(one) + np.trace(two) - 2 * shared), 0.0)


def inside(points: Array, crowd: Array, k: int = 3) -> float:
    """The share of `points` in a ball around some member of `crowd` that reaches to its k-th nearest fellow."""
    reach = np.sort(np.linalg.norm(crowd[:, None] - crowd, axis=2), axis=1)[:, k]
    return float((np.linalg.norm(points[:, None] - crowd, axis=2) <= reach).any(1).mean())


def judged(real: Array, made: Array) -> dict[str, float]:
    """Fréchet distance, quality (precision) and diversity (recall) of features, in the spread of the real ones."""
    middle, spread = real.mean(0), real.std(0) + 1e-6
    one, two = (real - middle) / spread, (made - middle) / spread
    return {"distance": frechet(one, two), "quality": inside(two, one), "diversity": inside(one, two)}


def repeated(text: str) -> float:
    """Share of the runs of three words that stood there before."""
    words = re.findall(r"\w+", text.casefold())
    runs = [tuple(words[at : at + 3]) for at in range(len(words) - 2)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def claims(text: str) -> list[str]:
    """Its whole sentences; one that was cut short counts only where there is no other."""
    parts = [part for line in text.split("\n") for part in split_sentences(line.strip(" -"))]
    whole = [part for part in parts if part.rstrip().endswith((".", "?", "!"))]
    return [part[0].upper() + part[1:] for part in whole or parts]


@dataclass
class Writer:
    """One who writes texts, each token with its surprise, and whether each claim in them is supported."""

    texts: list[str]
    surprises: list[float]
    supported: list[bool]

    @property
    def scores(self) -> tuple[float, float, float]:
        """Perplexity, and percent repeated and supported."""
        perplexity = math.exp(sum(self.surprises) / len(self.surprises))
        return (
            perplexity,
            100 * sum(map(repeated, self.texts)) / len(self.texts),
            100 * sum(self.supported) / max(1, len(self.supported)),
        )
