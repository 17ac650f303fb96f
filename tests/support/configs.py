"""Small configs of many architectures, made for the tests."""

from typing import Any

from llmfit.architectures import describe
from llmfit.records.architecture import Architecture, Role, Section, Tensor

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 1000,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
    "max_position_embeddings": 4096,
}
"""Grouped-query attention with two KV heads of eight channels."""

EXPERTS: dict[str, Any] = {
    "num_experts": 8,
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "n_shared_experts": 1,
}
"""Keys of a small mixture of experts, under both of its spellings."""

LATENT: dict[str, Any] = {
    "q_lora_rank": 24,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 6,
}
"""Keys of a small latent attention: 20 elements a token and layer."""

VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "depth": 3,
    "num_attention_heads": 4,
    "num_heads": 4,
    "image_size": 28,
    "patch_size": 14,
    "out_hidden_size": 64,
}
"""Keys of a small vision tower with four patches."""


def config(model_type: str = "llama", **changes: Any) -> dict[str, Any]:
    """Return the small config of this type, with these keys changed."""
    return {**LLAMA, "model_type": model_type, **changes}


def tiny(model_type: str = "llama", **changes: Any) -> Architecture:
    """Describe the small config of this type."""
    return describe(config(model_type, **changes))


def multimodal(model_type: str, *, text: dict[str, Any], vision: dict[str, Any], **top: Any) -> dict[str, Any]:
    """Return a config with a text and a vision part."""
    return {
        "model_type": model_type,
        "text_config": {**{k: v for k, v in LLAMA.items() if k != "model_type"}, **text},
        "vision_config": {**VISION, **vision},
        **top,
    }


def shapes(architecture: Architecture, role: Role, *, section: Section = Section.TEXT) -> set[tuple[int, ...]]:
    """Return the shapes of all tensors with this role."""
    return {t.shape for t in architecture.tensors if t.role is role and t.section is section}


def modules(architecture: Architecture, module: str) -> list[Tensor]:
    """Return the tensors of this module's name that are matrices."""
    return [t for t in architecture.tensors if t.module == module and len(t.shape) >= 2]


def growing(architecture: Architecture) -> int:
    """Return the elements that one more token adds to all caches without a window."""
    return sum(
        (c.key_elements + c.value_elements + c.indexer_elements) * len(c.layers)
        for c in architecture.caches
        if c.kind in ("full", "latent")
    )
