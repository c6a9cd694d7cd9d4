"""A causal chat model of transformers on this machine: streams, stops at once, remembers what it has read, copies fast.

- Every step is one call of the model, made when the reader asks for more: closing the stream ends the work within that step. Each call
  has its own cache and its own decoder, and a model serves one call at a time, so two chats never mix.
- The states of recent prompts are kept, so that a second question on the same notes reads only what is new.
- Greedy writing guesses ahead: where the last words stand in the prompt too, the words that follow there are checked in one step
  (prompt lookup; Saxena, 2023). A wrong guess is thrown away, and a near tie is computed again alone, so the tokens are those of plain
  greedy writing; in bf16, rounding could still break a tie that looked wider.
"""

import copy
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.devices import device_of, dtype_of
from tutor.errors import ModelError, first_line
from tutor.text.base import Message, Options
from tutor.text.openings import Openings
from tutor.weights import LOADING, quiet

if TYPE_CHECKING:
    import torch

_CHUNK = 256
"""Prompt tokens read in one step, about 0.15 s for the built-in model on two cores."""
_LOOKAHEAD = 15
"""Tokens guessed in one step: sixteen take a tenth longer than one, since the weights are read from memory once."""
_LONGEST_MATCH = 4
"""Last tokens looked for in the prompt; fewer if so many are not found."""
_TIE = 0.25
"""Logits this close may change places when several tokens are computed in one step: two steps of bf16 from 16 to 32."""
_KEPT = 3
"""Prompts whose states are kept: about 12 MB each for the built-in model at 500 tokens."""
_POLL = 0.1
"""Seconds between looks at whether the reader who waits for the model has gone."""


@dataclass(frozen=True, slots=True)
class TokenProbability:
    """A written token, how probable it was, and the likeliest tokens in its place."""

    token: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """The states of a prompt that was read."""

    ids: tuple[int, ...]
    cache: Any


class LocalModel:
    """A model loaded from `folder`. `remember` and `look_up` are switches for measuring: they change no token."""

    def __init__(
        self,
        folder: Path,
        name: str,
        device: str = "auto",
        dtype: str = "auto",
        *,
        remember: bool = True,
        look_up: bool = True,
    ) -> None:
        """Raises ModelError when the folder holds no causal chat model."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        quiet()
        self.name = name
        self._remember, self._look_up = remember, look_up
        self._device = device_of(device)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            with LOADING:
                model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype_of(dtype, self._device))
            self._model = model.to(self._device).eval()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"{name} cannot be loaded: {first_line(error)}. Choose a folder or hub name of a causal chat model in safetensors."
            ) from error
        if not getattr(self._tokenizer, "chat_template", None):
            raise ModelError(f"{name} has no chat template, so it cannot chat. Choose an instruction-tuned model.")
        ends = self._model.generation_config.eos_token_id or self._tokenizer.eos_token_id
        self.ends = frozenset(ends if isinstance(ends, list) else [ends])
        """Tokens that end an answer."""
        self._lock = threading.Lock()
        self._recent: list[_Read] = []

    def stream(self, messages: Sequence[Message], options: Options = Options()) -> Iterator[str]:
        """Yield the answer piece by piece, and "" while there is nothing new, so that a reader who left is noticed.

        Raises ModelError.
        """
        ids = self._ids(messages, options)
        while not self._lock.acquire(timeout=_POLL):
            yield ""
        try:
            cache = yield from self._read(ids[:-1])
            yield from self._write(ids, cache, options)
        finally:
            self._lock.release()

    def token_probabilities(
        self, messages: Sequence[Message], answer: str, alternatives: int = 5
    ) -> tuple[TokenProbability, ...]:
        """How probable each token of `answer` is after `messages`, from one pass over both. Raises ModelError."""
        import torch

        prompt = self._ids(messages, Options())
        written = self._tokenizer(answer, add_special_tokens=False)["input_ids"]
        with self._lock, torch.inference_mode():
            ids = torch.tensor([prompt + written], device=self._device)
            logits = self._model(input_ids=ids, logits_to_keep=len(written) + 1, use_cache=False).logits
        probabilities = logits[0, :-1].float().softmax(-1)  # [tokens of the answer, vocabulary]
        best = probabilities.topk(alternatives)
        return tuple(
            TokenProbability(
                self._tokenizer.decode([token]),
                float(probabilities[row, token]),
                tuple(
                    (self._tokenizer.decode([other]), share)
                    for other, share in zip(best.indices[row].tolist(), best.values[row].tolist(), strict=True)
                ),
            )
            for row, token in enumerate(written)
        )

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers that cuts text for this model. Not to be changed."""
        return self._tokenizer

    @contextmanager
    def lent(self, attentions: bool = False) -> "Iterator[Any]":
        """The model of transformers itself, for looking inside, without gradients; every chat waits, so keep it for one call.

        With `attentions` it computes attention step by step (eager), so that `output_attentions=True` gives the weights.

            with model.lent(attentions=True) as network:
                weights = network(input_ids=ids, output_attentions=True).attentions
        """
        import torch

        with self._lock, torch.inference_mode():
            usual = self._model.config._attn_implementation
            if attentions:
                self._model.set_attn_implementation("eager")
            try:
                yield self._model
            finally:
                if attentions:
                    self._model.set_attn_implementation(usual)

    def _ids(self, messages: Sequence[Message], options: Options) -> list[int]:
        from jinja2 import TemplateError

        chat = [{"role": m.role, "content": m.content} for m in messages]
        try:
            ids: list[int] = self._tokenizer.apply_chat_template(
                chat, add_generation_prompt=True, enable_thinking=False, return_dict=True
            )["input_ids"]
        except TemplateError as error:
            raise ModelError(
                f"{self.name} cannot take this chat: {first_line(error)}. Choose another model."
            ) from error
        longest = getattr(self._model.config, "max_position_embeddings", None)
        if longest is not None and len(ids) + options.max_new_tokens > longest:
            raise ModelError(
                f"The prompt has {len(ids):,} tokens and {self.name} reads {longest:,}. Ask a shorter question, or choose another model."
            )
        return ids

    def _read(self, ids: list[int]) -> Generator[str, None, Any]:
        """The states of `ids`, from the nearest prompt read before and what is new."""
        from transformers import DynamicCache

        nearest = max(self._recent, key=lambda read: _common(read.ids, ids), default=None)
        shared = _common(nearest.ids, ids) if nearest is not None else 0
        cache: Any = DynamicCache(config=self._model.config)
        if nearest is not None and shared:
            cache = copy.deepcopy(nearest.cache)
            _forget(cache, len(nearest.ids) - shared)
        for start in range(shared, len(ids), _CHUNK):
            self._step(ids[start : start + _CHUNK], cache, last_only=True)
            yield ""
        if self._remember:
            self._recent = [_Read(tuple(ids), copy.deepcopy(cache)), *self._recent][:_KEPT]
        return cache

    def _write(self, ids: list[int], cache: Any, options: Options) -> Iterator[str]:
        """Write until the model ends, or `max_new_tokens`. `cache` holds the states of all of `ids` but the last."""
        import torch

        decoder = _Decoder(self._tokenizer)
        begun = (yield from self._begin(ids[-1], cache, options.openings))[: options.max_new_tokens]
        yield decoder.push(begun)
        known, written = [*ids, *begun], len(begun)
        chance = torch.Generator(self._device).manual_seed(options.seed)
        alone = False
        while written < options.max_new_tokens:
            guess = _look_up(known, _LOOKAHEAD) if self._look_up and options.temperature == 0 and not alone else []
            logits = self._step([known[-1], *guess], cache)
            if options.temperature > 0:
                chosen = [int(torch.multinomial((logits[0] / options.temperature).softmax(-1), 1, generator=chance))]
            else:
                chosen = logits.argmax(-1).tolist()
            right = _common(guess, chosen)
            taken = _sure(logits[: right + 1]) if guess else 1
            alone = taken <= right  # a near tie: that token is computed again by itself
            _forget(cache, len(guess) + 1 - taken)
            new = chosen[:taken][: options.max_new_tokens - written]
            ended = next((place for place, token in enumerate(new) if token in self.ends), None)
            known += new
            written += len(new)
            yield decoder.push(new[:ended])
            if ended is not None:
                break
        yield decoder.rest()

    def _begin(self, last: int, cache: Any, texts: Sequence[Sequence[str]]) -> Generator[str, None, tuple[int, ...]]:
        """The beginning of the chosen opening, if there are any. `last` is the prompt's; `cache` gets the states of all but the last."""
        openings = Openings(
            [[self._tokenizer.encode(text, add_special_tokens=False) for text in some] for some in texts]
        )
        while (wanted := openings.wanted) is not None:
            openings.learn(self._step([last, *wanted], cache))
            _forget(cache, 1 + len(wanted))
            yield ""
        begun = openings.best()
        if begun:
            self._step([last, *begun[:-1]], cache, last_only=True)
        return begun

    def _step(self, tokens: Sequence[int], cache: Any, last_only: bool = False) -> "torch.Tensor":
        """Logits of the token after each of `tokens`, float [tokens, vocabulary]; their states are added to `cache`."""
        import torch

        try:
            with torch.inference_mode():
                ids = torch.tensor([tokens], device=self._device)
                keep = {"logits_to_keep": 1} if last_only else {}
                logits: torch.Tensor = self._model(input_ids=ids, past_key_values=cache, use_cache=True, **keep).logits
                return logits[0].float()
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise ModelError(
                f"{self.name} failed: {first_line(error)}. Ask again, or choose a smaller model."
            ) from error


class _Decoder:
    """Tokens -> text as it grows, holding back the first bytes of a character that is not whole yet."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._said = 0

    def push(self, ids: Sequence[int]) -> str:
        self._ids += ids
        text: str = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        return "" if text.endswith("\ufffd") else self._new(text)

    def rest(self) -> str:
        return self._new(self._tokenizer.decode(self._ids, skip_special_tokens=True))

    def _new(self, text: str) -> str:
        new, self._said = text[self._said :], len(text)
        return new


def _look_up(known: Sequence[int], count: int) -> list[int]:
    """The tokens that followed the last ones where these stood before: the longest match, and of these the latest."""
    for length in range(_LONGEST_MATCH, 0, -1):
        last = known[-length:]
        for start in range(len(known) - length - 1, -1, -1):
            if known[start] == last[0] and known[start : start + length] == last:
                return list(known[start + length : start + length + count])
    return []


def _sure(logits: "torch.Tensor") -> int:
    """How many leading rows have a choice that the rounding of several tokens at once cannot turn round."""
    best = logits.topk(2).values
    near = (best[:, 0] - best[:, 1] <= _TIE).nonzero()
    return int(near[0]) if len(near) else len(logits)


def _forget(cache: Any, count: int) -> None:
    """Remove the last `count` tokens."""
    if count:
        cache.crop(-count)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many leading tokens both share."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))
