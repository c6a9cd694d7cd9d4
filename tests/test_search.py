"""Search: finds, refuses, caches, and survives a broken or full cache."""

import multiprocessing

import numpy as np
import pytest

from tutor.course import load_course
from tutor.errors import StorageError
from tutor.search.encoder import WIDTH
from tutor.search.hybrid import Searcher
from tutor.search.index import Index
from tutor.search.vocabulary import Vocabulary
from tutor.search.words import content_words


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("What is a VAE?", "vae#what-is-a-variational-autoencoder"),
        ("wat is mode colapse", "gan#what-is-mode-collapse"),
        ("forget gate", "rnn#how-does-an-lstm-work"),
        ("why do we need positional encodng", "transformer#how-does-a-transformer-know-the-order-of-words"),
        ("DALL-E who made it", "generative-ai#what-is-dall-e"),
        ("bayes rule", "generative-and-discriminative#how-does-bayes-rule-turn-a-generative-model-into-a-classifier"),
    ],
)
def test_finds_the_section_whatever_the_typing(real, question, section):
    found = real.search(question)
    assert section in [hit.passage.id for hit in found.hits[:3]]
    assert found.in_scope


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("What is generative AI?", "generative-ai#what-is-generative-ai"),
        ("where is generative AI used", "where-it-is-used#where-is-generative-ai-used-today"),
        ("Why do chatbots make stuff up?", "language-models#why-does-a-language-model-hallucinate"),
    ],
)
def test_what_learners_ask_first_is_quoted_from_its_section(real, question, section):
    assert real.search(question).hits[0].passage.id == section


@pytest.mark.parametrize(
    "question",
    [
        "what does a GaN charger cost",
        "how long should I train for a marathon",
        "best pizza in naples",
        "What's the capital of France?",
        "asdf qwer zxcv",
    ],
)
def test_refuses_what_the_course_does_not_answer(real, question):
    assert not real.search(question).in_scope


def test_probability_and_scores_are_in_range(real):
    for question in ("gan", "what is the capital of France", "?", "vae " * 500):
        found = real.search(question)
        assert 0 <= found.probability <= 1
        assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


def test_an_empty_query_finds_nothing(real):
    assert real.search("   ").hits == ()
    assert not real.search("").in_scope


def test_another_course_brings_its_own_scope(mini, encode):
    searcher = Searcher(mini, None, encode)
    assert searcher.search("why do volcanoes erupt?").in_scope
    assert searcher.search("coral bleaching").hits[0].passage.id == "coral#what-is-coral-bleaching"
    assert not searcher.search("what is a generative adversarial network").in_scope


def test_a_course_of_one_passage(tmp_path, encode):
    from tests.conftest import LESSON

    (tmp_path / "a.md").write_text(
        LESSON.format(title="Tea", slug="tea", order=1, body="## What is tea?\nTea is a drink made from leaves.")
    )
    found = Searcher(load_course(tmp_path), None, encode).search("what is tea")
    assert found.hits[0].passage.lesson == "Tea"


def counted(encode):
    calls = []

    def encoder(texts):
        calls.append(len(texts))
        return encode(texts)

    return encoder, calls


def test_the_index_is_computed_once_and_kept(mini, encode, tmp_path):
    first, calls = counted(encode)
    one = Index(mini.passages, first, tmp_path)
    assert sum(calls) > len(mini.passages)
    second, none = counted(encode)
    other = Index(mini.passages, second, tmp_path)
    assert none == []
    np.testing.assert_array_equal(one.match("glacier").passage, other.match("glacier").passage)
    assert [path.suffix for path in (tmp_path / "index").iterdir()] == [".npz"]


def test_changed_content_is_computed_anew(mini, encode, tmp_path):
    Index(mini.passages, encode, tmp_path)
    again, calls = counted(encode)
    Index(mini.passages[1:], again, tmp_path)
    assert calls


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", b"\x00" * 500])
def test_a_damaged_cache_is_replaced(mini, encode, tmp_path, damage):
    Index(mini.passages, encode, tmp_path)
    (stored,) = (tmp_path / "index").iterdir()
    whole = stored.read_bytes()
    stored.write_bytes(damage)
    Index(mini.passages, encode, tmp_path)
    assert stored.read_bytes() == whole


def _fake(texts):
    return np.eye(len(texts), WIDTH, dtype=np.float32)


def _build(folder, lessons, barrier):
    course = load_course(lessons)
    barrier.wait()
    Index(course.passages, _fake, folder)


def test_two_processes_at_once(lessons, tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [context.Process(target=_build, args=(tmp_path, lessons, barrier)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list((tmp_path / "index").iterdir())) == 1


def test_a_cache_that_cannot_be_written_names_the_fix(mini, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StorageError, match="TUTOR_CACHE_DIR"):
        Index(mini.passages, _fake, blocked)


def test_acronyms_and_typing_errors_come_from_the_course():
    words = Vocabulary(
        ["A generative adversarial network (GAN) has a discriminator. LSTM stands for long short-term memory."],
        frozenset({"charger"}),
    )
    assert words.expand("what is a gan") == "what is a gan (generative adversarial network)"
    assert "lstm" in words.expand("long short-term memory")
    assert words.expand("GaN charger") == "GaN charger"
    assert words.mend("discrim of a network") == "discriminator of a network"
    assert words.mend("discrimnator charger") == "discriminator charger"
    assert Vocabulary(["A model has a module."]).mend("a modle") == "a model"  # letters changed places


def test_content_words_are_stems_without_fillers():
    assert content_words("What are the generators generating?") == ["generat", "generat"]
    assert content_words("???") == []
