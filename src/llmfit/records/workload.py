"""What the model is asked to do: the engine, the format, and how much at once."""

from dataclasses import field
from typing import TYPE_CHECKING

from llmfit.records.engine import Engine
from llmfit.records.format import Format, KvFormat
from llmfit.records.frozen import dataclass

if TYPE_CHECKING:
    from llmfit.records.checkpoint import Checkpoint

DEFAULT_CONTEXT = 8192
"""Tokens of one sequence where nobody says; a model's own limit where that is lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Options by the engines' own names; None means the engine's default."""

    n_ubatch: int = 512
    """llama.cpp `--ubatch-size`."""
    n_batch: int = 2048
    """llama.cpp `--batch-size`."""
    flash_attention: bool = True
    """llama.cpp `--flash-attn`; the attention kernel of transformers."""
    unified_kv: bool = False
    """llama.cpp `--kv-unified`: sequences share one buffer of `context` tokens each."""
    swa_full: bool = False
    """llama.cpp `--swa-full`: sliding layers keep every token."""
    n_gpu_layers: int | None = None
    """llama.cpp `-ngl`: layers on the GPU, None for all."""
    n_cpu_moe: int = 0
    """llama.cpp `--n-cpu-moe`: layers whose experts stay in RAM."""
    max_num_seqs: int | None = None
    """vLLM: sequences of one step."""
    max_num_batched_tokens: int | None = None
    """vLLM: tokens of one step."""
    gpu_memory_utilization: float | None = None
    """vLLM: share of the card that it takes."""
    enforce_eager: bool = False
    """vLLM: no CUDA graphs."""
    block_size: int = 16
    """vLLM: tokens of a cache block."""
    attn_implementation: str = "sdpa"
    """transformers: eager, sdpa or flash_attention_2; awq_fused for AutoAWQ's modules, litgpt for its own model."""
    tensor_parallel: int = 1
    """GPUs among which each layer is divided."""
    pipeline_parallel: int = 1
    """vLLM: groups of GPUs, each of which has some of the layers."""
    speculative: bool = False
    """Whether MTP layers are loaded."""
    engine_version: str | None = None
    """Version whose rules apply, None for the engine's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One inference load on one engine."""

    engine: Engine
    format: Format
    kv_format: KvFormat
    """Format of the cache (llama.cpp: of K)."""
    context: int
    """Tokens of one sequence, prompt and answer."""
    sequences: int = 1
    """Sequences at once."""
    prompt_tokens: int | None = None
    """How much of the context is prefilled; all where None."""
    images: int = 0
    """Images of one prompt, for models with a vision tower."""
    options: EngineOptions = field(default_factory=EngineOptions)
    kv_format_v: KvFormat | None = None
    """llama.cpp `--cache-type-v`, where V is stored otherwise than K; None for the same."""
    checkpoint: "Checkpoint | None" = None
    """The file or files that are run, whose tensors are counted as stored; None where `format` decides the bytes."""

    @property
    def has_options(self) -> bool:
        """Whether an option differs from the engine's default."""
        return self.options != EngineOptions() or self.images > 0 or self.kv_format_v is not None

    @property
    def prefill_tokens(self) -> int:
        """Prompt tokens of one sequence."""
        return self.context if self.prompt_tokens is None else min(self.prompt_tokens, self.context)
