"""DeepSeek V4: one shared latent per token, compressed sparse attention, hyper-connections."""

from llmfit.architectures.blocks.kinds import SLIDING, grouped
from llmfit.architectures.blocks.moe import moe, shared_count
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Cache, CacheKind, Role

SPARSE, HEAVY = "compressed_sparse_attention", "heavily_compressed_attention"
_BY_RATIO = {0: SLIDING, 4: SPARSE, 128: HEAVY}


def _kinds(config: Config, n: int) -> list[str]:
    """Read `layer_types`, or `compress_ratios` (the extra ones are for prediction layers), or alternate."""
    stated = config.items("layer_types", str)
    ratios = config.items("compress_ratios", int)
    if stated is None and ratios is not None:
        if not set(ratios) <= set(_BY_RATIO):
            config.unsupported("compress_ratios", "holds other ratios than 0, 4 and 128")
        stated = [_BY_RATIO[ratio] for ratio in ratios]
    if stated is None:
        return [HEAVY] * min(n, 2) + [SPARSE if i % 2 else HEAVY for i in range(max(n - 2, 0))]
    if len(stated) < n:
        config.invalid("layer_types", f"has {len(stated)} entries for {n} layers")
    if not set(stated) <= {SLIDING, SPARSE, HEAVY}:
        config.unsupported("layer_types", "names other kinds than sliding and compressed attention")
    return list(stated[:n])


def _rates(config: Config) -> dict[str, int]:
    """Return how many tokens share one cell, by kind of layer."""
    nested = config.child("compress_rates")
    return {
        SPARSE: nested.size(SPARSE, config.size("compress_rate_csa", 4)),
        HEAVY: nested.size(HEAVY, config.size("compress_rate_hca", 128)),
    }


def _attention(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add queries and output through low ranks, one key-value head for all, and the compressors."""
    config, h, d = stack.config, stack.hidden, stack.head_dim
    rank, groups, out = config.size("q_lora_rank"), config.size("o_groups", 8), config.size("o_lora_rank", 1024)
    config.only("attention_bias", False)
    width = stack.heads * d
    stack.linear(Role.ATTN_LATENT, "q_a_proj", (rank, h), layers)
    stack.norm("q_a_norm", rank, layers)
    stack.linear(Role.ATTN_LATENT, "q_b_proj", (width, rank), layers)
    stack.linear(Role.ATTN_LATENT, "kv_proj", (d, h), layers)
    stack.norm("kv_norm", d, layers)
    stack.linear(Role.ATTN_OUT, "o_a_proj", (groups * out, config.divided("o_groups", width, groups)), layers)
    stack.linear(Role.ATTN_OUT, "o_b_proj", (h, groups * out), layers)
    stack.tensor(Role.ATTN_EXTRA, "sinks", (stack.heads,), layers)
    stack.caches.append(Cache(CacheKind.SLIDING, layers, d, 0, 1, config.size("sliding_window", 128)))
    rates = _rates(config)
    for kind, members in grouped(_kinds(config, stack.n)).items():
        if kind == HEAVY:
            _compressor(stack, members, rate=rates[HEAVY], width=d, double=1)
            stack.caches.append(Cache(CacheKind.COMPRESSED, members, d, 0, 1, compression=rates[HEAVY]))
        elif kind == SPARSE:
            _compressor(stack, members, rate=rates[SPARSE], width=d, double=2)
            index = _indexer(stack, members, rate=rates[SPARSE], rank=rank)
            stack.caches.append(
                Cache(CacheKind.COMPRESSED, members, d, 0, 1, indexer_elements=index, compression=rates[SPARSE])
            )


def _compressor(stack: Stack, layers: tuple[int, ...], *, rate: int, width: int, double: int) -> None:
    h = stack.hidden
    stack.tensor(Role.POSITION, "position_bias", (rate, double * width), layers)
    stack.linear(Role.ATTN_LATENT, "kv_proj", (double * width, h), layers)
    stack.linear(Role.ATTN_LATENT, "gate_proj", (double * width, h), layers)
    stack.norm("kv_norm", width, layers)


def _indexer(stack: Stack, layers: tuple[int, ...], *, rate: int, rank: int) -> int:
    config, h = stack.config, stack.hidden
    heads, width = config.size("index_n_heads", 64), config.size("index_head_dim", 128)
    stack.tensor(Role.POSITION, "position_bias", (rate, 2 * width), layers)
    for name in ("kv_proj", "gate_proj"):
        stack.linear(Role.ATTN_INDEXER, name, (2 * width, h), layers)
    stack.norm("kv_norm", width, layers)
    stack.linear(Role.ATTN_INDEXER, "q_b_proj", (heads * width, rank), layers)
    stack.linear(Role.ATTN_INDEXER, "weights_proj", (heads, h), layers)
    return width


def _hyper_connections(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add manifold-constrained hyper-connections: several residual streams, mixed twice a layer."""
    many, h = stack.config.size("hc_mult", 4), stack.hidden
    rows = (2 + many) * many
    stack.tensor(Role.OTHER, "fn", (rows, many * h), layers, copies=2)
    stack.tensor(Role.BIAS, "base", (rows,), layers, copies=2)
    stack.tensor(Role.OTHER, "scale", (3,), layers, copies=2)
    stack.tensor(Role.OTHER, "hc_fn", (many, many * h))
    stack.tensor(Role.BIAS, "hc_base", (many,))
    stack.tensor(Role.OTHER, "hc_scale", (1,))


V4 = Decoder(
    mixer=_attention,
    mlp=moe(experts="n_routed_experts", shared=shared_count(default=1), shared_bias="mlp_bias"),
    extras=(_hyper_connections,),
    kv_heads=lambda _, __: 1,
    aliases={"n_routed_experts": "num_local_experts", "moe_intermediate_size": "intermediate_size"},
    defaults={"head_dim": 512, "num_experts_per_tok": 6},
    check=(("n_shared_experts", (1,)),),
)

FAMILIES = {"deepseek_v4": V4, "deepseek_ref": V4}
