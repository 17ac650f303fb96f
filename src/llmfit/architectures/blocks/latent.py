"""Multi-head latent attention: keys and values are kept as one compressed latent (DeepSeek V2)."""

from llmfit.architectures.reader import Pattern
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Cache, CacheKind, Role, Section

FIGURES = ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "kv_lora_rank")


def add_queries(stack: Stack, layers: tuple[int, ...], width: int, *, bias: bool = False) -> None:
    """Add the query projection, through a low rank where `q_lora_rank` is stated."""
    rank = stack.config.optional("q_lora_rank")
    if rank is None:
        stack.linear(Role.ATTN_Q, "q_proj", (width, stack.hidden), layers)
        return
    stack.extra["q_lora_rank"] = rank
    stack.linear(Role.ATTN_LATENT, "q_a_proj", (rank, stack.hidden), layers, bias=bias)
    stack.norm("q_a_layernorm", rank, layers)
    stack.linear(Role.ATTN_LATENT, "q_b_proj", (width, rank), layers)


def latent_attention(*, indexer: Block | None = None) -> Block:
    """Latent r = kv_lora_rank and rotary key d_r, both from one projection (r + d_r) × h.

    Per token and layer the cache holds r + d_r elements, without K/V doubling.
    Source: DeepSeek-V2 report, arXiv 2405.04434, section 2.1.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config = stack.config
        nope, rope, value, rank = (config.size(name) for name in FIGURES)
        stack.extra.update(zip(FIGURES, (nope, rope, value, rank), strict=True))
        has_bias = config.flag("attention_bias")
        add_queries(stack, layers, stack.heads * (nope + rope), bias=has_bias)
        stack.linear(Role.ATTN_LATENT, "kv_a_proj_with_mqa", (rank + rope, stack.hidden), layers, bias=has_bias)
        stack.norm("kv_a_layernorm", rank, layers)
        stack.linear(Role.ATTN_LATENT, "kv_b_proj", (stack.heads * (nope + value), rank), layers)
        stack.linear(Role.ATTN_OUT, "o_proj", (stack.hidden, stack.heads * value), layers, bias=has_bias)
        if indexer is None:
            stack.caches.append(Cache(CacheKind.LATENT, layers, rank + rope, 0, 1))
        else:
            indexer(stack, layers)

    return block


def sparse_indexer(kinds: Pattern) -> Block:
    """Lightning indexer of sparse attention: scores old tokens with keys of `index_head_dim`.

    Layers of kind `full` have an indexer and keep its keys; `shared` ones reuse a neighbour's choice.
    Prediction layers always have one.
    Source: DeepSeek-V3.2-Exp report, 2025.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config = stack.config
        names = kinds(config, stack.n)
        predicts = stack.section is Section.MTP
        owners = tuple(i for i in layers if predicts or names[i] == "full")
        others = tuple(i for i in layers if i not in owners)
        heads, width, rank = config.size("index_n_heads"), config.size("index_head_dim"), config.size("q_lora_rank")
        latent = config.size("kv_lora_rank") + config.size("qk_rope_head_dim")
        stack.extra["index_topk"] = config.size("index_topk", 2048)
        if owners:
            stack.linear(Role.ATTN_INDEXER, "wq_b", (heads * width, rank), owners)
            stack.linear(Role.ATTN_INDEXER, "wk", (width, stack.hidden), owners)
            stack.norm("k_norm", width, owners, bias=True)
            stack.linear(Role.ATTN_INDEXER, "weights_proj", (heads, stack.hidden), owners)
            stack.caches.append(Cache(CacheKind.LATENT, owners, latent, 0, 1, indexer_elements=width))
        if others:
            stack.caches.append(Cache(CacheKind.LATENT, others, latent, 0, 1))

    return block
