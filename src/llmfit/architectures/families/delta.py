"""Decoders with linear attention in turn with softmax attention: Qwen3-Next, Kimi Linear, MiniMax-01."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import (
    DENSE,
    FULL,
    LINEAR,
    SPARSE,
    dense_first,
    every,
    layer_types,
)
from llmfit.architectures.blocks.latent import latent_attention
from llmfit.architectures.blocks.linear import delta_separate, gated_delta, kimi_delta, lightning
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_count, shared_size
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import BOTH_AFTER
from llmfit.architectures.families.sparse import sparse_steps
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role

_W = ("w1", "w3", "w2")


def _olmo_kinds(_: Config, n: int) -> list[str]:
    kinds = [FULL if i % 4 == 3 else LINEAR for i in range(n)]
    if FULL not in kinds:
        kinds[-1] = FULL
    return kinds


def _olmo_full(stack: Stack, layers: tuple[int, ...]) -> None:
    attention(bias="attention_bias", out_bias="attention_bias", qk_norm="full")(stack, layers)
    for name in BOTH_AFTER:
        stack.norm(name, stack.hidden, layers)


def _olmo_linear(stack: Stack, layers: tuple[int, ...]) -> None:
    delta_separate(stack, layers)
    for name in ("input_layernorm", "post_attention_layernorm"):
        stack.norm(name, stack.hidden, layers)


def kimi_flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lift what Kimi Linear keeps in `linear_attn_config`; its layers count from one."""
    nested = values.get("linear_attn_config")
    if not isinstance(nested, Mapping):
        return dict(values)
    flat = dict(values)
    for old, new in (
        ("head_dim", "linear_head_dim"),
        ("num_heads", "linear_num_heads"),
        ("short_conv_kernel_size", "linear_conv_kernel_dim"),
        ("full_attn_layers", "_full_attn_layers"),
        ("kda_layers", "_kda_layers"),
    ):
        if old in nested:
            flat[new] = nested[old]
    return flat


def _kimi_kinds(config: Config, n: int) -> list[str]:
    """Read the lists of layers (from one), or take every fourth."""
    full, linear = config.items("_full_attn_layers", int), config.items("_kda_layers", int)
    if full is None or linear is None:
        return [FULL if i and i % 4 == 0 else LINEAR for i in range(n)]
    if sorted([*full, *linear]) != list(range(1, n + 1)):
        config.invalid("linear_attn_config", f"does not name each of {n} layers once")
    wanted = set(full)
    return [FULL if i + 1 in wanted else LINEAR for i in range(n)]


def _bailing_latent(stack: Stack, layers: tuple[int, ...]) -> None:
    latent_attention()(stack, layers)
    stack.linear(Role.ATTN_EXTRA, "g_proj", (stack.heads, stack.hidden), layers)


def _bailing_sizes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Kimi delta attention takes its heads from the attention (`head_dim` before RoPE overwrites it)."""
    flat = dict(values)
    for old, new in (
        ("head_dim", "linear_head_dim"),
        ("num_attention_heads", "linear_num_heads"),
        ("short_conv_kernel_size", "linear_conv_kernel_dim"),
    ):
        if old in values:
            flat.setdefault(new, values[old])
    return flat


QWEN_DELTA = {
    "num_key_value_heads": 2,
    "head_dim": 256,
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
}


qwen_kinds = layer_types(every(("full_attention_interval", 4), FULL, LINEAR), known=(FULL, LINEAR))


GATED_ATTENTION = attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head", gate=True)


_KIMI_MLP = {
    DENSE: gated(),
    SPARSE: moe(experts="num_local_experts", shared=shared_count("n_shared_experts", 1)),
}


_KIMI_NAMES = {
    "num_local_experts": "num_experts",
    "num_experts_per_tok": "num_experts_per_token",
    "n_shared_experts": "num_shared_experts",
}


_KIMI_RANKS = {
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "num_experts_per_tok": 8,
    "linear_head_dim": 128,
    "linear_num_heads": 32,
}


FAMILIES = {
    "minimax": Decoder(
        mixer={FULL: attention(), LINEAR: lightning},
        kinds=layer_types(every(2, LINEAR, FULL), known=(FULL, LINEAR)),
        mlp=moe(experts="num_local_experts", inter="", names=_W),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2},
    ),
    "qwen3_next": Decoder(
        mixer={FULL: GATED_ATTENTION, LINEAR: gated_delta(fused=True)},
        kinds=qwen_kinds,
        mlp={DENSE: gated(), SPARSE: moe(shared=shared_size(default=512), shared_gate="shared_expert_gate")},
        mlp_kinds=sparse_steps,
        defaults={**QWEN_DELTA, "num_experts_per_tok": 10},
    ),
    "olmo_hybrid": Decoder(
        mixer={FULL: _olmo_full, LINEAR: _olmo_linear},
        kinds=layer_types(_olmo_kinds, known=(FULL, LINEAR)),
        mlp=gated(),
        norms=(),
    ),
    "kimi_linear": Decoder(
        mixer={FULL: latent_attention(), LINEAR: kimi_delta()},
        kinds=layer_types(_kimi_kinds, known=(FULL, LINEAR)),
        mlp=_KIMI_MLP,
        mlp_kinds=dense_first(1),
        reads_head_dim=False,
        check=(("tie_word_embeddings", (False,)),),
        even_heads=False,
        aliases=_KIMI_NAMES,
        defaults=_KIMI_RANKS,
        rewrite=kimi_flat,
    ),
    "bailing_hybrid": Decoder(
        mtp="num_nextn_predict_layers",
        mixer={FULL: _bailing_latent, LINEAR: kimi_delta(full_rank=True)},
        kinds=layer_types(every(("layer_group_size", 6), FULL, LINEAR), known=(FULL, LINEAR)),
        mlp=_KIMI_MLP,
        mlp_kinds=dense_first(2),
        reads_head_dim=False,
        check=(("tie_word_embeddings", (False,)),),
        even_heads=False,
        aliases=_KIMI_NAMES,
        defaults={**_KIMI_RANKS, "q_lora_rank": None},
        rewrite=_bailing_sizes,
    ),
}
