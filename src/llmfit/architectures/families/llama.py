"""Dense decoders of Llama's plan: grouped-query attention, gated MLP, RMS norms before both."""

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.kinds import FULL, SLIDING, every, layer_types
from llmfit.architectures.blocks.mlp import gated, plain
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.reader import Config


def all_sliding(config: Config, n: int) -> list[str]:
    """Every layer slides where the config states a window (Mistral)."""
    return [FULL if config.optional("sliding_window") is None else SLIDING] * n


def _late_windows(config: Config, n: int) -> list[str]:
    """Layers from `max_window_layers` on slide, where windows are used at all (Qwen2)."""
    if not config.flag("use_sliding_window") or config.optional("sliding_window") is None:
        return [FULL] * n
    start = min(config.count("max_window_layers", 28), n)
    return [FULL] * start + [SLIDING] * (n - start)


qwen_windows = layer_types(_late_windows)

LLAMA = Decoder(
    mixer=attention(bias="attention_bias", out_bias="attention_bias"),
    mlp=gated(bias="mlp_bias"),
    sizes={
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 2048,
    },
)
MISTRAL = Decoder(
    mixer=attention(kinds=all_sliding),
    mlp=gated(),
    defaults={"num_key_value_heads": 8, "sliding_window": 4096},
    sizes={
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 131072,
    },
)
MINISTRAL3 = Decoder(
    mixer=attention(kinds=all_sliding), mlp=gated(), defaults={"num_key_value_heads": 8, "head_dim": 128}
)
QWEN2 = Decoder(
    mixer=attention(bias=True, kinds=qwen_windows),
    mlp=gated(),
    defaults={"num_key_value_heads": 32, "sliding_window": 4096},
)
QWEN3 = Decoder(
    mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head", kinds=qwen_windows),
    mlp=gated(),
    defaults={"num_key_value_heads": 32, "head_dim": 128, "sliding_window": 4096},
)
PHI3 = Decoder(
    mixer=fused_attention(kinds=all_sliding),
    mlp=gated(fused="gate_up_proj"),
)


BOTH_AFTER = ("post_attention_layernorm", "post_feedforward_layernorm")
"""OLMo 2 normalises what a branch returns, not what it receives."""

_LLAMA_ATTENTION = attention(bias="attention_bias", out_bias="attention_bias")
_LLAMA_MLP = gated(bias="mlp_bias")
_GLM_ATTENTION = attention(bias=("attention_bias", True))
_GLM_MLP = gated(fused="gate_up_proj")
_GLM_DEFAULTS = {"num_key_value_heads": 2, "head_dim": 128}


def _stablelm_norms(config: Config) -> tuple[str, ...]:
    """Parallel branches share one norm."""
    both = ("input_layernorm", "post_attention_layernorm")
    return both[:1] if config.flag("use_parallel_residual") else both


def _hyperclovax_norms(config: Config) -> tuple[str, ...]:
    both = ("input_layernorm", "post_attention_layernorm")
    return (*both, "post_norm1", "post_norm2") if config.flag("use_post_norm", True) else both


def _no_rope_windows(config: Config, n: int) -> list[str]:
    """Layers without RoPE slide, where windows are used (SmolLM3)."""
    if not config.flag("use_sliding_window") or config.optional("sliding_window") is None:
        return [FULL] * n
    rope = config.items("no_rope_layers", int, length=n)
    interval = config.size("no_rope_layer_interval", 4)
    return [FULL if (rope[i] if rope else (i + 1) % interval) else SLIDING for i in range(n)]


def exaone4_windows(config: Config, n: int) -> list[str]:
    """Every `sliding_window_pattern`-th layer sees everything; all of them where there is no window."""
    if config.nulls("sliding_window"):
        return [FULL] * n
    return list(every(("sliding_window_pattern", 4))(config, n))


def _granite_windows(_: Config, n: int) -> list[str]:
    return [SLIDING if i % 4 else FULL for i in range(n)]


FAMILIES = {
    "llama": LLAMA,
    "mistral": MISTRAL,
    "qwen2": QWEN2,
    "qwen3": QWEN3,
    "phi3": PHI3,
    "granite": Decoder(mixer=_LLAMA_ATTENTION, mlp=_LLAMA_MLP),
    "granite_swa": Decoder(
        mixer=attention(
            bias="attention_bias", out_bias="attention_bias", sinks=True, kinds=layer_types(_granite_windows)
        ),
        mlp=_LLAMA_MLP,
        tied=True,
        defaults={"num_key_value_heads": 4, "sliding_window": 128},
    ),
    "arcee": Decoder(mixer=_LLAMA_ATTENTION, mlp=plain(bias="mlp_bias")),
    "nemotron": Decoder(mixer=_LLAMA_ATTENTION, mlp=plain(bias="mlp_bias"), norm_bias=True),
    "helium": Decoder(
        square=True,
        mixer=attention(bias="attention_bias"),
        mlp=_LLAMA_MLP,
        defaults={"num_key_value_heads": 20, "head_dim": 128},
    ),
    "smollm3": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias", kinds=layer_types(_no_rope_windows)),
        mlp=_LLAMA_MLP,
        tied=True,
        defaults={"num_key_value_heads": 4},
    ),
    "seed_oss": Decoder(
        mixer=attention(bias=("attention_bias", True), out_bias="attention_out_bias"),
        mlp=_LLAMA_MLP,
        defaults={"num_key_value_heads": 8, "head_dim": 128},
    ),
    "hyperclovax": Decoder(mixer=_LLAMA_ATTENTION, mlp=_LLAMA_MLP, norms=_hyperclovax_norms),
    "iquestcoder": Decoder(
        mixer=_LLAMA_ATTENTION, mlp=_LLAMA_MLP, defaults={"num_key_value_heads": 8, "head_dim": 128}
    ),
    "internlm3": Decoder(
        mixer=_LLAMA_ATTENTION,
        mlp=_LLAMA_MLP,
        aliases={"attention_bias": "qkv_bias", "mlp_bias": "bias"},
        defaults={"num_key_value_heads": 2, "head_dim": 128},
    ),
    "ernie4_5": Decoder(
        mixer=attention(bias="use_bias", out_bias="use_bias"),
        mlp=gated(bias="use_bias"),
        tied=True,
        defaults={"num_key_value_heads": 2, "head_dim": 128},
    ),
    "hunyuan_v1_dense": Decoder(
        mixer=attention(
            bias="attention_bias",
            out_bias="attention_bias",
            qk_norm="head",
            norm_names=("query_layernorm", "key_layernorm"),
        ),
        mlp=gated(),
    ),
    "apertus": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head"),
        mlp=plain(learned_activation=2),
        norms=("attention_layernorm", "feedforward_layernorm"),
    ),
    "bitnet": Decoder(
        square=True,
        mixer=attention(bias="attention_bias", out_bias="attention_bias", sub_norm="attn_sub_norm"),
        mlp=gated(sub_norm="ffn_sub_norm"),
        defaults={"num_key_value_heads": 5},
    ),
    "stablelm": Decoder(
        mixer=attention(
            bias="use_qkv_bias",
            qk_norm="full",
            qk_norm_if="qk_layernorm",
            norm_names=("q_layernorm", "k_layernorm"),
        ),
        mlp=gated(),
        norms=_stablelm_norms,
        reads_head_dim=False,
        norm_bias=True,
        defaults={"num_key_value_heads": 32},
    ),
    "olmo": Decoder(mixer=_LLAMA_ATTENTION, mlp=gated(), norm_weight=False),
    "olmo2": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="full"),
        mlp=gated(),
        norms=BOTH_AFTER,
    ),
    "olmo3": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="full", kinds=layer_types(every(4))),
        mlp=gated(),
        norms=BOTH_AFTER,
        defaults={"sliding_window": 4096},
    ),
    "exaone4": Decoder(
        mixer=attention(qk_norm="head", kinds=layer_types(exaone4_windows)),
        mlp=gated(),
        norms=BOTH_AFTER,
        defaults={"num_key_value_heads": 32, "sliding_window": 4096},
    ),
    "cohere": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="full", qk_norm_if="use_qk_norm"),
        mlp=gated(),
        norms=("input_layernorm",),
        tied=True,
    ),
    "cohere2": Decoder(
        mixer=attention(
            bias="attention_bias",
            out_bias="attention_bias",
            kinds=layer_types(every(("sliding_window_pattern", 4))),
        ),
        mlp=gated(),
        norms=("input_layernorm",),
        tied=True,
        defaults={"sliding_window": 4096},
    ),
    "glm": Decoder(mixer=_GLM_ATTENTION, mlp=_GLM_MLP, defaults=_GLM_DEFAULTS),
    "glm4": Decoder(
        mixer=_GLM_ATTENTION,
        mlp=_GLM_MLP,
        norms=("input_layernorm", "post_attention_layernorm", "post_self_attn_layernorm", "post_mlp_layernorm"),
        defaults=_GLM_DEFAULTS,
    ),
}
