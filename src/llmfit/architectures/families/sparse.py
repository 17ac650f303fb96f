"""Mixture-of-experts decoders with keys and values per head."""

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import FULL, SLIDING, every, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_size
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import all_sliding
from llmfit.architectures.reader import Config

DENSE, SPARSE = "dense", "sparse"


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
    defaults={"num_key_value_heads": 4, "sliding_window": 4096},
)

FAMILIES = {
    "mixtral": Decoder(
        mixer=attention(kinds=all_sliding),
        mlp=moe(experts="num_local_experts", inter="", names=("w1", "w3", "w2")),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "num_experts_per_tok": 2, "num_local_experts": 8},
    ),
    "qwen3_moe": QWEN3_MOE,
    "qwen2_moe": Decoder(
        mixer=attention(bias=("qkv_bias", True), kinds=layer_types(_early_odd_windows)),
        mlp={
            DENSE: gated(),
            SPARSE: moe(shared=shared_size(), shared_gate="shared_expert_gate"),
        },
        mlp_kinds=sparse_steps,
        defaults={"num_key_value_heads": 16, "sliding_window": 4096, "shared_expert_intermediate_size": 5632},
    ),
    "gpt_oss": Decoder(
        mixer=attention(
            bias=("attention_bias", True),
            out_bias=("attention_bias", True),
            sinks=True,
            kinds=layer_types(every(2)),
        ),
        mlp=moe(
            experts="num_local_experts",
            inter="",
            names=("gate_up_proj", "down_proj"),
            bias=True,
            router="router",
            router_bias=True,
        ),
        aliases={"num_local_experts": "num_experts"},
        defaults={"num_key_value_heads": 8, "head_dim": 64, "sliding_window": 128, "num_experts_per_tok": 4},
    ),
}
