"""Small models, made by hand, whose weights can be counted on paper."""

from typing import Any

from llmfit.records.architecture import Architecture, Role, Section, Tensor


def make_tensors(
    *, h: int, vocab: int, inter: int, n: int, heads: int, kv_heads: int, tied: bool, experts: int
) -> list[Tensor]:
    """Return the tensors of a Llama, or of a Mixtral where there are experts."""
    layers, d = tuple(range(n)), h // heads
    tensors = [
        Tensor(Role.EMBEDDING, "embed_tokens", (vocab, h)),
        Tensor(Role.ATTN_Q, "q_proj", (heads * d, h), layers),
        Tensor(Role.ATTN_K, "k_proj", (kv_heads * d, h), layers),
        Tensor(Role.ATTN_V, "v_proj", (kv_heads * d, h), layers),
        Tensor(Role.ATTN_OUT, "o_proj", (h, heads * d), layers),
    ]
    if experts:
        tensors += [
            Tensor(Role.ROUTER, "gate", (experts, h), layers),
            Tensor(Role.EXPERT_GATE, "w1", (inter, h), layers, experts, 2),
            Tensor(Role.EXPERT_UP, "w3", (inter, h), layers, experts, 2),
            Tensor(Role.EXPERT_DOWN, "w2", (h, inter), layers, experts, 2),
        ]
    else:
        tensors += [
            Tensor(Role.MLP_GATE, "gate_proj", (inter, h), layers),
            Tensor(Role.MLP_UP, "up_proj", (inter, h), layers),
            Tensor(Role.MLP_DOWN, "down_proj", (h, inter), layers),
        ]
    tensors += [
        Tensor(Role.NORM, "input_layernorm", (h,), layers),
        Tensor(Role.NORM, "post_attention_layernorm", (h,), layers),
        Tensor(Role.NORM, "norm", (h,)),
    ]
    if not tied:
        tensors.append(Tensor(Role.HEAD, "lm_head", (vocab, h)))
    return tensors


def make_decoder(
    *,
    model_type: str = "llama",
    h: int = 512,
    vocab: int = 1024,
    inter: int = 1024,
    n: int = 16,
    heads: int = 8,
    kv_heads: int = 8,
    tied: bool = False,
    experts: int = 0,
    extra: dict[str, int] | None = None,
    added: tuple[Tensor, ...] = (),
    **fields: Any,
) -> Architecture:
    """Return a decoder of these widths; `added` tensors come last."""
    tensors = make_tensors(
        h=h, vocab=vocab, inter=inter, n=n, heads=heads, kv_heads=kv_heads, tied=tied, experts=experts
    )
    values: dict[str, Any] = {
        "model_type": model_type,
        "hidden_size": h,
        "num_hidden_layers": n,
        "vocab_size": vocab,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": h // heads,
        "intermediate_size": inter,
        "gated_mlp": True,
        "tied_embeddings": tied,
        "context_length": 4096,
        "num_experts": experts,
        "tensors": (*tensors, *added),
        "caches": (),
        "extra": extra or {},
    }
    return Architecture(**{**values, **fields})


TOWER = (
    Tensor(Role.ATTN_Q, "q_proj", (256, 256), (0, 1), section=Section.VISION),
    Tensor(Role.NORM, "layer_norm", (256,), (0, 1), section=Section.VISION),
)
"""A vision tower of two layers."""
