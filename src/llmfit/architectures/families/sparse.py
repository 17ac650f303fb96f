"""Mixture-of-experts decoders with keys and values per head: Mixtral, Qwen, gpt-oss, DBRX and others."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.kinds import DENSE, FULL, SLIDING, SPARSE, every, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_size
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import all_sliding
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role


def sparse_steps(config: Config, n: int) -> list[str]:
    """Every `decoder_sparse_step`-th layer is sparse, but for those in `mlp_only_layers` (Qwen MoE)."""
    dense = set(config.items("mlp_only_layers", int) or ())
    step = config.size("decoder_sparse_step", 1)
    return [DENSE if i in dense or (i + 1) % step else SPARSE for i in range(n)]


def _all_or_none(config: Config, n: int) -> list[str]:
    return [SLIDING if config.flag("use_sliding_window") and config.optional("sliding_window") else FULL] * n


def _early_odd_windows(config: Config, n: int) -> list[str]:
    """Even layers below `max_window_layers` slide, where windows are used (Qwen2-MoE)."""
    if not config.flag("use_sliding_window"):
        return [FULL] * n
    limit = config.count("max_window_layers", 28)
    return [FULL if (i + 1) % 2 == 0 or i >= limit else SLIDING for i in range(n)]


QWEN3_MOE = Decoder(
    mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head", kinds=_all_or_none),
    mlp={DENSE: gated(), SPARSE: moe()},
    mlp_kinds=sparse_steps,
    aliases={"num_experts": "num_local_experts"},
    defaults={"num_key_value_heads": 4, "sliding_window": 4096, "num_experts_per_tok": 8},
)


_W = ("w1", "w3", "w2")


_FUSED = ("gate_up_proj", "down_proj")


_LLAMA_ATTENTION = attention(bias="attention_bias", out_bias="attention_bias")


def _arctic_kinds(config: Config, n: int) -> list[str]:
    """Every `moe_layer_frequency`-th layer is sparse (Arctic)."""
    step = config.size("moe_layer_frequency", 1)
    return [DENSE if (i + 1) % step else SPARSE for i in range(n)]


def _arctic_residual(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add experts, and a dense MLP of width h beside them where `use_residual` says so."""
    moe(experts="num_local_experts", inter="", names=_W)(stack, layers)
    if stack.config.flag("use_residual"):
        for name, role in (("w1", Role.MLP_GATE), ("w3", Role.MLP_UP), ("w2", Role.MLP_DOWN)):
            stack.linear(role, name, (stack.hidden, stack.hidden), layers)
        stack.norm("residual_layernorm", stack.hidden, layers)


def _dbrx_flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lift what DBRX keeps in `attn_config` and `ffn_config`."""
    flat = dict(values)
    for name in ("attn_config", "ffn_config"):
        nested = values.get(name)
        if isinstance(nested, Mapping):
            flat.update({key: value for key, value in nested.items() if key != "hidden_size"})
    return flat


FAMILIES = {
    "mixtral": Decoder(
        mixer=attention(kinds=all_sliding),
        mlp=moe(experts="num_local_experts", inter="", names=_W),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "num_experts_per_tok": 2, "num_local_experts": 8},
    ),
    "qwen3_moe": QWEN3_MOE,
    "qwen2_moe": Decoder(
        mixer=attention(bias=("qkv_bias", True), kinds=layer_types(_early_odd_windows)),
        mlp={DENSE: gated(), SPARSE: moe(shared=shared_size(), shared_gate="shared_expert_gate")},
        mlp_kinds=sparse_steps,
        defaults={
            "num_key_value_heads": 16,
            "sliding_window": 4096,
            "shared_expert_intermediate_size": 5632,
            "num_experts_per_tok": 4,
        },
    ),
    "gpt_oss": Decoder(
        mixer=attention(
            bias=("attention_bias", True),
            out_bias=("attention_bias", True),
            sinks=True,
            kinds=layer_types(every(2)),
        ),
        mlp=moe(experts="num_local_experts", inter="", names=_FUSED, bias=True, router="router", router_bias=True),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "head_dim": 64, "sliding_window": 128, "num_experts_per_tok": 4},
    ),
    "olmoe": Decoder(
        square=True,
        mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="full"),
        mlp=moe(inter=""),
        aliases={"num_experts": "num_local_experts"},
        defaults={"num_experts": 64, "num_experts_per_tok": 8},
    ),
    "granitemoe": Decoder(
        mixer=_LLAMA_ATTENTION,
        mlp=moe(experts="num_local_experts", inter="", names=("input_linear", "output_linear"), router="router"),
        defaults={"num_local_experts": 8, "num_experts_per_tok": 2},
    ),
    "phimoe": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias", kinds=all_sliding),
        mlp=moe(experts="num_local_experts", inter="", names=_W),
        norm_bias=True,
        head_bias="lm_head_bias",
        defaults={"num_key_value_heads": 8, "num_local_experts": 16, "num_experts_per_tok": 2},
    ),
    "minimax_m2": Decoder(
        mixer=attention(qk_norm="full"),
        mlp=moe(experts="num_local_experts", inter="", names=_W),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "head_dim": 128, "num_experts_per_tok": 8},
    ),
    "dbrx": Decoder(
        mixer=fused_attention(names=("Wqkv", "out_proj")),
        mlp=moe(experts="moe_num_experts", per_tok="moe_top_k", inter="", names=("w1", "v1", "w2"), router="layer"),
        norms=("norm_1", "norm_2"),
        embed="wte",
        final_norm="norm_f",
        aliases={
            "hidden_size": "d_model",
            "num_hidden_layers": "n_layers",
            "num_attention_heads": "n_heads",
            "max_position_embeddings": "max_seq_len",
            "intermediate_size": "ffn_hidden_size",
        },
        kv_heads=lambda config, _: config.size("kv_n_heads"),
        reads_head_dim=False,
        rewrite=_dbrx_flat,
    ),
    "arctic": Decoder(
        mixer=attention(),
        mlp={DENSE: gated(names=_W), SPARSE: _arctic_residual},
        mlp_kinds=_arctic_kinds,
        reads_head_dim=True,
    ),
}
