"""Mixture-of-experts decoders with keys and values per head."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.kinds import DENSE, FULL, SLIDING, SPARSE, dense_first, every, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_count, shared_size
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import all_sliding, exaone4_windows
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
_NORMED_ATTENTION = attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head")


def _dots_windows(config: Config, n: int) -> list[str]:
    """Layers from `max_window_layers` on slide."""
    if config.optional("sliding_window") is None:
        return [FULL] * n
    start = min(config.count("max_window_layers", 62), n)
    return [FULL] * start + [SLIDING] * (n - start)


def _ernie_kinds(config: Config, n: int) -> list[str]:
    """Every `moe_layer_interval`-th layer from the start to the end index is sparse."""
    first, interval = config.count("moe_layer_start_index", 1), config.size("moe_layer_interval", 1)
    last = n - 1 if config.raw("moe_layer_end_index") in (None, -1) else config.count("moe_layer_end_index")
    return [SPARSE if (i + 1) % interval == 0 and first <= i <= last else DENSE for i in range(n)]


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


def _same_everywhere(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Replace a list that repeats one value for each layer by the value (HunYuan)."""
    changed = dict(values)
    for name in names:
        value = values.get(name)
        if isinstance(value, list) and value and all(item == value[0] for item in value):
            changed[name] = value[0]
    return changed


def _hunyuan_shared(stack: Stack) -> int:
    """Return the width of the one shared MLP: that of an expert."""
    stack.config.only("num_shared_expert", 1)
    stack.config.only("moe_intermediate_size", stack.moe_inter)
    return stack.moe_inter


def _bailing_experts(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add Ling's experts; from version 2.0, known by its query norms, the router has a bias of each expert."""
    biased = stack.config.flag("moe_router_enable_expert_bias", stack.config.flag("use_qk_norm"))
    moe(shared=shared_count("num_shared_experts"), correction="expert_bias" if biased else "")(stack, layers)


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
    "dots1": Decoder(
        mixer=attention(
            bias="attention_bias", out_bias="attention_bias", qk_norm="head", kinds=layer_types(_dots_windows)
        ),
        mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count())},
        mlp_kinds=dense_first(0),
        defaults={"num_key_value_heads": 32, "sliding_window": 4096},
    ),
    "ernie4_5_moe": Decoder(
        mixer=attention(bias="use_bias", out_bias="use_bias"),
        mlp={
            DENSE: gated(bias="use_bias"),
            SPARSE: moe(
                correction="e_score_correction_bias",
                shared=shared_count("moe_num_shared_experts"),
                shared_bias="use_bias",
            ),
        },
        mlp_kinds=_ernie_kinds,
        head_bias="use_bias",
        tied=True,
        aliases={"num_experts": "moe_num_experts", "num_experts_per_tok": "moe_k"},
        defaults={
            "num_key_value_heads": 4,
            "moe_num_shared_experts": 2,
            "num_experts_per_tok": 6,
            "num_experts": 64,
            "moe_intermediate_size": 1536,
        },
    ),
    "afmoe": Decoder(
        mixer=attention(
            bias="attention_bias",
            out_bias="attention_bias",
            qk_norm="head",
            gate_proj="gate_proj",
            kinds=layer_types(every(("global_attn_every_n_layers", 4))),
        ),
        mlp={
            DENSE: gated(),
            SPARSE: moe(correction="expert_bias", shared=shared_count("num_shared_experts", 2)),
        },
        mlp_kinds=dense_first(1, key="num_dense_layers"),
        norms=("input_layernorm", "post_attention_layernorm", "pre_mlp_layernorm", "post_mlp_layernorm"),
        defaults={"head_dim": 128, "sliding_window": 1024, "num_experts": 64, "num_experts_per_tok": 6},
    ),
    "exaone_moe": Decoder(
        mixer=attention(qk_norm="head", kinds=layer_types(exaone4_windows)),
        mlp={DENSE: gated(), SPARSE: moe(shared=shared_count("num_shared_experts", 1))},
        mlp_kinds=dense_first(1),
        defaults={"num_key_value_heads": 32, "sliding_window": 4096, "num_experts_per_tok": 8},
    ),
    "hunyuan_v1_moe": Decoder(
        mixer=attention(
            bias="attention_bias",
            out_bias="attention_bias",
            qk_norm="head",
            norm_names=("query_layernorm", "key_layernorm"),
        ),
        mlp=moe(inter="", router="wg", shared=_hunyuan_shared),
        aliases={"num_experts_per_tok": "moe_topk", "num_experts": "num_local_experts"},
        rewrite=lambda values: _same_everywhere(values, "moe_topk", "num_shared_expert", "moe_intermediate_size"),
    ),
    "hy_v3": Decoder(
        mixer=_NORMED_ATTENTION,
        mlp={
            DENSE: gated(bias="mlp_bias"),
            SPARSE: moe(shared=shared_count("num_shared_experts", 1), shared_bias="mlp_bias"),
        },
        mlp_kinds=dense_first(1),
        aliases={"num_experts": "num_local_experts"},
        defaults={"num_key_value_heads": 8, "head_dim": 128, "num_experts_per_tok": 8},
    ),
    "mellum": Decoder(
        mixer=attention(
            bias="attention_bias",
            out_bias="attention_bias",
            qk_norm="head",
            kinds=layer_types(lambda _, n: (FULL,) * n),
        ),
        mlp={DENSE: gated(), SPARSE: moe()},
        mlp_kinds=dense_first(0),
        aliases={"num_experts": "num_local_experts"},
        defaults={
            "num_key_value_heads": 4,
            "head_dim": 128,
            "sliding_window": 1024,
            "num_experts": 64,
            "num_experts_per_tok": 8,
            "moe_intermediate_size": 896,
        },
    ),
    "solar_open": Decoder(
        mixer=attention(bias="attention_bias"),
        mlp=moe(experts="n_routed_experts", shared=shared_count(default=1)),
        aliases={"n_routed_experts": "num_local_experts"},
        defaults={"num_key_value_heads": 8, "head_dim": 128, "num_experts_per_tok": 8},
    ),
    "kolibri1": Decoder(
        mixer=attention(qk_norm="head", kinds=layer_types(every(5))),
        mlp=moe(shared=shared_size()),
        norms=("input_layernorm", "post_attention_layernorm", "post_self_attn_layernorm", "post_mlp_layernorm"),
        aliases={"num_experts": "num_local_experts"},
        defaults={
            "num_key_value_heads": 4,
            "head_dim": 128,
            "sliding_window": 513,
            "num_experts_per_tok": 6,
            "shared_expert_intermediate_size": 512,
        },
    ),
    "minimax_m2": Decoder(
        mixer=attention(qk_norm="full"),
        mlp=moe(experts="num_local_experts", inter="", names=_W),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "head_dim": 128, "num_experts_per_tok": 8},
    ),
    "glm4_moe": Decoder(
        mixer=attention(bias="attention_bias", qk_norm="head", qk_norm_if="use_qk_norm"),
        mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=1))},
        mlp_kinds=dense_first(1),
        aliases={"n_routed_experts": "num_local_experts"},
        defaults={"num_key_value_heads": 8, "num_experts_per_tok": 8},
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
    "bailing_moe": Decoder(
        mixer=fused_attention(
            bias="use_qkv_bias",
            out_bias="use_bias",
            qk_norm="head",
            qk_norm_if="use_qk_norm",
            names=("query_key_value", "dense"),
            norm_names=("query_layernorm", "key_layernorm"),
        ),
        mlp={DENSE: gated(), SPARSE: _bailing_experts},
        mlp_kinds=dense_first(0),
        embed="word_embeddings",
        check=(("multi_gate", (False,)),),
    ),
    "deepseek": Decoder(
        mixer=_LLAMA_ATTENTION,
        mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count())},
        mlp_kinds=dense_first(0),
    ),
}
