"""The JSON of a load: what the model is asked to do, or how it is fine-tuned."""

import sys
from typing import Literal, NotRequired

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict


Verdict = Literal["fits", "tight", "offload", "too_large", "unknown"]


class Workload(TypedDict):
    """What the model is asked to do."""

    engine: str
    engine_version: str
    precision: str | None
    """What the format is called for short; null between the precisions (Q5_K_M)."""
    format: str
    context: int
    """Tokens of one sequence, prompt and answer."""
    prompt_tokens: int
    """How much of it is prefilled."""
    sequences: int
    kv_format: str
    """llama.cpp: of K, and of V too where `options` names no other."""
    options: NotRequired[dict[str, bool | int | float | str]]
    """Options of the engine that were set, by its own names, such as `ubatch_size`; absent where none was."""


class Split(TypedDict):
    """How llama.cpp divides a model that is too large for the GPU."""

    n_gpu_layers: int | None
    """`-ngl`: layers on the GPU, the output counted as one; null for all."""
    n_cpu_moe: int
    """`--n-cpu-moe`: layers whose experts are in RAM."""
    layers: int
    """Layers of the model, the output counted as one."""
    gpu_bytes: int
    ram_bytes: int
    moved_bytes: int
    """What of it would lie on a GPU that had the room; the rest of `ram_bytes` lies there in any case."""


class TrainingWorkload(TypedDict):
    """How the model is fine-tuned."""

    training: str
    """The method: full, freeze, lora, qlora, …"""
    stage: str
    optimizer: str
    recipe: str
    """How weights are kept while they train."""
    batch_size: int
    """Sequences of one micro-batch on one GPU."""
    sequence_length: int
    gradient_checkpointing: str
    lora_rank: int | None
    target_modules: list[str]
    """Empty for the library's default."""
    gpus: int
    sharding: str


class Measured(TypedDict):
    """What was measured of loads of this kind, so that a range may be called measured."""

    kind: str
    loads: int
    """Published measurements of memory that estimates of this kind are held to."""
    nearest: str
    """The kind most like it that was measured, where this one was not."""


class MethodSize(TypedDict):
    """What one method of fine-tuning would take."""

    method: str
    total_bytes: int
    verdict: Verdict


class RecipeSize(TypedDict):
    """What one recipe of precision would take."""

    recipe: str
    total_bytes: int
    verdict: Verdict
