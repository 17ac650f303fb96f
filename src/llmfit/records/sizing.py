"""Result: one model under one load, on one device or on none."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Fit, Verdict
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense
from llmfit.records.measured import Measured
from llmfit.records.model import Model
from llmfit.records.speed import Speed
from llmfit.records.training import Method, Recipe, Training
from llmfit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSize:
    """What one method of fine-tuning would take."""

    method: Method
    total_bytes: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSize:
    """What one recipe of precision would take."""

    recipe: Recipe
    total_bytes: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The inverse of a fine-tuning estimate: how far one could go on the device, and how to start it."""

    batch_size: int | None = None
    """Largest micro-batch that fits; None where none does, or no device was named."""
    sequence_length: int | None = None
    """Longest sequence that fits, at most the model's context."""
    lora_rank: int | None = None
    """Highest rank that fits; None where the method has none."""
    methods: tuple[MethodSize, ...] = ()
    """The common methods under the same load, the one that takes the most first."""
    adapted: tuple[str, ...] = ()
    """Modules on which the adapters among these methods are compared; `all-linear` for every linear layer."""
    recipes: tuple[RecipeSize, ...] = ()
    """Every recipe of precision under the same load, the one that takes the most first; empty under an adapter."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of PEFT, TRL and DeepSpeed, by their own names, that take what the estimate says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How llama.cpp divides a model that is too large for the GPU: what stays there, and what RAM then needs."""

    n_gpu_layers: int | None
    """`-ngl`: layers on the GPU, the output counted as one; None for all."""
    n_cpu_moe: int
    """`--n-cpu-moe`: layers whose experts are in RAM."""
    layers: int
    """Layers of the model, the output counted as one."""
    gpu_bytes: int
    ram_bytes: int
    roomy: bool = False
    """Whether a tenth of each GPU is left free."""
    moved_bytes: int = 0
    """What of it would lie on a GPU that had the room; the rest lies in RAM in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How many bytes a model takes under a load, and what that means on a device."""

    model: Model
    active_parameters: int | None
    """Those of `Architecture.active_parameters`; None where the architecture does not say."""
    license: EffectiveLicense
    workload: Workload | Training
    """What it is asked to do: answer, or be fine-tuned."""
    estimate: Estimate
    fit: Fit | None = None
    """None where no device was named."""
    speed: Speed | None = None
    """None where no device was named, or its bandwidth is unknown."""
    speed_reason: str = ""
    """Why there is no speed, where it fits a device and has none."""
    measured: Measured | None = None
    """Whether such loads were measured; None where nobody looked."""
    warnings: tuple[str, ...] = ()
    plan: TrainingPlan | None = None
    """For a fine-tuning load."""
    offload: Split | None = None
    """How it runs with part of it in RAM, where the verdict is `offload`."""

    @property
    def device(self) -> Device | None:
        """The device that it was compared with."""
        return None if self.fit is None else self.fit.device
