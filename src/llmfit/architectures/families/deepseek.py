"""Decoders with multi-head latent attention: DeepSeek V2 and what followed it."""

from collections.abc import Sequence
from dataclasses import replace

from llmfit.architectures.blocks.kinds import DENSE, SPARSE, dense_first
from llmfit.architectures.blocks.latent import latent_attention, sparse_indexer
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_count
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack

_RANKS = {
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
}
_ROUTED = {"n_routed_experts": "num_local_experts"}
_V3_MLP = {DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=1))}


def _v2_experts(stack: Stack, layers: tuple[int, ...]) -> None:
    moe(experts="n_routed_experts", shared=shared_count(default=2), shared_bias="mlp_bias")(stack, layers)


def _indexer_kinds(config: Config, n: int) -> Sequence[str]:
    """Which layers have an indexer of their own: `indexer_types`, or a pattern, or a frequency (GLM-5.2)."""
    stated = config.items("indexer_types", str, length=n)
    if stated is None:
        pattern = config.word("index_topk_pattern")
        stated = [{"F": "full", "S": "shared"}.get(letter, letter) for letter in pattern] if pattern else None
    if stated is None:
        step, offset = config.size("index_topk_freq", 1), config.count("index_skip_topk_offset", 2)
        return ["shared" if max(i - offset + 1, 0) % step else "full" for i in range(n)]
    if len(stated) != n or not set(stated) <= {"full", "shared"}:
        config.invalid("indexer_types", f"does not say `full` or `shared` for each of {n} layers")
    return stated


V3 = Decoder(
    mtp="num_nextn_predict_layers",
    mixer=latent_attention(),
    mlp=_V3_MLP,
    mlp_kinds=dense_first(3),
    reads_head_dim=False,
    even_heads=False,
    aliases=_ROUTED,
    defaults={**_RANKS, "num_experts_per_tok": 8},
    sizes={
        "vocab_size": 129280,
        "hidden_size": 7168,
        "intermediate_size": 18432,
        "moe_intermediate_size": 2048,
        "num_hidden_layers": 61,
        "num_attention_heads": 128,
        "n_routed_experts": 256,
    },
)


def _like_v3(
    *,
    first: int,
    indexer: bool = False,
    **defaults: int,
) -> Decoder:
    """Return DeepSeek V3's recipe with other defaults."""
    return Decoder(
        mtp="num_nextn_predict_layers",
        mixer=latent_attention(indexer=sparse_indexer(_indexer_kinds) if indexer else None),
        mlp=_V3_MLP,
        mlp_kinds=dense_first(first),
        reads_head_dim=False,
        even_heads=False,
        aliases=_ROUTED,
        defaults={**_RANKS, "num_experts_per_tok": 8, **defaults},
    )


FAMILIES = {
    "deepseek_v2": Decoder(
        mixer=latent_attention(),
        mlp={DENSE: gated(bias="mlp_bias"), SPARSE: _v2_experts},
        mlp_kinds=dense_first(0),
        reads_head_dim=False,
        even_heads=False,
        aliases={"n_routed_experts": "num_experts"},
        defaults=_RANKS,
    ),
    "deepseek_v3": V3,
    "kimi_k2": V3,
    "deepseek_v32": _like_v3(first=3, indexer=True, index_n_heads=64, index_head_dim=128),
    "glm_moe_dsa": _like_v3(
        first=3,
        indexer=True,
        q_lora_rank=2048,
        qk_nope_head_dim=192,
        v_head_dim=256,
        index_n_heads=32,
        index_head_dim=128,
    ),
    "glm4_moe_lite": replace(
        _like_v3(first=1, q_lora_rank=768, qk_nope_head_dim=192, v_head_dim=256, num_experts_per_tok=4),
        aliases={**_ROUTED, "qk_rope_head_dim": "head_dim"},
    ),
    "mistral4": _like_v3(first=0, kv_lora_rank=256, q_lora_rank=1024, qk_nope_head_dim=64, num_experts_per_tok=4),
    "axk1": Decoder(
        mixer=latent_attention(),
        mlp={
            DENSE: gated(),
            SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=1), extra_norm="post_mlp_layernorm"),
        },
        mlp_kinds=dense_first(1),
        reads_head_dim=False,
        even_heads=False,
        aliases=_ROUTED,
        defaults={**_RANKS, "num_experts_per_tok": 8},
    ),
    "youtu": Decoder(
        mixer=latent_attention(),
        mlp=gated(),
        reads_head_dim=False,
        even_heads=False,
        tied=True,
        defaults=_RANKS,
    ),
}
