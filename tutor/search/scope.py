"""Does the course answer this question? A logistic regression over retrieval features, fitted by `python -m training.scope`.

The features speak of the match alone, never of the subject, so the same numbers serve another folder of lessons. There are two fits: for a
course whose passages come with questions that they answer, and for one with texts alone.
"""

import json
import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from tutor.errors import WeightsError
from tutor.search.index import Match, Scores, Weights
from tutor.settings import MODELS

SCOPE_FILE = MODELS / "search" / "scope.json"
FITS = {True: "with questions", False: "texts alone"}
"""The name of each fit in the file, by whether questions are known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was fitted: fusion weights, one coefficient a feature, and the threshold below which the tutor refuses."""

    weights: Weights
    coefficients: tuple[float, ...]
    intercept: float
    threshold: float

    def probability(self, match: Match, fused: Scores) -> float:
        """Calibrated, 0..1."""
        logit = self.intercept + float(np.dot(self.coefficients, features(match, fused)))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


_MOST_WORDS, _MOST_UNKNOWN = 12, 4
FEATURES = ("passage", "sentence", "words", "coverage", "best coverage", "top five", "fused", "asked", "unknown")


def features(match: Match, fused: Scores) -> tuple[float, ...]:
    """One number for each of FEATURES."""
    best = np.sort(match.passage)[::-1]
    return (
        float(best[0]),
        float(match.sentence.max()),
        float(match.words.max()),
        match.coverage,
        match.best_coverage,
        float(best[:5].mean()),
        float(fused.max()),
        float(min(match.asked, _MOST_WORDS)),
        float(min(match.unknown, _MOST_UNKNOWN)),
    )


@cache
def load_scope(questions: bool) -> Scope:
    """The shipped fit for a course with or without known questions. Raises WeightsError when the file is missing."""
    try:
        values = json.loads(SCOPE_FILE.read_text(encoding="utf-8"))[FITS[questions]]
    except FileNotFoundError:
        raise WeightsError(
            f"{SCOPE_FILE} is missing; run `git checkout models` or `python -m training.scope`."
        ) from None
    return Scope(
        Weights(**values["weights"]), tuple(values["coefficients"].values()), values["intercept"], values["threshold"]
    )
