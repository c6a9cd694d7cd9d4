"""The same question, answered by the language model from memory alone and with passages of the course before it (retrieval-augmented
generation; Lewis et al., 2020, arXiv 2005.11401). Each sentence is held against the course by the check that the tutor uses on its own.

Support says whether the course says it: a true sentence that the course does not have counts as unsupported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from tutor.search.encoder import encoder
from tutor.search.hybrid import Searcher
from tutor.sentences import split_sentences
from tutor.settings import settings
from tutor.support import SupportChecker
from tutor.text.base import Message, Options, TextModel
from tutor.workbench.demo import Break, Demo, Frame, Line, Number, Numbers, Prediction, Script, Values
from tutor.workbench.plot import Look, as_picture, house, sheet
from tutor.workbench.words import LINE, SIZE, wrapped
from tutor.writing import Note, writing_prompt

if TYPE_CHECKING:
    from tutor.course import Passage
    from tutor.text.local import LocalModel

_HEIGHT = 4.4
_WIDE = 48
"""Letters in a line of a sentence."""
_ROWS = 8
LONGEST = 56
"""Tokens of an answer."""
_UNKNOWN = ("not tell", "don't know", "do not know", "not sure", "cannot answer", "can't answer", "no information")


def from_memory(model: "LocalModel", question: str, temperature: float, seed: int) -> Iterator[str]:
    """The answer so far, to the bare question.

    Our adapter taught the built-in model to write from notes; without any it would speak of "the notes" for ever, so that word is barred.
    """
    import torch
    from transformers import DynamicCache

    chat = [{"role": "user", "content": question}]
    tokens: list[int] = model.tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)[
        "input_ids"
    ]
    barred = [
        model.tokenizer(word, add_special_tokens=False)["input_ids"][0]
        for word in (" notes", " note", "Notes", " Notes")
    ]
    noise, cache, written = torch.Generator().manual_seed(seed), None, list[int]()
    while len(written) < LONGEST:
        with model.lent() as network:
            cache = cache or DynamicCache(config=network.config)
            ids = torch.tensor([tokens], device=network.device)
            scores = network(input_ids=ids, past_key_values=cache, logits_to_keep=1).logits[0, -1].float().cpu()
            scores[barred] = -torch.inf
            chances = (scores / max(temperature, 0.01)).softmax(-1)
            tokens = [int(torch.multinomial(chances, 1, generator=noise) if temperature else scores.argmax())]
        if tokens[0] in model.ends:
            return
        written += tokens
        yield model.tokenizer.decode(written)


def from_passages(
    model: TextModel, question: str, passages: "Sequence[Passage]", temperature: float, seed: int
) -> Iterator[str]:
    """The answer so far, with the passages in the prompt, as the tutor asks for it."""
    text = ""
    messages = writing_prompt(question, [Note.of(passage) for passage in passages])
    for piece in model.stream(messages, Options(LONGEST, temperature, seed)):
        text += piece
        yield text


def support(sentence: str, found: "Sequence[Passage]", searcher: Searcher, checker: SupportChecker) -> float:
    """How probable it is that the course says so: by the passages found for the question and those found for the sentence."""
    near = [hit.passage for hit in searcher.search(sentence, k=3).hits]
    best = checker.best(sentence, [*found, *near])
    return best.probability if best else 0.0


@dataclass(slots=True)
class _Answer:
    """One of the two answers, as it grows: sentences and, where checked, their support."""

    title: str
    sentences: list[str]
    supports: list[float]

    def supported(self, threshold: float) -> int:
        return sum(value >= threshold for value in self.supports)

    @property
    def refused(self) -> bool:
        return any(words in " ".join(self.sentences).casefold().replace("’", "'") for words in _UNKNOWN)

    def told(self, threshold: float) -> str:
        checks = [f"{'supported' if v >= threshold else 'not supported'} ({v:.0%})" for v in self.supports]
        checks += ["not checked yet"] * (len(self.sentences) - len(checks))
        return f"{self.title}: " + " ".join(f"{s} [{c}]" for s, c in zip(self.sentences, checks, strict=True))


class _Page:
    """The question and both answers."""

    def __init__(self, question: str, threshold: float, dark: bool) -> None:
        self.question, self.threshold, self.dark = question, threshold, dark

    def drawn(self, answers: Sequence[_Answer]) -> Image.Image:
        with house(self.dark) as look:
            figure, axis = sheet(1, 1, _HEIGHT)
            figure.set_layout_engine("none")
            axis.set_position((0, 0, 1, 1))
            axis.set(xlim=(0, 1), ylim=(-_HEIGHT, 0))
            axis.axis("off")
            top = -0.2
            for line in wrapped(self.question, 44, 3):
                axis.text(0.015, top, line, fontsize=11, weight="bold", color=look.data, va="center", parse_math=False)
                top -= LINE
            for answer in answers:
                top -= 0.1
                axis.text(0.015, top, answer.title, fontsize=11, weight="bold", va="center")
                top = self._sentences(axis, look, answer, top - LINE - 0.02) - 0.06
            return as_picture(figure)

    def _sentences(self, axis: Any, look: Look, answer: _Answer, top: float) -> float:
        rows = 0
        for number, sentence in enumerate(answer.sentences):
            checked = number < len(answer.supports)
            good = checked and answer.supports[number] >= self.threshold
            color = look.good if good else look.bad if checked else look.quiet
            mark = ("✓" if good else "✗") + f" {answer.supports[number]:.0%}" if checked else "…"
            lines = wrapped(sentence, _WIDE, _ROWS - rows) if rows < _ROWS else []
            for place, line in enumerate(lines):
                if place == 0:
                    axis.text(0.015, top, mark, color=color, fontsize=SIZE, weight="bold", va="center")
                axis.text(
                    0.14, top, line, color=color if checked else look.text, fontsize=SIZE, va="center", parse_math=False
                )
                top -= LINE * 0.88
            rows += len(lines)
        return top


def run(values: Values, seed: int) -> Iterator[Frame]:
    question, count, temperature = values.text("question"), values.whole("passages"), values.number("temperature")
    page = _Page(question, 0.5, values.dark)
    caption = "The model is asked twice: once from memory alone, once with passages of this course. Every sentence is then checked."
    frame = Frame(page.drawn([]), f"The question: {question}", caption, share=0.02)
    yield frame
    searcher, checker = Searcher(values.tools.course, settings().cache_dir), SupportChecker(encoder())
    page.threshold = checker.threshold
    yield frame
    found = searcher.search(question)
    passages = [hit.passage for hit in found.hits]
    model = values.tools.local()
    answers: list[_Answer] = []
    sure = []
    notes = passages[:count]
    prompts = (Message("user", question),), writing_prompt(question, [Note.of(passage) for passage in notes])
    texts = from_memory(model, question, temperature, seed), from_passages(model, question, notes, temperature, seed)
    for number, (messages, growing) in enumerate(zip(prompts, texts, strict=True)):
        title = f"With {count} passage{'s' * (count != 1)} of the course" if number else "From memory alone"
        answer = _Answer(title, [], [])
        answers.append(answer)
        for steps, text in enumerate(growing):
            answer.sentences = sentences = list(split_sentences(text))
            new = len(sentences) - 1 > len(answer.supports)
            if new:
                answer.supports.append(support(sentences[len(answer.supports)], passages, searcher, checker))
            if new or steps % 12 == 5:
                share = 0.1 + 0.42 * (number + min(1.0, steps / LONGEST))
                caption = "A tick: the course says so. A cross: it does not, however fluent. The number is how probable support is."
                frame = Frame(
                    page.drawn(answers), "; ".join(a.told(page.threshold) for a in answers), caption, share=share
                )
            yield frame
        for sentence in answer.sentences[len(answer.supports) :]:
            answer.supports.append(support(sentence, passages, searcher, checker))
            yield frame
        chances = [
            token.probability for token in model.token_probabilities(messages, " ".join(answer.sentences) or ".")
        ]
        sure.append(sum(chances) / max(1, len(chances)))
    alone, helped = answers
    hits = [answer.supported(page.threshold) for answer in answers]
    numbers: dict[str, float | int | str] = {
        "sentences from memory": len(alone.sentences),
        "of these supported": hits[0],
        "sentences with passages": len(helped.sentences),
        "of those supported": hits[1],
        "says that it does not know": "yes" if alone.refused else "no",
        "average probability of its tokens from memory": f"{sure[0]:.0%}",
        "average probability of its tokens with passages": f"{sure[1]:.0%}",
        "probability that the course answers this": f"{found.probability:.0%}",
    }
    tone = "it sounded about as sure both times" if sure[0] > sure[1] - 0.15 else "it was less sure from memory"
    if helped.refused:
        tone += ". With passages it says that they do not tell"
    elif not found.in_scope:
        tone += ". The course does not answer this, so the tutor itself would refuse"
    caption = (
        f"From memory the course supports {hits[0]} of {len(alone.sentences)} sentences, with passages {hits[1]} "
        f"of {len(helped.sentences)}. Its tokens were {sure[0]:.0%} and {sure[1]:.0%} likely on average: {tone}."
    )
    yield Frame(page.drawn(answers), "; ".join(a.told(page.threshold) for a in answers), caption, numbers)


def _right(numbers: Numbers) -> int:
    if numbers["says that it does not know"] == "yes":
        return 3
    count, hits = int(numbers["sentences from memory"]), int(numbers["of these supported"])
    return 2 if not hits else 0 if hits == count else 1


def _because(numbers: Numbers) -> str:
    return (
        f"From memory the course supports {numbers['of these supported']} of {numbers['sentences from memory']} sentences; "
        f"with passages {numbers['of those supported']} of {numbers['sentences with passages']}."
    )


DEMO = Demo(
    name="hallucination",
    title="Invented or supported?",
    lesson="use-with-care",
    about="The language model answers from memory alone, then with passages of the course; each sentence is checked against the course.",
    words=(
        *(
            "hallucination",
            "hallucinations",
            "hallucinate",
            "made-up facts",
            "invented facts",
            "makes things up",
            "grounding",
        ),
        *("retrieval-augmented generation", "retrieval", "rag", "support of a sentence", "fact checking"),
    ),
    parameters=(
        Line("question", "Your question", "Who introduced the GAN, and in which year?", 120),
        Number("passages", "Passages of the course that it reads", 3, 1, 5, 1, ("passages", "notes")),
        Number("temperature", "Temperature", 0, 0, 2, 0.1, ("temperature", "temp")),
    ),
    run=run,
    prediction=Prediction(
        "From memory alone, without any passage: how many of its sentences will the course support?",
        ("All of them", "Some of them", "None of them", "It will say that it does not know"),
        _right,
        _because,
    ),
    breaks=Break("Ask about something that does not exist", {"question": "What is the Zanzibar transformer of 1987?"}),
    script=Script(
        """from collections.abc import Iterator, Sequence

from tutor.course import Passage, load_course
from tutor.search.encoder import encoder
from tutor.search.hybrid import Searcher
from tutor.settings import settings
from tutor.support import SupportChecker
from tutor.text.local import LocalModel
from tutor.weights import built_in_folder

LONGEST = 56""",
        (from_memory, support),
        """model, checker = LocalModel(built_in_folder(), "built-in"), SupportChecker(encoder())
searcher = Searcher(load_course(settings().content_dir), settings().cache_dir)
found = [hit.passage for hit in searcher.search($question).hits]
*_, text = from_memory(model, $question, $temperature, $seed)
for sentence in text.split(". "):
    print(f"{support(sentence, found, searcher, checker):4.0%} {sentence}")""",
    ),
)
