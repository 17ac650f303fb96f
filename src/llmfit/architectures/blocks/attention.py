"""Softmax attention with keys and values per head: multi-head, grouped-query, multi-query."""

from llmfit.architectures.blocks.cache import keep
from llmfit.architectures.blocks.flags import Flag, resolve
from llmfit.architectures.reader import Pattern
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Role

Names = tuple[str, str, str, str]
QKVO: Names = ("q_proj", "k_proj", "v_proj", "o_proj")


def attention(
    *,
    bias: Flag = False,
    out_bias: Flag = False,
    qk_norm: str | None = None,
    qk_norm_if: Flag = True,
    names: Names = QKVO,
    norm_names: tuple[str, str] = ("q_norm", "k_norm"),
    norm_bias: bool = False,
    gate: Flag = False,
    gate_proj: str = "",
    sinks: bool = False,
    sub_norm: str = "",
    halved: bool = False,
    kinds: Pattern | None = None,
    window: str = "sliding_window",
) -> Block:
    """Separate projections (out, in): Q and the gate heads·d × h, K and V kv·d × h, output h × heads·d.

    `qk_norm` is `head` (one weight of d for all heads) or `full` (a weight over the whole projection).
    `halved` takes half of the window where attention looks both ways (EmbeddingGemma).
    `gate` doubles the query projection, as in Qwen3-Next; `gate_proj` is a gate of its own.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config, d = stack.config, stack.head_dim
        q_width, kv_width = stack.heads * d, stack.kv_heads * d
        has_bias = resolve(config, bias)
        q, k, v, o = names
        queries = q_width * 2 if resolve(config, gate) else q_width
        stack.linear(Role.ATTN_Q, q, (queries, stack.hidden), layers, bias=has_bias)
        stack.linear(Role.ATTN_K, k, (kv_width, stack.hidden), layers, bias=has_bias)
        stack.linear(Role.ATTN_V, v, (kv_width, stack.hidden), layers, bias=has_bias)
        stack.linear(Role.ATTN_OUT, o, (stack.hidden, q_width), layers, bias=resolve(config, out_bias))
        if gate_proj:
            stack.linear(Role.ATTN_EXTRA, gate_proj, (q_width, stack.hidden), layers)
        if qk_norm and resolve(config, qk_norm_if):
            widths = (d, d) if qk_norm == "head" else (q_width, kv_width)
            stack.norm(norm_names[0], widths[0], layers, bias=norm_bias)
            stack.norm(norm_names[1], widths[1], layers, bias=norm_bias)
        if sub_norm:
            stack.norm(sub_norm, q_width, layers)
        if sinks:
            stack.tensor(Role.ATTN_EXTRA, "sinks", (stack.heads,), layers)
        keep(
            stack, layers, key=kv_width, value=kv_width, heads=stack.kv_heads, kinds=kinds, window=window, halved=halved
        )

    return block


def fused_attention(
    *,
    bias: Flag = False,
    out_bias: Flag = False,
    qk_norm: str | None = None,
    names: tuple[str, str] = ("qkv_proj", "o_proj"),
    norm_names: tuple[str, str] = ("q_norm", "k_norm"),
    qk_norm_if: Flag = True,
    kinds: Pattern | None = None,
) -> Block:
    """One projection for query, key and value: (heads + 2·kv)·d × h."""

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config, d = stack.config, stack.head_dim
        q_width, kv_width = stack.heads * d, stack.kv_heads * d
        shape = (q_width + 2 * kv_width, stack.hidden)
        stack.linear(Role.ATTN_QKV, names[0], shape, layers, bias=resolve(config, bias))
        stack.linear(Role.ATTN_OUT, names[1], (stack.hidden, q_width), layers, bias=resolve(config, out_bias))
        if qk_norm and resolve(config, qk_norm_if):
            widths = (d, d) if qk_norm == "head" else (q_width, kv_width)
            stack.norm(norm_names[0], widths[0], layers)
            stack.norm(norm_names[1], widths[1], layers)
        keep(stack, layers, key=kv_width, value=kv_width, heads=stack.kv_heads, kinds=kinds)

    return block
