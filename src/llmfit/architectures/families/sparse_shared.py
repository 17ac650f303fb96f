"""Mixture-of-experts decoders whose tokens also pass a shared expert: Ling, GLM-4.5, ERNIE and others."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.kinds import DENSE, FULL, SLIDING, SPARSE, dense_first, every, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_count, shared_size
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import exaone4_windows
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack

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


FAMILIES = {
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
    "glm4_moe": Decoder(
        mtp="num_nextn_predict_layers",
        mixer=attention(bias="attention_bias", qk_norm="head", qk_norm_if="use_qk_norm"),
        mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=1))},
        mlp_kinds=dense_first(1),
        aliases={"n_routed_experts": "num_local_experts"},
        defaults={"num_key_value_heads": 8, "num_experts_per_tok": 8},
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
