"""Fit a small head that tells glad from angry sentences on the vectors of the search model, MiniLM.

    python -m training.sentiment          prints the figures and writes models/demos/sentiment.json

The 328 sentences of data/sentiment.jsonl were written for this, in pairs: one glad, one angry, mostly on the same thing, so that the thing
itself says nothing. Every second pair is held out. The head is a logistic regression: 384 weights and an intercept.
"""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from training.examples import DATA
from tutor.search.encoder import encoder
from tutor.settings import MODELS

SENTENCES = DATA / "sentiment.jsonl"
HEAD = MODELS / "demos" / "sentiment.json"
_STRENGTHS = (1.0, 4.0, 16.0, 64.0)
"""Inverse penalties to choose from, by leaving out quarters of the training half."""


@dataclass(frozen=True, slots=True)
class Half:
    """Vectors of sentences and whether each is glad."""

    vectors: npt.NDArray[np.float32]
    glad: npt.NDArray[np.bool_]


def halves() -> tuple[Half, Half]:
    """Even and odd pairs: for fitting and held out."""
    rows = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    vectors = encoder()([row["text"] for row in rows])
    glad, odd = np.array([row["positive"] for row in rows]), np.arange(len(rows)) // 2 % 2 == 1
    return Half(vectors[~odd], glad[~odd]), Half(vectors[odd], glad[odd])


def fit(half: Half, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=1000).fit(half.vectors, half.glad)


def best_strength(half: Half) -> float:
    """By the accuracy on each quarter of `half` of what is fitted on the other three."""
    quarter = np.arange(len(half.glad)) // 2 % 4

    def right(strength: float) -> float:
        hits = 0
        for left in range(4):
            rest = Half(half.vectors[quarter != left], half.glad[quarter != left])
            hits += int(
                (fit(rest, strength).predict(half.vectors[quarter == left]) == half.glad[quarter == left]).sum()
            )
        return hits / len(half.glad)

    return max(_STRENGTHS, key=right)


def main() -> None:
    known, held_out = halves()
    strength = best_strength(known)
    head = fit(known, strength)
    accuracy = float(head.score(held_out.vectors, held_out.glad))
    print(
        f"fitted on {len(known.glad)} sentences at C={strength:g}: {head.score(known.vectors, known.glad):.1%} of these right"
    )
    print(f"held out: {len(held_out.glad)} sentences, {accuracy:.1%} right")
    HEAD.parent.mkdir(parents=True, exist_ok=True)
    values = {
        "weights": [round(float(weight), 4) for weight in head.coef_[0]],
        "intercept": round(float(head.intercept_[0]), 4),
        "held out": len(held_out.glad),
        "accuracy": round(accuracy, 4),
    }
    HEAD.write_text(json.dumps(values) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
