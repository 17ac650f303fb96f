"""Multi-head latent attention: keys and values are kept as one compressed latent (DeepSeek V2)."""

from llmfit.architectures.blocks.flags import Flag, resolve
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Cache, CacheKind, Role

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


def latent_attention(
    *, bias: Flag = "attention_bias", out_bias: Flag | None = None, indexer: Block | None = None
) -> Block:
    """Latent r = kv_lora_rank and rotary key d_r, both from one projection (r + d_r) × h.

    Per token and layer the cache holds r + d_r elements, without K/V doubling.
    Source: DeepSeek-V2 report, arXiv 2405.04434, section 2.1.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config = stack.config
        nope, rope, value, rank = (config.size(name) for name in FIGURES)
        stack.extra.update(zip(FIGURES, (nope, rope, value, rank), strict=True))
        has_bias = resolve(config, bias)
        add_queries(stack, layers, stack.heads * (nope + rope), bias=has_bias)
        stack.linear(Role.ATTN_LATENT, "kv_a_proj_with_mqa", (rank + rope, stack.hidden), layers, bias=has_bias)
        stack.norm("kv_a_layernorm", rank, layers)
        stack.linear(Role.ATTN_LATENT, "kv_b_proj", (stack.heads * (nope + value), rank), layers)
        ends = has_bias if out_bias is None else resolve(config, out_bias)
        stack.linear(Role.ATTN_OUT, "o_proj", (stack.hidden, stack.heads * value), layers, bias=ends)
        if indexer is None:
            stack.caches.append(Cache(CacheKind.LATENT, layers, rank + rope, 0, 1))
        else:
            indexer(stack, layers)

    return block
