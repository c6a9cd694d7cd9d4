"""Fit the search: how to fuse its scores, and the probability that the course answers a question.

    python -m training.scope            prints the tables and writes models/search/scope.json

Questions are split in two by their own text. Fusion weights, coefficients and threshold are fitted on one half; everything printed as
"test" comes from the other. The threshold lets 3.5% of the unanswerable questions of the fitting half through. Two fits are made:
one with the questions that passages are known to answer, one without, for lessons of others.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

from training.examples import DATA
from tutor.course import Course, load_course
from tutor.search.encoder import encoder
from tutor.search.index import Index, Match, Scores, Weights
from tutor.search.scope import FEATURES, FITS, SCOPE_FILE, Scope, features
from tutor.settings import settings

Array = npt.NDArray[np.float64]
_FALSE_ANSWERS = 0.035
"""Share of unanswerable questions that may be answered, on the fitting half; a wrong answer is worse than a refusal."""


@dataclass(frozen=True, slots=True)
class Question:
    """A labeled question: the ids of the sections that answer it, best first; none when the course does not."""

    text: str
    sections: tuple[str, ...]
    kind: str

    @property
    def is_test(self) -> bool:
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 0


def read_questions() -> list[Question]:
    """Every labeled question of data/questions."""
    return [q for path in sorted((DATA / "questions").glob("*.jsonl")) for q in _read(path)]


def read_fresh() -> list[Question]:
    """Questions that somebody else wrote from the lessons alone; nothing is fitted on them."""
    return _read(DATA / "fresh.jsonl")


def _read(path: Path) -> list[Question]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Question(r["question"], tuple(r["sections"]), "in" if r["sections"] else r["kind"]) for r in rows]


def sections_found(course: Course, scores: Scores, count: int) -> list[str]:
    """Ids of the first `count` different sections."""
    order = np.argsort(-scores)
    return list(itertools.islice(dict.fromkeys(course.passages[i].id for i in order), count))


def recall(course: Course, questions: Sequence[Question], scores: Iterable[Scores], count: int) -> float:
    """Share of questions with a right section among the first `count`."""
    found = [
        bool(set(sections_found(course, s, count)) & set(q.sections)) for q, s in zip(questions, scores, strict=True)
    ]
    return float(np.mean(found))


def fit_weights(course: Course, questions: Sequence[Question], matches: Sequence[Match], known: bool) -> Weights:
    """The fusion weights with the best recall among the first three, then first, section; ties go to the middle of the best.

    `known` says whether the passages come with questions."""
    asked = (1.0, 1.5, 2.0, 3.0) if known else (0.0,)
    grid = [Weights(s, q, w) for s in (0.0, 0.5, 0.75, 1.0, 1.25) for q in asked for w in (0.3, 0.5, 0.75, 1.0)]
    value = {
        g: recall(course, questions, [m.fused(g) for m in matches], 3)
        + 0.3 * recall(course, questions, [m.fused(g) for m in matches], 1)
        for g in grid
    }
    best = max(value.values())
    near = [g for g in grid if value[g] >= best - 0.005]
    return sorted(near, key=lambda g: (g.question, g.sentence, g.words))[len(near) // 2]


def fit_scope(matches: Sequence[Match], answerable: npt.NDArray[np.bool_], weights: Weights) -> Scope:
    """Logistic regression on standardized features, written back in the features' own units."""
    x = np.array([features(m, m.fused(weights)) for m in matches])
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced")
    held_out = cross_val_predict(model, scaler.transform(x), answerable, cv=10, method="predict_proba")[:, 1]
    model.fit(scaler.transform(x), answerable)
    coefficients = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - coefficients @ scaler.mean_)
    threshold = float(np.quantile(held_out[~answerable], 1 - _FALSE_ANSWERS))
    return Scope(weights, tuple(map(float, coefficients)), intercept, threshold)


def curve(probabilities: Array, answerable: npt.NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """(threshold, share of answerable questions refused, share of unanswerable ones answered)."""
    return [
        (t, float(np.mean(probabilities[answerable] < t)), float(np.mean(probabilities[~answerable] >= t)))
        for t in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    ]


def main() -> None:
    course = load_course(settings().content_dir)
    questions = read_questions()
    fit = [q for q in questions if not q.is_test]
    record = {}
    for known, name in FITS.items():
        index = make_index(course, known)
        matches = {q: index.match(q.text) for q in fit}
        inside = [q for q in fit if q.sections]
        weights = fit_weights(course, inside, [matches[q] for q in inside], known)
        scope = fit_scope([matches[q] for q in fit], np.array([bool(q.sections) for q in fit]), weights)
        print(f"\n## {name}: {weights}, threshold {scope.threshold:.3f}, fitted on {len(fit)} questions")
        report(course, index, scope, [q for q in questions if q.is_test])
        record[name] = {
            "weights": asdict(weights),
            "coefficients": dict(zip(FEATURES, (round(c, 4) for c in scope.coefficients), strict=True)),
            "intercept": round(scope.intercept, 4),
            "threshold": round(scope.threshold, 4),
        }
    SCOPE_FILE.parent.mkdir(parents=True, exist_ok=True)
    SCOPE_FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def make_index(course: Course, known: bool) -> Index:
    """The course's index, with the questions that its passages answer or, where not `known`, as if nobody had written any."""
    passages = course.passages if known else [replace(passage, questions=()) for passage in course.passages]
    return Index(passages, encoder(), settings().cache_dir)


def report(course: Course, index: Index, scope: Scope, test: Sequence[Question]) -> None:
    """Print retrieval and scope on questions that nothing was fitted on."""
    matches = [index.match(q.text) for q in test]
    inside = [(q, m) for q, m in zip(test, matches, strict=True) if q.sections]
    asked = [q for q, _ in inside]
    print(f"\nRight section among the first, {len(asked)} answerable questions\n")
    print("| search | first 1 | first 3 |\n|---|---|---|")
    for name, scores in (
        ("BM25 alone", [m.words for _, m in inside]),
        ("MiniLM alone", [m.passage for _, m in inside]),
        ("the questions that passages answer alone", [m.question for _, m in inside]),
        ("both, fused", [m.fused(scope.weights) for _, m in inside]),
    ):
        print(f"| {name} | {recall(course, asked, scores, 1):.1%} | {recall(course, asked, scores, 3):.1%} |")
    probabilities = np.array([scope.probability(m, m.fused(scope.weights)) for m in matches])
    answerable = np.array([bool(q.sections) for q in test])
    print("\nRefusing and answering\n\n| questions | number | answered |\n|---|---|---|")
    for kind in ("in", "near", "far"):
        chosen = np.array([q.kind == kind for q in test])
        if chosen.any():
            name = {"in": "in the course", "near": "not in it, near misses", "far": "not in it, far"}[kind]
            print(f"| {name} | {chosen.sum()} | {np.mean(probabilities[chosen] >= scope.threshold):.1%} |")
    outside = probabilities[~answerable] >= scope.threshold
    if len(outside):
        print(f"| not in it, all | {len(outside)} | {outside.mean():.1%} |")
        print("\n| threshold | false refusals | false answers |\n|---|---|---|")
        for threshold, refused, answered in curve(probabilities, answerable):
            print(f"| {threshold:.2f} | {refused:.1%} | {answered:.1%} |")


if __name__ == "__main__":
    main()
