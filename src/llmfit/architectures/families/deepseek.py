"""Decoders with multi-head latent attention: DeepSeek V2 and what followed it."""

from llmfit.architectures.blocks.kinds import first
from llmfit.architectures.blocks.latent import latent_attention
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_count
from llmfit.architectures.decoder import Decoder

DENSE, SPARSE = "dense", "sparse"

_V2 = {
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
}
_ROUTED = {"n_routed_experts": "num_experts"}

FAMILIES = {
    "deepseek_v2": Decoder(
        mixer=latent_attention(),
        mlp={
            DENSE: gated(bias="mlp_bias"),
            SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=2), shared_bias="mlp_bias"),
        },
        mlp_kinds=first("first_k_dense_replace", 0, DENSE, SPARSE),
        reads_head_dim=False,
        aliases=_ROUTED,
        defaults=_V2,
    ),
    "deepseek_v3": Decoder(
        mixer=latent_attention(),
        mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=1))},
        mlp_kinds=first("first_k_dense_replace", 3, DENSE, SPARSE),
        reads_head_dim=False,
        aliases=_ROUTED,
        defaults={**_V2, "num_experts_per_tok": 8},
    ),
}
