"""Google's Gemma family."""

from dataclasses import replace

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import every, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.decoder import Decoder

FOUR_NORMS = (
    "input_layernorm",
    "post_attention_layernorm",
    "pre_feedforward_layernorm",
    "post_feedforward_layernorm",
)

GEMMA3_TEXT = Decoder(
    mixer=attention(
        bias="attention_bias",
        out_bias="attention_bias",
        qk_norm="head",
        kinds=layer_types(every(("sliding_window_pattern", 6))),
        halved=True,
    ),
    mlp=gated(),
    norms=FOUR_NORMS,
    tied=True,
    defaults={"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096},
    sizes={
        "vocab_size": 262208,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "max_position_embeddings": 131072,
    },
)

GEMMA2 = Decoder(
    mixer=attention(bias="attention_bias", out_bias="attention_bias", kinds=layer_types(every(2))),
    mlp=gated(),
    norms=FOUR_NORMS,
    tied=True,
    defaults={"vocab_size": 256000, "num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096},
    sizes={
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "max_position_embeddings": 8192,
    },
)

FAMILIES = {
    "gemma": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias"),
        mlp=gated(),
        tied=True,
        defaults={"num_key_value_heads": 16, "head_dim": 256},
        sizes={
            "vocab_size": 256000,
            "hidden_size": 3072,
            "intermediate_size": 24576,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "max_position_embeddings": 8192,
        },
    ),
    "gemma2": GEMMA2,
    "gemma3_text": GEMMA3_TEXT,
    "vaultgemma": replace(GEMMA2, norms=("input_layernorm", "pre_feedforward_layernorm")),
}
