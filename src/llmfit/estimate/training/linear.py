"""Which matrices are linear layers that an adapter can be put on."""

from llmfit.records.architecture import Role, Section, Tensor

LINEAR = frozenset(
    (
        Role.ATTN_Q,
        Role.ATTN_K,
        Role.ATTN_V,
        Role.ATTN_QKV,
        Role.ATTN_OUT,
        Role.ATTN_LATENT,
        Role.ATTN_INDEXER,
        Role.CROSS_ATTN,
        Role.MLP_GATE,
        Role.MLP_UP,
        Role.MLP_GATE_UP,
        Role.MLP_DOWN,
        Role.SHARED_EXPERT,
        Role.MIXER_IN,
        Role.MIXER_OUT,
    )
)
"""Roles of linear layers inside blocks."""


def is_linear(tensor: Tensor) -> bool:
    """Whether PEFT's `all-linear` would adapt the tensor: linear layers, without head and routed experts."""
    if len(tensor.shape) != 2 or tensor.section is Section.MTP:
        return False
    return tensor.role in LINEAR or (tensor.role is Role.ROUTER and tensor.shape[0] == 1)
