"""How good the answers are: search against BM25 alone and MiniLM alone, refusals, the check of sentences, and whole answers."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from training import scope, support
from training.examples import read_pairs, split_pairs
from tutor.course import Course, load_course
from tutor.events import Answer, Answered
from tutor.search.encoder import encoder
from tutor.search.scope import load_scope
from tutor.settings import settings
from tutor.support import SupportChecker, load_support
from tutor.turn import Tutor


def main() -> None:
    course = load_course(settings().content_dir)
    questions = [q for q in scope.read_questions() if q.is_test]
    index = scope.make_index(course, True)
    print("## Search and scope, test half\n")
    scope.report(course, index, load_scope(True), questions)
    print("\n## Search and scope, fresh questions\n")
    scope.report(course, index, load_scope(True), scope.read_fresh())
    print("\n## Search and scope, test half, as if nobody had written down what the passages answer\n")
    scope.report(course, scope.make_index(course, False), load_scope(False), questions)
    print("\n## The check of sentences\n")
    rows = [row for row in support.read_labeled(course) if row.is_test]
    checker = SupportChecker(encoder())
    support.report(rows, load_support(), np.array([checker.features(r.sentence, r.passage) for r in rows]))
    print("\n## Whole answers, test questions, through the app's own door\n")
    _whole(course, [q for q in questions if q.sections], [q for q in questions if not q.sections])


def _whole(course: Course, inside: Sequence[scope.Question], outside: Sequence[scope.Question]) -> None:
    tutor = Tutor.of(settings())
    tutor.loader.start()
    tutor.loader.wait()
    answers = [_ask(tutor, question.text) for question in inside]
    refused = [_ask(tutor, question.text).refused for question in outside]
    answered = [a for a in answers if not a.refused]
    by = Counter("the passage alone" if a.written_by == "quote" else "the model" for a in answered)
    print("| whole answers | |\n|---|---|")
    print(f"| questions the course answers, answered | {len(answered)} of {len(answers)} |")
    print(f"| questions it does not answer, refused | {sum(refused)} of {len(refused)} |")
    right = [a.sources[0].id in q.sections for a, q in zip(answers, inside, strict=True) if a.sources]
    print(f"| of the answers, first source a section that was labeled as right | {np.mean(right):.1%} |")
    for name, count in by.most_common():
        print(f"| of the answers, by {name} | {count / len(answered):.1%} |")
    sentences = [s for a in answered for s in a.sentences]
    print(
        f"| sentences shown with a source | {np.mean([s.source is not None for s in sentences]):.1%} of {len(sentences)} |"
    )
    print(f"| seconds to the quote, median | {np.median([a.seconds.first_text for a in answered]):.2f} |")
    print(f"| seconds to the end, median | {np.median([a.seconds.total for a in answered]):.2f} |")
    unseen, _ = _unseen(course)
    print(
        f"\nOf the hand-written pairs, {unseen} rest on passages that training never saw; `python -m training.evaluate text` judges those."
    )


def _unseen(course: Course) -> tuple[int, int]:
    train, test = split_pairs(read_pairs(course))
    return len(test), len(train)


def _ask(tutor: Tutor, question: str) -> Answer:
    return next(event.answer for event in tutor.reply(question) if isinstance(event, Answered))
