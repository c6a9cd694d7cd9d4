"""The demo `hallucination`: with passages more is supported than from memory, and the check sees the difference."""

import pytest

from tutor.catalogue import demo_named
from tutor.demos.hallucination import from_memory, support
from tutor.search.encoder import encoder
from tutor.search.hybrid import Searcher
from tutor.settings import settings
from tutor.support import SupportChecker
from tutor.workbench.demo import Values


@pytest.fixture(scope="module")
def searcher(tools):
    return Searcher(tools.course, settings().cache_dir)


def test_support_tells_the_course_from_an_invention(searcher):
    checker = SupportChecker(encoder())
    found = [hit.passage for hit in searcher.search("What is a GAN?").hits]
    true = support("A GAN has a generator and a discriminator.", found, searcher, checker)
    false = support("A GAN was built by three Swiss bakers in 1911.", found, searcher, checker)
    assert true > checker.threshold > false


def test_from_memory_it_never_speaks_of_notes(tools):
    *_, text = from_memory(tools.local(), "What is the Zanzibar transformer of 1987?", 0, 0)
    assert "Zanzibar" in text
    assert "note" not in text.casefold()


def test_passages_help_and_the_numbers_repeat(numbers_of):
    numbers, again = (numbers_of("hallucination", passages=2) for _ in range(2))
    assert numbers == again
    alone = numbers["of these supported"] / numbers["sentences from memory"]
    helped = numbers["of those supported"] / numbers["sentences with passages"]
    assert helped > alone
    demo = demo_named("hallucination")
    assert str(numbers["of these supported"]) in demo.prediction.because(numbers)


def test_right_follows_the_numbers():
    right = demo_named("hallucination").prediction.right
    told = {"says that it does not know": "no", "sentences from memory": 2}
    assert [right(told | {"of these supported": hits}) for hits in (2, 1, 0)] == [0, 1, 2]
    assert right(told | {"says that it does not know": "yes", "of these supported": 0}) == 3


def test_closing_after_the_first_picture_ends_it(tools):
    frames = demo_named("hallucination").run(Values({"question": "a", "passages": 1, "temperature": 0}, tools), 0)
    next(frames)
    frames.close()
    assert next(frames, None) is None
