"""Encode every text that the search of our own course compares with, and ship the vectors, so that a first start need not.

    python -m training.vectors          writes models/search/vectors.npz, and checks.npz for what `python -m tutor check` compares

Vectors of unchanged texts are kept as they are.
"""

from tutor.checks.quiz import check_keys
from tutor.checks.twins import nearest_twins
from tutor.checks.vectors import KeptVectors
from tutor.course import load_course
from tutor.quizbank import load_quiz
from tutor.search.encoder import encoder
from tutor.search.index import Index
from tutor.search.vectors import SHIPPED, ship
from tutor.settings import settings


def main() -> None:
    course = load_course(settings().content_dir)
    index = Index(course.passages, encoder(), settings().cache_dir)
    count = ship(index.texts, index.vectors)
    print(f"{count:,} vectors in {SHIPPED.name}, {SHIPPED.stat().st_size / 1e6:.1f} MB")
    kept = KeptVectors(encoder(), settings().cache_dir)
    nearest_twins(course, kept)
    list(check_keys(course, load_quiz(settings().content_dir), kept))
    print(f"{kept.ship():,} vectors for the checks")


if __name__ == "__main__":
    main()
