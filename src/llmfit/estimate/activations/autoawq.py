"""What AutoAWQ's fused modules need beside weights and a cache that they allocate whole at the start.

Read in AutoAWQ 0.1.0 to 0.2.9: `modules/fused/*.py`, `utils/fused_utils.py`, `models/{base,llama,mixtral}.py`.
The release follows from transformers' version: 0.1.0–0.1.2 up to 4.33, 0.1.4–0.1.8 up to 4.36, 0.2.0–0.2.7 up to 4.44.
"""

from typing import NamedTuple

from llmfit.estimate.activations import awq, blocks, resident
from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.kv_cache.transformers import kept_tokens
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture, Role
from llmfit.records.device import Device
from llmfit.records.workload import Workload

RETURNS_KEYS = (4, 34)
"""AutoAWQ 0.1.0–0.1.2 hand each layer's queries, keys and values on until the forward pass ends."""
FUSES_EXPERTS = (4, 37)
"""AutoAWQ 0.2.0 stacks the experts of a layer into one tensor."""
FLASH_ATTENTION = (4, 45)
"""AutoAWQ 0.2.7.post1 needs transformers 4.45 and attends with `flash_attn`; before, scores are whole matrices."""
SCORE_BYTES = 10
"""Bytes of one pair of tokens and head: scores and their sum with the mask in 16 bit, fp32 copy, fp32 softmax."""
_QKV = frozenset({Role.ATTN_Q, Role.ATTN_K, Role.ATTN_V})
_GATE_UP = frozenset({Role.EXPERT_GATE, Role.EXPERT_UP, Role.EXPERT_GATE_UP})


class _Widths(NamedTuple):
    """Elements that one token has in a layer."""

    hidden: int
    query: int
    key: int
    """Of the keys, and of the values."""
    wide: int
    """Of the experts of one token together, or of the feed-forward."""


def peaks(architecture: Architecture, workload: Workload, device: Device | None, *, every_logit: bool) -> list[Stage]:
    """Return the bytes on one GPU beside weights and cache at each stage.

    `every_logit`: the head runs over the whole prompt, not over its last token.
    """
    version = workload.options.engine_version
    tokens = workload.sequences * max(1, workload.prefill_tokens)
    widths = _widths(architecture)
    gpus = max(1, len(device.gpus)) if device is not None else 1
    fixed = resident.workspace_bytes(device)
    fixed += (_rotations(architecture, workload) + blocks.undivided_bytes(architecture, workload)) // gpus
    kept = 0
    if is_before(version, RETURNS_KEYS):
        kept = architecture.num_hidden_layers * tokens * 2 * (widths.query + 3 * widths.key)
    logits = tokens if every_logit else workload.sequences
    run = {
        "attention of a prefill": _attention(architecture, workload, widths, tokens=tokens),
        "MLP of a prefill": tokens * 2 * ((awq.PARTIAL_RESULTS + 2) * widths.wide + 5 * widths.hidden),
        "logits of a prefill": logits * 6 * architecture.vocab_size + tokens * 2 * widths.hidden,
        "decoding": resident.SAMPLING_BYTES * architecture.vocab_size * workload.sequences,
    }
    loading = _copies(architecture, workload, gpus=gpus) + fixed + _old_rotations(architecture, version)
    return [
        *(Stage(label, amount + fixed + kept) for label, amount in run.items()),
        Stage("fusing of the loaded layers", loading),
    ]


def _widths(architecture: Architecture) -> _Widths:
    head = architecture.head_dim
    wide = architecture.intermediate_size
    if architecture.num_experts:
        wide = 2 * architecture.num_experts_per_tok * (architecture.moe_intermediate_size or wide)
    query, key = architecture.num_attention_heads * head, architecture.num_key_value_heads * head
    return _Widths(architecture.hidden_size, query, key, wide)


def _attention(architecture: Architecture, workload: Workload, widths: _Widths, *, tokens: int) -> int:
    """Return the bytes of a layer's input, its joined product, rotations, and the scores or the output.

    Without flash attention keys and values are repeated for every head that shares them, and a mask is kept.
    """
    hidden, query, key, _ = widths
    rows = 2 * hidden + query + 2 * key + query + 2 * key
    if not is_before(workload.options.engine_version, FLASH_ATTENTION):
        return tokens * 2 * (rows + query)
    prompt = max(1, workload.prefill_tokens)
    shared = 2 * query if key < query else 0
    scores = workload.sequences * architecture.num_attention_heads * SCORE_BYTES + 2
    return tokens * 2 * (rows + shared) + scores * prompt * prompt


def _rotations(architecture: Architecture, workload: Workload) -> int:
    """Return the bytes of every layer's complex rotations, for twice the cache (`RoPE.precompute_freqs_cis`)."""
    tokens = 2 * kept_tokens(architecture, workload)
    return architecture.num_hidden_layers * tokens * (architecture.head_dim // 2) * 8


def _old_rotations(architecture: Architecture, version: str | None) -> int:
    """Return the bytes of the rotations of transformers' own layers: moved to the GPU before 0.1.4 fused them."""
    if not is_before(version, RETURNS_KEYS):
        return 0
    return resident.rotation_bytes(architecture, version)


def _copies(architecture: Architecture, workload: Workload, *, gpus: int) -> int:
    """Return the bytes that live twice on a GPU while the last layer is fused.

    Queries, keys and values of all layers are joined before the old ones go, and the joined layer is made of zeros
    first; so are the stacked gates of a layer's experts, from pairs that were joined before.
    """
    stored = workload.format
    bits = ((stored.bits or 0) + ((stored.scale_bits or 0) + (stored.zero_bits or 0)) / (stored.group_size or 1)) / 8
    layers = max(1, architecture.num_hidden_layers)
    joined = bits * sum(t.parameters for t in architecture.tensors if t.role in _QKV)
    stacked = 0.0
    if not is_before(workload.options.engine_version, FUSES_EXPERTS):
        stacked = 2 * bits * sum(t.parameters for t in architecture.tensors if t.role in _GATE_UP) / layers
    return round(joined / gpus + joined / layers + stacked)
