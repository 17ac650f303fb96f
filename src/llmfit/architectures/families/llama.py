"""Dense decoders of Llama's plan: grouped-query attention, gated MLP, RMS norms before both."""

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.kinds import FULL, SLIDING, layer_types
from llmfit.architectures.blocks.mlp import gated
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

FAMILIES = {
    "llama": LLAMA,
    "mistral": MISTRAL,
    "qwen2": QWEN2,
    "qwen3": QWEN3,
    "phi3": PHI3,
}
