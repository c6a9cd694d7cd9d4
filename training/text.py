"""Train the LoRA adapter (Hu et al., 2021) that makes SmolLM2-135M-Instruct a tutor who answers from notes.

    python -m training.text --corpora DIR [--preset cpu|gpu] [--out models/text] [--start DIR] [--last N] [--rate R] [--resume]

The base stays in bf16 where that is fast, the adapter in fp32; the loss counts answer tokens only. Resumable: packs and checkpoints go to
runs/text, which is all that another machine needs to train on the same packs.
Not deterministic to the bit: the order of floating-point sums on several threads.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from training.corpora import read_corpora
from training.examples import Pack, Rank, choice_packs, corpus_packs, course_packs, grounded, read_pairs, split_pairs
from training.kept import kept
from training.machine import DEVICE, HALF
from training.packs import IGNORED, collate, encode
from training.scope import read_questions
from tutor.course import load_course
from tutor.search.encoder import encoder
from tutor.settings import MODELS, ROOT, settings
from tutor.support import SupportChecker
from tutor.weights import BASE_ON_HUB, base_folder, read_adapter

RUNS = ROOT / "runs" / "text"
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_SHARDS = 2


@dataclass(frozen=True, slots=True)
class Preset:
    first: int
    """Packs made by code from the corpora, learned before any other."""
    mixed: int
    """Further packs from the corpora, mixed with the hand-written ones."""
    rounds: int
    """Times each hand-written pair is the center of a pack, each time among other notes."""
    grounded: int
    """Further such times at the end, with answers that the app's check accepts."""
    choices: int
    """Times at the end that every question is asked with the notes that the app would give, to learn choosing."""
    batch: int
    longest: int
    """Tokens of a pack."""
    rank: int
    rate: float


PRESETS = {
    "tiny": Preset(first=4, mixed=0, rounds=0, grounded=0, choices=0, batch=2, longest=512, rank=4, rate=1e-3),
    "cpu": Preset(first=500, mixed=300, rounds=2, grounded=1, choices=1, batch=2, longest=900, rank=16, rate=8e-4),
    "gpu": Preset(first=1500, mixed=1000, rounds=3, grounded=2, choices=2, batch=12, longest=1200, rank=16, rate=5e-4),
}


class PackTrainer(Trainer):
    """Computes the word probabilities of answer tokens only: the vocabulary is a fifth of the model."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        labels, weights = inputs.pop("labels")[:, 1:], inputs.pop("weights")[:, 1:]
        decoder = model.get_base_model()
        states = decoder.model(**inputs, use_cache=False).last_hidden_state[:, :-1]  # [batch, tokens - 1, width]
        chosen = labels != IGNORED
        logits = decoder.lm_head(states[chosen]).float()  # [answer tokens, vocabulary]
        losses = torch.nn.functional.cross_entropy(logits, labels[chosen], reduction="none")
        loss = (losses * weights[chosen]).sum() / weights[chosen].sum()
        return (loss, logits) if return_outputs else loss


def make_packs(preset: Preset, corpora: Path, seed: int) -> list[Pack]:
    """The training packs in a seeded order: the corpora first, then both mixed, so that style and choice are learned last."""
    rng = random.Random(seed)
    facts = read_corpora(corpora, seed)
    made = list(corpus_packs(facts[: preset.first + preset.mixed], rng))
    course = load_course(settings().content_dir)
    train, _ = split_pairs(read_pairs(course))
    rank = Rank(course)
    written = [pack for _ in range(preset.rounds) for pack in course_packs(train, rank, rng)]
    mixed = made[preset.first :] + written
    rng.shuffle(mixed)
    checker = SupportChecker(encoder())
    checked = [grounded(pair, checker) for pair in train]
    last = [pack for _ in range(preset.grounded) for pack in course_packs(checked, rank, rng)]
    strangers = [q.text for q in read_questions() if not q.is_test and not q.sections]
    last += [p for _ in range(preset.choices) for p in choice_packs(course, checked, rank, encoder(), strangers, rng)]
    rng.shuffle(last)
    return made[: preset.first] + mixed + last


def train(packs: Sequence[Pack], preset: Preset, out: Path, seed: int, resume: bool, start: Path | None = None) -> None:
    """Write the adapter to `out`; `start` is an adapter to go on from."""
    set_seed(seed)
    folder = base_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    dtype = torch.bfloat16 if HALF else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")
    config = LoraConfig(
        r=preset.rank, lora_alpha=2 * preset.rank, target_modules=LAYERS, lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, config, autocast_adapter_dtype=True)
    if start is not None:
        set_peft_model_state_dict(adapted, read_adapter(start))
    adapted.print_trainable_parameters()
    data = [encode(tokenizer, pack, preset.longest) for pack in packs]
    print(
        f"{len(data)} packs, {sum(len(p.asks) for p in packs)} questions, {sum(len(d['input_ids']) for d in data)} tokens"
    )
    trainer = _InOrder(
        model=adapted,
        args=TrainingArguments(
            output_dir=str(RUNS),
            per_device_train_batch_size=preset.batch,
            num_train_epochs=1,
            learning_rate=preset.rate,
            lr_scheduler_type="cosine",
            warmup_steps=20,
            weight_decay=0.0,
            max_grad_norm=1.0,
            bf16=HALF,
            use_cpu=DEVICE == "cpu",
            logging_steps=10,
            save_steps=50,
            save_total_limit=2,
            remove_unused_columns=False,
            report_to=[],
            seed=seed,
            disable_tqdm=True,
        ),
        train_dataset=data,
        data_collator=collate,
    )
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(RUNS)) if resume else None)
    save(adapted, out)
    print(f"trained in {(time.monotonic() - started) / 60:.1f} minutes, adapter in {out}")


def save(adapted: Any, out: Path) -> None:
    """Write the adapter in bf16, in shards that a repository takes without large-file storage."""
    weights = get_peft_model_state_dict(adapted)
    names = sorted(weights)
    shards = [names[part::_SHARDS] for part in range(_SHARDS)]
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.safetensors"):
        old.unlink()
    for number, shard in enumerate(shards, 1):
        file = out / f"adapter_model-{number:05}-of-{_SHARDS:05}.safetensors"
        save_file({name: weights[name].to(torch.bfloat16).contiguous() for name in shard}, file)
        file.chmod(0o644)
    config = adapted.peft_config["default"].to_dict()
    record = {"base_model_name_or_path": BASE_ON_HUB, "peft_type": "LORA", "task_type": "CAUSAL_LM"}
    record |= {"r": config["r"], "lora_alpha": config["lora_alpha"], "target_modules": sorted(config["target_modules"])}
    (out / "adapter_config.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


class _InOrder(PackTrainer):
    """Takes the packs in the order given."""

    def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:
        dataset: Any = self.train_dataset
        return torch.utils.data.SequentialSampler(dataset)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, help="folder of *.txt.xz prose; not needed to go on")
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    parser.add_argument("--out", type=Path, default=MODELS / "text")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="DIR", help="an adapter to go on from")
    parser.add_argument("--last", type=int, metavar="N", help="take only the last N packs: to go on from an adapter")
    parser.add_argument("--rate", type=float, help="the highest learning rate; the preset's unless told")
    parser.add_argument("--resume", action="store_true", help="go on from what runs/text holds")
    options = parser.parse_args(arguments)
    if options.corpora is None and not options.resume:
        parser.error("--corpora is needed to make the packs")
    preset = PRESETS[options.preset]
    preset = replace(preset, rate=options.rate or preset.rate)
    packs = kept(RUNS / "packs.pt", options.resume, lambda: make_packs(preset, options.corpora, options.seed))
    packs = packs[-options.last :] if options.last else packs
    train(packs, preset, options.out, options.seed, options.resume, options.start)


if __name__ == "__main__":
    main()
