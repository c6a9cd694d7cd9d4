"""The hand-written pairs that the adapter learns from and is judged on: they have to keep step with the lessons."""

import random
from dataclasses import replace

import pytest
from transformers import AutoTokenizer

from training.corpora import Ask
from training.examples import Rank, choice_packs, find_passage, is_test, read_pairs, split_pairs
from training.packs import IGNORED, Pack
from training.packs import encode as encode_pack
from tutor.course import load_course
from tutor.settings import settings
from tutor.weights import base_folder
from tutor.writing import UNKNOWN, Note


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
    train, _ = split_pairs(read_pairs(course))
    pairs = [pair for pair in train if pair.evidence[0].lesson_slug == first.lessons[0].slug]
    rank = Rank(course)
    packs = list(choice_packs(first, pairs, rank, encode, ["how long do I boil an egg"], random.Random(0)))
    held_out = {passage.text for passage in course.passages if is_test(passage)}
    assert not held_out & {note.text for pack in packs for note in pack.notes}
    assert all(2 <= len(pack.notes) <= 3 for pack in packs)
    written = {pair.ask for pair in pairs}
    told = [(pack, ask) for pack in packs for ask in pack.asks if ask.answer != UNKNOWN]
    assert written & {ask for _, ask in told}
    for pack, ask in told:
        assert ask in written or any(ask.answer in " ".join(note.text.split()) for note in pack.notes)
    for pack in packs:  # the notes stand as search orders them for the first question that has as many
        assert any(
            [note.text for note in pack.notes] == [passage.text for passage in rank.notes(ask.question)]
            for ask in pack.asks
        )


def test_the_opening_of_an_answer_weighs_more_than_its_rest():
    notes = (Note("Cats", "Sleep", "A cat sleeps for fifteen hours a day."),)
    answers = ("A cat sleeps for fifteen hours a day, says the note on cats.", UNKNOWN)
    asks = tuple(
        Ask(f"How long does a {animal} sleep?", answer) for animal, answer in zip(("cat", "dog"), answers, strict=True)
    )
    tokenizer = AutoTokenizer.from_pretrained(base_folder())
    packed = encode_pack(tokenizer, Pack(notes, asks), 900)
    counted = packed["labels"] != IGNORED
    assert (packed["weights"][counted] > 0).all()
    assert not packed["weights"][~counted].any()
    for number, answer in enumerate(answers, 1):
        ids = packed["labels"][counted & (packed["block"] == number)].tolist()
        assert tokenizer.decode(ids) == answer + "<|im_end|>"
        weights = packed["weights"][counted & (packed["block"] == number)].tolist()
        assert weights == sorted(weights, reverse=True)
        assert weights[0] > weights[-1]
