"""The tensors of a GGUF file: what the converter makes of a checkpoint's tensors.

It splits some, merges experts into stacks, and keeps some in F32. Read at llama.cpp 0c1e57098,
conversion/*.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

from llmfit.estimate.weights.gguf_models import GgufModel
from llmfit.estimate.weights.gguf_rules import Slot
from llmfit.estimate.weights.stored import EXPERT_ROLES
from llmfit.records.architecture import Architecture, Role, Tensor

_SLOTS: Mapping[Role, Slot] = {
    Role.EMBEDDING: Slot.EMBEDDING,
    Role.PER_LAYER_EMBEDDING: Slot.EMBEDDING,
    Role.HEAD: Slot.HEAD,
    Role.ATTN_Q: Slot.Q,
    Role.ATTN_K: Slot.K,
    Role.ATTN_V: Slot.V,
    Role.ATTN_QKV: Slot.QKV,
    Role.ATTN_OUT: Slot.OUT,
    Role.MLP_GATE: Slot.GATE,
    Role.MLP_UP: Slot.UP,
    Role.MLP_GATE_UP: Slot.UP,
    Role.MLP_DOWN: Slot.DOWN,
    Role.EXPERT_GATE: Slot.GATE,
    Role.EXPERT_UP: Slot.UP,
    Role.EXPERT_GATE_UP: Slot.UP,
    Role.EXPERT_DOWN: Slot.DOWN,
    Role.POSITION: Slot.F32,
    Role.ROUTER: Slot.F32,
    Role.MIXER_CONV: Slot.F32,
    Role.NORM: Slot.F32,
    Role.BIAS: Slot.F32,
}
_BY_MODULE: Mapping[str, Slot] = {
    **dict.fromkeys(("down_proj", "output_linear", "w2", "wo"), Slot.DOWN),
    "gate_proj": Slot.GATE,
    **dict.fromkeys(("q", "q_proj"), Slot.Q),
    **dict.fromkeys(("k", "k_proj", "wk"), Slot.K),
    **dict.fromkeys(("v", "v_proj"), Slot.V),
    **dict.fromkeys(("o", "o_proj"), Slot.OUT),
    "in_proj_qkv": Slot.QKV,
    **dict.fromkeys(("A_log", "D"), Slot.F32),
    "relative_attention_bias": Slot.KEPT,
    "per_layer_model_projection": Slot.KEPT,
}
"""Slots of tensors whose role does not decide: shared experts, cross-attention, mixers."""
_T5: Mapping[Slot, Slot] = {Slot.OUT: Slot.OTHER, Slot.F32: Slot.KEPT}
"""T5 calls its output attn_o, which no rule knows; its position tables are relative, and not made F32."""
_UNDECIDED: Mapping[Role, Slot] = {Role.SHARED_EXPERT: Slot.UP}


class Entry(NamedTuple):
    """One tensor of the file, in every layer that has it."""

    tensor: Tensor
    slot: Slot
    columns: int
    rows: int
    """Rows in one layer, all experts together."""
    layers: tuple[int, ...]
    stacked: bool = False
    """Whether it has a third dimension: experts, or heads of latent attention."""


def _latent(architecture: Architecture, tensor: Tensor) -> Iterator[Entry]:
    """The up-projection of latent attention, in two stacks of one matrix a head (K transposed)."""
    extra = architecture.extra
    nope, value, rank = extra["qk_nope_head_dim"], extra["v_head_dim"], extra["kv_lora_rank"]
    heads = tensor.shape[0] // (nope + value)
    yield Entry(tensor, Slot.OTHER, nope, heads * rank, tensor.layers, stacked=True)
    yield Entry(tensor, Slot.OTHER, rank, heads * value, tensor.layers, stacked=True)


def _fused(architecture: Architecture, tensor: Tensor) -> Iterator[Entry]:
    """A fused projection that the converter takes apart."""
    columns, kv_rows = tensor.shape[-1], architecture.num_key_value_heads * architecture.head_dim
    yield Entry(tensor, Slot.Q, columns, tensor.shape[0] - 2 * kv_rows, tensor.layers)
    yield Entry(tensor, Slot.K, columns, kv_rows, tensor.layers)
    yield Entry(tensor, Slot.V, columns, kv_rows, tensor.layers)


def _gated_delta(architecture: Architecture, tensor: Tensor) -> Iterator[Entry]:
    """Qwen3-Next's `in_proj_qkvz`: attn_qkv and attn_gate, the latter as high as the values."""
    gate = next(t.shape[-1] for t in architecture.tensors if t.role is Role.MIXER_OUT)
    yield Entry(tensor, Slot.QKV, tensor.shape[-1], tensor.shape[0] - gate, tensor.layers)
    yield Entry(tensor, Slot.OTHER, tensor.shape[-1], gate, tensor.layers)


_SPLITS: Mapping[str, Callable[[Architecture, Tensor], Iterator[Entry]]] = {
    "kv_b_proj": _latent,
    "in_proj_qkvz": _gated_delta,
}


def entries(architecture: Architecture, model: GgufModel, matrices: Sequence[Tensor]) -> list[Entry]:
    """Return the file's matrices from those of the checkpoint."""
    found: list[Entry] = []
    for tensor in matrices:
        shape, role, module = tensor.shape, tensor.role, tensor.module
        if module in _SPLITS:
            found.extend(_SPLITS[module](architecture, tensor))
        elif model.splits_qkv and role is Role.ATTN_QKV:
            found.extend(_fused(architecture, tensor))
        elif role is not Role.POOLER:
            rows = prod(shape[:-1]) * tensor.copies
            slot = _SLOTS.get(role) or _BY_MODULE.get(module) or _UNDECIDED.get(role, Slot.OTHER)
            if architecture.is_encoder_decoder:
                slot = _T5.get(slot, slot)
            found.append(Entry(tensor, slot, shape[-1], rows, tensor.layers, role in EXPERT_ROLES))
    return found
