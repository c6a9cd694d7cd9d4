"""Packs: several questions on the same notes, as one training sequence.

Reading the notes costs most of a training step, so the notes are read once and every question-and-answer pair attends to
them, but not to the other pairs: a block mask and restarted positions make each pair see exactly what it sees in the app.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from training.corpora import Ask
from tutor.writing import Note, writing_prompt

IGNORED = -100
_OPENING, _WEIGHT = 6, 5.0
"""The first tokens of an answer decide which note it is copied from, and weigh more than those that follow from them."""


@dataclass(frozen=True, slots=True)
class Pack:
    notes: tuple[Note, ...]
    asks: tuple[Ask, ...]


def prompt_ids(tokenizer: Any, ask: Ask, notes: Sequence[Note]) -> list[int]:
    """The tokens of the app's own prompt, up to where the model begins to write."""
    chat = [{"role": m.role, "content": m.content} for m in writing_prompt(ask.question, notes, ask.form)]
    ids: list[int] = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]
    return ids


def encode(tokenizer: Any, pack: Pack, longest: int) -> dict[str, torch.Tensor]:
    """Tensors of one pack: input_ids, labels, weights, position_ids and block [tokens]; pairs beyond `longest` tokens are left out.

    `block` is 0 for the notes and 1, 2, … for the pairs. Labels are set on answers only; `weights` say how much each counts.
    """
    prompts = [prompt_ids(tokenizer, ask, pack.notes) for ask in pack.asks]
    shared = _common(prompts) if len(prompts) > 1 else 0
    ids, labels = prompts[0][:shared], [IGNORED] * shared
    positions, block, weights = list(range(shared)), [0] * shared, [0.0] * shared
    for number, (prompt, ask) in enumerate(zip(prompts, pack.asks, strict=True), 1):
        answer = tokenizer(ask.answer + "<|im_end|>", add_special_tokens=False)["input_ids"]
        own = prompt[shared:] + answer
        if len(ids) + len(own) > longest and number > 1:
            break
        ids += own
        labels += [IGNORED] * (len(prompt) - shared) + answer
        weights += [0.0] * (len(prompt) - shared) + [_WEIGHT] * _OPENING + [1.0] * len(answer)
        weights = weights[: len(ids)]
        positions += range(shared, shared + len(own))
        block += [number] * len(own)
    columns = {"input_ids": ids, "labels": labels, "weights": weights, "position_ids": positions, "block": block}
    return {name: torch.tensor(values[:longest]) for name, values in columns.items()}


def collate(items: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Pad to one length; `attention_mask` is bool [batch, 1, tokens, tokens], true where a token may look."""
    length = max(len(item["input_ids"]) for item in items)
    padding = {"input_ids": 0, "labels": IGNORED, "weights": 0, "position_ids": 0, "block": -1}
    batch = {
        name: torch.stack(
            [torch.nn.functional.pad(item[name], (0, length - len(item[name])), value=value) for item in items]
        )
        for name, value in padding.items()
    }
    block = batch.pop("block")
    same = block[:, :, None] == block[:, None, :]
    notes = (block[:, None, :] == 0) & (block[:, :, None] >= 0)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    batch["attention_mask"] = ((same | notes) & causal)[:, None]
    return batch


def _common(prompts: Sequence[list[int]]) -> int:
    """How many leading tokens all prompts share."""
    return next(
        (i for i, column in enumerate(zip(*prompts, strict=False)) if len(set(column)) > 1), min(map(len, prompts))
    )
