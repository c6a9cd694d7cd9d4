"""Fit the check that a passage supports a sentence, on labelled sentences of data/support.

    python -m training.support            prints the tables and writes models/search/support.json

Sentences are split in two by the passage they are checked against. Coefficients and threshold are fitted on one half; the
tables come from the other. The threshold lets through at most one in twenty of the unsupported sentences of the fitting half.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.model_selection import KFold

from training.examples import DATA, find_passage
from tutor.course import Course, Passage, load_course
from tutor.search.encoder import encoder
from tutor.settings import settings
from tutor.support import FEATURES, SUPPORT_FILE, SupportChecker, SupportFit

Array = npt.NDArray[Any]
_LET_THROUGH = 0.05
"""Share of unsupported sentences that may pass, on the fitting half."""


@dataclass(frozen=True, slots=True)
class Labeled:
    """A sentence, the passage it is checked against, whether that supports it, and how it was made."""

    sentence: str
    passage: Passage
    supported: bool
    kind: str

    @property
    def is_test(self) -> bool:
        return hashlib.sha256(self.passage.key.encode()).digest()[1] % 2 == 0


def read_labeled(course: Course) -> list[Labeled]:
    """Every labelled sentence. Raises ValueError for one whose evidence is not in the course."""
    rows = []
    for path in sorted((DATA / "support").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            passage = find_passage(course, row["evidence"], f"{path.name}:{number}")
            rows.append(Labeled(row["sentence"], passage, row["supported"], row["kind"]))
    return rows


def fit(x: Array, supported: Array) -> SupportFit:
    """Logistic regression whose coefficients keep the sign that FEATURES gives: with few examples of each mistake, a free fit
    learns that copies are suspicious, because made-up mistakes resemble copies."""
    held_out = np.empty(len(x))
    for train, test in KFold(10, shuffle=True, random_state=0).split(x):
        coefficients, intercept = _regress(x[train], supported[train])
        held_out[test] = _probability(x[test] @ coefficients + intercept)
    coefficients, intercept = _regress(x, supported)
    threshold = float(np.quantile(held_out[~supported], 1 - _LET_THROUGH))
    return SupportFit(tuple(map(float, coefficients)), intercept, threshold)


def _regress(x: Array, supported: Array) -> tuple[Array, float]:
    """Coefficients in the features' own units, and the intercept; both classes weigh the same."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    z = (x - mean) / spread
    weight = np.where(supported, 0.5 / supported.mean(), 0.5 / (~supported).mean())

    def loss(parameters: Array) -> tuple[float, Array]:
        margin = np.where(supported, 1, -1) * (z @ parameters[:-1] + parameters[-1])
        slope = -np.where(supported, 1, -1) * weight * _probability(-margin)
        value = float((weight * np.logaddexp(0, -margin)).sum() + 0.5 * (parameters[:-1] ** 2).sum())
        return value, np.append(z.T @ slope + parameters[:-1], slope.sum())

    bounds = [(0, None) if sign > 0 else (None, 0) for sign in FEATURES.values()] + [(None, None)]
    best = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    coefficients = best[:-1] / spread
    return coefficients, float(best[-1] - coefficients @ mean)


def _probability(logit: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logit)))


def main() -> None:
    course = load_course(settings().content_dir)
    rows = read_labeled(course)
    checker = SupportChecker(encoder(), SupportFit((0.0,) * len(FEATURES), 0.0, 0.5))
    x = np.array([checker.features(row.sentence, row.passage) for row in rows])
    supported = np.array([row.supported for row in rows])
    test = np.array([row.is_test for row in rows])
    found = fit(x[~test], supported[~test])
    print(f"threshold {found.threshold:.3f}, fitted on {int((~test).sum())} sentences")
    report([row for row in rows if row.is_test], found, x[test])
    record = {
        "coefficients": dict(zip(FEATURES, (round(c, 4) for c in found.coefficients), strict=True)),
        "intercept": round(found.intercept, 4),
        "threshold": round(found.threshold, 4),
    }
    SUPPORT_FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def report(rows: Sequence[Labeled], found: SupportFit, x: Array) -> None:
    """Print what passes the check, by kind, on sentences that nothing was fitted on."""
    passes = _probability(x @ np.array(found.coefficients) + found.intercept) >= found.threshold
    supported = np.array([row.supported for row in rows])
    kinds = np.array([row.kind for row in rows])
    print("\nSentences that pass the check, test half\n\n| sentences | number | pass |\n|---|---|---|")
    for truth, name in ((True, "supported"), (False, "unsupported")):
        print(f"| {name} | {(supported == truth).sum()} | {passes[supported == truth].mean():.1%} |")
        for kind in sorted(set(kinds[supported == truth])):
            chosen = (kinds == kind) & (supported == truth)
            print(f"| — {kind} | {chosen.sum()} | {passes[chosen].mean():.1%} |")


if __name__ == "__main__":
    main()
