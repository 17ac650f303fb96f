"""Decoders with Mamba layers: alone, beside attention, or in turn with it."""

from collections.abc import Sequence

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import (
    DENSE,
    FULL,
    LINEAR,
    SPARSE,
    always,
    layer_types,
)
from llmfit.architectures.blocks.mlp import gated, plain
from llmfit.architectures.blocks.moe import add_experts, moe, set_sizes
from llmfit.architectures.blocks.recurrent import mamba1, mamba2
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role

_LLAMA_ATTENTION = attention(bias="attention_bias", out_bias="attention_bias")


_MAMBA1_OLD = {
    "state_size": "mamba_d_state",
    "conv_kernel": "mamba_d_conv",
    "expand": "mamba_expand",
    "time_step_rank": "mamba_dt_rank",
    "use_bias": "mamba_proj_bias",
    "use_conv_bias": "mamba_conv_bias",
}


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
        stack.extra["moe_latent_size"] = latent
        stack.linear(Role.OTHER, "fc1_latent_proj", (latent, stack.hidden), layers, bias=bias)
        stack.linear(Role.OTHER, "fc2_latent_proj", (stack.hidden, latent), layers, bias=bias)
    add_experts(stack, layers, names=("up_proj", "down_proj"), width_in=latent or 0)
    shared = config.size("moe_shared_expert_intermediate_size", 7688)
    stack.linear(Role.SHARED_EXPERT, "up_proj", (shared, stack.hidden), layers, bias=bias)
    stack.linear(Role.SHARED_EXPERT, "down_proj", (stack.hidden, shared), layers, bias=bias)


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
}
