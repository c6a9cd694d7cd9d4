"""Sentences of plain prose."""

import pytest

from tutor.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ("One.", "Two!", "Three?")),
        ("It is 0.5 of 1.5 m. It stays.", ("It is 0.5 of 1.5 m.", "It stays.")),
        ("See e.g. Kingma et al. (2013). Then go.", ("See e.g. Kingma et al. (2013).", "Then go.")),
        ('He said "no." Then he left.', ('He said "no."', "Then he left.")),
        ("- one\n- two", ("- one", "- two")),
        ("Let $x = 1. Y$ be it. Done.", ("Let $x = 1. Y$ be it.", "Done.")),
        ("no end", ("no end",)),
        ("", ()),
        ("  \n \n", ()),
    ],
)
def test_split(text, sentences):
    assert split_sentences(text) == sentences


def test_every_sentence_stands_in_the_text():
    text = "A GAN (2014) has two parts. Each, e.g. the generator, learns. Why? Because it must."
    assert all(sentence in text for sentence in split_sentences(text))
