"""What litgpt's own model needs beside weights: read in litgpt 0.4.13, lightning 2.4 and bitsandbytes 0.42.

Its head is never tied; bitsandbytes formats quantise it like every linear layer.
A prompt's product unpacks each matrix to fp16 and casts that to bf16: two 16-bit copies at once.
"""

from llmfit.estimate.activations import resident
from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.kv_cache import transformers as cache
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.workload import Workload

NAME = "litgpt"
"""Word of `attn_implementation`."""
UNPACKED = 4
"""Bytes of an element while a 4-bit matrix is multiplied: fp16 and bf16."""


def peaks(
    architecture: Architecture, workload: Workload, device: Device | None, *, prefill: list[Stage]
) -> list[Stage]:
    """Return the bytes on one GPU beside weights and cache at each stage; `prefill` those of a forward pass."""
    fixed = resident.workspace_bytes(device) + _wide_cache_bytes(architecture, workload)
    tokens = workload.sequences * max(1, workload.prefill_tokens)
    logits = 2 * architecture.vocab_size * tokens
    head = inner = 0
    if workload.format.family == "bitsandbytes":
        head = UNPACKED * architecture.vocab_size * architecture.hidden_size
        inner = UNPACKED * max(
            (t.shape[0] * t.shape[1] for t in architecture.tensors if _inside(t.shape, t.layers)), default=0
        )
    stages = [_beside(stage, inner=inner, fixed=fixed) for stage in prefill[:2]]
    sampling = resident.SAMPLING_BYTES * architecture.vocab_size * workload.sequences
    return [
        *stages,
        Stage(
            "logits of a prefill",
            logits + head + fixed,
            f"2·{architecture.vocab_size}·{tokens} + {head:,} B of the unpacked head + {fixed:,} B that stay",
        ),
        Stage("decoding", sampling + fixed),
    ]


def _beside(stage: Stage, *, inner: int, fixed: int) -> Stage:
    formula = f"{stage.spelled()} + {inner:,} B of an unpacked matrix + {fixed:,} B that stay"
    return Stage(stage.label, stage.bytes + inner + fixed, formula)


def _inside(shape: tuple[int, ...], layers: tuple[int, ...]) -> bool:
    return len(shape) == 2 and bool(layers)


def _wide_cache_bytes(architecture: Architecture, workload: Workload) -> int:
    """Return what the cache takes more: keys and values of every query head, unless one head serves them all."""
    heads, shared = architecture.num_attention_heads, architecture.num_key_value_heads
    if shared in {0, 1, heads}:
        return 0
    now = sum(term.bytes for term in cache.cache_terms(architecture, workload))
    return now * heads // shared - now
