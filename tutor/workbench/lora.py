"""LoRA by hand (Hu et al., 2021): beside every frozen linear layer, a thin way down to a few numbers and up again is trained."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Adapter = Mapping[str, tuple["Tensor", "Tensor"]]
"""Name of a linear layer -> down [rank, in] and up [out, rank]."""
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Of each layer of the language model: what the tutor's own adapter stands beside."""


def thin(model: Any, names: tuple[str, ...], rank: int, seed: int) -> dict[str, Any]:
    """A new adapter for these linear layers. Up begins at zero, so at first it changes nothing."""
    import torch

    random, made = torch.Generator().manual_seed(seed), {}
    for name, layer in model.named_modules():
        if name.split(".")[-1] in names:
            down = torch.randn(rank, layer.in_features, generator=random) / layer.in_features**0.5
            made[name] = down.requires_grad_(), torch.zeros(layer.out_features, rank, requires_grad=True)
    return made


def attach(model: Any, adapter: Adapter, dial: list[float]) -> None:
    """Every layer of the adapter gives what it gave, and dial[0] times what goes down and up beside it."""
    for name, (down, up) in adapter.items():
        layer = model.get_submodule(name)
        down, up = down.to(layer.weight.dtype), up.to(layer.weight.dtype)

        def beside(layer: Any, given: Any, out: Any, down: Any = down, up: Any = up) -> Any:
            return out + dial[0] * (given[0] @ down.T @ up.T)

        layer.register_forward_hook(beside)


def tune(adapter: Adapter, loss: Any, steps: int, rate: float) -> Iterator[float]:
    """Lower the loss with the adapter alone; yields it after each step."""
    import torch

    adam = torch.optim.Adam([numbers for pair in adapter.values() for numbers in pair])
    for step in range(steps):
        adam.param_groups[0]["lr"] = rate * (1 - step / steps)
        adam.zero_grad()
        now = loss()
        now.backward()
        adam.step()
        yield now.item()


def changes(model: Any, adapter: Adapter) -> dict[str, float]:
    """How large the change of each layer is beside its own weights, as a share."""
    found = {}
    for name, (down, up) in adapter.items():
        weight = model.get_submodule(name).weight.detach().float()
        found[name] = float((up.detach().float() @ down.detach().float()).norm() / weight.norm().clamp(1e-6))
    return found


def shipped(folder: Any) -> tuple[dict[str, Any], int]:
    """The tutor's adapter, layer by layer in the order of `MATRICES`, its scale in `up`; and how many numbers it has."""
    import json

    from tutor.weights import read_adapter

    tensors, made = read_adapter(folder), {}
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    names = [n for n in tensors if n.endswith("lora_A.weight")]
    for name in sorted(names, key=lambda n: next(place for place, matrix in enumerate(MATRICES) if matrix in n)):
        up = tensors[name.replace("lora_A", "lora_B")] * (config["lora_alpha"] / config["r"])
        made[name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")] = tensors[name], up
    return made, sum(t.numel() for t in tensors.values())
