"""Decoders whose layers are, in part or all, recurrent: Mamba, DeltaNet, convolutions, RG-LRU."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import (
    DENSE,
    FULL,
    LINEAR,
    SLIDING,
    SPARSE,
    always,
    dense_first,
    every,
    layer_types,
)
from llmfit.architectures.blocks.latent import latent_attention
from llmfit.architectures.blocks.linear import delta_separate, gated_delta, kimi_delta, lightning
from llmfit.architectures.blocks.mlp import gated, plain
from llmfit.architectures.blocks.moe import add_experts, moe, set_sizes, shared_count, shared_size
from llmfit.architectures.blocks.recurrent import mamba1, mamba2, rg_lru, short_conv
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import BOTH_AFTER
from llmfit.architectures.families.sparse import sparse_steps
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role

CONV = "conv"
_LLAMA_ATTENTION = attention(bias="attention_bias", out_bias="attention_bias")
_W = ("w1", "w3", "w2")
_MAMBA1_OLD = {
    "state_size": "mamba_d_state",
    "conv_kernel": "mamba_d_conv",
    "expand": "mamba_expand",
    "time_step_rank": "mamba_dt_rank",
    "use_bias": "mamba_proj_bias",
    "use_conv_bias": "mamba_conv_bias",
}


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


def _jamba_kinds(config: Config, n: int) -> list[str]:
    period, offset = config.size("attn_layer_period", 8), config.count("attn_layer_offset", 4)
    return [FULL if i % period == offset else LINEAR for i in range(n)]


def _jamba_mlps(config: Config, n: int) -> list[str]:
    if config.size("num_experts", 16) == 1:
        return [DENSE] * n
    period, offset = config.size("expert_layer_period", 2), config.count("expert_layer_offset", 1)
    return [SPARSE if i % period == offset else DENSE for i in range(n)]


def _granite_mlp(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add the shared MLP of every layer, and experts where there are any."""
    config = stack.config
    stack.inter, stack.gated = config.size("shared_intermediate_size", 1024), True
    experts = config.count("num_local_experts", 8)
    role = Role.SHARED_EXPERT if experts else Role.MLP_GATE_UP
    stack.linear(role, "input_linear", (2 * stack.inter, stack.hidden), layers)
    role = Role.SHARED_EXPERT if experts else Role.MLP_DOWN
    stack.linear(role, "output_linear", (stack.hidden, stack.inter), layers)
    if experts:
        names = ("input_linear", "output_linear")
        moe(experts="num_local_experts", inter="intermediate_size", names=names, router="router")(stack, layers)


_NEMOTRON = {"M": LINEAR, "E": "moe", "*": FULL, "-": "mlp"}


def _nemotron_kinds(config: Config, _: int) -> Sequence[str]:
    """Read the list of blocks, or the pattern of letters: M Mamba, * attention, E experts, - MLP."""
    stated = config.items("layers_block_type", str)
    if stated is None:
        pattern = config.word("hybrid_override_pattern")
        if not pattern:
            config.invalid("hybrid_override_pattern", "is missing, and so is `layers_block_type`")
        stated = [_NEMOTRON.get(letter, letter) for letter in pattern]
    names = [{"mamba": LINEAR, "attention": FULL}.get(kind, kind) for kind in stated]
    if not names or len(names) > 2000 or not set(names) <= set(_NEMOTRON.values()):
        config.invalid("hybrid_override_pattern", "names no or unknown kinds of layers")
    return names


def _nemotron_experts(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add Nemotron-H's experts: plain, maybe within a latent, and a shared one."""
    config = stack.config
    set_sizes(stack, "n_routed_experts", "num_experts_per_tok", "moe_intermediate_size")
    bias, latent = config.flag("mlp_bias"), config.optional("moe_latent_size")
    stack.linear(Role.ROUTER, "gate", (stack.num_experts, stack.hidden), layers)
    if latent is not None:
        stack.linear(Role.OTHER, "fc1_latent_proj", (latent, stack.hidden), layers, bias=bias)
        stack.linear(Role.OTHER, "fc2_latent_proj", (stack.hidden, latent), layers, bias=bias)
    add_experts(stack, layers, names=("up_proj", "down_proj"), width_in=latent or 0)
    shared = config.size("moe_shared_expert_intermediate_size", 7688)
    stack.linear(Role.SHARED_EXPERT, "up_proj", (shared, stack.hidden), layers, bias=bias)
    stack.linear(Role.SHARED_EXPERT, "down_proj", (stack.hidden, shared), layers, bias=bias)


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


def _kimi_flat(values: Mapping[str, Any]) -> dict[str, Any]:
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
    "mamba": Decoder(
        mixer=mamba1(),
        norms=("norm",),
        embed="embeddings",
        final_norm="norm_f",
        tied=True,
        has_heads=False,
    ),
    "falcon_mamba": Decoder(
        mixer=mamba1(), norms=("norm",), embed="embeddings", final_norm="norm_f", tied=True, has_heads=False
    ),
    "mamba2": Decoder(
        mixer=mamba2(in_bias="use_bias", out_bias="use_bias"),
        norms=("norm",),
        embed="embeddings",
        final_norm="norm_f",
        has_heads=False,
        aliases={
            "mamba_n_heads": "num_heads",
            "mamba_d_head": "head_dim",
            "mamba_d_state": "state_size",
            "mamba_d_conv": "conv_kernel",
            "mamba_n_groups": "n_groups",
            "mamba_expand": "expand",
            "mamba_conv_bias": "use_conv_bias",
        },
        defaults={"mamba_n_groups": 8, "mamba_d_state": 128},
    ),
    "jamba": Decoder(
        mixer={FULL: attention(), LINEAR: mamba1(norms=True, own_inner=False)},
        kinds=_jamba_kinds,
        mlp={DENSE: gated(), SPARSE: moe(inter="", router="router")},
        mlp_kinds=_jamba_mlps,
        norms=("input_layernorm", "pre_ff_layernorm"),
        final_norm="final_layernorm",
        aliases={**_MAMBA1_OLD, "num_experts": "num_local_experts"},
        defaults={"num_key_value_heads": 8, "num_experts": 16, "num_experts_per_tok": 2},
    ),
    "falcon_h1": Decoder(
        mixer=_LLAMA_ATTENTION,
        mlp=gated(bias="mlp_bias"),
        norms=("input_layernorm", "pre_ff_layernorm"),
        final_norm="final_layernorm",
        extras=(
            mamba2(
                in_bias="mamba_proj_bias", out_bias="projectors_bias", gated_norm="mamba_rms_norm", inner="mamba_d_ssm"
            ),
        ),
        defaults={"num_key_value_heads": 8, "mamba_d_ssm": 1024, "mamba_n_heads": 128, "mamba_d_state": 256},
    ),
    "bamba": Decoder(
        mixer={FULL: _LLAMA_ATTENTION, LINEAR: mamba2(in_bias="mamba_proj_bias", out_bias="mamba_proj_bias")},
        kinds=lambda config, n: [
            FULL if i in (config.items("attn_layer_indices", int) or ()) else LINEAR for i in range(n)
        ],
        mlp=gated(bias="mlp_bias"),
        norms=("input_layernorm", "pre_ff_layernorm"),
        final_norm="final_layernorm",
        defaults={"num_key_value_heads": 8, "mamba_n_heads": 128, "mamba_d_state": 256},
    ),
    "granitemoehybrid": Decoder(
        mixer={FULL: _LLAMA_ATTENTION, LINEAR: mamba2(in_bias="mamba_proj_bias", out_bias="mamba_proj_bias")},
        kinds=layer_types(always(LINEAR), known=(FULL, LINEAR)),
        mlp=_granite_mlp,
        aliases={"layer_types": "layers_block_type"},
        defaults={"num_experts_per_tok": 2, "mamba_n_heads": 128, "mamba_d_state": 256},
    ),
    "nemotron_h": Decoder(
        mixer={
            FULL: attention(),
            LINEAR: mamba2(in_bias="use_bias", out_bias="use_bias", expands=False),
            "mlp": plain(bias="mlp_bias"),
            "moe": _nemotron_experts,
        },
        kinds=_nemotron_kinds,
        depth=lambda config: len(_nemotron_kinds(config, 0)),
        norms=("norm",),
        check=(("attention_bias", (False,)), ("tie_word_embeddings", (False,))),
        embed="embeddings",
        final_norm="norm_f",
        aliases={
            "layers_block_type": "layer_types",
            "head_dim": "attention_head_dim",
            "mamba_n_heads": "mamba_num_heads",
            "mamba_d_head": "mamba_head_dim",
            "mamba_d_state": "ssm_state_size",
            "mamba_d_conv": "conv_kernel",
            "mamba_n_groups": "n_groups",
            "mamba_conv_bias": "use_conv_bias",
            "n_routed_experts": "num_local_experts",
        },
        defaults={
            "num_key_value_heads": 8,
            "head_dim": 128,
            "mamba_n_heads": 128,
            "mamba_d_head": 64,
            "mamba_d_state": 128,
            "mamba_n_groups": 8,
            "num_experts_per_tok": 2,
        },
    ),
    "lfm2": Decoder(
        mixer={
            FULL: attention(
                qk_norm="head",
                names=("q_proj", "k_proj", "v_proj", "out_proj"),
                norm_names=("q_layernorm", "k_layernorm"),
            ),
            CONV: short_conv(),
        },
        kinds=layer_types(_lfm2_kinds, known=(FULL, CONV)),
        mlp=_lfm2_mlp,
        norms=("operator_norm", "ffn_norm"),
        final_norm="embedding_norm",
        tied=True,
        defaults={"num_key_value_heads": 8},
        rewrite=_lfm2_names,
    ),
    "lfm2_moe": Decoder(
        mixer={
            FULL: attention(
                qk_norm="head",
                names=("q_proj", "k_proj", "v_proj", "out_proj"),
                norm_names=("q_layernorm", "k_layernorm"),
            ),
            CONV: short_conv(),
        },
        kinds=layer_types(_lfm2_kinds, known=(FULL, CONV)),
        mlp={DENSE: gated(names=_W), SPARSE: moe(names=_W)},
        mlp_kinds=dense_first(2, key="num_dense_layers"),
        norms=("operator_norm", "ffn_norm"),
        final_norm="embedding_norm",
        tied=True,
        defaults={"num_key_value_heads": 8, "num_experts": 32, "num_experts_per_tok": 4},
        rewrite=_lfm2_names,
    ),
    "lfm3": Decoder(
        mixer={FULL: _lfm3_attention, SLIDING: _lfm3_attention, CONV: short_conv()},
        kinds=lfm3_kinds,
        mlp=gated(names=_W),
        norms=_lfm3_norms,
        final_norm="embedding_norm",
        tied=True,
        defaults={"num_key_value_heads": 4, "head_dim": 128, "sliding_window": 256, "conv_L_cache": 7},
    ),
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
        rewrite=_kimi_flat,
    ),
    "bailing_hybrid": Decoder(
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
