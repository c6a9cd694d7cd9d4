"""What the course tells of GPT-3 is no answer about GPT-5, however the name is written."""

import pytest

from tutor.search.versions import Versions

TEXTS = [
    "GPT-2 of 2019 was followed by GPT-3.",
    "The first DALL-E was a transformer.",
    "DALL-E 2 and 3 use diffusion.",
    "DALL-E 3 came later. See Figure 1 and Figure 2.",
]


@pytest.mark.parametrize(
    ("question", "text", "another", "same"),
    [
        ("what is GPT-5", TEXTS[0], True, False),
        ("what is gpt5", TEXTS[0], True, False),
        ("what is gpt 3", TEXTS[0], False, True),
        ("GPT-3.5?", TEXTS[0], True, False),
        ("GPT-3 or GPT-5", TEXTS[0], False, True),
        ("what is GPT", TEXTS[0], False, False),
        ("why does GPT-5 make things up", "A language model guesses.", False, False),
        ("dalle 2", TEXTS[2], False, True),
        ("dalle3", TEXTS[2], False, True),
        ("dall e 1", TEXTS[1], False, True),
        ("DALL-E 1", TEXTS[2], True, False),
        ("what does figure 3 show", TEXTS[3], False, False),
        ("what were the first 5 layers", TEXTS[0], False, False),
    ],
)
def test_versions_of_a_name_are_told_apart(question, text, another, same):
    versions = Versions(TEXTS)
    assert versions.another(question, text) == another
    assert versions.same(question, text) == same


def test_names_are_spelled_as_the_texts_do():
    assert Versions(TEXTS).spelled("is dalle3 better than gpt 2 or 3 cats") == "is DALL-E 3 better than GPT 2 or 3 cats"


@pytest.mark.parametrize("question", ["What is GPT-5?", "how many parameters does gpt4 have", "what does GPT-4 cost"])
def test_a_version_that_the_course_does_not_describe_is_out_of_scope(real, question):
    found = real.search(question)
    assert not found.in_scope
    assert found.hits


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("how many parameters does gpt 3 have", "transformer#what-are-bert-gpt-and-t5"),
        ("how did dalle 1 work", "text-to-image#how-did-the-first-dall-e-make-pictures"),
        ("what changed in dalle3", "text-to-image#what-changed-in-dall-e-3"),
        ("is GPT-4 a good judge", "evaluation#can-a-model-judge-another-model"),
    ],
)
def test_a_version_that_it_describes_is_found(real, question, section):
    found = real.search(question)
    assert found.in_scope
    assert found.hits[0].passage.id == section
