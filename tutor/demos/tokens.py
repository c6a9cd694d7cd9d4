"""How text is cut before a model reads it: byte-pair encoding learned live (Sennrich et al., 2015, arXiv 1508.07909), then the cuts of the
language model and of the search model on the same text, and what the cutting costs: a model that reads numbers does not see letters.
"""

from collections.abc import Iterator, Sequence

from PIL import Image

from tutor.weights import encoder_folder
from tutor.workbench.byte_pairs import cut, joined, learned_pairs, pieces_of
from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Prediction, Script, Switch, Values
from tutor.workbench.letters import WORDS, belief_bars, commonest, counted
from tutor.workbench.plot import Look, as_picture, house
from tutor.workbench.words import stacked

_SHOWN = 7
"""Pictures of the learning."""
_ROWS = 4
_HEIGHT = 3.5


def _fills(pieces: Sequence[str], look: Look, color: str) -> list[str]:
    """Neighbors in two shades, so that it is seen where one ends."""
    return [color if number % 2 else look.quiet for number in range(len(pieces))]


def _page(
    parts: Sequence[tuple[str, Sequence[str], str]], dark: bool, curve: Sequence[tuple[int, int]] = ()
) -> Image.Image:
    """One text below the other, each (title, pieces, "data" or "model"); in the room below them a curve of (merges, pieces)."""
    with house(dark) as look:
        colors = {"data": look.data, "model": look.model}
        texts = [(title, pieces, _fills(pieces, look, colors[color])) for title, pieces, color in parts]
        figure, free = stacked(_HEIGHT, texts, _ROWS)
        if not curve:
            return as_picture(figure)
        high = figure.get_figheight()
        axis = figure.add_axes((0.13, 0.5 / high, 0.84, max(0.5, free - 0.6) / high))
        merges, pieces_left = zip(*curve, strict=True)
        axis.plot(merges, pieces_left, color=look.data, marker="o")
        axis.set(xlabel="merges learned from this course", ylabel="pieces", ylim=(0, curve[0][1] * 1.08))
        axis.set_xscale("symlog", linthresh=10)
        axis.set_xlim(-0.5, 5000)
        axis.set_xticks([0, 10, 100, 1000], ["0", "10", "100", "1,000"])
        return as_picture(figure)


def run(values: Values, seed: int) -> Iterator[Frame]:
    from transformers import AutoTokenizer

    text, merges, word, apart = values.text("text"), values.whole("merges"), values.text("word"), values.on("apart")
    pieces: list[str] = list(text)
    letters, words = sum(not c.isspace() for c in text), len(text.split())
    title = f"Letter by letter: {len(pieces)} pieces"
    caption = "Here is your text as single letters. Now byte-pair encoding reads this course and joins what often stands together."
    curve = [(0, len(pieces))]
    frame = Frame(_page([(title, pieces, "data")], values.dark, curve), f"{title}: {text}", caption, share=0.03)
    yield frame
    course = " ".join(passage.flat for passage in values.tools.course.passages)
    yield frame
    rank: dict[tuple[str, str], int] = {}
    stops = {round(merges ** (n / _SHOWN)) for n in range(1, _SHOWN + 1)} if merges else set()
    for pair in learned_pairs(course, merges):
        rank[pair] = len(rank)
        if len(rank) in stops:
            pieces = cut(text, rank)
            title = f"After {len(rank):,} merges: {len(pieces)} pieces"
            caption = f"The newest token is “{''.join(pair).replace(' ', '·')}”. Common words become one piece early, rare ones late."
            share = 0.05 + 0.55 * len(rank) / merges
            alt = f"{title}: {' | '.join(pieces)}"
            curve.append((len(rank), len(pieces)))
            frame = Frame(_page([(title, pieces, "data")], values.dark, curve), alt, caption, share=share)
        if len(rank) % 20 == 0 or len(rank) in stops:
            yield frame
    parts = [(f"Learned just now, {len(rank):,} merges: {len(pieces)}", pieces, "data")]
    model = values.tools.local()
    yield frame
    cuts, numbers = pieces_of(model.tokenizer, text)
    wordpiece = AutoTokenizer.from_pretrained(encoder_folder())
    searched, _ = pieces_of(wordpiece, text)
    parts += [
        (f"The language model, {len(model.tokenizer):,} tokens known: {len(cuts)}", cuts, "model"),
        (f"The search model, {len(wordpiece):,} tokens known: {len(searched)}", searched, "model"),
    ]
    caption = "The same text, cut three ways. Each tokenizer learned its pieces from other text, so they do not agree on where to cut."
    alt = "; ".join(f"{title}: {' | '.join(cut)}" for title, cut, _ in parts)
    yield Frame(_page(parts, values.dark), alt, caption, share=0.7)
    ids = [f"\u00a0{number}" for number in numbers]
    pages = [
        (f"What you see: {letters} letters and signs", list(text), "data"),
        (f"What the model gets: {len(ids)} numbers", ids, "model"),
    ]
    caption = "The model gets only the numbers in the lower half. No letter is left in them: what a number is spelled like must be learned."
    frame = Frame(_page(pages, values.dark), f"The text above; below the numbers {' '.join(ids)}.", caption, share=0.8)
    yield frame
    word = word.casefold()
    letter = commonest(word)
    chances = counted(model, word, letter, apart)
    tested = []
    for other in WORDS:
        yield frame
        believed = counted(model, other, commonest(other), apart)
        tested.append((other.count(commonest(other)), believed.index(max(believed))))
    hits = sum(true == found for true, found in tested)
    truth, best = word.count(letter), chances.index(max(chances))
    read = pieces_of(model.tokenizer, f" {'-'.join(word) if apart else word}")[0]
    belief = f"{chances[min(truth, len(chances) - 1)]:.0%}"
    said: dict[str, float | int | str] = {
        "words": words,
        "letters and signs": letters,
        "tokens of the language model": len(cuts),
        "tokens of the search model": len(searched),
        "tokens learned now": len(pieces),
        "the word is read as": _tokens(len(read)),
        f"“{letter}” in “{word}”": truth,
        "the model's likeliest count": best,
        "the model's belief in the truth": belief,
        "other words counted right": f"{hits} of {len(tested)}",
    }
    caption = (
        f"How often is “{letter}” in “{word}”? The model finds {best} likeliest; it is {truth}. It reads {_tokens(len(read))}, "
        f"not {len(word)} letters, and of {len(tested)} other words it has {hits} right: it guesses more than it counts."
    )
    alt = f"Left, bars for each count with {belief} on the true one; right, true counts against the model's. {caption}"
    yield Frame(belief_bars(word, letter, read, chances, tested, values.dark), alt, caption, said)


def _tokens(count: int) -> str:
    return f"{count} token{'s' * (count != 1)}"


def _right(numbers: Numbers) -> int:
    tokens = int(numbers["tokens of the language model"])
    if tokens <= int(numbers["words"]):
        return 0
    letters = int(numbers["letters and signs"])
    return 1 if tokens < letters else 2 if tokens == letters else 3


def _because(numbers: Numbers) -> str:
    return (
        f"It made {numbers['tokens of the language model']} tokens of {numbers['words']} words, "
        f"which have {numbers['letters and signs']} letters and signs."
    )


DEMO = Demo(
    name="tokens",
    title="How your text becomes tokens",
    lesson="language-models",
    about="Byte-pair encoding learned live, your text cut by this tutor's models, and why a model can miscount letters.",
    words=(
        *(
            "tokens",
            "token",
            "tokenization",
            "tokenizer",
            "tokenize",
            "byte-pair encoding",
            "byte pair encoding",
            "bpe",
            "wordpiece",
        ),
        *("strawberry", "spelling", "count letters", "cut into pieces"),
    ),
    parameters=(
        Line("text", "Your text", "Unbelievable: how many r's are in the strawberries of Oberammergau?", 160),
        Number("merges", "Merges to learn from the course", 1000, 0, 4000, 50, ("merges", "pairs", "vocabulary")),
        Line("word", "A word to count letters in", "strawberry", 24),
        Switch(
            "apart",
            "Write the word with a dash after each letter",
            False,
            ("dashes", "spelled out", "letter by letter"),
        ),
    ),
    run=run,
    prediction=Prediction(
        "How many tokens will the language model make of this text?",
        (
            "One for each word, or fewer",
            "More than words, but fewer than letters and signs",
            "Just one for each letter and sign",
            "More than there are letters and signs",
        ),
        _right,
        _because,
    ),
    breaks=Break("Write to it in Georgian", {"text": "გამარჯობა, როგორ ხარ დღეს?", "word": "გამარჯობა"}),
    script=Script(
        """import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tutor.course import load_course
from tutor.settings import settings""",
        (learned_pairs, joined, cut),
        """course = " ".join(passage.flat for passage in load_course(settings().content_dir).passages)
rank = {pair: place for place, pair in enumerate(learned_pairs(course, $merges))}
print(" | ".join(cut($text, rank)))""",
    ),
)
