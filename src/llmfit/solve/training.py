"""Inverse questions of fine-tuning: what is the most that still fits this device."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.targets import rank_limits, target_names
from llmfit.fit import fit
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Verdict
from llmfit.records.format import Format
from llmfit.records.training import ALL_LINEAR, LORA_METHODS, RECIPES, Method, Training

LIMIT = 1 << 20
"""Beyond so many sequences or tokens, nobody asks."""
METHODS_BY_COST: tuple[Method, ...] = ("full", "freeze", "lora", "qlora")
"""Methods that are offered one for another, the one that changes the model most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFit:
    """One method on one device."""

    training: Training
    estimate: Estimate
    verdict: Verdict


def largest_batch_size(architecture: Architecture, training: Training, *, device: Device) -> int | None:
    """Return the largest micro-batch that fits; None where not even one sequence does."""
    return _largest(lambda n: _fits(architecture, replace(training, batch_size=n), device), LIMIT)


def longest_sequence(
    architecture: Architecture, training: Training, *, device: Device, limit: int | None = None
) -> int | None:
    """Return the longest sequence that fits, at most the model's own context; None where not even one token does.

    `limit` is the context that the publisher states, where it is not the configuration's.
    """
    most = limit or architecture.context_length or LIMIT
    return _largest(lambda n: _fits(architecture, replace(training, sequence_length=n), device), most)


def highest_rank(architecture: Architecture, training: Training, *, device: Device) -> int | None:
    """Return the highest rank that fits, at most what every adapted module has; None where none does or has no rank."""
    if training.method not in LORA_METHODS:
        return None
    limit = rank_limits(architecture, training)[0]
    return _largest(lambda n: _fits(architecture, replace(training, lora_rank=n), device), limit)


def compare_methods(
    architecture: Architecture, training: Training, *, device: Device, base_format: Format | None = None
) -> tuple[MethodFit, ...]:
    """Return the common methods with their verdicts, the one that takes the most first.

    Like with like: adapters go on the modules that the asked one has, on every linear layer where it is none.
    `base_format` is QLoRA's where another method was asked for. A method that does not suit the architecture is left
    out.
    """
    modules = adapted_names(architecture, training)
    form = training.base_format or base_format
    loads = [
        replace(
            training,
            method=method,
            base_format=form if method == "qlora" else None,
            target_modules=modules if method in LORA_METHODS else training.target_modules,
        )
        for method in METHODS_BY_COST
    ]
    return _judged(architecture, loads, device=device)


def adapted_names(architecture: Architecture, training: Training) -> tuple[str, ...]:
    """Return the modules on which adapters are compared: those of the load, every linear layer where it has none."""
    if training.method not in LORA_METHODS:
        return (ALL_LINEAR,)
    return training.target_modules if training.trainer == "litgpt" else target_names(architecture, training)


def compare_recipes(architecture: Architecture, training: Training, *, device: Device) -> tuple[MethodFit, ...]:
    """Return every recipe of precision with its verdict, the one that takes the most first; none under an adapter."""
    if training.is_adapter:
        return ()
    loads = [replace(training, recipe=recipe) for recipe in RECIPES if recipe != "fp16-amp"]  # takes what bf16-amp does
    return _judged(architecture, loads, device=device)


def _judged(architecture: Architecture, loads: Iterable[Training], *, device: Device) -> tuple[MethodFit, ...]:
    found = []
    for load in loads:
        try:
            estimate = estimate_training(architecture, load, device=device)
        except UnsupportedWorkloadError:
            continue
        found.append(MethodFit(training=load, estimate=estimate, verdict=fit(estimate, device).verdict))
    return tuple(sorted(found, key=lambda x: -x.estimate.total_bytes))


def _fits(architecture: Architecture, training: Training, device: Device) -> bool:
    estimate = estimate_training(architecture, training, device=device)
    return fit(estimate, device).verdict is Verdict.FITS


def _largest(fits: Callable[[int], bool], limit: int) -> int | None:
    """Return the largest n up to the limit for which it fits, given that less always fits too."""
    if not fits(1):
        return None
    low, high = 1, 2
    while high < limit and fits(high):
        low, high = high, high * 2
    high = min(high, limit)
    if fits(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
