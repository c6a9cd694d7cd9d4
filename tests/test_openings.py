"""The choice among beginnings, against adding up every one of them by hand."""

import pytest
import torch

from tutor.text.openings import Openings

TOKENS = 3


def logits_after(tokens):
    """A made-up model: what follows depends on all tokens before."""
    rows = []
    for end in range(len(tokens) + 1):
        seed = sum((place + 2) * (token + 1) * 31**place for place, token in enumerate(tokens[:end]))
        rows.append(torch.randn(TOKENS, generator=torch.Generator().manual_seed(seed)) * 2)
    return torch.stack(rows)


def probability(tokens):
    rows = logits_after(tokens[:-1]).softmax(-1)
    return float(torch.stack([rows[place, token] for place, token in enumerate(tokens)]).prod())


def settled(groups, model=logits_after):
    found = Openings(groups)
    while (wanted := found.wanted) is not None:
        found.learn(model(wanted))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_groups_are_judged_by_all_their_beginnings(seed):
    """Texts of five tokens: what sets one apart is never longer, so every share is that of a whole text where it is followed further."""
    chance = torch.Generator().manual_seed(seed)
    texts = list(dict.fromkeys(map(tuple, torch.randint(0, TOKENS, (400, 5), generator=chance).tolist())))
    groups = [texts[0::3], texts[1::3], texts[2::3]]
    apart = {
        text: next(text[:n] for n in range(1, 6) if sum(other[:n] == text[:n] for other in texts) == 1)
        for text in texts
    }
    shares = {text: probability(start) for text, start in apart.items()}
    while True:  # the best is looked at further, until it is still the best
        sums = [sum(shares[text] for text in group) for group in groups]
        group = sums.index(max(sums))
        best = max(groups[group], key=shares.__getitem__)
        if shares[best] == pytest.approx(probability(best), rel=1e-6):
            break
        shares[best] = probability(best)
    assert settled(groups).best() == best


def going(*likely):
    """A model that goes on along `likely`, and says 0 to all else."""

    def model(tokens):
        rows = torch.zeros(len(tokens) + 1, 30)
        for end in range(len(tokens) + 1):
            follows = [some[end] for some in likely if list(some[:end]) == tokens[:end] and len(some) > end]
            rows[end, follows or [0]] = 50
        return rows

    return model


def test_two_beginnings_of_one_group_are_likelier_together():
    texts = [[(1, 2), (3, 4)], [(5, 6)]]
    assert settled(texts, going((1, 2), (3, 4), (5, 6))).best() in texts[0]


def test_a_beginning_that_leads_elsewhere_does_not_count():
    long, other = tuple(range(1, 9)), (*range(1, 4), 20, 21, 22)
    assert settled([[long]], going(long)).best() == long
    assert settled([[long, (9, 9)], [other]], going(other)).best() == other
    assert settled([[(*other[:4], 5, 6)], [(0, 0)]], going(other)).best() == (0, 0)


def test_a_text_of_two_groups_is_the_first_ones():
    assert settled([[(1, 2, 3)], [(1, 2, 3), (4, 5)]], going((1, 2, 3))).best() == (1, 2, 3)


def test_a_text_that_another_goes_on_from_is_no_beginning_of_its_own():
    assert settled([[(1, 2)], [(1, 2, 3)]], going((1, 2, 3))).best() == (1, 2, 3)
    assert settled([[(1, 2)], [(1, 2, 4)]], going((1, 2, 3))).best() == (1, 2, 4)


@pytest.mark.parametrize("groups", [[], [[]], [[()], [()]]])
def test_nothing_to_choose(groups):
    assert Openings(groups).wanted is None
    assert Openings(groups).best() == ()
