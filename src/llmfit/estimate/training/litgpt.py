"""What litgpt does otherwise than transformers and PEFT, read in litgpt 0.4.13, lightning 2.4 and bitsandbytes 0.42.

Its models keep a head of their own, one matrix for query, key and value, and all heads' keys and values.
Under QLoRA every linear layer is nf4, the head too; bitsandbytes up to 0.43.1 keeps the input of each (`ctx.tensors`)
until the graph is gone, which is after the next forward pass, and unpacks a matrix to fp16 and then to bf16.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.training.linear import is_linear
from llmfit.estimate.training.precision import activation_bytes
from llmfit.estimate.weights.untied import with_own_head
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.training import Training

NAME = "litgpt"
METHODS = frozenset(("full", "lora", "qlora"))
CHUNK = 128
"""Tokens of which the head makes logits at once, when adapters train (`lm_head_chunk_size`)."""
SHARED_INPUT = frozenset((Role.ATTN_Q, Role.ATTN_QKV, Role.MLP_UP, Role.MLP_GATE_UP))
"""One projection of each input; the others read the same tensor."""


def runs(training: Training) -> bool:
    """Whether litgpt runs the load."""
    return training.trainer == NAME


def keeps_inputs(training: Training) -> bool:
    """Whether the inputs of frozen linear layers are kept: by old bitsandbytes, or because FSDP makes gradients of all.

    FSDP 1 lays a block in one flat parameter; where any of it trains, so does the whole (torch, `use_orig_params`).
    """
    return runs(training) and (training.method == "qlora" or (training.fsdp and training.is_adapter))


def check(architecture: Architecture, training: Training) -> None:
    """Raise UnsupportedWorkloadError for a method or a model that litgpt has not."""
    if training.method not in METHODS or training.stage != "sft":
        raise UnsupportedWorkloadError(
            f"litgpt has no {training.method} with {training.stage}", hint="it has full, lora, qlora"
        )
    if training.method == "qlora" and training.gpus > 1:
        raise UnsupportedWorkloadError("litgpt quantises on one GPU only", hint="use --gpus 1 or --training lora")
    if architecture.is_encoder_only or architecture.is_encoder_decoder:
        raise UnsupportedWorkloadError(f"litgpt has no {architecture.model_type}", hint="leave --trainer out")


@lru_cache(maxsize=32)
def own_model(architecture: Architecture) -> Architecture:
    """Return the model with litgpt's matrices: an untied head, and projections as its options name them."""
    tensors = tuple(part for tensor in architecture.tensors for part in _split(architecture, tensor))
    return with_own_head(replace(architecture, tensors=tensors))


def _split(architecture: Architecture, tensor: Tensor) -> tuple[Tensor, ...]:
    """Fused projections as the parts that can be adapted: q, k, v and gate, up. Their bytes stay the same."""
    out, *rest = tensor.shape
    if tensor.role is Role.ATTN_QKV and rest:
        narrow = architecture.num_key_value_heads * architecture.head_dim
        parts: tuple[tuple[Role, int], ...] = (
            (Role.ATTN_Q, out - 2 * narrow),
            (Role.ATTN_K, narrow),
            (Role.ATTN_V, narrow),
        )
    elif tensor.role is Role.MLP_GATE_UP and rest:
        parts = ((Role.MLP_GATE, out // 2), (Role.MLP_UP, out // 2))
    else:
        return (tensor,)
    return tuple(replace(tensor, role=role, shape=(size, *rest)) for role, size in parts if size)


_MERGED = frozenset((Role.ATTN_Q, Role.ATTN_K, Role.ATTN_V))
"""What litgpt projects with one matrix."""
WORDS: dict[str, frozenset[Role]] = {
    "query": frozenset((Role.ATTN_Q,)),
    "key": frozenset((Role.ATTN_K,)),
    "value": frozenset((Role.ATTN_V,)),
    "projection": frozenset((Role.ATTN_OUT,)),
    "mlp": frozenset((Role.MLP_GATE, Role.MLP_UP, Role.MLP_DOWN)),
    "head": frozenset((Role.HEAD,)),
}
"""litgpt's names of what it adapts (`--lora_query`, …), by role."""
DEFAULT_TARGETS = ("query", "value")


def targets(architecture: Architecture, training: Training) -> tuple[Tensor, ...] | None:
    """Return the linear layers that litgpt adapts; None where the names are not litgpt's."""
    names = training.target_modules or DEFAULT_TARGETS
    if not all(name in WORDS for name in names):
        return None
    roles = frozenset[Role]().union(*(WORDS[name] for name in names))
    return tuple(t for t in own_model(architecture).tensors if t.role in roles and t.section is Section.TEXT)


def quantised_inputs(architecture: Architecture, training: Training) -> int:
    """Return bytes a token of the inputs of all quantised linear layers, which outlive their step."""
    b, taken = activation_bytes(training), 0
    for tensor in architecture.tensors:
        if tensor.role is Role.HEAD:
            taken += b * tensor.shape[1]
        elif is_linear(tensor) and (tensor.role in SHARED_INPUT or tensor.role in {Role.ATTN_OUT, Role.MLP_DOWN}):
            taken += b * tensor.shape[1] * len(tensor.layers)
    return taken


def arguments(training: Training) -> dict[str, Any]:
    """Return the options of `litgpt finetune_*` that take what the estimate says."""
    found: dict[str, Any] = {
        "precision": "bf16-mixed" if training.recipe.endswith("amp") else "bf16-true",
        "devices": training.gpus,
        "train.micro_batch_size": training.batch_size,
        "train.global_batch_size": training.batch_size * training.gradient_accumulation * training.gpus,
        "train.max_seq_length": training.sequence_length,
    }
    if training.method == "qlora" and training.base_format is not None:
        found["quantize"] = f"bnb.{training.base_format.id}"
    if training.is_adapter:
        found |= {"lora_r": training.lora_rank, "lora_dropout": training.lora_dropout}
        names = training.target_modules or DEFAULT_TARGETS
        found |= {f"lora_{word}": word in names for word in WORDS}
    return found


def attention_bytes(architecture: Architecture, training: Training, *, width: int) -> tuple[int, str]:
    """Return bytes a token and layer that attention keeps, and how they come about.

    Shared keys and values are repeated for every query head; a value of its own head is a view of the whole projection.
    Gemma 2's capped scores are computed by hand: tanh, softmax in fp32 and its 16-bit copy.
    """
    b, heads = activation_bytes(training), architecture.num_attention_heads
    value = width if architecture.num_key_value_heads < heads else 3 * width
    if architecture.model_type == "gemma2":
        scores = (2 * b + 4) * heads * training.sequence_length
        return b * (2 * width + value) + scores, f"{b}·({2 * width} + {value}) + {scores}"
    return b * (3 * width + value) + 4 * heads, f"{b}·({3 * width} + {value}) + 4·{heads}"


def adapter_bytes(training: Training, adapted: tuple[Tensor, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield module, layers, and bytes a token and layer that the adapter keeps.

    Its input, behind dropout a copy with its mask, once for query, key and value together; the output of A;
    and where not all three are adapted, the part of the output that is scattered into theirs (`index_copy_`).
    """
    a = 4 if training.adapter_dtype == "fp32" else 2
    merged = {t.role for t in adapted} & _MERGED
    seen = False
    for tensor in adapted:
        if not tensor.layers:
            continue
        out, width = tensor.shape
        kept = a * width + width if training.lora_dropout else 0 if keeps_inputs(training) else a * width
        if tensor.role in _MERGED:
            kept, seen = 0 if seen else kept, True
            kept += a * out if merged != _MERGED else 0
        used = tensor.copies if tensor.active_copies is None else tensor.active_copies
        yield tensor.module, len(tensor.layers), used * (kept + a * training.lora_rank)


def logits_bytes(training: Training) -> int:
    """Return bytes a token and word of the vocabulary at the loss.

    Adapters: logits of 128 tokens at a time and their log-softmax; fp32 of both under autocast.
    All weights: whole logits, the log-softmax, their gradient in pieces and put together.
    """
    if training.recipe.endswith("amp"):
        return 6 if training.is_adapter else 16
    b = activation_bytes(training)
    return 2 * b if training.is_adapter else 4 * b


def chunk_tokens(training: Training) -> int:
    """Return tokens of which one more piece of logits is there for a moment, three where the head is adapted too.

    The frozen head's product, the adapter's, and the adapter's scaled.
    """
    if not training.is_adapter:
        return 0
    pieces = 3 if "head" in training.target_modules else 1
    return pieces * training.batch_size * min(CHUNK, training.sequence_length)


def flat_gradients(architecture: Architecture, training: Training) -> int:
    """Return the parameters of which FSDP makes gradients under an adapter: all in every block that has some of it."""
    inside = sum(t.parameters for t in architecture.tensors if t.layers)
    adapts_head = "head" in training.target_modules or "lm_head" in training.target_modules
    return inside + (root_parameters(architecture) if adapts_head else 0)


def root_parameters(architecture: Architecture) -> int:
    """Return the parameters outside the blocks, which FSDP gathers first and frees last."""
    return sum(t.parameters for t in architecture.tensors if not t.layers)


def block_parameters(architecture: Architecture) -> int:
    """Return the parameters of one block."""
    inside = sum(t.parameters for t in architecture.tensors if t.layers)
    return inside // max(1, architecture.num_hidden_layers)
