"""Which modules an adapter is put on: by name, by PEFT's defaults, or every linear layer."""

from llmfit.errors import UnsupportedWorkloadError, UsageError
from llmfit.estimate.training.linear import is_linear
from llmfit.estimate.weights.stored import EXPERT_ROLES
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.training import ALL_LINEAR, Training

_DOWN = frozenset((Role.MLP_DOWN, Role.SHARED_EXPERT))


def target_names(architecture: Architecture, training: Training) -> tuple[str, ...]:
    """Return the names asked for, or the library's default.

    QLoRA without names adapts every linear layer, as its paper does (arXiv 2305.14314, section 4).
    Raises UnsupportedWorkloadError where nothing was named and PEFT has no default either.
    """
    if training.target_modules:
        return training.target_modules
    if training.method == "qlora":
        return (ALL_LINEAR,)
    row = training.facts.targets(architecture.model_type)
    names = () if row is None else row.ia3 if training.method == "ia3" else row.lora
    if not names:
        raise UnsupportedWorkloadError(
            f"PEFT has no default target modules for {architecture.model_type}",
            hint=f"name them with --target-modules, or use {ALL_LINEAR}",
        )
    return names


def target_tensors(architecture: Architecture, training: Training) -> tuple[Tensor, ...]:
    """Return the linear layers that get an adapter.

    Raises UsageError where a name matches none, UnsupportedWorkloadError as `target_names`.
    """
    if training.trainer == "litgpt":
        from llmfit.estimate.training import litgpt

        own = litgpt.targets(architecture, training)
        if own is not None:
            return own
    names = target_names(architecture, training)
    experts = EXPERT_ROLES if training.target_experts else frozenset[Role]()
    linear = [t for t in architecture.tensors if is_linear(t) or (t.role in experts and t.section is not Section.MTP)]
    if names == (ALL_LINEAR,):
        return tuple(linear)
    candidates = [*linear, *(t for t in architecture.tensors if t.role in {Role.EMBEDDING, Role.HEAD})]
    chosen = tuple(t for t in candidates if any(_matches(t, name) for name in names))
    for name in training.target_modules or (() if chosen else names):
        if not any(_matches(t, name) for t in candidates):
            known = sorted({t.module for t in linear})
            raise UsageError(
                f"{architecture.model_type} has no linear module {name}", hint=f"it has {', '.join(known)}"
            )
    return chosen


def rank_limits(architecture: Architecture, training: Training) -> tuple[int, int]:
    """Return the smallest and the largest rank that the adapted matrices have: the shorter side of each."""
    sides = [min(tensor.shape) for tensor in target_tensors(architecture, training)] or [training.lora_rank]
    return min(sides), max(sides)


def _matches(tensor: Tensor, name: str) -> bool:
    """Whether a target's name means the tensor; `mlp.c_proj` tells it from the attention's `c_proj`."""
    parent, _, last = name.rpartition(".")
    if tensor.module != last:
        return False
    return parent not in {"mlp", "output"} or tensor.role in _DOWN
