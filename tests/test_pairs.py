"""The hand-written pairs that the adapter learns from and is judged on: they have to keep step with the lessons."""

import random
from dataclasses import replace

import pytest

from training.examples import Rank, choice_packs, find_passage, is_test, read_pairs, split_pairs
from tutor.course import load_course
from tutor.settings import settings
from tutor.writing import UNKNOWN


@pytest.fixture(scope="module")
def course():
    return load_course(settings().content_dir)


def test_every_pair_rests_on_a_passage_that_is_there(course):
    pairs = read_pairs(course)
    assert all(pair.evidence and pair.ask.answer.strip() for pair in pairs)


def test_every_lesson_is_trained_on_and_judged(course):
    lessons = {lesson.slug for lesson in course.lessons}
    for half in split_pairs(read_pairs(course)):
        assert {passage.lesson_slug for pair in half for passage in pair.evidence} == lessons


def test_no_passage_of_the_test_stands_in_a_training_pair(course):
    train, test = split_pairs(read_pairs(course))
    assert not set(train) & set(test)
    seen = {passage.key for pair in train for passage in pair.evidence}
    assert all(any(passage.key not in seen for passage in pair.evidence) for pair in test)


def test_evidence_that_no_passage_holds_is_named(course):
    with pytest.raises(ValueError, match=r"vae\.jsonl:7: no passage holds 'a pink elephant'"):
        find_passage(course, "a pink elephant", "vae.jsonl:7")


def test_packs_on_choosing_hold_their_answers_and_no_passage_of_the_test(course, encode):
    first = replace(course, lessons=course.lessons[:1])
    packs = list(choice_packs(first, Rank(course), encode, ["how long do I boil an egg"], random.Random(0)))
    held_out = {passage.text for passage in course.passages if is_test(passage)}
    assert not held_out & {note.text for pack in packs for note in pack.notes}
    *known, stranger = packs
    for pack in known:
        assert len(pack.notes) <= 3
        assert all(any(ask.answer in " ".join(note.text.split()) for note in pack.notes) for ask in pack.asks)
    assert UNKNOWN in [ask.answer for ask in stranger.asks]
