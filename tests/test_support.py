"""The check that a passage supports a sentence, with the shipped fit."""

import pytest

from tutor.course import load_course
from tutor.settings import ROOT
from tutor.support import FEATURES, SupportChecker


@pytest.fixture(scope="module")
def checker(encode):
    return SupportChecker(encode)


@pytest.fixture(scope="module")
def passages():
    return load_course(ROOT / "content").passages


def supported(checker, sentence, passages):
    best = checker.best(sentence, passages)
    return best is not None and best.probability >= checker.threshold


def test_every_sentence_of_a_lesson_is_supported_by_its_own_passage(checker, passages):
    whole = [(s, p) for p in passages[::5] for s in p.sentences if len(s.split()) > 6]
    passed = [supported(checker, sentence, [passage]) for sentence, passage in whole]
    assert sum(passed) / len(passed) >= 0.97


@pytest.mark.parametrize(
    ("lesson", "true", "false"),
    [
        ("transformer", "GPT-3 of 2020 has 175 billion.", "GPT-3 of 2020 has 17 billion."),
        (
            "rnn",
            "The forget gate decides how much of the old cell state is kept.",
            "The output gate decides how much of the old cell state is kept.",
        ),
        ("gan", "The generator never sees a real image.", "The generator always sees a real image."),
        ("transformer", "Twice the length means four times the work.", "Twice the length means three times the work."),
        ("gan", "Goodfellow and others introduced the GAN in 2014.", "Hinton and others introduced the GAN in 2014."),
    ],
)
def test_swapped_numbers_names_and_negations_are_caught(checker, passages, lesson, true, false):
    source = checker.best(true, [p for p in passages if p.lesson_slug == lesson]).passage
    assert supported(checker, true, [source])
    assert not supported(checker, false, [source])


def test_the_quote_is_a_sentence_of_the_passage(checker, passages):
    best = checker.best("A VAE trains two networks together.", [p for p in passages if p.lesson_slug == "vae"])
    assert best.quote in best.passage.sentences
    assert 0 <= best.probability <= 1


def test_nothing_supports_a_sentence_without_passages(checker):
    assert checker.best("Anything.", []) is None


def test_one_number_for_each_feature(checker, passages):
    assert len(checker.features("A GAN is a game.", passages[0])) == len(FEATURES)


@pytest.mark.parametrize("sentence", ["", "???", "$x$", "a" * 5000, "🦜"])
def test_odd_sentences_do_no_harm(checker, passages, sentence):
    assert 0 <= checker.best(sentence, passages[:2]).probability <= 1
