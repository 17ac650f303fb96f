"""llama.cpp's compute buffer: the widest moment of the graph of one micro-batch, in f32.

Checked against `llama-fit-params` of the version in `engines.yaml` with the layers on a second device,
and against logs of GPUs: see `docs/concepts/how-it-estimates.md`.
"""

from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.defaults import platform_of
from llmfit.estimate.kv_cache.llamacpp import CELLS, cache_terms
from llmfit.estimate.kv_cache.terms import Term, pad
from llmfit.estimate.versions import build_of
from llmfit.records.architecture import Architecture, CacheKind, Role
from llmfit.records.device import Device
from llmfit.records.workload import Workload

FEW_OUTPUTS_BUILD = 9470
"""Builds before June 2026 (ggml-org/llama.cpp pull request 23861) keep the logits of a whole micro-batch."""
JOINT_GATE_BUILD = 5760
"""Builds before June 2025 multiplied gate and up in place, which takes one buffer less."""
INPUT_COPIES = 4
"""Copies of the inputs that several GPUs working at once keep (`GGML_SCHED_MAX_COPIES`)."""


def peaks(architecture: Architecture, workload: Workload, device: Device | None = None) -> list[Stage]:
    """Return the stages of one micro-batch of u = `n_ubatch` tokens.

    Elements a token: feed-forward 3I + 3h (I + 3h without a gate), experts 3·k·I + 3h and more, attention by its kind,
    logits V + h; beside them the mask of every cell, 2 bytes with flash attention and 4 without.
    """
    options = workload.options
    terms = [term for term in cache_terms(architecture, workload) if term.cells > 1]
    u = _micro_batch(architecture, workload)
    cells = max((term.cells for term in terms), default=u if architecture.is_encoder_only else 0)
    gpus = len(device.gpus) if device is not None else 1
    h, flash = architecture.hidden_size, options.flash_attention
    masks = (sum({term.cells for term in terms}) or cells) * u * (2 if flash else 4)
    scores = 0 if flash else architecture.num_attention_heads * cells * u * 4
    beside = masks + (_scratch(terms, workload) if platform_of(device) in {"cuda", "rocm"} else 0)
    if gpus > 1 and options.n_gpu_layers is None and not options.n_cpu_moe:
        beside += INPUT_COPIES * masks + 2 * h * u * 4
    build = build_of(options.engine_version)
    every = build is not None and build < FEW_OUTPUTS_BUILD
    outputs = u if every else min(u, workload.sequences)
    return [
        Stage("feed-forward of a micro-batch", u * 4 * _mlp(architecture, build) + beside),
        Stage("attention of a micro-batch", scores + u * 4 * _attention(architecture, build, flash=flash) + beside),
        Stage("logits", 0 if architecture.is_encoder_only else 4 * (outputs * architecture.vocab_size + u * h)),
    ]


def host_bytes(architecture: Architecture, workload: Workload, terms: list[Term]) -> int:
    """Return RAM for the inputs of a micro-batch: 2h a token, and the mask over the largest of the caches."""
    cells = max((term.cells for term in terms if term.cells > 1), default=0)
    u = _micro_batch(architecture, workload)
    return u * (8 * architecture.hidden_size + cells * (2 if workload.options.flash_attention else 4))


def _micro_batch(architecture: Architecture, workload: Workload) -> int:
    """Return the tokens of one micro-batch; an encoder must see a whole text in one (`encode` of llama-context.cpp)."""
    options = workload.options
    tokens = pad(workload.context * (workload.sequences if options.unified_kv else 1), CELLS)
    whole = pad(workload.context, CELLS) if architecture.is_encoder_only else 0
    return max(min(options.n_ubatch, tokens), whole)


def _mlp(architecture: Architecture, build: int | None) -> int:
    """Return elements a token of the widest feed-forward.

    The experts' outputs k·h reuse the space of gate and up where they fit into it;
    a shared expert's input and output then live beside them.
    """
    h, wide = architecture.hidden_size, architecture.intermediate_size
    if not architecture.num_experts:
        if not architecture.gated_mlp:
            return wide + 3 * h
        return (2 if build is not None and build < JOINT_GATE_BUILD else 3) * (wide + h)
    k = architecture.num_experts_per_tok
    inner, outer = k * (architecture.moe_intermediate_size or wide), k * h
    if outer > 2 * inner:
        return 3 * inner + outer + 4 * h
    shared = any(tensor.role is Role.SHARED_EXPERT for tensor in architecture.tensors)
    return 3 * inner + (5 if shared else 3) * h


def _attention(architecture: Architecture, build: int | None, *, flash: bool) -> int:
    """Return elements a token: 2h + max(2q, q + k + v); without flash 2h + 2q + k + v; MLA by its widened query.

    Builds before June 2025 took 4h without flash attention.
    """
    h, heads, extra = architecture.hidden_size, architecture.num_attention_heads, architecture.extra
    if build is not None and build < JOINT_GATE_BUILD and not flash:
        return 4 * h
    if "kv_lora_rank" in extra:
        rank, rope, nope = extra["kv_lora_rank"], extra["qk_rope_head_dim"], extra["qk_nope_head_dim"]
        return 3 * h + heads * (nope + rope + rank + rope + rank + rope)
    q = heads * architecture.head_dim
    kv = 2 * architecture.num_key_value_heads * architecture.head_dim
    return 2 * h + (max(2 * q, q + kv) if flash else 2 * q + kv)


def _scratch(terms: list[Term], workload: Workload) -> int:
    """Return the f16 copy of one layer's keys and values that flash attention makes of a quantised cache."""
    if workload.kv_format.block_size == 1 or not workload.options.flash_attention:
        return 0
    widths = [
        2 * term.cells * (term.cache.key_elements + term.cache.value_elements)
        for term in terms
        if term.cache.kind is not CacheKind.LATENT
    ]
    return max(widths, default=0)
