"""GLM-5 Next: Kimi delta attention in turn with indexed latent attention, hyper-connections, its tower."""

from llmfit.architectures.blocks.kinds import DENSE, LINEAR, SPARSE, dense_first, every, layer_types
from llmfit.architectures.blocks.latent import add_queries
from llmfit.architectures.blocks.linear import kimi_delta
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_count
from llmfit.architectures.blocks.vit import FUSED, add_layers, add_patches, measure
from llmfit.architectures.decoder import Decoder, Describe
from llmfit.architectures.families.delta import kimi_flat
from llmfit.architectures.families.multimodal import Multimodal
from llmfit.architectures.families.towers import GATED, nothing
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Cache, CacheKind, Role, Section

INDEXED = "indexed_attention"


def _indexed_attention(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add latent attention without positions, and an indexer whose keys are pooled.

    The cache holds the latent, and for each token the indexer's key, its pooling gate and one position.
    """
    config, h = stack.config, stack.hidden
    config.only("qk_rope_head_dim", 0)
    config.only("attention_bias", False)
    stated = config.items("indexer_types", str, length=stack.n)
    if (stated and set(stated) != {"full"}) or config.raw("index_topk_pattern") or config.raw("index_topk_freq"):
        config.unsupported("indexer_types", "shares indexers between layers")
    nope, value, rank = (config.size(name) for name in ("qk_nope_head_dim", "v_head_dim", "kv_lora_rank"))
    stack.extra.update(qk_nope_head_dim=nope, qk_rope_head_dim=0, v_head_dim=value, kv_lora_rank=rank)
    q_rank = config.size("q_lora_rank")
    add_queries(stack, layers, stack.heads * nope)
    stack.linear(Role.ATTN_LATENT, "kv_a_proj_with_mqa", (rank, h), layers)
    stack.norm("kv_a_layernorm", rank, layers)
    stack.linear(Role.ATTN_LATENT, "kv_b_proj", (stack.heads * (nope + value), rank), layers)
    stack.linear(Role.ATTN_OUT, "o_proj", (h, stack.heads * value), layers)
    heads, width = config.size("index_n_heads", 32), config.size("index_head_dim", 128)
    stack.tensor(Role.POSITION, "index_kpool_compress_ape", (config.size("index_kpool", 16), width), layers)
    stack.tensor(Role.ATTN_INDEXER, "index_kpool_compress_gate", (width, h), layers)
    stack.linear(Role.ATTN_INDEXER, "wq_b", (heads * width, q_rank), layers)
    stack.linear(Role.ATTN_INDEXER, "wk", (width, h), layers)
    stack.norm("k_norm", width, layers, bias=True)
    stack.linear(Role.ATTN_INDEXER, "weights_proj", (heads, h), layers)
    stack.caches.append(Cache(CacheKind.LATENT, layers, rank, 0, 1, indexer_elements=2 * width + 1))


def _hyper_connections(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add hyper-connections around attention and MLP: several residual streams, mixed twice a layer."""
    many = stack.config.size("hc_mult", 4)
    rows = (2 + many) * many
    stack.tensor(Role.OTHER, "fn", (rows, many * stack.hidden), layers, copies=2)
    stack.tensor(Role.BIAS, "base", (rows,), layers, copies=2)
    stack.tensor(Role.OTHER, "scale", (3,), layers, copies=2)


TEXT = Decoder(
    mixer={INDEXED: _indexed_attention, LINEAR: kimi_delta()},
    kinds=layer_types(every(4, INDEXED, LINEAR), known=(LINEAR, INDEXED)),
    mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts", shared=shared_count(default=1))},
    mlp_kinds=dense_first(3),
    extras=(_hyper_connections,),
    reads_head_dim=False,
    even_heads=False,
    aliases={"n_routed_experts": "num_local_experts"},
    defaults={"num_experts_per_tok": 8, "linear_head_dim": 128, "linear_num_heads": 64},
    check=(("first_k_dense_replace", (3,)), ("moe_layer_freq", (1,))),
    rewrite=kimi_flat,
)


def _vision(stack: Stack) -> int:
    """Add the tower: RMS norms (of queries and keys too), gated MLPs with biases, convolution and merger."""
    config = stack.config
    measure(stack, depth="depth")
    config.only("attention_bias", True)
    h, out = stack.hidden, config.size("out_hidden_size", 1536)
    head = config.divided("hidden_size", h, config.size("num_heads", 16))
    add_patches(stack, "proj", frames=config.size("temporal_patch_size", 2), bias=True)
    add_layers(stack, attention=FUSED, mlp=GATED, norms=("norm1", "norm2"), norm_bias=False)
    stack.norm("q_norm", head, stack.layers)
    stack.norm("k_norm", head, stack.layers)
    stack.norm("post_layernorm", h)
    merge, inner = config.size("spatial_merge_size", 2), config.size("projection_intermediate_size", 10_240)
    stack.section = Section.PROJECTOR
    stack.tensor(Role.OTHER, "downsample", (out, h, merge, merge))
    stack.tensor(Role.BIAS, "downsample", (out,))
    stack.linear(Role.OTHER, "proj", (out, out))
    stack.norm("post_projection_norm", out, bias=True)
    for name, shape in (("gate_proj", (inner, out)), ("up_proj", (inner, out)), ("down_proj", (out, inner))):
        stack.linear(Role.OTHER, name, shape)
    return out


FAMILIES: dict[str, Describe] = {
    "glm5_next": Multimodal(text=TEXT, vision=_vision, project=nothing, vision_defaults={"patch_size": 14})
}
