"""Decoders with short convolutions or gated linear recurrences: LFM2, LFM3, RecurrentGemma."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import (
    DENSE,
    FULL,
    LINEAR,
    SLIDING,
    SPARSE,
    dense_first,
    layer_types,
)
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe
from llmfit.architectures.blocks.recurrent import rg_lru, short_conv
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role

CONV = "conv"


_W = ("w1", "w3", "w2")


def _lfm2_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take `block_ff_dim` and `tie_embedding`, which go before the usual keys."""
    changed = dict(values)
    for old, new in (("block_ff_dim", "intermediate_size"), ("tie_embedding", "tie_word_embeddings")):
        if values.get(old) is not None:
            changed[new] = values[old]
    return changed


def _lfm2_kinds(config: Config, n: int) -> list[str]:
    """Attention at `full_attn_idxs`, convolutions elsewhere; attention everywhere where it is absent."""
    stated = config.items("full_attn_idxs", int)
    if stated is None:
        return [FULL] * n
    wanted = set(stated)
    return [FULL if i in wanted else CONV for i in range(n)]


def _lfm2_mlp(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add LFM2's MLP, whose width is two thirds of the stated one, multiplied and rounded up."""
    config, width = stack.config, stack.mlp_width()
    if config.flag("block_auto_adjust_ff_dim", True):
        width = int(2 * width / 3)
        if not config.nulls("block_ffn_dim_multiplier"):
            multiple = config.size("block_multiple_of", 256)
            width = int(config.number("block_ffn_dim_multiplier", 1.0) * width)
            width = -(-width // multiple) * multiple
    stack.inter = width
    gated(names=_W)(stack, layers)


def _lfm3_kinds(_: Config, n: int) -> list[str]:
    return [FULL if i % 4 == 2 else SLIDING if i % 4 == 0 and i else CONV for i in range(n)]


def _lfm3_attention(stack: Stack, layers: tuple[int, ...]) -> None:
    attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head", kinds=lfm3_kinds)(stack, layers)
    if stack.config.flag("use_attention_gate", True):
        stack.linear(Role.ATTN_EXTRA, "g_proj", (stack.heads, stack.hidden), layers)


def _lfm3_norms(config: Config) -> tuple[str, ...]:
    both = ("operator_norm", "ffn_norm")
    return (*both, "post_operator_norm", "post_ffn_norm") if config.flag("use_sandwich_norm", True) else both


lfm3_kinds = layer_types(_lfm3_kinds, known=(FULL, SLIDING, CONV))


def _gemma_mlp(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add RecurrentGemma's MLP, half as wide as `intermediate_size` says."""
    stack.inter = stack.config.divided("intermediate_size", stack.mlp_width(), 2)
    gated(bias=True)(stack, layers)


def _gemma_kinds(config: Config, n: int) -> list[str]:
    """Repeat `block_types` over the layers."""
    period = config.items("block_types", str) or ("recurrent", "recurrent", "attention")
    if not set(period) <= {"recurrent", "attention"}:
        config.unsupported("block_types", "names other kinds than recurrent and attention")
    return [LINEAR if period[i % len(period)] == "recurrent" else SLIDING for i in range(n)]


_LFM2 = Decoder(
    mixer={
        FULL: attention(
            qk_norm="head",
            names=("q_proj", "k_proj", "v_proj", "out_proj"),
            norm_names=("q_layernorm", "k_layernorm"),
        ),
        CONV: short_conv,
    },
    kinds=layer_types(_lfm2_kinds, known=(FULL, CONV)),
    mlp=_lfm2_mlp,
    norms=("operator_norm", "ffn_norm"),
    final_norm="embedding_norm",
    tied=True,
    defaults={"num_key_value_heads": 8},
    rewrite=_lfm2_names,
)

FAMILIES = {
    "lfm2": _LFM2,
    "lfm2_moe": replace(
        _LFM2,
        mlp={DENSE: gated(names=_W), SPARSE: moe(names=_W)},
        mlp_kinds=dense_first(2, key="num_dense_layers"),
        defaults={"num_key_value_heads": 8, "num_experts": 32, "num_experts_per_tok": 4},
    ),
    "lfm3": Decoder(
        mixer={FULL: _lfm3_attention, SLIDING: _lfm3_attention, CONV: short_conv},
        kinds=lfm3_kinds,
        mlp=gated(names=_W),
        norms=_lfm3_norms,
        final_norm="embedding_norm",
        tied=True,
        defaults={"num_key_value_heads": 4, "head_dim": 128, "sliding_window": 256, "conv_L_cache": 7},
    ),
    "recurrent_gemma": Decoder(
        mixer={
            SLIDING: attention(
                bias="attention_bias", out_bias=True, kinds=_gemma_kinds, window="attention_window_size"
            ),
            LINEAR: rg_lru,
        },
        kinds=_gemma_kinds,
        mlp=_gemma_mlp,
        norms=("temporal_pre_norm", "channel_pre_norm"),
        final_norm="final_norm",
        tied=True,
        aliases={"attention_window_size": "sliding_window"},
        defaults={"attention_window_size": 2048},
    ),
}
