"""A language model, token by token: what can be drawn, what it writes on a text, and how much what follows surprises it."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tutor.text.local import LocalModel

Array = npt.NDArray[np.float64]


def probabilities(scores: Array, temperature: float) -> Array:
    """Softmax of the scores divided by the temperature."""
    heights = np.exp((scores - scores.max()) / temperature)
    return np.asarray(heights / heights.sum())


def kept(chances: Array, top_k: int, top_p: float) -> npt.NDArray[np.bool_]:
    """Which tokens stay: the `top_k` likeliest (0: all), and of these the fewest that together reach `top_p`."""
    order = np.argsort(-chances, kind="stable")
    sums = np.cumsum(chances[order])
    stays = np.concatenate([[True], sums[:-1] < top_p])
    if top_k:
        stays[top_k:] = False
    mask = np.zeros(len(chances), bool)
    mask[order[stays]] = True
    return mask


def drawn(chances: Array, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """`count` tokens by chance, each as often as it is probable."""
    return rng.choice(len(chances), count, p=chances / chances.sum())


def own_copy(folder: Any) -> tuple[Any, Any]:
    """A copy of the tutor's own language model, which the tutor does not use."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tutor.devices import dtype_of
    from tutor.weights import LOADING, quiet

    quiet()
    with LOADING:
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype_of("auto", torch.device("cpu")))
    return model.eval().requires_grad_(False), AutoTokenizer.from_pretrained(folder)


def greedy(model: Any, tokenizer: Any, prompt: list[int], longest: int) -> Iterator[str]:
    """The answer as it grows to `longest` tokens, always with the likeliest one; "" while the prompt is read."""
    import torch
    from transformers import DynamicCache

    cache, ids = DynamicCache(config=model.config), list[int]()
    pieces = [prompt[start : start + 96] for start in range(0, len(prompt), 96)]
    while len(ids) < longest:
        piece = pieces.pop(0) if pieces else ids[-1:]
        with torch.inference_mode():
            logits = model(
                input_ids=torch.tensor([piece]), past_key_values=cache, use_cache=True, logits_to_keep=1
            ).logits
        if not pieces:
            ids.append(int(logits[0, -1].argmax()))
            if ids[-1] == tokenizer.eos_token_id:
                break
        yield str(tokenizer.decode(ids, skip_special_tokens=True))


def likeliest(scores: Array) -> int:
    """The token of the highest score."""
    return int(scores.argmax())


def written(
    model: "LocalModel", tokens: list[int], picks: Sequence[Callable[[Array], int]], length: int
) -> Iterator[list[list[int]]]:
    """The texts so far, token by token, side by side in one batch. Each pick takes the next token of its own by the scores of all.
    None may stop, so that loops have time to show."""
    import torch
    from transformers import DynamicCache

    with model.lent() as network:
        cache = DynamicCache(config=network.config)
    texts: list[list[int]] = [[] for _ in picks]
    read = [tokens for _ in picks]
    for _ in range(length):
        with model.lent() as network:
            ids = torch.tensor(read, device=network.device)
            logits = network(input_ids=ids, past_key_values=cache, logits_to_keep=1).logits[:, -1]
            logits[:, list(model.ends)] = -torch.inf
            scores = logits.cpu().double().numpy()
        read = [[pick(row)] for pick, row in zip(picks, scores, strict=True)]
        texts = [text + new for text, new in zip(texts, read, strict=True)]
        yield texts


def beam_search(model: "LocalModel", tokens: list[int], beams: int, length: int) -> Iterator[list[int]]:
    """The likeliest continuation so far, token by token, of the `beams` likeliest that are kept, in one batch. It may not stop."""
    import torch
    from transformers import DynamicCache

    with model.lent() as network:
        cache: Any = DynamicCache(config=network.config)
    kept: list[tuple[float, list[int]]] = [(0.0, [])]
    read = [tokens]
    for _ in range(length):
        with model.lent() as network:
            ids = torch.tensor(read, device=network.device)
            logits = network(input_ids=ids, past_key_values=cache, logits_to_keep=1).logits[:, -1].float()
            logits[:, list(model.ends)] = -torch.inf
            best = logits.log_softmax(-1).topk(beams)
            grown = [
                (total + float(log), place, [*new, int(token)])
                for place, (total, new) in enumerate(kept)
                for token, log in zip(best.indices[place], best.values[place], strict=True)
            ]
            grown = sorted(grown, key=lambda beam: -beam[0])[:beams]
            cache.reorder_cache(torch.tensor([place for _, place, _ in grown], device=network.device))
        kept = [(total, new) for total, _, new in grown]
        read = [new[-1:] for _, new in kept]
        yield kept[0][1]


def mean_surprise(model: Any, before: list[int], wanted: list[int]) -> float:
    """Mean surprise of the wanted tokens after those before: minus the log of their probability."""
    import torch

    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([before + wanted]), logits_to_keep=len(wanted) + 1).logits[0, :-1].float()
        return float(torch.nn.functional.cross_entropy(logits, torch.tensor(wanted)))


def surprise(model: "LocalModel", before: str, after: str) -> list[float]:
    """Minus the logarithm of the probability of each token of `after`; their mean is that of the perplexity."""
    import torch

    start, end = (model.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (before, after))
    with model.lent() as network:
        ids = torch.tensor([start + end], device=network.device)
        logs = network(input_ids=ids, logits_to_keep=len(end) + 1).logits[0, :-1].float().log_softmax(-1)
        return [-float(row[token]) for row, token in zip(logs, end, strict=True)]
